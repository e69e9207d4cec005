"""The board over HTTP: all of it at once, then what changes, as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic_core import to_json

from dispatcher.api.advice import Shown, shown
from dispatcher.api.auth import Scope, Still, needs, still_may
from dispatcher.api.board_views import BoardSummary, BoardView, Target, TierView
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import alert_named
from dispatcher.api.packing import packed
from dispatcher.api.problem import answers, language
from dispatcher.api.viewer import News, Viewer
from dispatcher.api.watching import Watch, Watched
from dispatcher.core.alert import Alert
from dispatcher.engine.accept import limit_of
from dispatcher.engine.clock import wait_for
from dispatcher.engine.context import Context

router = APIRouter(prefix="/api/v1", tags=["board"])

READS = [Depends(needs(Scope.ALERTS_READ))]
AGAIN_SECONDS = 2.0  # how often it is asked whether a viewer may still look
RETRY_MILLISECONDS = 2_000
EVERYBODY = 1.0  # the share of those called that the policy wants awake in time

Stays = Annotated[Still, Depends(still_may(Scope.ALERTS_READ))]
Since = Annotated[str | None, Query(alias="cursor")]
LastSeen = Annotated[str | None, Header(alias="Last-Event-ID")]
Spoken = Annotated[str, Header(alias="Accept-Language")]


def watch_of(front: FrontOf) -> Watch:
    """A dependency: the one reader of boards."""
    return front.watch


WatchOf = Annotated[Watch, Depends(watch_of)]


@router.get(
    "/alerts/{id}/board",
    dependencies=READS,
    response_model=BoardView,
    responses=answers(401, 403, 404),
)
async def show_board(
    request: Request,
    front: FrontOf,
    watch: WatchOf,
    show: Shown,
    alert: Annotated[Alert, Depends(alert_named)],
) -> Response:
    """All of an alert's board; a stream goes on from its cursor."""
    view = await show(alert)
    context = await front.runtime.keeper.context()
    board, cursor = await watch.look(alert)
    picture = board.picture
    answer = {
        "alert": view,
        "at": cursor.at,
        "cursor": str(cursor),
        "summary": BoardSummary.told(alert, picture.whole, board.messages),
        "target": Target(rate=EVERYBODY, seconds=limit_of(context, alert)),
        "curve": picture.curve(0),
        "townships": _townships(board),
        "rows": picture.cells(picture.lines),
    }
    return await packed(request, answer)


def _townships(board: Watched) -> list[TierView]:
    towns = sorted(board.picture.towns.items())
    return [
        TierView.told(place, tier) for place, tier in towns if tier.displays.total()
    ]


@router.get(
    "/alerts/{id}/stream",
    dependencies=READS,
    response_class=EventSourceResponse,
    responses=answers(401, 403, 404),
)
async def watch_alert(
    front: FrontOf,
    watch: WatchOf,
    stays: Stays,
    alert: Annotated[Alert, Depends(alert_named)],
    cursor: Since = None,
    last_event_id: LastSeen = None,
    accept_language: Spoken = "",
) -> AsyncIterator[ServerSentEvent]:
    """What changes on the board of an alert."""
    viewer = Viewer(only=alert.id, english=language(accept_language) == "en")
    told = _Telling(front, watch, viewer, stays)
    async for event in told.events(alert, last_event_id or cursor):
        yield event


@router.get(
    "/stream",
    dependencies=READS,
    response_class=EventSourceResponse,
    responses=answers(401, 403),
)
async def watch_all(
    front: FrontOf,
    watch: WatchOf,
    stays: Stays,
    cursor: Since = None,
    last_event_id: LastSeen = None,
    accept_language: Spoken = "",
) -> AsyncIterator[ServerSentEvent]:
    """What changes on the boards of all active alerts, and what waits for the desk."""
    viewer = Viewer(only=None, english=language(accept_language) == "en")
    told = _Telling(front, watch, viewer, stays)
    async for event in told.events(None, last_event_id or cursor):
        yield event


class _Telling:
    """Tells one viewer what is new until he goes, may no longer look, or we stop."""

    def __init__(
        self, front: Front, watch: Watch, viewer: Viewer, stays: Still
    ) -> None:
        self._keeper = front.runtime.keeper
        self._watch = watch
        self._viewer = viewer
        self._stays = stays
        self._asked_at = 0.0

    async def events(
        self, alert: Alert | None, since: str | None
    ) -> AsyncIterator[ServerSentEvent]:
        """What he is told, in order."""
        watch, viewer = self._watch, self._viewer
        yield ServerSentEvent(comment="open", retry=RETRY_MILLISECONDS)
        await watch.join(viewer, alert, since)
        try:
            while not watch.closed and await self._may_stay():
                viewer.woken.clear()
                context = await self._keeper.context()
                for event in self._news(context):
                    yield event
                await wait_for(viewer.woken, AGAIN_SECONDS)
            reason = "stopping" if watch.closed else "key"
            yield ServerSentEvent(event="closing", data={"reason": reason})
        finally:
            watch.leave(viewer)

    async def _may_stay(self) -> bool:
        """Whether his key still holds; asked now and then."""
        moment = asyncio.get_running_loop().time()
        if moment < self._asked_at + AGAIN_SECONDS:
            return True
        self._asked_at = moment
        return await self._stays()

    def _news(self, context: Context) -> list[ServerSentEvent]:
        """All that is new to him; the last event says how far he has come then.

        Who is cut off before it hears of the others again.
        """
        events = [ServerSentEvent(event=n, raw_data=d) for n, d in self._told(context)]
        if events:
            upto = str(self._watch.cursor)
            events[-1] = events[-1].model_copy(update={"id": upto})
        return events

    def _told(self, context: Context) -> Iterator[tuple[str, str]]:
        viewer, watch = self._viewer, self._watch
        if viewer.take_lost():
            yield "resync", _json({"cursor": str(watch.cursor)})
        for alert in viewer.take_alerts():
            view = shown(context, alert, english=viewer.english)
            yield "alert", _json(view)
        for news in viewer.take_news():
            news.text = news.text or _written(watch, news)
            yield "board", news.text
        if desk := viewer.take_desk():
            yield "desk", _json(desk)


def _json(value: object) -> str:
    return to_json(value).decode()


def _written(watch: Watch, news: News) -> str:
    """News of a board, as it goes out to all who are told just this."""
    board, changed = watch.board(news.alert), news.changed
    picture = board.picture
    return _json(
        {
            "alert": news.alert,
            "cursor": str(watch.cursor),
            "at": watch.cursor.at,
            "rows": picture.cells(changed.lines),
            "gone": [name for name in changed.lines if name not in picture.lines],
            "summary": BoardSummary.told(board.alert, picture.whole, board.messages),
            "townships": [
                TierView.told(place, picture.towns[place])
                for place in sorted(changed.places & picture.towns.keys())
            ],
            "curve": picture.curve(changed.since),
        }
    )
