"""Parked alerts over HTTP: an officer releases one, or puts it away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from contacts.model import UnitId
from dispatcher.api.advice import Shown
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import alert_named
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.views import AlertView
from dispatcher.core.alert import Alert
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.releasing import Approving, Refused, approve, reject
from dispatcher.intake.form import ApproveForm, RejectForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import alerts

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

Approver = Annotated[Caller, Depends(needs(Scope.ALERTS_APPROVE))]
STATUSES = (400, 401, 403, 404, 408, 409, 413, 415, 422, 503)
WORDS = {
    Refused.NOT_PARKED: ("预警没有待核实", "the alert is not parked"),
    Refused.NOT_RELEASABLE: (
        "它引用的预警还没有收到,只能等待或驳回",
        "what it refers to has not come: wait for it, or reject this",
    ),
    Refused.UNITS_NEEDED: (
        "请在 units 里写明要叫应的单元",
        "say in units which of our units it is for",
    ),
    Refused.OVER: ("预警已过有效期", "the alert is past its expiry"),
}


@router.post(
    "/{id}/approve",
    responses=answers(*STATUSES),
    openapi_extra=documented(ApproveForm),
)
async def approve_alert(
    *,
    front: FrontOf,
    caller: Approver,
    show: Shown,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[ApproveForm, Depends(read_as(ApproveForm))],
) -> AlertView:
    """Release a parked alert: it acts as if it came now."""
    context = await front.runtime.keeper.refresh()
    _check(context, form.units)
    how = Approving(by=caller.by, reason=form.reason, units=[*map(UnitId, form.units)])
    return await show(
        await _done(front, context, alert, lambda d, one: approve(d, one, how))
    )


@router.post(
    "/{id}/reject", responses=answers(*STATUSES), openapi_extra=documented(RejectForm)
)
async def reject_alert(
    *,
    front: FrontOf,
    caller: Approver,
    show: Shown,
    alert: Annotated[Alert, Depends(alert_named)],
    form: Annotated[RejectForm, Depends(read_as(RejectForm))],
) -> AlertView:
    """Put a parked alert away: it will call nobody."""
    context, by = await front.runtime.keeper.refresh(), caller.by
    return await show(
        await _done(
            front, context, alert, lambda d, one: reject(d, one, by, form.reason)
        )
    )


def _check(context: Context, units: Iterable[str]) -> None:
    unknown = [
        problem(("units", place), "unknown_unit", unit=unit)
        for place, unit in enumerate(units)
        if UnitId(unit) not in context.roster.units
    ]
    if unknown:
        raise refused(422, *unknown)


async def _done(
    front: Front,
    context: Context,
    alert: Alert,
    decide: Callable[[Desk, Alert], Alert | Refused],
) -> Alert:
    now = front.now()

    def do(connection: Connection) -> Alert:
        newest = alerts.find(connection, alert.id) or alert
        decided = decide(Desk(connection, context, now), newest)
        if isinstance(decided, Refused):
            raise _refused(decided)
        return decided

    decided = await front.runtime.database.write(do)
    front.committed()
    return decided


def _refused(why: Refused) -> RefusedError:
    zh, en = WORDS[why]
    lacking = why is Refused.UNITS_NEEDED
    loc = ("units",) if lacking else ("path",)
    return refused(
        422 if lacking else 409, Problem(loc=loc, code=why.value, zh=zh, en=en)
    )
