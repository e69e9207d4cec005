"""Alerts over HTTP: send, read, cancel, renew, and take the record."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from contacts.model import UnitId
from dispatcher.api import sheet
from dispatcher.api.advice import Shown, call_sheet
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import (
    CAP,
    JSON,
    IdempotencyKey,
    WarningBody,
    documented,
    read_as,
)
from dispatcher.api.callouts import CalloutQuery, listed
from dispatcher.api.files import FORMS, taken
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import PageQuery, alert_named
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.record import Record, take_record
from dispatcher.api.sheet import Sheet
from dispatcher.api.submit import check_caller, conflict, submit
from dispatcher.api.township import by_township
from dispatcher.api.views import (
    AlertView,
    CalloutLine,
    Page,
    RecordView,
    SummaryView,
    TownshipView,
    page,
)
from dispatcher.core.alert import Alert, AlertState, Renewal
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.core.report import summarise
from dispatcher.engine import desk, expiry
from dispatcher.engine.compose import Desk
from dispatcher.intake.form import AlertForm, CancelForm, CorrectForm, RenewForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import alerts, callouts, figures, journal

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

log = structlog.get_logger()

Sender = Annotated[Caller, Depends(needs(Scope.ALERTS_WRITE, Scope.ALERTS_DRILL))]
Canceller = Annotated[Caller, Depends(needs(Scope.ALERTS_CANCEL))]
Recorder = Annotated[Caller, Depends(needs(Scope.RECORDS_READ))]
Revealer = Annotated[Caller, Depends(needs(Scope.PEOPLE_REVEAL))]
READS = [Depends(needs(Scope.ALERTS_READ))]
BINARY = {"type": "string", "format": "binary"}
AS_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {form.media_type: {"schema": BINARY} for form in FORMS.values()},
        "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
    }
}


class AlertQuery(PageQuery):
    """Which alerts are asked for."""

    state: AlertState | None = None


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": AlertView, "description": "The same alert again"},
        **answers(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    },
    openapi_extra=documented(AlertForm, CAP, "application/xml"),
)
async def send_alert(  # noqa: PLR0913 - one for each part of the request
    *,
    front: FrontOf,
    caller: Sender,
    show: Shown,
    warned: WarningBody,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> AlertView:
    """Take an alert in: 202 when it is on disk, 200 when it was there before."""
    stored = await submit(front, caller, warned, idempotency_key)
    if not stored.same:
        raise conflict(stored.alert)
    response.headers["Location"] = f"{router.prefix}/{stored.alert.id}"
    if not stored.fresh:
        response.status_code = 200
    return await show(stored.alert)


@router.get("", dependencies=READS, responses=answers(401, 403, 422))
async def list_alerts(
    front: FrontOf, show: Shown, query: Annotated[AlertQuery, Query()]
) -> Page[AlertView]:
    """Alerts, the newest first."""
    found = await front.runtime.database.read(
        lambda c: alerts.page(c, query.state, query.cursor, query.limit + 1)
    )
    views = [await show(alert) for alert in found]
    return page(views, query.limit, lambda alert: alert.id)


@router.get("/{id}", dependencies=READS, responses=answers(401, 403, 404))
async def show_alert(
    show: Shown, alert: Annotated[Alert, Depends(alert_named)]
) -> AlertView:
    """One alert and where it stands."""
    return await show(alert)


@router.get("/{id}/summary", dependencies=READS, responses=answers(401, 403, 404, 422))
async def figures_of(
    front: FrontOf,
    alert: Annotated[Alert, Depends(alert_named)],
    by: Annotated[Literal["township"] | None, Query()] = None,
) -> SummaryView:
    """The figures of an alert; by township, too, where that is asked for."""
    runtime = front.runtime
    tallies = await runtime.database.read(
        lambda c: callouts.tallies_by_unit(c, alert.id)
    )
    messages = await runtime.database.read(lambda c: figures.figures(c, alert.id))
    view = SummaryView.of(alert, summarise(told for _, told in tallies), messages)
    if by is None:
        return view
    roster = (await front.runtime.keeper.refresh()).roster
    townships = [
        TownshipView.of(place.unit, place.name, summary)
        for place, summary in by_township(roster, tallies)
    ]
    return view.model_copy(update={"townships": townships})


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
    response_model=RecordView,
    responses=AS_FILE | answers(401, 403, 404, 422),
)
async def show_record(
    front: FrontOf,
    caller: Recorder,
    alert: Annotated[Alert, Depends(alert_named)],
    ending: Annotated[
        Literal["json", "csv", "xlsx", "html"], Query(alias="format")
    ] = "json",
) -> Response:
    """The record of an alert, 叫应记录表."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    record = await front.runtime.database.read(
        lambda c: take_record(c, context, alert, now, caller.by)
    )
    # A large one takes seconds to write: on a thread, holding no connection.
    return await asyncio.to_thread(_written, record, ending)


def _written(record: Record, ending: str) -> Response:
    if ending == "json":
        content = RecordView.of(record).model_dump_json()
        return Response(content, media_type=JSON, headers=taken(record))
    form = FORMS[ending]
    return Response(
        form.write(record),
        media_type=form.media_type,
        headers=form.headers(record, ending),
    )


@router.post(
    "/{id}/cancel",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(CancelForm),
)
async def cancel_alert(
    front: FrontOf,
    caller: Canceller,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[CancelForm, Depends(read_as(CancelForm))],
) -> AlertView:
    """End an alert: nothing new is sent, and exactly those who were reached hear."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    how = desk.Cancelling(by=caller.by, reason=form.reason)

    def end(connection: Connection) -> Alert:
        newest = alerts.find(connection, alert.id) or alert
        return desk.cancel(Desk(connection, context, now), newest, how)

    ended = await front.runtime.database.write(end)
    if ended.state is not AlertState.CANCELLED:
        raise _over(ended)
    front.committed()
    return AlertView.of(ended)


@router.post(
    "/{id}/correct",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(CorrectForm),
)
async def correct_alert(
    front: FrontOf,
    caller: Canceller,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[CorrectForm, Depends(read_as(CorrectForm))],
) -> AlertView:
    """Take back an alert that was sent by mistake; exactly who was reached hears so."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    how = desk.Cancelling(by=caller.by, reason=form.reason)

    def correct(connection: Connection) -> Alert:
        newest = alerts.find(connection, alert.id) or alert
        if newest.state in desk.ENDED:
            raise _over(newest)
        return desk.correct(Desk(connection, context, now), newest, how)

    corrected = await front.runtime.database.write(correct)
    front.committed()
    return AlertView.of(corrected)


@router.post(
    "/{id}/renew",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(RenewForm),
)
async def renew_alert(
    front: FrontOf,
    caller: Sender,
    show: Shown,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[RenewForm, Depends(read_as(RenewForm))],
) -> AlertView:
    """Let an alert go on: it expires later, and the desk is asked again before that."""
    check_caller(caller, alert.content)
    context, now = await front.runtime.keeper.refresh(), front.now()
    renewal = Renewal(at=now, until=form.expires, by=caller.by, reason=form.reason)

    def renew(connection: Connection) -> Alert:
        newest = alerts.find(connection, alert.id) or alert
        _check_renewal(newest, renewal)
        return expiry.renew(Desk(connection, context, now), newest, renewal)

    renewed = await front.runtime.database.write(renew)
    front.committed()
    return await show(renewed)


def _check_renewal(alert: Alert, renewal: Renewal) -> None:
    """Refuse to renew what is not active, or to an end that is no later one."""
    if alert.state in desk.ENDED:
        raise _over(alert)
    if alert.state is not AlertState.ACTIVE:
        raise _not_active(alert)
    if renewal.until <= renewal.at:
        raise refused(422, problem(("expires",), "expires_in_past"))
    if alert.expires_at and renewal.until <= alert.expires_at:
        present = alert.expires_at.isoformat()
        raise refused(422, problem(("expires",), "expires_not_later", expires=present))


def _not_active(alert: Alert) -> RefusedError:
    return refused(
        409,
        Problem(
            loc=("path",),
            code="not_active",
            zh=f"预警 {alert.id} 不在生效中({alert.state})",
            en=f"alert {alert.id} is not active: {alert.state}",
        ),
    )


@router.get(
    "/{id}/sheets/{unit}",
    response_class=HTMLResponse,
    responses=answers(401, 403, 404),
)
async def print_sheet(
    front: FrontOf,
    caller: Revealer,
    alert: Annotated[Alert, Depends(alert_named)],
    unit: Annotated[UnitId, Path()],
) -> HTMLResponse:
    """The call sheet of a place, 电话单, numbers in clear: who has not answered yet."""
    runtime, now = front.runtime, front.now()
    context = await runtime.keeper.refresh()

    def noted(connection: Connection) -> Sheet | None:
        """Whose numbers were shown stands in the journal before they are."""
        made = call_sheet(connection, context, alert, unit, now)
        by = caller.by
        shown = [
            Revealed(at=now, by=by, person=line.person, what="sheet")
            for line in (made.lines if made else ())
            if line.person
        ]
        journal.note(connection, HOUSE, shown)
        return made

    made = await runtime.database.write(noted)
    if made is None:
        raise _nobody(alert, unit)
    log.info(
        "sheet.printed", alert=alert.id, unit=unit, by=caller.name, people=made.people
    )
    return HTMLResponse(sheet.page(made), headers=dict(sheet.HEADERS))


def _nobody(alert: Alert, unit: UnitId) -> RefusedError:
    return refused(
        404,
        Problem(
            loc=("path",),
            code="nobody_to_call",
            zh=f"预警 {alert.id} 在单元 {unit} 没有要叫应的人",
            en=f"alert {alert.id} calls nobody in unit {unit}",
        ),
    )


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
