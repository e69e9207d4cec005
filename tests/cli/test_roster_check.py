"""``jiaoying roster check``, ``flags`` and ``unflag``, as an officer types them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from config.settings import load
from dispatcher.cli import stores
from dispatcher.store import people
from tests.cli.console import ROSTER, furnish, jiaoying

LEAD = "刘桂兰"
SET = """
INSERT INTO address_flag (address, flag, at, "by", callout)
VALUES (:address, :flag, 1783800000000000, 'person:x', 'callout-1')
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    assert jiaoying(tmp_path, "roster", "import", "roster.csv").returncode == 0
    return tmp_path


def address_of(folder: Path, name: str) -> str:
    settings = load(folder / "jiaoying.toml", {})
    roster = stores.read(settings, people.load_roster)
    [person] = [one for one in roster.people.values() if one.name == name]
    [address] = person.addresses
    return address.id


def flag(folder: Path, name: str, kind: str) -> str:
    """A call has flagged somebody's number; gives the address."""
    address = address_of(folder, name)
    with sqlite3.connect(folder / "store.db") as store:
        store.execute(SET, {"address": address, "flag": kind})
        if kind == "wrong_person":
            store.execute("UPDATE address SET wrong = 1 WHERE id = ?", [address])
    return address


def flags(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = jiaoying(folder, "roster", "flags", "--json", *options)
    found: list[dict[str, Any]] = json.loads(done.stdout)["flags"]
    return found


def test_townships_stand_in_a_table_with_the_formula_below(folder: Path) -> None:
    done = jiaoying(folder, "roster", "check")
    [head, town, formula, counted] = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert head.split() == [
        *("乡镇", "网格", "可达", "得分", "空岗", "无可用联系方式"),
        *("A角即B角", "其他"),
    ]
    assert town.split() == [
        "990421100",
        "白鹭洲镇",
        "1",
        "0",
        "0.0%",
        "2",
        "3",
        "0",
        "1",
    ]
    assert formula.endswith(":0/1")
    assert counted == "发现:空岗 3、无可用联系方式 4、无位置 1"


def test_one_township_is_told_finding_by_finding(folder: Path) -> None:
    flag(folder, LEAD, "dead")
    done = jiaoying(folder, "roster", "check", "--township", "990421100")
    lines = done.stdout.splitlines()

    assert lines[0] == "990421100 白鹭洲镇 空岗:乡镇主要负责人无人"
    assert (
        f"990421100201001 杨柳湾村第一网格 网格长, A角 {LEAD} "
        "空号:+999 138****0004 连续两次预警不可达,疑为空号"
    ) in lines
    assert lines[-1] == f"共 {len(lines) - 1} 处"


def test_json_is_what_the_api_answers_with_every_finding(folder: Path) -> None:
    done = jiaoying(folder, "roster", "check", "--json")
    told = json.loads(done.stdout)

    assert [*told] == ["gaps", "total", "townships", "items"]
    assert (told["gaps"], len(told["items"])) == (7, 8)
    assert told["items"][0] == {
        "code": "vacant",
        "unit": "990421",
        "unit_name": "澄溪县",
        "township": None,
        "post": "county_leader",
        "person": None,
        "name": None,
        "zh": "县带班领导无人",
        "en": "nobody holds county_leader",
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--strict"], 1), (["--strict", "--township", "990421100"], 1)],
)
def test_only_strict_leaves_with_1_where_there_are_gaps(
    folder: Path, options: list[str], code: int
) -> None:
    assert jiaoying(folder, "roster", "check", *options).returncode == code


def test_strict_leaves_with_0_where_there_is_none(tmp_path: Path) -> None:
    furnish(tmp_path)
    done = jiaoying(tmp_path, "roster", "check", "--strict")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "发现:无")


@pytest.mark.parametrize("township", ["990421100201", "990421999"])
def test_what_is_no_township_of_ours_is_bad_input(folder: Path, township: str) -> None:
    done = jiaoying(folder, "roster", "check", "--township", township)

    assert (done.returncode, done.stdout) == (2, "")
    assert township in done.stderr


def test_flags_are_listed_with_their_trail_and_masked(folder: Path) -> None:
    address = flag(folder, LEAD, "opted_out")

    assert flags(folder) == [
        {
            "address": address,
            "flag": "opted_out",
            "name": LEAD,
            "number": "+999 138****0004",
            "at": "2026-07-11T20:00:00+00:00",
            "by": "person:x",
            "callout": "callout-1",
            "message": None,
            "cleared_at": None,
            "cleared_by": None,
        }
    ]
    line, total = jiaoying(folder, "roster", "flags").stdout.splitlines()
    assert line.split() == [
        *(address, LEAD, "+999", "138****0004", "已退订"),
        *("2026-07-11T20:00:00+00:00", "person:x", "callout-1"),
    ]
    assert total == "共 1 处"


def test_an_officer_clears_a_flag_and_the_trail_stays(folder: Path) -> None:
    address = flag(folder, LEAD, "wrong_person")
    unflag = ("roster", "unflag", address, "wrong_person", "--by", "赵")
    done = jiaoying(folder, *unflag, "--json")

    assert json.loads(done.stdout) == {
        "address": address,
        "flag": "wrong_person",
        "cleared_by": "赵",
    }
    assert flags(folder) == []
    assert [one["cleared_by"] for one in flags(folder, "--all")] == ["赵"]
    assert "由 赵 取消" in jiaoying(folder, "roster", "flags", "--all").stdout
    assert jiaoying(folder, *unflag).returncode == 2


@pytest.mark.parametrize("kind", ["wrong", "dead"])
def test_a_flag_that_is_not_there_is_bad_input(folder: Path, kind: str) -> None:
    number = "+99913800000004"
    done = jiaoying(folder, "roster", "unflag", number, kind, "--by", "赵")

    assert (done.returncode, done.stdout) == (2, "")
    assert kind in done.stderr
    assert number not in done.stderr


def test_an_import_that_brings_a_number_again_keeps_its_flag(folder: Path) -> None:
    address = flag(folder, LEAD, "wrong_person")
    without = "\n".join(line for line in ROSTER.splitlines() if LEAD not in line)
    (folder / "without.csv").write_text(f"{without}\n", encoding="utf-8")
    gone = jiaoying(folder, "roster", "import", "without.csv")
    listed = flags(folder)
    back = jiaoying(folder, "roster", "import", "roster.csv")
    told = jiaoying(folder, "roster", "check", "--json").stdout

    assert (gone.returncode, back.returncode) == (0, 0)
    assert [one["address"] for one in listed] == [address]
    assert (address_of(folder, LEAD), flags(folder)) == (address, listed)
    assert "wrong_number" in {one["code"] for one in json.loads(told)["items"]}
