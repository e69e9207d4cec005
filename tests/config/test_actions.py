"""What is to be done, by kind of hazard and level: the table, and how it is asked."""

from __future__ import annotations

import csv
import re
from importlib.resources import files
from itertools import pairwise

import pytest

from config.actions import action_text
from config.hazards import EVENT_CODE, event_name
from config.load import load_policies

LEVELS = ("red", "orange", "yellow", "blue")
SPOKEN_MOST = 16  # what a call says first
TEXT_MOST = 60
DEFAULT = action_text("", "red")


def rows() -> list[dict[str, str]]:
    table = files("config").joinpath("hazards", "actions.csv")
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def prefixes() -> list[str]:
    return [one for row in rows() for one in row["prefixes"].split() or [""]]


TEXTS = [
    pytest.param(row[level], id=f"{row['prefixes'] or 'default'} {level}")
    for row in rows()
    for level in LEVELS
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_first_clause_is_short_enough_to_be_said_first(text: str) -> None:
    assert 0 < len(re.split("[，。]", text)[0]) <= SPOKEN_MOST


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_short_chinese_without_marks_that_mean_something(text: str) -> None:
    assert re.fullmatch(rf"[\u4e00-\u9fff，。]{{2,{TEXT_MOST}}}", text)


def test_each_row_has_every_level_and_nothing_more() -> None:
    assert {tuple(row) for row in rows()} == {("prefixes", *LEVELS)}
    assert all(text for row in rows() for text in row.values() if row["prefixes"])


def test_no_prefix_stands_in_two_rows() -> None:
    assert not [
        one for one, next_one in pairwise(sorted(prefixes())) if one == next_one
    ]


def test_every_prefix_begins_a_code_of_our_list() -> None:
    table = files("config").joinpath("hazards", "event_types.csv")
    lines = table.read_text(encoding="utf-8").splitlines()
    known = [row["code"] for row in csv.DictReader(lines)]

    strangers = {p for p in prefixes() if not any(code.startswith(p) for code in known)}
    assert strangers == set()


def test_every_hazard_of_the_policies_has_words_of_its_own() -> None:
    codes = [code for code in load_policies().hazards if re.fullmatch(EVENT_CODE, code)]

    without = {code for code in codes if action_text(code, "red") == DEFAULT}
    assert codes
    assert without == set()


@pytest.mark.parametrize("level", [*LEVELS, "unknown", "white", ""])
@pytest.mark.parametrize(
    "code", ["", "11B03", "11A51", "11D02", "11Z99", "99999", "x", "11B0333"]
)
def test_there_is_something_to_do_whatever_is_asked(code: str, level: str) -> None:
    assert action_text(code, level)


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("11A51", "立即转移沟口河边群众"),
        ("11A99", "立即转移河边低处群众"),
        ("11D02", "立即撤离隐患点群众"),
        ("11G01", "立即撤离火场周边群众"),
        ("12D02", "立即往上风向撤离"),
        ("12J01", "立即撤离事故周边群众"),
        ("11Z77", "立即转移危险处群众"),
    ],
)
def test_the_longest_prefix_decides(code: str, begins: str) -> None:
    assert action_text(code, "red").split("，")[0] == begins


@pytest.mark.parametrize("code", ["11A52", "11B05", "11B07", "11B09", "11B19", "13A01"])
def test_nobody_is_sent_from_home_by_drought_cold_dust_heat_haze_or_illness(
    code: str,
) -> None:
    said = "".join(action_text(code, level) for level in LEVELS)

    assert event_name(code)
    assert not [word for word in ("转移", "撤离") if word in said]


@pytest.mark.parametrize("level", ["unknown", ""])
def test_a_level_that_is_not_told_is_acted_on_as_yellow(level: str) -> None:
    assert action_text("11B03", level) == action_text("11B03", "yellow")
