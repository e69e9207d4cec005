"""One reader for all who watch: boards in memory, brought up to date four times a second.

It reads only while somebody watches, in short transactions, what is new since it read
last: the cost is that of the changes, not of the callouts, and not of the viewers.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from dispatcher.api.board_views import DeskView
from dispatcher.api.cursor import Cursor
from dispatcher.api.naming import Namer
from dispatcher.api.picture import Changed, Picture
from dispatcher.api.viewer import News, Viewer
from dispatcher.api.views import HeldBack
from dispatcher.core.alert import Alert, AlertId, AlertState
from dispatcher.engine.clock import wait_for
from dispatcher.engine.runtime import Runtime
from dispatcher.store import alerts, faces, figures
from dispatcher.store.database import STORE_TROUBLE
from dispatcher.store.desk_counts import DeskCounts, desk_counts
from dispatcher.store.faces import Standing
from dispatcher.store.figures import MessageFigures

BATCH_SECONDS = 0.25
FIGURES_SECONDS = 2.0  # figures of messages, which are counted anew each time
KEEP_SECONDS = 60.0  # a board that nobody watches any more
FACTS_MOST = 100_000  # who has missed more fetches the boards anew

log = structlog.get_logger()


@dataclass(slots=True)
class Watched:
    """An alert's board, and what stands beside its lines.

    :ivar looked_at: when somebody wanted it last, on the loop's clock
    """

    alert: Alert
    picture: Picture
    messages: MessageFigures
    looked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What is new in the store."""

    fact: int
    entry: int
    standings: list[Standing]
    alerts: list[Alert]


class Watch:
    """Knows the boards that are looked at, and who looks."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._keeper = runtime.keeper
        self._clock = runtime.clock
        self._boards: dict[AlertId, Watched] = {}
        self._viewers: set[Viewer] = set()
        self._cursor: Cursor | None = None
        self._namer: Namer | None = None
        self._counted_at = 0.0
        self._desk: DeskView | None = None
        self._lock = asyncio.Lock()
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether the server is about to stop."""
        return self._closed.is_set()

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    def close(self) -> None:
        """The server stops: every stream says so, and ends."""
        self._closed.set()
        for viewer in self._viewers:
            viewer.woken.set()

    async def look(self, alert: Alert) -> tuple[Watched, Cursor]:
        """The board of an alert as it is now; nothing may be awaited before it is read."""
        async with self._lock:
            cursor = await self._catch_up()
            board = await self._board(alert)
        loop = asyncio.get_running_loop()
        loop.call_later(KEEP_SECONDS + 1, self._forget)
        return board, cursor

    async def join(
        self, viewer: Viewer, alert: Alert | None, since: str | None
    ) -> None:
        """Begin to tell a viewer what is new, after what he has seen already."""
        async with self._lock:
            cursor = await self._catch_up()
            wanted = [alert] if alert else await self._database.read(alerts.live)
            boards = [await self._board(one) for one in wanted]
            if since is None:
                for one in wanted:
                    viewer.tell_alert(one)
            else:
                await self._resume(viewer, boards, cursor, Cursor.read(since))
            if viewer.only is None and self._desk:
                viewer.tell_desk(self._desk)
            self._viewers.add(viewer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="watch")

    def leave(self, viewer: Viewer) -> None:
        """A viewer is gone."""
        self._viewers.discard(viewer)

    def board(self, alert: AlertId) -> Watched:
        """A board that somebody watches."""
        return self._boards[alert]

    @property
    def cursor(self) -> Cursor:
        """How far all boards have come, while somebody watches."""
        assert self._cursor
        return self._cursor

    async def _resume(
        self,
        viewer: Viewer,
        boards: Iterable[Watched],
        present: Cursor,
        seen: Cursor | None,
    ) -> None:
        """Tell what somebody missed; who missed too much fetches the boards anew."""
        if seen is None or seen.fact > present.fact or seen.entry > present.entry:
            viewer.lose()
            return
        if present.fact - seen.fact > FACTS_MOST:
            viewer.lose()
            return
        past = await self._database.read(lambda c: _read(c, seen))
        for alert in past.alerts:
            if viewer.watches(alert.id):
                viewer.tell_alert(alert)
        for board in boards:
            picture = board.picture
            missed = picture.whole_news()
            missed.lines = {at.id for at in past.standings if _near(at, board)}
            missed.lines.update(picture.overdue_since(seen.at))
            if missed.lines:
                viewer.tell(News(picture.alert, missed))

    async def _run(self) -> None:
        while self._viewers and not await wait_for(self._closed, BATCH_SECONDS):
            try:
                async with self._lock:
                    await self._catch_up()
                    await self._count()
            except STORE_TROUBLE as error:
                log.warning("watch.read.failed", error=str(error))
            self._forget()

    async def _catch_up(self) -> Cursor:
        """Bring every board up to date, and tell those who watch."""
        context = await self._keeper.refresh()
        now = self._clock.now()
        before = self._cursor
        read = await self._database.read(lambda c: _read(c, before))
        moved = self._namer is None or self._namer.context is not context
        if self._namer is None or moved:
            self._namer = Namer(self._database, context)
        known = (
            line.standing
            for b in self._boards.values()
            for line in b.picture.lines.values()
        )
        await self._namer.learn([*read.standings, *(known if moved else ())])
        for one in read.alerts:
            await self._alert_changed(one)
        news: defaultdict[AlertId, Changed] = defaultdict(Changed)
        for alert, changed in self._changes(read.standings, now, renamed=moved):
            news[alert].include(changed)
        self._cursor = Cursor(fact=read.fact, entry=read.entry, at=now)
        for alert, changed in news.items():
            self._tell(alert, changed)
        return self._cursor

    def _changes(
        self, standings: Iterable[Standing], now: datetime, *, renamed: bool
    ) -> Iterator[tuple[AlertId, Changed]]:
        assert self._namer
        for at in standings:
            for alert, board in self._boards.items():
                if alert == at.alert:
                    yield alert, board.picture.put(self._namer.line(at, now), now)
                else:
                    yield alert, board.picture.drop(at.id)
        for alert, board in self._boards.items():
            if renamed:
                for line in [*board.picture.lines.values()]:
                    again = self._namer.line(line.standing, now)
                    yield alert, board.picture.put(again, now)
            yield alert, board.picture.pass_time(now)

    def _tell(self, alert: AlertId, changed: Changed) -> None:
        if changed:
            news = News(alert, changed)
            for viewer in self._viewers:
                if viewer.watches(alert):
                    viewer.tell(news)

    async def _board(self, alert: Alert) -> Watched:
        """The board of an alert, made when it is not there yet."""
        looked_at = asyncio.get_running_loop().time()
        found = self._boards.get(alert.id)
        if found is None:
            now = self._clock.now()
            standings = await self._database.read(lambda c: faces.of_alert(c, alert.id))
            messages = await self._database.read(lambda c: figures.figures(c, alert.id))
            assert self._namer
            namer = self._namer
            await namer.learn(standings)
            # Thousands of lines take a while: on a thread, nobody else has it yet.
            picture = await asyncio.to_thread(_drawn, alert.id, namer, standings, now)
            found = Watched(alert, picture, messages, looked_at)
            self._boards[alert.id] = found
        found.looked_at = looked_at
        return found

    async def _alert_changed(self, alert: Alert) -> None:
        """Something happened to an alert itself."""
        if alert.id in self._boards:
            self._boards[alert.id].alert = alert
        told = [viewer for viewer in self._viewers if viewer.watches(alert.id)]
        if alert.state is AlertState.ACTIVE and any(one.only is None for one in told):
            await self._board(alert)
        for viewer in told:
            viewer.tell_alert(alert)

    async def _count(self) -> None:
        """Count messages and what waits for the desk; both change without a fact."""
        moment = asyncio.get_running_loop().time()
        if moment - self._counted_at < FIGURES_SECONDS:
            return
        self._counted_at = moment
        for alert, board in self._boards.items():
            new = await self._database.read(lambda c, a=alert: figures.figures(c, a))
            if new != board.messages:
                board.messages = new
                self._tell(alert, Changed(messages=True))
        counts = await self._database.read(desk_counts)
        desk = _desk(counts, self._clock.now())
        if (
            self._desk is None
            or desk.model_copy(update={"at": self._desk.at}) != self._desk
        ):
            self._desk = desk
            for viewer in self._viewers:
                if viewer.only is None:
                    viewer.tell_desk(desk)

    def _forget(self) -> None:
        """Let boards go that nobody watches."""
        moment = asyncio.get_running_loop().time()
        for alert, board in [*self._boards.items()]:
            if any(self._wants(viewer, board.alert) for viewer in self._viewers):
                board.looked_at = moment
            elif moment - board.looked_at > KEEP_SECONDS:
                del self._boards[alert]
        if not self._boards and not self._viewers:
            self._cursor = None

    def _wants(self, viewer: Viewer, alert: Alert) -> bool:
        active = alert.state is AlertState.ACTIVE
        return viewer.only == alert.id or (viewer.only is None and active)


def _near(at: Standing, board: Watched) -> bool:
    """Whether a callout is, or may have been, on a board."""
    return at.alert == board.alert.id or at.id in board.picture.lines


def _drawn(
    alert: AlertId, namer: Namer, standings: Iterable[Standing], now: datetime
) -> Picture:
    picture = Picture(alert)
    for at in standings:
        picture.put(namer.line(at, now), now)
    return picture


def _read(connection: Connection, seen: Cursor | None) -> Read:
    """What is new; the numbers first, so that what comes meanwhile is read again."""
    fact = faces.newest_fact(connection)
    entry = faces.newest_entry(connection)
    if seen is None:
        return Read(fact=fact, entry=entry, standings=[], alerts=[])
    told = faces.alerts_since(connection, seen.entry) if entry > seen.entry else []
    changed = (alerts.find(connection, alert) for alert in told)
    return Read(
        fact=fact,
        entry=entry,
        standings=faces.since(connection, seen.fact) if fact > seen.fact else [],
        alerts=[alert for alert in changed if alert],
    )


def _desk(counts: DeskCounts, now: datetime) -> DeskView:
    held = sorted(counts.held_back.items())
    return DeskView(
        at=now,
        parked=counts.parked,
        pending=counts.pending,
        to_desk=counts.to_desk,
        unread=counts.unread,
        held_back=[HeldBack(reason=reason, messages=n) for reason, n in held],
    )
