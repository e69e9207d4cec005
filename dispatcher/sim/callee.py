"""People on the telephone: who picks up, what they listen to, which keys they press.

Pure: a listener is told when a text begins, and tells what he presses while it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Ring(StrEnum):
    """What a person does when his telephone rings."""

    ANSWER = "answer"  # hears the first text to its end, presses 1 during the second
    EARLY = "early"  # presses 1 too soon; then, spoken to again, is like answer
    BUSY = "busy"
    RING_OUT = "ring_out"
    MACHINE = "machine"  # a voicemail picks up, late, and never presses
    HANG_UP = "hang_up"  # picks up, and hangs up soon
    RING_BACK = "ring_back"  # rings out, calls us back a minute later, is like answer
    HELP = "help"  # 3
    DECLINE = "decline"  # 4
    WRONG_PERSON = "wrong_person"  # 5
    AGAIN = "again"  # 9 once, then 1
    EVACUATE = "evacuate"  # 2, then, when asked for a number, how many people
    DEAD = "dead"  # no such number: the call fails
    MANUAL = "manual"  # a test picks up, presses and hangs up for him


MACHINE_SECONDS = 20.0  # until a voicemail picks up
EARLY_SECONDS, EARLY_KEY = 3.0, "1"  # from picking up
HANG_UP_SECONDS = 5.0  # from picking up
RING_BACK_SECONDS = 60.0  # from the end of the ringing
PRESS_SECONDS = 2.0  # into a text, when somebody presses; half of a shorter one

# They do not pick up by themselves.
SILENT = frozenset(
    {Ring.BUSY, Ring.RING_OUT, Ring.RING_BACK, Ring.DEAD, Ring.MANUAL},
)

ENOUGH_TEXTS = 2  # the opening, and the one that says what each key means
NUMBER_END = "#"

WISHES: Mapping[Ring, tuple[str, ...]] = {
    Ring.ANSWER: ("1",),
    Ring.EARLY: ("1",),
    Ring.RING_BACK: ("1",),
    Ring.HELP: ("3",),
    Ring.DECLINE: ("4",),
    Ring.WRONG_PERSON: ("5",),
    Ring.AGAIN: ("9", "1"),
    Ring.EVACUATE: ("2", f"35{NUMBER_END}"),
}


def pick_up_seconds(ring: Ring, delay_seconds: float) -> float | None:
    """Tell how long it rings until somebody picks up; None when nobody does."""
    if ring in SILENT:
        return None
    return MACHINE_SECONDS if ring is Ring.MACHINE else delay_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Somebody with the telephone at his ear.

    :ivar wishes: what he has yet to press, each when its time comes
    :ivar texts: how many have begun since he last pressed something
    """

    wishes: tuple[str, ...]
    texts: int = 0

    def hears(self) -> Listener:
        """Hear another text begin."""
        return replace(self, texts=self.texts + 1)

    def presses(self, *, number_asked: bool) -> str | None:
        """Tell what he presses during the text that has begun; None for nothing.

        :param number_asked: several keys make an answer to it
        """
        if not self.wishes:
            return None
        wish = self.wishes[0]
        is_number = wish.endswith(NUMBER_END)
        ready = number_asked if is_number else self.texts >= ENOUGH_TEXTS
        return wish if ready else None

    def pressed(self) -> Listener:
        """Have one wish less."""
        return Listener(wishes=self.wishes[1:])

    def begins_again(self) -> Listener:
        """Listen as if nothing had been said yet."""
        return Listener(wishes=self.wishes)


def listener_of(ring: Ring) -> Listener:
    """Put the telephone at somebody's ear."""
    return Listener(wishes=WISHES.get(ring, ()))
