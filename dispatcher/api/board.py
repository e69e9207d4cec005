"""The board over HTTP: all of it at once, then what changes, as it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from dispatcher.api.advice import Shown
from dispatcher.api.auth import Scope, needs
from dispatcher.api.board_views import BoardView, Target, whole
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import alert_named
from dispatcher.api.packing import packed
from dispatcher.api.problem import answers
from dispatcher.api.telling import Telling, telling
from dispatcher.core.alert import Alert
from dispatcher.engine.accept import limit_of

router = APIRouter(prefix="/api/v1", tags=["board"])

READS = [Depends(needs(Scope.ALERTS_READ))]
EVERYBODY = 1.0  # the policy's limit is everybody's; it knows no smaller share

Told = Annotated[Telling, Depends(telling)]


@router.get(
    "/alerts/{id}/board",
    dependencies=READS,
    response_model=BoardView,
    responses=answers(401, 403, 404),
)
async def show_board(
    request: Request,
    front: FrontOf,
    show: Shown,
    alert: Annotated[Alert, Depends(alert_named)],
) -> Response:
    """All of an alert's board; a stream goes on from its cursor."""
    view, context = await show(alert), await front.runtime.keeper.context()
    target = Target(rate=EVERYBODY, seconds=limit_of(context, alert))
    board = await front.watch.look(alert)
    answer = whole(board, front.watch.boards.cursor)
    return await packed(request, {"alert": view, "target": target, **answer})


@router.get(
    "/alerts/{id}/stream",
    dependencies=READS,
    response_class=EventSourceResponse,
    responses=answers(401, 403, 404, 422),
)
async def watch_alert(
    told: Told, alert: Annotated[Alert, Depends(alert_named)]
) -> AsyncIterator[ServerSentEvent]:
    """What changes on the board of an alert."""
    async for event in told.events(alert):
        yield event


@router.get(
    "/stream",
    dependencies=READS,
    response_class=EventSourceResponse,
    responses=answers(401, 403, 422),
)
async def watch_all(told: Told) -> AsyncIterator[ServerSentEvent]:
    """What changes on the boards of all active alerts, and what waits for the desk."""
    async for event in told.events(None):
        yield event
