"""Everything the exchange does later: on its own clock, or when it is told to.

Seconds are those of the play. In running time the speed makes them shorter; manual time
stands still until it is moved, so that a night of calls takes no longer than its
callbacks.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NewType

from typing_extensions import override

Action = Callable[[], object]
Ticket = NewType("Ticket", int)

DIGITS = 3  # of a second: what falls due together is one number, however it was summed


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as both clocks show it: seconds of the play since its start, and date."""

    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """How late it is, and when the next thing falls due, in seconds since the start."""

    now: float
    next_due: float | None


class Timetable(ABC):
    """What is due when; what falls due together is done in the order it was planned."""

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at
        self._numbers = itertools.count()
        self._order: list[tuple[float, Ticket]] = []
        self._actions: dict[Ticket, Action] = {}

    @abstractmethod
    def now(self) -> float:
        """Give the seconds of the play since its start."""

    @abstractmethod
    def moment(self) -> Moment:
        """Give the present as both clocks show it."""

    def later(self, action: Action, seconds: float) -> Ticket:
        """Do something in so many seconds; without any to wait it is done at once."""
        ticket = Ticket(next(self._numbers))
        if seconds <= 0:
            action()
            return ticket
        self._actions[ticket] = action
        heappush(self._order, (round(self.now() + seconds, DIGITS), ticket))
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Leave something undone; what has been done stays done."""
        self._actions.pop(ticket, None)

    def time(self) -> Time:
        """Tell how late it is and when the next thing falls due."""
        return Time(now=self.now(), next_due=self.next_due())

    def next_due(self) -> float | None:
        """Tell when the next thing falls due; None when nothing is planned."""
        while self._order and self._order[0][1] not in self._actions:
            heappop(self._order)
        return self._order[0][0] if self._order else None

    def _do_next(self) -> None:
        """Do what :meth:`next_due` has just told of."""
        _, ticket = heappop(self._order)
        self._actions.pop(ticket)()


class RunningTime(Timetable):
    """Time that runs ``speed`` times as fast as the machine's."""

    def __init__(self, began_at: datetime, speed: float) -> None:
        super().__init__(began_at)
        self._speed = speed
        self._began = time.monotonic()
        self._alarm: asyncio.TimerHandle | None = None

    @override
    def now(self) -> float:
        return round((time.monotonic() - self._began) * self._speed, DIGITS)

    @override
    def moment(self) -> Moment:
        seconds = self.now()
        passed = timedelta(seconds=seconds / self._speed)
        return Moment(seconds=seconds, at=self._began_at + passed)

    @override
    def later(self, action: Action, seconds: float) -> Ticket:
        ticket = super().later(action, seconds)
        self._set_alarm()
        return ticket

    def _set_alarm(self) -> None:
        """Wake up for the earliest thing planned, and for no other."""
        if self._alarm:
            self._alarm.cancel()
        due = self.next_due()
        if due is not None:
            seconds = max(due - self.now(), 0.0) / self._speed
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        while (due := self.next_due()) is not None and due <= self.now():
            self._do_next()
        self._set_alarm()


class ManualTime(Timetable):
    """Time that moves only when it is told to."""

    def __init__(self, began_at: datetime) -> None:
        super().__init__(began_at)
        self._now = 0.0
        self._moving = asyncio.Lock()

    @override
    def now(self) -> float:
        return self._now

    @override
    def moment(self) -> Moment:
        passed = timedelta(seconds=self._now)
        return Moment(seconds=self._now, at=self._began_at + passed)

    async def move_to(self, to: float, settle: Callable[[], Awaitable[None]]) -> None:
        """Do all that is due until then, one after the other, settled in between.

        :raises ValueError: for a time that is over
        """
        until = round(to, DIGITS)
        async with self._moving:
            if until < self._now:
                message = f"time stands at {self._now} s; {until} s is over"
                raise ValueError(message)
            await settle()  # what is on its way may plan more
            while (due := self.next_due()) is not None and due <= until:
                self._now = due
                self._do_next()
                await settle()
            self._now = until
