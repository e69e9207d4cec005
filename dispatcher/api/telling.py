"""What one viewer hears: server-sent events until he goes, or may no longer look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, Header, Query
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel
from pydantic_core import to_json

from dispatcher.api.advice import shown
from dispatcher.api.auth import Scope, Still, still_may
from dispatcher.api.board_views import changes
from dispatcher.api.front import FrontOf
from dispatcher.api.problem import language
from dispatcher.api.viewer import News, Viewer
from dispatcher.api.watching import Watch
from dispatcher.core.alert import Alert
from dispatcher.engine.clock import wait_for
from dispatcher.engine.context import Context
from dispatcher.engine.keeper import Keeper

ASK_SECONDS = 2.0  # how often it is asked whether a viewer may still look
RETRY_MILLISECONDS = 2_000


class StreamHeaders(BaseModel):
    """What a browser says when it opens a stream, or opens it again."""

    last_event_id: str | None = None
    accept_language: str = ""


class Telling:
    """Tells one viewer what is new."""

    def __init__(
        self, watch: Watch, keeper: Keeper, stays: Still, headers: StreamHeaders
    ) -> None:
        self._watch = watch
        self._keeper = keeper
        self._stays = stays
        self._asked_at = 0.0
        self._english = language(headers.accept_language) == "en"
        self.since = headers.last_event_id

    async def events(self, alert: Alert | None) -> AsyncIterator[ServerSentEvent]:
        """Of one alert, or of all that are active; ends when the server is to stop."""
        watch = self._watch
        viewer = Viewer(only=alert.id if alert else None, english=self._english)
        yield ServerSentEvent(comment="open", retry=RETRY_MILLISECONDS)
        async with watch.joined(viewer, alert, self.since):
            while not watch.closed and await self._may_stay():
                viewer.woken.clear()
                context = await self._keeper.context()
                for event in self._news(viewer, context):
                    yield event
                await wait_for(viewer.woken, ASK_SECONDS)
        reason = "stopping" if watch.closed else "key"
        yield ServerSentEvent(event="closing", data={"reason": reason})

    async def _may_stay(self) -> bool:
        """Whether his key still holds; asked now and then."""
        moment = asyncio.get_running_loop().time()
        if moment < self._asked_at + ASK_SECONDS:
            return True
        self._asked_at = moment
        return await self._stays()

    def _news(self, viewer: Viewer, context: Context) -> list[ServerSentEvent]:
        """All that is new to him; the last event says how far he has come then.

        Who is cut off before the last one hears of all of them again.
        """
        told = [*self._told(viewer, context)]
        events = [ServerSentEvent(event=name, raw_data=data) for name, data in told]
        if events:
            upto = str(self._watch.boards.cursor)
            events[-1] = events[-1].model_copy(update={"id": upto})
        return events

    def _told(self, viewer: Viewer, context: Context) -> Iterator[tuple[str, str]]:
        if viewer.take_lost():
            yield "resync", _json({"cursor": str(self._watch.boards.cursor)})
        for alert in viewer.take_alerts():
            yield "alert", _json(shown(context, alert, english=viewer.english))
        for news in viewer.take_news():
            news.text = news.text or self._written(news)
            yield "board", news.text
        if desk := viewer.take_desk():
            yield "desk", _json(desk)

    def _written(self, news: News) -> str:
        boards = self._watch.boards
        return _json(changes(boards[news.alert], news.changed, boards.cursor))


def _json(value: object) -> str:
    return to_json(value).decode()


async def telling(
    front: FrontOf,
    stays: Annotated[Still, Depends(still_may(Scope.ALERTS_READ))],
    headers: Annotated[StreamHeaders, Header()],
    cursor: Annotated[str | None, Query()] = None,
) -> Telling:
    """A dependency: a stream for who asks; a browser that comes again knows better."""
    headers.last_event_id = headers.last_event_id or cursor
    return Telling(front.watch, front.runtime.keeper, stays, headers)
