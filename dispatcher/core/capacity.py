"""How long it takes to try everybody once, told before anybody is called.

An estimate for lines that nobody else uses: people wait in one queue, first come, first
served, and a call holds its line as long as the policy plans for.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from channels.contract import Channel
from contacts.model import PostRef
from dispatcher.core.alert import Lane, Load
from dispatcher.core.callout import Rung
from dispatcher.core.fact import Opened
from dispatcher.core.lines import KEPT_FOR_RED
from dispatcher.core.night import night_ends

FIRST_ROUND_SHARE = 0.6  # of the limit (rules of calling, section 7)


class FirstRing(NamedTuple):
    """When somebody falls due to be rung for the first time, if nobody answers.

    A tuple, for thousands of them are sorted while a sender waits for his answer.

    :ivar seconds: from the opening
    :ivar stands_in: he is on a later rung of his own unit
    """

    seconds: float
    stands_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Telephone lines, at least one.

    :ivar call_seconds: how long a call holds its line
    """

    count: int
    call_seconds: float


def by_rate(people: int, per_second: float) -> Load:
    """Messages that leave at a steady rate."""
    seconds = math.ceil(people / per_second)
    return Load(people=people, seconds=seconds, first_seconds=seconds)


def by_lines(rings: Iterable[FirstRing], lines: Lines, limit: float) -> Load:
    """Calls that wait for a free line; at the same second who stands in comes last.

    :param limit: seconds from the opening by which everybody should have been rung
    """
    due = sorted(rings)
    begun = list(begins((ring.seconds for ring in due), lines))
    ends = [begin + lines.call_seconds for begin in begun]
    first = [end for ring, end in zip(due, ends, strict=True) if not ring.stands_in]
    return Load(
        people=len(due),
        seconds=max(ends, default=0),
        never_rung=sum(begin > limit for begin in begun),
        first_seconds=max(first, default=0),
    )


def begins(due: Iterable[float], lines: Lines) -> Iterator[float]:
    """When each call begins; ``due`` in rising order."""
    free = [0.0] * lines.count
    for at in due:
        begin = max(at, free[0])
        heapq.heapreplace(free, begin + lines.call_seconds)
        yield begin


def too_slow(load: Load, limit: float) -> bool:
    """Whether the first round leaves too little of the limit for those who sleep on."""
    return load.never_rung > 0 or load.first_seconds > FIRST_ROUND_SHARE * limit


def usable(lines: int, lane: Lane) -> int:
    """How many lines a lane may hold at once: red keeps some to itself."""
    kept = min(math.ceil(KEPT_FOR_RED * lines), lines - 1)
    return lines if lane is Lane.RED else lines - kept


def own_rings(opened: Opened) -> Iterator[tuple[PostRef, FirstRing]]:
    """When a callout's own posts are first rung; by night, maybe not in this round."""
    for place, rung in enumerate(opened.ladder.rungs):
        seconds = _first_voice(rung)
        if rung.own and seconds is not None and not _hushed(opened, seconds):
            for ref in rung.posts:
                yield ref, FirstRing(seconds, stands_in=place > 0)


def _first_voice(rung: Rung) -> int | None:
    tries = (one.at for one in rung.tries if Channel.VOICE in one.do)
    first = next(tries, None)
    return None if first is None else rung.at + first


def _hushed(opened: Opened, seconds: int) -> bool:
    night = opened.ladder.night
    return bool(night and night_ends(night, opened.at + timedelta(seconds=seconds)))
