"""``jiaoying duty``: a 值班表 goes in, and who is on duty comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import ROSTER, furnish, jiaoying

SECOND = "990421,澄溪县,,,,,县值班,李玉兰,+99913800000009\n"
PLAN = """\
澄溪县应急局2026年12月值班表,,,
日期,单位,岗位,姓名
{year}-12-01,澄溪县,县值班,李玉兰
{year}-12-02,990421,县值班,王建国
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    (tmp_path / "roster.csv").write_text(ROSTER + SECOND, encoding="utf-8")
    assert jiaoying(tmp_path, "roster", "import", "roster.csv").returncode == 0
    return tmp_path


def put(folder: Path, text: str) -> None:
    (folder / "duty.csv").write_text(text, encoding="utf-8")


def test_a_plan_of_shifts_goes_in_and_who_is_on_duty_comes_out(folder: Path) -> None:
    put(folder, PLAN.format(year=2099))
    done = jiaoying(folder, "duty", "import", "duty.csv")
    shown = jiaoying(folder, "duty", "show", "--at", "2099-12-01T09:00")

    assert (done.stdout, done.stderr) == (
        "已导入 duty.csv:1 个岗位,2 班,2099-12-01 08:30 至 2099-12-03 08:30\n",
        "",
    )
    assert shown.stdout.splitlines() == [
        "单位      岗位            在岗    到           接班",
        "澄溪县    县值班          李玉兰  12-02 08:30  王建国",
        "澄溪县    县带班领导      空岗    —            —",
        "白鹭洲镇  乡镇值班        李秀英  —            —",
        "白鹭洲镇  乡镇主要负责人  空岗    —            —",
    ]


def test_one_unit_is_shown_as_json_in_the_zone_of_the_policy(folder: Path) -> None:
    put(folder, PLAN.format(year=2099))
    jiaoying(folder, "duty", "import", "duty.csv")
    shown = jiaoying(
        folder, "duty", "show", "澄溪县", "--at", "2099-12-02T00:30:00Z", "--json"
    )
    duty, leader = json.loads(shown.stdout)["posts"]

    assert duty == {
        "unit": "990421",
        "name": "澄溪县",
        "post": "county_duty",
        "on_duty": ["王建国"],
        "until": "2099-12-03T08:30:00+08:00",
        "next": ["王建国", "李玉兰"],
    }
    assert (leader["post"], leader["on_duty"], leader["until"]) == (
        "county_leader",
        [],
        None,
    )


def test_without_a_plan_everybody_who_is_listed_is_on_duty_now(folder: Path) -> None:
    shown = jiaoying(folder, "duty", "show", "990421", "--json")

    assert [one["on_duty"] for one in json.loads(shown.stdout)["posts"]] == [
        ["王建国", "李玉兰"],
        [],
    ]


def test_a_plan_with_problems_is_refused_whole(folder: Path) -> None:
    put(folder, PLAN.format(year=2099).replace("王建国", "赵无名"))
    done = jiaoying(folder, "duty", "import", "duty.csv")
    shown = jiaoying(folder, "duty", "show", "990421", "--at", "2099-12-01T09:00")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "duty.csv:4: D “姓名”列: 名册里没有这个人,请先在名册里把他列入这个岗位",
        "未导入任何一行",
    ]
    assert "王建国、李玉兰" in shown.stdout


def test_a_plan_that_is_all_over_is_refused(folder: Path) -> None:
    put(folder, PLAN.format(year=2020))
    done = jiaoying(folder, "duty", "import", "duty.csv")

    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["duty.csv: 表里的时间都已过去,请检查日期", "未导入任何一行"],
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("某县",), "单元 某县: 名册里没有"),
        (("--at", "明天"), "--at 明天: 应写作 2026-07-12T08:30"),
    ],
)
def test_what_cannot_be_shown_is_told(
    folder: Path, arguments: tuple[str, ...], problem: str
) -> None:
    done = jiaoying(folder, "duty", "show", *arguments)

    assert (done.returncode, done.stderr.splitlines()) == (2, [problem])
