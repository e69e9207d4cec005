"""Monitoring systems post their alarms; a mapping of the key makes alerts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Response
from sqlalchemy import Connection

from config.inlets import Monitor, Resolved
from dispatcher.api.alerts import Sender
from dispatcher.api.auth import Caller
from dispatcher.api.body import ANY_OBJECT, PostedBody
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import Refusal, RefusedError, answers, refused
from dispatcher.api.submit import submit
from dispatcher.api.views import AlertView, View
from dispatcher.core.alert import Alert, MsgType, Reference
from dispatcher.intake.dialect import Warned
from dispatcher.intake.monitor import Alarm, Kind, Reader
from dispatcher.intake.problem import Loc
from dispatcher.store import alerts

router = APIRouter(prefix="/api/v1/monitors", tags=["monitors"])

log = structlog.get_logger()


class Became(StrEnum):
    """What became of an alarm."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"  # it is called out, or was, already
    RESOLVED = "resolved"
    IGNORED = "ignored"  # its end, which an officer decides on


class AlarmView(View):
    """One alarm that was posted, and the alert that stands for it."""

    became: Became
    alert: AlertView | None


class PostedView(View):
    """What became of all that was posted, in its order.

    :ivar truncated: alarms that the monitor itself left out
    """

    alarms: list[AlarmView]
    truncated: int


@router.post(
    "/{kind}",
    status_code=202,
    responses={
        200: {"model": PostedView, "description": "Nothing new"},
        **answers(400, 401, 403, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=ANY_OBJECT,
)
async def post_alarms(
    front: FrontOf,
    caller: Sender,
    kind: Annotated[Kind, Path()],
    body: PostedBody,
    response: Response,
) -> PostedView:
    """Take alarms in: 202 when what is new is on disk, 200 when nothing is new.

    Each is taken by itself: where some are refused, the others are called out.
    """
    reader = _reader(front, caller, kind)
    read = reader.read(body)
    if isinstance(read, tuple):
        raise refused(422, *read)
    taken, refusals = [], []
    for alarm in read:
        if isinstance(alarm, tuple):
            refusals.append(Refusal(status=422, errors=alarm))
            continue
        try:
            taken.append(await _take(front, caller, reader.own, alarm))
        except RefusedError as error:
            refusals.append(_at(error.refusal, alarm.loc))
    truncated = _truncated(body)
    if truncated:
        log.error("monitor.truncated", key=caller.name, alarms=truncated)
    if refusals:
        raise _refused(caller, refusals)
    if not any(one.became in {Became.ACCEPTED, Became.RESOLVED} for one in taken):
        response.status_code = 200
    return PostedView(alarms=taken, truncated=truncated)


def _reader(front: Front, caller: Caller, kind: Kind) -> Reader:
    settings = front.runtime.settings
    own = None if caller.session else settings.monitors.get(caller.name)
    return Reader(
        kind=kind,
        own=own or Monitor(),
        sender=next((one for one in caller.senders if "*" not in one), caller.name),
        code_system=settings.intake.code_system,
        now=front.now(),
    )


async def _take(front: Front, caller: Caller, own: Monitor, alarm: Alarm) -> AlarmView:
    running = await front.runtime.database.read(lambda c: _running(c, alarm))
    if alarm.ended is None:
        if running:
            return AlarmView(became=Became.REPEATED, alert=AlertView.of(running[-1]))
        stored = await submit(front, caller, Warned(alarm.alert, strict=False))
        became = Became.ACCEPTED if stored.fresh else Became.REPEATED
    elif own.resolved is Resolved.IGNORE:
        return AlarmView(became=Became.IGNORED, alert=None)
    else:
        lifted = alarm.lifted(tuple(map(_triple, running)))
        stored = await submit(front, caller, Warned(lifted, strict=False))
        became = Became.RESOLVED if stored.fresh else Became.REPEATED
    return AlarmView(became=became, alert=AlertView.of(stored.alert))


def _running(connection: Connection, alarm: Alarm) -> list[Alert]:
    """The alerts of an alarm: a monitor that was restarted tells another beginning."""
    found = alerts.standing_of(connection, alarm.alert.sender, alarm.name)
    return [one for one in found if one.content.msg_type is MsgType.ALERT]


def _triple(alert: Alert) -> Reference:
    content = alert.content
    return Reference(
        sender=content.sender, identifier=content.identifier, sent=content.sent
    )


def _truncated(body: object) -> int:
    told = body.get("truncatedAlerts") if isinstance(body, dict) else 0
    return told if isinstance(told, int) else 0


def _at(refusal: Refusal, loc: Loc) -> Refusal:
    errors = tuple(replace(e, loc=(*loc, *e.loc)) for e in refusal.errors)
    return replace(refusal, errors=errors)


def _refused(caller: Caller, refusals: Sequence[Refusal]) -> RefusedError:
    """One answer for all that was refused, with the status of the first."""
    errors = tuple(error for one in refusals for error in one.errors)
    log.error("monitor.refused", key=caller.name, problems=[one.code for one in errors])
    return RefusedError(replace(refusals[0], errors=errors))
