"""Figures that are kept, not counted anew: one callout more, one less, one changed.

A board of thousands is looked at four times a second. What it says is what
:func:`dispatcher.core.report.summarise` says, at the cost of what has changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from dispatcher.core.callout import Mark, State
from dispatcher.core.report import Summary, Tally, quantile, rate

Curve = tuple[tuple[int, int], ...]  # whole seconds, and how many had answered by then

# The curve's grid: up to so many seconds it has a point each so many.
GRID = ((600, 1), (7200, 10))
COARSEST = 60


class Sums:
    """The figures of some callouts, superseded ones left out."""

    def __init__(self, told: Iterable[Tally] = ()) -> None:
        self._states: Counter[State] = Counter()
        self._stood: Counter[State] = Counter()
        self._marks: Counter[Mark] = Counter()
        self._counts: Counter[str] = Counter()
        self._points: Counter[int] = Counter()
        self._called: Counter[str] = Counter()
        self._heard: Counter[str] = Counter()
        self._awake = 0
        self._waits: list[float] = []
        self._sorted = True
        for one in told:
            self.add(one)

    def add(self, told: Tally) -> None:
        """Count one more."""
        if told.superseded:
            return
        self._count(told, 1)
        if told.seconds is not None:
            self._waits.append(told.seconds)
            self._sorted = False

    def remove(self, told: Tally) -> None:
        """Count one less, as it was when it was added."""
        if told.superseded:
            return
        self._count(told, -1)
        if told.seconds is not None:
            waits = self._ordered()
            del waits[bisect_left(waits, told.seconds)]

    def _count(self, told: Tally, by: int) -> None:
        answered = told.seconds is not None
        self._states[told.state] += by
        for state in {told.state, told.ended_in or told.state}:
            self._stood[state] += by
        for mark in told.marks:
            self._marks[mark] += by
        self._counts["attempts"] += by * told.attempts
        self._counts["in_time"] += by * (told.in_time is True)
        self._counts["grids"] += by * told.grid
        self._counts["grids_answered"] += by * (told.grid and answered)
        if told.seconds is not None:
            self._points[point(told.seconds)] += by
        for person in set(told.called):
            self._person(self._called, person, by)
        for who in set(told.heard):
            self._person(self._heard, who, by)

    def _person(self, where: Counter[str], who: str, by: int) -> None:
        """Count somebody; awake is who was called and has answered."""
        self._awake -= self._both(who)
        where[who] += by
        if not where[who]:
            del where[who]
        self._awake += self._both(who)

    def _both(self, who: str) -> bool:
        return who in self._called and who in self._heard

    def _ordered(self) -> list[float]:
        if not self._sorted:
            self._waits.sort()
            self._sorted = True
        return self._waits

    def summary(self) -> Summary:
        """The figures now."""
        waits, counts = self._ordered(), self._counts
        return Summary(
            callouts=self._states.total(),
            by_state={state.value: self._states[state] for state in State},
            answered=len(waits),
            answered_in_time=counts["in_time"],
            taken=self._stood[State.TAKEN],
            to_desk=self._stood[State.DESK],
            not_awakened=self._marks[Mark.NOT_AWAKENED],
            never_rung=self._marks[Mark.NEVER_RUNG],
            grid_coverage_rate=rate(counts["grids_answered"], counts["grids"]),
            answer_rate=rate(self._awake, len(self._called)),
            p50_seconds=quantile(waits, 0.5),
            p90_seconds=quantile(waits, 0.9),
            attempts=counts["attempts"],
        )

    def curve(self) -> Curve:
        """How many had answered how long after they were first called."""
        places: Sequence[int] = sorted(p for p, count in self._points.items() if count)
        sums = accumulate(self._points[place] for place in places)
        return tuple(zip(places, sums, strict=True))


def point(seconds: float) -> int:
    """Where the curve has the point at which so many seconds are over."""
    step = next((step for until, step in GRID if seconds <= until), COARSEST)
    return -int(-seconds // step) * step
