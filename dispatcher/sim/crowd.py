"""How a crowd is swayed: so many in a hundred answer, so many sleep, whoever they are.

Pure and repeatable: the same number falls on the same side, and who answers at a low
rate answers at every higher one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit, Phone

HUNDRED = 100.0
LIFELESS = frozenset({Habit.DEAD, Habit.INVALID, Habit.LANDLINE, Habit.OPTED_OUT})
Percent = Annotated[int, Field(ge=0, le=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Shares in a hundred; whoever is in neither keeps his own habits.

    :ivar answering: a text is answered, a call is heard and a key is pressed
    :ivar asleep: texts pass, and calls ring out; where both are over a hundred,
        who answers comes first
    """

    answering: Percent = 0
    asleep: Percent = 0


def swayed(phone: Phone, crowd: Crowd) -> Phone:
    """A phone as the crowd has it; a number without a person stays without one."""
    if phone.habit in LIFELESS or phone.ring is Ring.DEAD:
        return phone
    chance = _chance(phone.number)
    if chance < crowd.answering:
        return replace(phone, habit=Habit.ANSWER, ring=Ring.ANSWER, reply="")
    if chance < crowd.answering + crowd.asleep:
        return replace(phone, habit=Habit.IGNORE, ring=Ring.RING_OUT)
    return phone


def _chance(number: str) -> float:
    """A number from 0 up to 100, always the same for the same telephone."""
    return int.from_bytes(sha256(number.encode()).digest()[:4]) / 2**32 * HUNDRED
