"""What keys on a telephone mean, in one table with texts and buttons."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.core.answer import Figures, Meaning

KEYS: Mapping[str, Meaning] = {
    "1": Meaning.RECEIVED,
    "2": Meaning.EVACUATING,
    "3": Meaning.NEED_HELP,
    "4": Meaning.CANNOT_ACT,
    "5": Meaning.WRONG_PERSON,
    "9": Meaning.REPEAT,
}
PEOPLE_DIGITS = 5  # nobody evacuates a hundred thousand


def meaning_of(key: str) -> Meaning:
    """The meaning of one key, or of one button of a card."""
    return KEYS.get(key, Meaning.UNCLEAR)


def figures_of(keys: str) -> Figures | None:
    """How many people were evacuated; None when the keys are no number."""
    if not keys.isdecimal() or len(keys) > PEOPLE_DIGITS:
        return None
    return Figures(people=int(keys))
