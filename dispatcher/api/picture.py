"""An alert's board in memory: its lines, and figures that always add up to them.

Whoever looks is shown lines and figures of one moment, since both are made here, in one
step of the loop, of the same lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from dispatcher.api.township import Place
from dispatcher.core.alert import AlertId
from dispatcher.core.board import Display, shown
from dispatcher.core.callout import CalloutId
from dispatcher.core.sums import Curve, Sums, point
from dispatcher.store.faces import Standing

COLUMNS = (
    *("id", "unit", "post", "state", "display", "marks", "person", "rung", "owner"),
    *("next_at", "next_what", "deadline_at", "answered_at", "evidence", "changed_at"),
)

Cells = dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A callout on the board.

    :ivar place: the township it is listed under
    :ivar person: the name of who is called, or to be called, first; None: nobody
    """

    standing: Standing
    place: Place
    person: str | None

    def counts_like(self, other: Line) -> bool:
        """Whether it adds the same to the same figures."""
        same = self.standing.tally == other.standing.tally
        return same and self.place == other.place


@dataclass(slots=True)
class Tier:
    """The figures of some lines: of one township, or of all."""

    sums: Sums = field(default_factory=Sums)
    displays: Counter[Display] = field(default_factory=Counter)


@dataclass(slots=True)
class Changed:
    """What of a board is news to somebody.

    :ivar lines: by id; also of those that are gone from the board
    :ivar since: the curve is another one from this point on; None: it is as it was
    :ivar messages: whether figures are that no line has
    """

    lines: set[CalloutId] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    since: int | None = None
    messages: bool = False

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.lines) or self.messages

    def include(self, more: Changed) -> None:
        """Put news to news."""
        self.lines |= more.lines
        self.places |= more.places
        self.messages |= more.messages
        self.from_point(more.since)

    def from_point(self, place: int | None) -> None:
        """The curve is another one from there on."""
        if place is not None:
            self.since = place if self.since is None else min(self.since, place)


class Picture:
    """One alert's board; lines of what was superseded are on its successor's."""

    def __init__(self, alert: AlertId) -> None:
        self.alert = alert
        self.lines: dict[CalloutId, Line] = {}
        self.whole = Tier()
        self.towns: dict[Place, Tier] = {}
        self._words: dict[CalloutId, Display] = {}
        self._limits: list[tuple[datetime, CalloutId]] = []

    def put(self, line: Line, now: datetime) -> Changed:
        """Take a line as it is now; what that changes."""
        name = line.standing.id
        before = self.lines.get(name)
        if before == line:
            return Changed()
        if before and before.counts_like(line):
            self._keep(line, before)
            return self._recount(line, now)
        changed = self.drop(name)
        if not line.standing.tally.superseded:
            self._keep(line, before)
            changed.include(self._count(line, shown(line.standing.face, now), 1))
        return changed

    def _keep(self, line: Line, before: Line | None) -> None:
        limit, name = line.standing.face.deadline_at, line.standing.id
        if limit and not (before and before.standing.face.deadline_at == limit):
            heappush(self._limits, (limit, name))
        self.lines[name] = line

    def drop(self, name: CalloutId) -> Changed:
        """Take a line off, if it is there."""
        line = self.lines.pop(name, None)
        return self._count(line, self._words[name], -1) if line else Changed()

    def _count(self, line: Line, word: Display, by: int) -> Changed:
        told = line.standing.tally
        if line.place not in self.towns:
            self.towns[line.place] = Tier()
        for tier in (self.whole, self.towns[line.place]):
            tier.displays[word] += by
            if by > 0:
                tier.sums.add(told)
            else:
                tier.sums.remove(told)
        self._words[line.standing.id] = word
        since = None if told.seconds is None else point(told.seconds)
        return Changed({line.standing.id}, {line.place}, since)

    def pass_time(self, now: datetime) -> Changed:
        """Show what has become overdue by itself."""
        changed = Changed()
        while self._limits and self._limits[0][0] < now:
            _, name = heappop(self._limits)
            line = self.lines.get(name)
            if line and shown(line.standing.face, now) is not self._words[name]:
                changed.include(self._recount(line, now))
        return changed

    def _recount(self, line: Line, now: datetime) -> Changed:
        name, place = line.standing.id, line.place
        word = shown(line.standing.face, now)
        for tier in (self.whole, self.towns[place]):
            tier.displays[self._words[name]] -= 1
            tier.displays[word] += 1
        self._words[name] = word
        return Changed({name}, {place})

    def overdue_since(self, moment: datetime) -> Iterator[CalloutId]:
        """Lines that are overdue and whose limit was not before a moment."""
        for name, line in self.lines.items():
            limit = line.standing.face.deadline_at
            if limit and limit >= moment and self._words[name] is Display.OVERDUE:
                yield name

    def whole_news(self) -> Changed:
        """Everything, to somebody who knows nothing."""
        return Changed(set(self.lines), set(self.towns), 0 if self.curve else None)

    def cells(self, names: Iterable[CalloutId]) -> Cells:
        """Lines as parallel arrays; those that are not on the board are left out."""
        told = [self._cells(self.lines[n]) for n in names if n in self.lines]
        columns = zip(*told, strict=True) if told else ((),) * len(COLUMNS)
        return {n: list(c) for n, c in zip(COLUMNS, columns, strict=True)}

    def _cells(self, line: Line) -> tuple[Any, ...]:
        at = line.standing
        one = at.face
        return (
            *(at.id, at.unit, at.post, at.tally.state, self._words[at.id]),
            *(at.tally.marks, line.person, one.rung, at.owner),
            *(one.next_at, one.next_what, one.deadline_at),
            *(one.answered_at, one.evidence, at.changed_at),
        )

    @property
    def curve(self) -> Curve:
        """How many had answered how long after they were first called."""
        return self.whole.sums.curve()

    def tail(self, since: int | None) -> Curve:
        """What replaces the curve from a point on; None: nothing does."""
        if since is None:
            return ()
        curve = self.curve
        later = tuple(one for one in curve if one[0] >= since)
        before = max((count for place, count in curve if place < since), default=0)
        return later or ((since, before),)
