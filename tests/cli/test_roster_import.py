"""``jiaoying roster import`` with files of offices: tried first, then imported."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from contacts.importers.columns import Column
from tests.cli.console import COMMAND, environment, furnish, jiaoying
from tests.cli.test_cli import rows as stored
from tests.contacts.offices import HEADER, Row, Tab, as_xls, as_xlsx, row, second

IMPORT = ("roster", "import")
NEW_NUMBER = {Column.MOBILE: "13700137000"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def put(folder: Path, *rows: Row, name: str = "county.xlsx") -> None:
    (folder / name).write_bytes(as_xlsx(Tab(rows=[HEADER, *rows])))


def roster_in(folder: Path) -> list[tuple[object, ...]]:
    return stored(folder, "SELECT * FROM holding") + stored(
        folder, "SELECT * FROM unit"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("county.xlsx", as_xlsx(Tab(rows=[HEADER, row()]))),
        ("county.xls", as_xls(Tab(rows=[HEADER, row()]))),
        ("wrongly-named.csv", as_xlsx(Tab(rows=[HEADER, row()]))),
    ],
)
def test_a_workbook_is_imported(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    done = jiaoying(folder, *IMPORT, name, "--json")

    assert (json.loads(done.stdout)["people"], done.stderr) == (1, "")


def test_a_trial_tells_what_would_change_and_changes_nothing(folder: Path) -> None:
    put(folder, row(), second())
    jiaoying(folder, *IMPORT, "county.xlsx")
    before = roster_in(folder)
    third = second({Column.GRID_CODE: "990421100200003", Column.GRID_NAME: "三网格"})
    put(folder, row(NEW_NUMBER), third)
    done = jiaoying(folder, *IMPORT, "county.xlsx", "--dry-run")

    assert (done.returncode, done.stderr, roster_in(folder) == before) == (0, "", True)
    assert done.stdout.splitlines() == [
        "试读 county.xlsx:没有问题,未改动名册",
        "单元:新增 1、删除 1、修改 0",
        "  - 网格 990421100200002 二网格",
        "  + 网格 990421100200003 三网格",
        "责任人:新增 0、删除 0、修改 1",
        "  ~ 李秀英 138****8000 → 李秀英 137****7000",
        "任职:新增 1、删除 1、修改 0",
        "  - 网格 990421100200002 二网格 网格长, A角:王建国",
        "  + 网格 990421100200003 三网格 网格长, A角:王建国",
    ]


def test_a_trial_as_json_is_one_object_with_masked_numbers(folder: Path) -> None:
    put(folder, row())
    jiaoying(folder, *IMPORT, "county.xlsx")
    put(folder, row({**NEW_NUMBER, Column.GRID_NAME: "新网格"}))
    done = jiaoying(folder, *IMPORT, "county.xlsx", "--dry-run", "--json")
    told = json.loads(done.stdout)

    assert (told["people"], told["units"]["changed"][0]["after"]["name"]) == (
        {
            "added": [],
            "removed": [],
            "changed": [
                {
                    "before": {"name": "李秀英", "addresses": ["138****8000"]},
                    "after": {"name": "李秀英", "addresses": ["137****7000"]},
                }
            ],
        },
        "新网格",
    )


def test_a_trial_tells_every_problem_and_leaves_with_2(folder: Path) -> None:
    put(folder, row({Column.MOBILE: "110"}), second({Column.ROLE: "13700137000"}))
    done = jiaoying(folder, *IMPORT, "county.xlsx", "--dry-run", "--json")
    told = json.loads(done.stdout)

    assert (done.returncode, told["problems"], done.stderr) == (
        2,
        [
            {
                "row": 2,
                "letter": "H",
                "column": "手机",
                "what": "不是完整的手机号或带区号的固话(紧急号码、服务短号一律不呼叫)",
            },
            {
                "row": 3,
                "letter": "F",
                "column": "职务(角色)",
                "what": "不认识的职务“137****7000”",
            },
        ],
        "",
    )


@pytest.mark.parametrize("trial", [(), ("--dry-run",)])
def test_problems_and_notes_go_into_a_table(
    folder: Path, trial: tuple[str, ...]
) -> None:
    put(folder, row({Column.ROLE: "=1+1"}), [*second(), "多余"])
    jiaoying(folder, *IMPORT, "county.xlsx", "--errors", "errors.csv", *trial)
    data = (folder / "errors.csv").read_bytes()
    table = list(csv.reader(data.decode("utf-8-sig").splitlines()))

    assert data.startswith(b"\xef\xbb\xbf")
    assert table == [
        ["行", "列", "列名", "问题", "类别"],
        ["2", "F", "职务(角色)", "不认识的职务“=1+1”", "须改正"],
        ["3", "", "第 12 列", "这一行比表头多出内容", "须改正"],
    ]


def test_the_table_of_problems_never_replaces_the_roster(folder: Path) -> None:
    put(folder, row())
    before = (folder / "county.xlsx").read_bytes()
    done = jiaoying(folder, *IMPORT, "county.xlsx", "--errors", "./county.xlsx")

    assert (done.returncode, (folder / "county.xlsx").read_bytes()) == (2, before)


def test_what_an_officer_should_know_is_told_beside_the_result(folder: Path) -> None:
    put(folder, row(), row())
    done = jiaoying(folder, *IMPORT, "county.xlsx")

    assert (done.returncode, done.stderr) == (
        0,
        "county.xlsx:3: G “姓名”列: 与第 2 行是同一人同一职务,只算一次\n",
    )


@pytest.mark.parametrize(("option", "drawn"), [([], True), (["--json"], False)])
def test_a_bar_is_drawn_on_a_terminal_only(
    folder: Path, option: list[str], *, drawn: bool
) -> None:
    put(folder, row())
    ours, theirs = pty.openpty()
    command = [*COMMAND, *IMPORT, "county.xlsx", *option]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(TERM="xterm"),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ):
        os.close(theirs)
        seen = heard(ours)
    os.close(ours)

    assert bool(re.search("读名册", seen)) == drawn


def heard(terminal: int) -> str:
    """All that is written to a terminal; its end is an error on Linux."""
    pieces = []
    try:
        while piece := os.read(terminal, 4096):
            pieces.append(piece)
    except OSError:
        pass
    return b"".join(pieces).decode()


def test_the_last_import_is_taken_back_and_listed(folder: Path) -> None:
    put(folder, row(), second())
    jiaoying(folder, *IMPORT, "county.xlsx")
    before = roster_in(folder)
    put(folder, row(NEW_NUMBER))
    jiaoying(folder, *IMPORT, "county.xlsx")
    undone = jiaoying(folder, "roster", "undo")
    twice = jiaoying(folder, "roster", "undo", "2")
    listed = json.loads(jiaoying(folder, "roster", "imports", "--json").stdout)

    assert (undone.stdout, undone.stderr) == ("已撤销第 2 次导入,名册现为第 3 版\n", "")
    assert sorted(map(str, roster_in(folder))) == sorted(map(str, before))
    assert (twice.returncode, twice.stderr) == (1, "2: 已经撤销\n")
    assert [(one["id"], one["state"]) for one in listed["imports"]] == [
        (2, "undone"),
        (1, "applied"),
    ]
