"""Keys mean what the same digits mean in a text."""

from __future__ import annotations

import pytest

from dispatcher.core.answer import Figures, Meaning
from dispatcher.intake.keys import figures_of, meaning_of
from dispatcher.intake.replies import read


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
def test_a_key_means_what_the_digit_means_in_a_text(key: str) -> None:
    assert read(key, set()).meaning is meaning_of(key)


@pytest.mark.parametrize("key", ["", "0", "6", "7", "8", "*", "#", "11", "12", "91"])
def test_any_other_key_is_no_answer(key: str) -> None:
    assert Meaning.UNCLEAR is meaning_of(key)


def test_nine_reads_again() -> None:
    assert Meaning.REPEAT is meaning_of("9")


@pytest.mark.parametrize(
    ("keys", "people"), [("0", 0), ("35", 35), ("00035", 35), ("99999", 99999)]
)
def test_keys_are_a_number_of_people(keys: str, people: int) -> None:
    assert Figures(people=people) == figures_of(keys)


@pytest.mark.parametrize("keys", ["", "*", "3*5", "100000", "-1", "３５人"])
def test_keys_that_are_no_number_say_nothing(keys: str) -> None:
    assert figures_of(keys) is None
