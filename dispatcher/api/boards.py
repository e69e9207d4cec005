"""Boards in memory, all brought as far as one cursor."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.api.cursor import START, Cursor
from dispatcher.api.naming import Namer
from dispatcher.api.picture import Changed, Picture
from dispatcher.core.alert import Alert, AlertId
from dispatcher.engine.runtime import Runtime
from dispatcher.store import alerts, faces, figures
from dispatcher.store.faces import Standing
from dispatcher.store.figures import MessageFigures


@dataclass(slots=True)
class Board:
    """An alert's lines, and what stands beside them.

    :ivar wanted_at: when somebody wanted it last, on the loop's clock
    """

    alert: Alert
    picture: Picture
    messages: MessageFigures
    wanted_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the store tells that is new.

    :ivar standings: callouts as they stand now
    :ivar alerts: alerts whose journal went on
    """

    fact: int
    entry: int
    standings: tuple[Standing, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a look at the store has changed."""

    boards: Mapping[AlertId, Changed]
    alerts: tuple[Alert, ...]


class Boards:
    """The boards that somebody looks at."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._keeper = runtime.keeper
        self._clock = runtime.clock
        self._namer = Namer(runtime.database)
        self._kept: dict[AlertId, Board] = {}
        self.cursor: Cursor = START

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Board]:
        return iter([*self._kept.values()])

    def __contains__(self, alert: object) -> bool:
        return alert in self._kept

    def __getitem__(self, alert: AlertId) -> Board:
        return self._kept[alert]

    async def advance(self, *, watched: bool) -> Step:
        """Bring every board up to date.

        :param watched: whether somebody wants to know what has happened since; else
            only how far the store has come matters
        """
        context = await self._keeper.refresh()
        renamed = self._namer.follow(context.roster)
        now = self._clock.now()
        seen = self.cursor if watched or self._kept else None
        told = await self._database.read(lambda c: news(c, seen))
        again = self._standings() if renamed else ()
        await self._namer.learn((*told.standings, *again))
        for alert in told.alerts:
            if alert.id in self._kept:
                self._kept[alert.id].alert = alert
        changed: defaultdict[AlertId, Changed] = defaultdict(Changed)
        for name, one in self._changes((*again, *told.standings), now):
            changed[name].include(one)
        self.cursor = Cursor(fact=told.fact, entry=told.entry, at=now)
        return Step(boards=changed, alerts=told.alerts)

    def _standings(self) -> tuple[Standing, ...]:
        lines = (line for board in self for line in board.picture.lines.values())
        return tuple(line.standing for line in lines)

    def _changes(
        self, standings: Iterable[Standing], now: datetime
    ) -> Iterator[tuple[AlertId, Changed]]:
        for at in standings:
            for alert, board in self._kept.items():
                if alert == at.alert:
                    yield alert, board.picture.put(self._namer.line(at, now), now)
                else:
                    yield alert, board.picture.drop(at.id)
        for alert, board in self._kept.items():
            yield alert, board.picture.pass_time(now)

    async def want(self, alert: Alert) -> Board:
        """The board of an alert, made when it is not there yet."""
        wanted_at = asyncio.get_running_loop().time()
        found = self._kept.get(alert.id)
        if found is None:
            found = await self._made(alert, wanted_at)
            self._kept[alert.id] = found
        found.wanted_at = wanted_at
        return found

    async def _made(self, alert: Alert, wanted_at: float) -> Board:
        name, now, namer = alert.id, self._clock.now(), self._namer
        standings = await self._database.read(lambda c: faces.of_alert(c, name))
        messages = await self._database.read(lambda c: figures.figures(c, name))
        await namer.learn(standings)
        # Thousands of lines take a while: on a thread, where nobody else has it yet.
        picture = await asyncio.to_thread(_drawn, name, namer, standings, now)
        return Board(alert, picture, messages, wanted_at)

    def drop(self, alert: AlertId) -> None:
        """Let a board go."""
        del self._kept[alert]


def _drawn(
    alert: AlertId, namer: Namer, standings: Iterable[Standing], now: datetime
) -> Picture:
    picture = Picture(alert)
    for at in standings:
        picture.put(namer.line(at, now), now)
    return picture


def news(connection: Connection, seen: Cursor | None) -> Told:
    """What is new; the numbers first, so that what comes meanwhile is read again.

    :param seen: None: only how far the store has come
    """
    fact = faces.newest_fact(connection)
    entry = faces.newest_entry(connection)
    if seen is None:
        return Told(fact=fact, entry=entry)
    changed = faces.alerts_since(connection, seen.entry) if entry > seen.entry else ()
    return Told(
        fact=fact,
        entry=entry,
        standings=faces.since(connection, seen.fact) if fact > seen.fact else (),
        alerts=tuple(
            alert for name in changed if (alert := alerts.find(connection, name))
        ),
    )
