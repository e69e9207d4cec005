"""One reader for all who watch, four times a second, while somebody does.

It reads in short transactions what is new since it read last: that costs as much as has
changed, however many callouts there are and however many viewers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from functools import partial

import structlog

from dispatcher.api.board_views import DeskView
from dispatcher.api.boards import Board, Boards, news
from dispatcher.api.cursor import Cursor
from dispatcher.api.picture import Changed
from dispatcher.api.viewer import News, Viewer
from dispatcher.core.alert import Alert, AlertId, AlertState
from dispatcher.engine.clock import wait_for
from dispatcher.engine.runtime import Runtime
from dispatcher.store import alerts, figures
from dispatcher.store.desk_counts import desk_counts
from dispatcher.store.faces import Standing
from dispatcher.store.moment import EPOCH

BATCH_SECONDS = 0.25
FIGURES_SECONDS = 2.0  # what changes without a fact is counted anew each time,
FIGURES_SHARE = 0.01  # but no more of the time is spent on that
KEEP_SECONDS = 60.0  # a board that nobody wants any more
FACTS_MOST = 25_000  # who has missed more fetches the boards anew

log = structlog.get_logger()


class Watch:
    """Who watches, and what they are told."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._clock = runtime.clock
        self._viewers: set[Viewer] = set()
        self._desk: DeskView | None = None
        self._count_at = 0.0
        self._lock = asyncio.Lock()
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.boards = Boards(runtime)

    @property
    def closed(self) -> bool:
        """Whether the server is about to stop."""
        return self._closed.is_set()

    def close(self) -> None:
        """The server stops: every stream says so, and ends."""
        self._closed.set()
        for viewer in self._viewers:
            viewer.woken.set()

    async def look(self, alert: Alert) -> Board:
        """The board of an alert as it is now; to be read before anything is awaited."""
        async with self._lock:
            await self._advance()
            board = await self.boards.want(alert)
        self._forget_later()
        return board

    @contextlib.asynccontextmanager
    async def joined(
        self, viewer: Viewer, alert: Alert | None, since: str | None
    ) -> AsyncIterator[None]:
        """Tell a viewer what is new while the block lasts.

        :param since: the cursor of what he has seen; None: he begins here
        """
        async with self._lock:
            await self._advance()
            self._viewers.add(viewer)
        try:
            async with self._lock:
                await self._welcome(viewer, alert, since)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run(), name="watch")
            yield
        finally:
            self._viewers.discard(viewer)
            self._forget_later()

    async def _welcome(
        self, viewer: Viewer, alert: Alert | None, since: str | None
    ) -> None:
        active = partial(alerts.live, since=EPOCH)
        wanted = [alert] if alert else await self._database.read(active)
        boards = [await self.boards.want(one) for one in wanted]
        if since is None:
            for one in wanted:
                viewer.tell_alert(one)
        else:
            await self._resume(viewer, boards, Cursor.read(since))
        if self._desk and viewer.only is None:
            viewer.tell_desk(self._desk)

    async def _resume(
        self, viewer: Viewer, boards: Iterable[Board], seen: Cursor | None
    ) -> None:
        """Tell what was missed; who missed too much fetches the boards anew."""
        present = self.boards.cursor
        if seen is None or not seen.within(present, FACTS_MOST):
            viewer.lose()
            return
        past = await self._database.read(lambda c: news(c, seen))
        for alert in past.alerts:
            if viewer.watches(alert.id):
                viewer.tell_alert(alert)
        for board in boards:
            missed = _missed(board, past.standings, seen)
            if missed.lines:
                viewer.tell(News(board.alert.id, missed))

    async def _run(self) -> None:
        failed = False
        while self._viewers and not await wait_for(self._closed, BATCH_SECONDS):
            try:
                async with self._lock:
                    await self._advance()
                    await self._count()
            except Exception as error:  # noqa: BLE001 - whatever it is, boards stand still
                if not failed:
                    self._failed(error)
                failed = True
            else:
                failed = False
            self._forget()

    def _failed(self, error: Exception) -> None:
        """A board that stands still must not look alive: everybody fetches his anew."""
        log.error("watch.read.failed", exc_info=error)
        for viewer in self._viewers:
            viewer.lose()

    async def _advance(self) -> None:
        """Bring the boards up to date, and tell those who watch."""
        step = await self.boards.advance(watched=bool(self._viewers))
        for alert in step.alerts:
            await self._alert_told(alert)
        for name, changed in step.boards.items():
            self._tell(name, changed)

    async def _alert_told(self, alert: Alert) -> None:
        told = [viewer for viewer in self._viewers if viewer.watches(alert.id)]
        for viewer in told:
            viewer.tell_alert(alert)
        if alert.id not in self.boards and any(_wants(v, alert) for v in told):
            board = await self.boards.want(alert)
            self._tell(alert.id, board.picture.whole_news())

    def _tell(self, alert: AlertId, changed: Changed) -> None:
        if not changed:
            return
        told = News(alert, changed)
        for viewer in self._viewers:
            if viewer.watches(alert):
                viewer.tell(told)

    async def _count(self) -> None:
        """Count what changes without a fact: messages, and what waits for the desk."""
        clock = asyncio.get_running_loop().time
        began = clock()
        if began < self._count_at:
            return
        for board in self.boards:
            name = board.alert.id
            read = partial(figures.figures, alert=name)
            counted = await self._database.read(read)
            if counted != board.messages:
                board.messages = counted
                self._tell(name, Changed(messages=True))
        await self._count_desk()
        pause = max(FIGURES_SECONDS, (clock() - began) / FIGURES_SHARE)
        self._count_at = clock() + pause

    async def _count_desk(self) -> None:
        desk = DeskView.of(await self._database.read(desk_counts))
        if desk != self._desk:
            self._desk = desk
            for viewer in self._viewers:
                if viewer.only is None:
                    viewer.tell_desk(desk)

    def _forget_later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(KEEP_SECONDS + 1, self._forget)

    def _forget(self) -> None:
        """Let boards go that nobody wants."""
        moment = asyncio.get_running_loop().time()
        for board in self.boards:
            if any(_wants(viewer, board.alert) for viewer in self._viewers):
                board.wanted_at = moment
            elif moment > board.wanted_at + KEEP_SECONDS:
                self._drop(board.alert.id)

    def _drop(self, alert: AlertId) -> None:
        for viewer in self._viewers:
            if alert in viewer.news:
                viewer.lose()
        self.boards.drop(alert)


def _wants(viewer: Viewer, alert: Alert) -> bool:
    """Whether the board of an alert has to be kept for a viewer."""
    active = alert.state is AlertState.ACTIVE
    return viewer.only == alert.id or (viewer.only is None and active)


def _missed(board: Board, past: Iterable[Standing], seen: Cursor) -> Changed:
    """What somebody has to be told who saw a board at a cursor.

    What came into the chain of the board meanwhile may have been on it.
    """
    picture = board.picture
    missed = picture.whole_news()
    missed.lines = {at.id for at in past if at.chain == board.alert.chain}
    missed.lines.update(picture.overdue_since(seen.at))
    return missed
