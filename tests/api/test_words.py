from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from dispatcher.api import words

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|", re.MULTILINE)


def section(name: str) -> dict[str, str]:
    """Give the Chinese of a section of the glossary, by identifier."""
    return dict(ROW.findall(GLOSSARY.partition(f"\n## {name}\n")[2].split("\n## ")[0]))


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Channel", words.CHANNELS),
        ("Status", words.STATUSES),
        ("Post", words.POSTS),
        ("State", words.STATES),
        ("CloseReason", words.CLOSE_REASONS),
        ("Cause", words.CAUSES),
        ("Mark", words.MARKS),
        ("Task", words.TASKS),
        ("Meaning", words.MEANINGS),
        ("Evidence", words.EVIDENCES),
    ],
)
def test_a_record_speaks_the_words_of_the_glossary(
    name: str, spoken: Mapping[StrEnum, str]
) -> None:
    assert {str(one): word for one, word in spoken.items()} == section(name)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nobody_on_duty", "空岗"),
        ("cannot_act", "无法履职"),
        ("30005", "号码不可达(30005)"),
    ],
)
def test_a_reason_is_told_in_words(code: str, said: str) -> None:
    assert words.reason(code) == said
