"""Keys that are no answer never count as one, wherever in a call they are pressed."""

from __future__ import annotations

from itertools import product

import pytest

from channels.contract import Keyed
from dispatcher.core.event import Answered, TakenOver
from dispatcher.engine.answering import Gathered, Spoken, gathered
from dispatcher.engine.compose import Desk
from dispatcher.engine.conversation import Phase
from dispatcher.engine.pressing import hear_keys
from tests.engine.office import NUMBERS, Office

AWAKE = {"1": "received", "2": "evacuating", "3": "need_help"}
NO_NUMBERS = ("", "#", "*", "1*", "3#5", "-1", "1.5", "123456", "999999", "一", "1 2")
KEYS = (
    *(str(digit) for digit in range(10)),
    *("*", "#", "", "11", "12", "21", "22", "33", "99", "19", "91", "31", "001", "01"),
    *("110", "119", "120", "12345", "00000", "99999"),
    *NO_NUMBERS,
)
WHOSE = ("ours", "from outside", "another number", "another message")


def expected(phase: Phase, keys: str, whose: str) -> str | None:
    """What a human would say these keys mean, by the words that are read out."""
    if whose.startswith("another") or phase is Phase.OPENING:
        return None
    if phase is Phase.TEXT:
        return AWAKE.get(keys)
    a_number = keys.isascii() and keys.isdigit() and len(keys) <= len("99999")
    return "completed" if a_number else None


def pressed(phase: Phase, keys: str, whose: str, message: str) -> Keyed:
    about = "aaaaaaaaaa" if whose == "another message" else message
    number = NUMBERS["head" if whose == "another number" else "lead"]
    return Keyed(
        event_key="e",
        message=None if whose == "from outside" else message,
        provider_id="CA1",
        number=number,
        place=f"{phase}{about}",
        keys=keys,
    )


async def heard(office: Office, keyed: Keyed) -> set[str]:
    """The meanings by which somebody would count as awake."""
    answers: list[Spoken] = []
    office.later(1)

    def hear(desk: Desk) -> Gathered:
        hear_keys(desk, keyed, desk.now, answers)
        return gathered(desk, answers)

    told = await office.desk(hear)
    said = [event for events in told.values() for event in events]
    taken = {"taken" for event in said if isinstance(event, TakenOver)}
    return taken | {
        event.meaning.value
        for event in said
        if isinstance(event, Answered) and event.meaning.awake
    }


async def test_no_key_anywhere_is_taken_for_an_answer_that_it_is_not(
    office: Office,
) -> None:
    await office.warn()
    await office.engine.turn()
    message = (await office.messages("lead"))[0].id
    wrong = []
    for phase, keys, whose in product(Phase, KEYS, WHOSE):
        meant = expected(phase, keys, whose)
        found = await heard(office, pressed(phase, keys, whose, message))
        if found != ({meant} if meant else set()):
            wrong.append((phase, keys, whose, found, meant))

    assert wrong == []


@pytest.mark.parametrize(
    "place", ["", "t", "x1234567890", "t123456789", "t12345678901", "T1234567890"]
)
async def test_a_place_that_is_none_of_ours_answers_nothing(
    office: Office, place: str
) -> None:
    await office.warn()
    await office.engine.turn()
    keyed = Keyed(
        event_key="e",
        message="m",
        provider_id="CA1",
        number=NUMBERS["lead"],
        place=place,
        keys="1",
    )

    assert await heard(office, keyed) == set()
