"""The only place that reads the clock, and the only place that waits.

Everything else is handed ``now``. A scaled clock lets a demo live through an hour in a
minute; a manual clock stands still until a test moves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

TIMEX_BYTES = 512  # struct timex takes 208; all zero it asks and sets nothing
TIME_ERROR = 5  # what adjtimex(2) says of a clock that nobody sets right


class Clock(Protocol):
    """What time it is, and how long the machine's own waits are in that time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def span(self, seconds: float) -> timedelta:
        """How much of this clock's time passes in so many seconds of the machine's."""
        ...

    def outside(self, moment: datetime) -> datetime:
        """What clocks outside, a provider's say, showed at a moment of this one."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """The machine's time."""
        return datetime.now(UTC)

    def span(self, seconds: float) -> timedelta:
        """As it is."""
        return timedelta(seconds=seconds)

    def outside(self, moment: datetime) -> datetime:
        """The same."""
        return moment


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Time that runs ``speed`` times as fast since ``origin``; for demos and tests.

    Processes that are given the same origin agree on the time.
    """

    speed: float
    origin: datetime

    def now(self) -> datetime:
        """The scaled time."""
        return self.origin + (datetime.now(UTC) - self.origin) * self.speed

    def span(self, seconds: float) -> timedelta:
        """As many times as long."""
        return timedelta(seconds=seconds * self.speed)

    def outside(self, moment: datetime) -> datetime:
        """Back on the machine's own time."""
        return self.origin + (moment - self.origin) / self.speed


class ManualClock:
    """Time that a test moves by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment it was moved to."""
        return self._now

    def span(self, seconds: float) -> timedelta:
        """As it is."""
        return timedelta(seconds=seconds)

    def outside(self, moment: datetime) -> datetime:
        """The same."""
        return moment

    def move_to(self, moment: datetime) -> None:
        """Go on to a later moment.

        :raises ValueError: for an earlier one; time does not run backwards
        """
        if moment < self._now:
            message = f"the clock stands at {self._now}; {moment} is over"
            raise ValueError(message)
        self._now = moment


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so many real seconds; tells whether it came."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


class Discipline(StrEnum):
    """Whether the kernel knows of something that keeps the machine's clock right."""

    KEPT = "kept"
    LEFT_ALONE = "left_alone"
    UNKNOWN = "unknown"


def discipline() -> Discipline:
    """Ask the kernel about the machine's clock, as adjtimex(2) tells it."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    state = adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)) if adjtimex else -1
    if state < 0:
        return Discipline.UNKNOWN
    return Discipline.LEFT_ALONE if state == TIME_ERROR else Discipline.KEPT
