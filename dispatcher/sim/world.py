"""Virtual people: what each does with a text, told by his habit and nothing else.

Pure and repeatable: the same numbers, seed and mix make the same people, whatever
the order of the list, so a play can grow without its people changing character.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import accumulate


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

QUICKEST, SLOWEST = 5.0, 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number and the person behind it.

    :ivar delay_seconds: from getting a text to having written the answer
    :ivar reply: his own words; empty means those of his habit
    """

    number: str
    habit: Habit
    delay_seconds: float = 0.0
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What a person writes back, and how many seconds he takes."""

    text: str
    delay_seconds: float


def populate(
    numbers: Iterable[str], seed: int, mix: Mapping[Habit, float]
) -> tuple[Phone, ...]:
    """Put a person behind every number, habits in the proportions of ``mix``.

    :raises ValueError: when the mix holds no positive weight
    """
    habits, bounds = tuple(mix), tuple(accumulate(mix.values()))
    if not bounds or bounds[-1] <= 0:
        message = "mix: no habit has a positive weight; give at least one"
        raise ValueError(message)

    def person(number: str) -> Phone:
        chance, pace = _chances(f"{seed}:{number}")
        habit = habits[bisect(bounds, chance * bounds[-1])]
        delay = QUICKEST + pace * (SLOWEST - QUICKEST)
        return Phone(number=number, habit=habit, delay_seconds=round(delay, 1))

    return tuple(person(number) for number in numbers)


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


def _chances(name: str) -> tuple[float, float]:
    """Draw two numbers from 0 up to 1, always the same for the same name."""
    digest = sha256(name.encode()).digest()
    first, second = digest[:4], digest[4:8]
    return int.from_bytes(first) / 2**32, int.from_bytes(second) / 2**32
