"""Keys on a telephone mean what the same digits mean in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.answer import Figures, Meaning
from dispatcher.intake.keys import KEYS, PEOPLE_DIGITS, figures_of, meaning_of
from dispatcher.intake.replies import read

TELEPHONE = "0123456789*#"


@pytest.mark.parametrize("key", [key for key in KEYS if key != "9"])
def test_a_key_means_what_the_digit_means_in_a_text(key: str) -> None:
    assert read(key, frozenset()).meaning is meaning_of(key)


def test_nine_reads_again() -> None:
    assert meaning_of("9") is Meaning.REPEAT


@pytest.mark.parametrize("key", [*(set(TELEPHONE) - KEYS.keys()), "", "11", "１"])
def test_any_other_key_is_no_answer(key: str) -> None:
    assert meaning_of(key) is Meaning.UNCLEAR
    assert not meaning_of(key).awake


@pytest.mark.parametrize(
    ("keys", "people"),
    [
        ("0", 0),
        ("35", 35),
        ("007", 7),
        ("99999", 99_999),
        ("100000", None),
        ("", None),
        ("*", None),
        ("3*5", None),
        ("35#", None),
        ("-1", None),
        (" 1", None),
        ("²", None),
    ],
)
def test_a_number_of_people_is_all_digits(keys: str, people: int | None) -> None:
    expected = None if people is None else Figures(people=people)

    assert expected == figures_of(keys)


@given(st.text(TELEPHONE, max_size=PEOPLE_DIGITS + 2))
def test_whatever_is_pressed_is_a_bounded_number_or_none(keys: str) -> None:
    found = figures_of(keys)

    assert (found is not None) is (keys.isdigit() and len(keys) <= PEOPLE_DIGITS)
    assert found is None or found == Figures(people=int(keys))
