from __future__ import annotations

import csv
import re
from importlib.resources import files

import pytest

from config.hazards import EVENT_CODE, event_name


def codes() -> list[str]:
    table = files("config").joinpath("hazards", "event_types.csv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return [row["code"] for row in csv.DictReader(lines)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("11B03", "暴雨"),
        ("11A51", "山洪灾害事件"),
        ("11B41", "森林（草原）火险"),
        ("10000", "突发事件"),
        ("11Z77", None),
        ("11b03", None),
        ("", None),
        ("code", None),
    ],
)
def test_a_code_has_its_official_name(code: str, expected: str | None) -> None:
    assert expected == event_name(code)


def test_every_code_of_the_list_has_the_form_of_a_code_and_a_name() -> None:
    listed = codes()

    assert len(listed) == len(set(listed)) == 313
    assert all(re.fullmatch(EVENT_CODE, code) for code in listed)
    assert all(event_name(code) for code in listed)


@pytest.mark.parametrize("code", ["11B3", "1B033", "11B0333", "11b03", "11-03", "暴雨"])
def test_what_is_no_code_is_not_taken_for_one(code: str) -> None:
    assert re.fullmatch(EVENT_CODE, code) is None
