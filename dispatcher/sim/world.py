"""Virtual people: what each does with a text, told by his habit and nothing else.

What they do on the telephone is in callee.py.

Pure and repeatable: the same numbers, seed and mix make the same people, whatever
the order of the list, so a play can grow without its people changing character.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from itertools import accumulate
from struct import unpack_from
from typing import TypeVar

from dispatcher.sim.callee import Ring


class Habit(StrEnum):
    """What a person does with the texts he gets."""

    ANSWER = "answer"  # 1
    IGNORE = "ignore"
    LATE = "late"  # lets the first text pass, answers from the second on
    NONSENSE = "nonsense"
    DECLINE = "decline"  # 4: awake, but can't serve
    WRONG_PERSON = "wrong_person"  # 5
    HELP = "help"  # 3
    EVACUATE = "evacuate"  # 2 and how many people
    QUESTION = "question"
    AUTO_REPLY = "auto_reply"  # a machine answers, notices too
    DEAD = "dead"  # accepted, then undelivered
    INVALID = "invalid"  # refused: no such number
    LANDLINE = "landline"  # refused: takes no texts
    OPTED_OUT = "opted_out"  # refused: has unsubscribed
    MANUAL = "manual"  # does nothing by itself: a test speaks for him


WORDS = {
    Habit.ANSWER: "1",
    Habit.LATE: "1",
    Habit.NONSENSE: "嗯嗯",
    Habit.DECLINE: "4",
    Habit.WRONG_PERSON: "5",
    Habit.HELP: "3",
    Habit.EVACUATE: "2 35",
    Habit.QUESTION: "你是谁?",
    Habit.AUTO_REPLY: "【自动回复】您好,我正在开会",
}

# These read the text and put the code it asks for before their words.
READERS = frozenset(
    {
        Habit.ANSWER,
        Habit.LATE,
        Habit.DECLINE,
        Habit.WRONG_PERSON,
        Habit.HELP,
        Habit.EVACUATE,
    }
)

ASKED = re.compile(r"回复?[\s:：\"'“「]*(?:数字)?(?:\d|收到)")
CODE = re.compile(r"回复?[\s:：\"'“「]*([6-9]\d{1,2})(?!\d)")

QUICKEST, SLOWEST = 5.0, 45.0  # seconds until a text is answered
NEAREST, FARTHEST = 2.0, 18.0  # seconds until a telephone is picked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number and the person behind it.

    :ivar habit: what he does with texts
    :ivar delay_seconds: from getting a text to having written the answer
    :ivar reply: his own words; empty means those of his habit
    :ivar ring: what he does with calls
    :ivar ring_delay_seconds: how long it rings until he picks up
    :ivar name: who he is and what he answers for, for whoever watches the play
    """

    number: str
    habit: Habit
    delay_seconds: float = 0.0
    reply: str = ""
    ring: Ring = Ring.RING_OUT
    ring_delay_seconds: float = 4.0
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What a person writes back, and how many seconds he takes."""

    text: str
    delay_seconds: float


Kind = TypeVar("Kind", Habit, Ring)


def populate(
    numbers: Iterable[str],
    seed: int,
    mix: Mapping[Habit, float],
    rings: Mapping[Ring, float] | None = None,
) -> tuple[Phone, ...]:
    """Put a person behind every number, habits in the proportions of ``mix``.

    :param rings: the same for what they do with calls; None: all phones ring out
    :raises ValueError: when a mix holds no positive weight
    """
    habit_of = _chooser("mix", mix)
    ring_of = None if rings is None else _chooser("rings", rings)

    def person(number: str) -> Phone:
        choice, pace, ring_choice, ring_pace = _chances(f"{seed}:{number}")
        phone = Phone(
            number=number,
            habit=habit_of(choice),
            delay_seconds=_between(QUICKEST, SLOWEST, pace),
        )
        if ring_of is None:
            return phone
        delay = _between(NEAREST, FARTHEST, ring_pace)
        return replace(phone, ring=ring_of(ring_choice), ring_delay_seconds=delay)

    return tuple(person(number) for number in numbers)


def _chooser(name: str, mix: Mapping[Kind, float]) -> Callable[[float], Kind]:
    """Choose by a chance from 0 up to 1, in the proportions of the mix."""
    kinds, bounds = tuple(mix), tuple(accumulate(mix.values()))
    if not bounds or bounds[-1] <= 0:
        message = f"{name}: no habit has a positive weight; give at least one"
        raise ValueError(message)
    return lambda chance: kinds[bisect(bounds, chance * bounds[-1])]


def _between(least: float, most: float, chance: float) -> float:
    return round(least + chance * (most - least), 1)


def react(phone: Phone, text: str, nth: int) -> Reaction | None:
    """Tell what the person does with his ``nth`` text (the first is 1).

    A text that asks for no digit and no 收到 is a notice: only machines answer it.
    """
    words = WORDS.get(phone.habit)
    if words is None or (phone.habit is Habit.LATE and nth == 1):
        return None
    if phone.habit is not Habit.AUTO_REPLY and not ASKED.search(text):
        return None
    reply = phone.reply or words
    if phone.habit in READERS:
        reply = _coded(text, reply)
    return Reaction(text=reply, delay_seconds=phone.delay_seconds)


def asked_code(text: str) -> str | None:
    """Give the first code the text asks to be answered with: 67 in "收到回67"."""
    found = CODE.search(text)
    return found[1] if found else None


def _coded(text: str, reply: str) -> str:
    """Put the code first, as asked; the bare code already says "received"."""
    code = asked_code(text)
    if code is None:
        return reply
    return code if reply == WORDS[Habit.ANSWER] else f"{code} {reply}"


def _chances(name: str) -> tuple[float, ...]:
    """Draw four numbers from 0 up to 1, always the same for the same name."""
    digest = sha256(name.encode()).digest()
    return tuple(n / 2**32 for n in unpack_from(">4I", digest))
