"""Alerts over HTTP: send, read, cancel, and take the record."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Response
from sqlalchemy import Connection

from dispatcher.api.auth import Scope, needs
from dispatcher.api.body import JsonBody, documented, read_as
from dispatcher.api.callouts import CalloutQuery, listed
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import PageQuery, alert_named
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.record import as_csv, record_rows
from dispatcher.api.submit import submit
from dispatcher.api.views import (
    AlertView,
    CalloutLine,
    Page,
    RecordView,
    SummaryView,
    page,
)
from dispatcher.core.alert import Alert, AlertState
from dispatcher.core.report import summarise
from dispatcher.engine import desk
from dispatcher.engine.compose import Desk
from dispatcher.intake.form import AlertForm, CancelForm, parse
from dispatcher.intake.problem import Problem
from dispatcher.store import alerts, callouts, figures
from dispatcher.store.keys import ApiKey

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

Sender = Annotated[ApiKey, Depends(needs(Scope.ALERTS_WRITE, Scope.ALERTS_DRILL))]
Canceller = Annotated[ApiKey, Depends(needs(Scope.ALERTS_CANCEL))]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]
READS = [Depends(needs(Scope.ALERTS_READ))]
READS_RECORDS = [Depends(needs(Scope.RECORDS_READ))]


class AlertQuery(PageQuery):
    """Which alerts are asked for."""

    state: AlertState | None = None


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": AlertView, "description": "The same alert again"},
        **answers(400, 401, 403, 409, 413, 415, 422, 503),
    },
    openapi_extra=documented(AlertForm),
)
async def send_alert(
    front: FrontOf,
    key: Sender,
    body: JsonBody,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> AlertView:
    """Take an alert in: 202 when it is on disk, 200 when it was there before."""
    content = parse(body, front.now())
    if isinstance(content, tuple):
        raise refused(422, *content)
    stored = await submit(front, key, content, idempotency_key)
    response.headers["Location"] = f"{router.prefix}/{stored.alert.id}"
    if not stored.fresh:
        response.status_code = 200
    return AlertView.of(stored.alert)


@router.get("", dependencies=READS, responses=answers(401, 403, 422))
async def list_alerts(
    front: FrontOf, query: Annotated[AlertQuery, Query()]
) -> Page[AlertView]:
    """Alerts, the newest first."""
    found = await front.runtime.database.read(
        lambda c: alerts.page(c, query.state, query.cursor, query.limit + 1)
    )
    return page([*map(AlertView.of, found)], query.limit, lambda alert: alert.id)


@router.get("/{id}", dependencies=READS, responses=answers(401, 403, 404))
async def show_alert(alert: Annotated[Alert, Depends(alert_named)]) -> AlertView:
    """One alert and where it stands."""
    return AlertView.of(alert)


@router.get("/{id}/summary", dependencies=READS, responses=answers(401, 403, 404))
async def figures_of(
    front: FrontOf, alert: Annotated[Alert, Depends(alert_named)]
) -> SummaryView:
    """The figures of an alert."""
    database = front.runtime.database
    tallies = await database.read(lambda c: callouts.tallies_of(c, alert.id))
    messages = await database.read(lambda c: figures.figures(c, alert.id))
    return SummaryView.of(summarise(tallies), messages)


@router.get("/{id}/callouts", dependencies=READS, responses=answers(401, 403, 404, 422))
async def list_callouts_of(
    front: FrontOf,
    alert: Annotated[Alert, Depends(alert_named)],
    query: Annotated[CalloutQuery, Query()],
) -> Page[CalloutLine]:
    """The callouts of an alert."""
    return await listed(front, query, alert.id)


@router.get(
    "/{id}/record",
    dependencies=READS_RECORDS,
    response_model=RecordView,
    responses=answers(401, 403, 404, 422),
)
async def show_record(
    front: FrontOf,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> RecordView | Response:
    """The record of an alert, 叫应记录表."""
    context = await front.runtime.keeper.refresh()
    rows = await front.runtime.database.read(lambda c: record_rows(c, context, alert))
    if form == "json":
        return RecordView(alert=AlertView.of(alert), rows=rows)
    file = quote(f"叫应记录表-{alert.id}.csv")
    disposition = f"attachment; filename*=UTF-8''{file}"
    return Response(
        as_csv(rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


@router.post(
    "/{id}/cancel",
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=documented(CancelForm),
)
async def cancel_alert(
    front: FrontOf,
    key: Canceller,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[CancelForm, Depends(read_as(CancelForm))],
) -> AlertView:
    """End an alert: nothing new is sent, and exactly those who were reached hear."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    how = desk.Cancelling(by=f"key:{key.name}", reason=form.reason)

    def end(connection: Connection) -> Alert:
        newest = alerts.find(connection, alert.id) or alert
        return desk.cancel(Desk(connection, context, now), newest, how)

    ended = await front.runtime.database.write(end)
    if ended.state is not AlertState.CANCELLED:
        raise _over(ended)
    front.committed()
    return AlertView.of(ended)


def _over(alert: Alert) -> RefusedError:
    return refused(
        409,
        Problem(
            loc=("path",),
            code="already_ended",
            zh=f"预警 {alert.id} 已经结束({alert.state})",
            en=f"alert {alert.id} has ended already: {alert.state}",
        ),
    )
