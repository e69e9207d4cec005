"""Takes a warning in: who is meant, what it costs, and onto the disk before the 202."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.area import AreaQuery, Resolution, resolve
from contacts.model import UnitKind
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    Area,
    ChainId,
    Content,
    MsgType,
    ParkReason,
    Status,
)
from dispatcher.core.capacity import by_rate
from dispatcher.core.plan import audience, level_policy
from dispatcher.engine.context import Context
from dispatcher.store import alerts
from dispatcher.store.alerts import Stored, Submission
from dispatcher.store.codec import CONTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A parsed warning, and who sent it how.

    :ivar may_cancel: the key may act on alerts of other senders
    """

    content: Content
    api_key: str
    idempotency_key: str | None
    may_cancel: bool
    at: datetime


def queries(areas: Iterable[Area]) -> list[AreaQuery]:
    """Areas of a warning as questions to the roster."""
    return [
        AreaQuery(
            name=area.name,
            codes=tuple((code.system, code.code) for code in area.codes),
            units=area.units,
        )
        for area in areas
    ]


def located(context: Context, content: Content) -> Resolution:
    """Which of our units a warning covers."""
    return resolve(context.roster, queries(content.areas))


def submission(context: Context, request: Request, where: Resolution) -> Submission:
    """What is to be stored of a request, with its audience counted."""
    body = CONTENT.dump_json(request.content)
    name = hashlib.blake2b(
        f"{request.content.sender}|{request.content.identifier}".encode(),
        digest_size=10,
    ).hexdigest()
    return Submission(
        alert=_alert(context, request, where, AlertId(name)),
        digest=hashlib.blake2b(body, digest_size=16).hexdigest(),
        api_key=request.api_key,
        idempotency_key=request.idempotency_key,
    )


def _alert(
    context: Context, request: Request, where: Resolution, name: AlertId
) -> Alert:
    content = request.content
    level, _ = level_policy(context.policies, content)
    alert = Alert(
        id=name,
        chain=ChainId(name),
        content=content,
        state=AlertState.CLOSED,
        received_at=request.at,
        received_by=f"key:{request.api_key}",
        policy_level=level,
    )
    if content.status in {Status.SYSTEM, Status.DRAFT}:
        draft = content.status is Status.DRAFT
        return replace(alert, state=AlertState.DRAFT if draft else AlertState.CLOSED)
    if content.msg_type in {MsgType.ACK, MsgType.ERROR, MsgType.CANCEL}:
        return alert
    counted = _counted(context, alert, where)
    if content.expires and content.expires <= request.at:
        return replace(counted, state=AlertState.EXPIRED)
    parked = _parked(where)
    if parked:
        return replace(counted, state=AlertState.PARKED, reason=parked)
    return replace(counted, state=AlertState.ACTIVE, due_at=request.at)


def _parked(where: Resolution) -> ParkReason | None:
    if where.units:
        return None
    if where.unresolved:
        return ParkReason.UNRESOLVED_AREA
    return ParkReason.NO_AUDIENCE


def _counted(context: Context, alert: Alert, where: Resolution) -> Alert:
    reached = audience(context.policies, context.roster, alert.content, where.units)
    units = context.roster.units
    loads = {
        channel.value: by_rate(reached.people, context.rates[channel])
        for channel in Channel
        if channel in context.routed
    }
    return replace(
        alert,
        inside=tuple(sorted(where.units)),
        grids=sum(units[unit].kind is UnitKind.GRID for unit in where.units),
        people=reached.people,
        missing=tuple((ref.unit, ref.post.value) for ref in reached.missing),
        unresolved=tuple(map(_shown, where.unresolved)),
        capacity=loads,
    )


def _shown(area: AreaQuery) -> str:
    """An area as people know it: by its name, else by its codes."""
    return area.name or "、".join(" ".join(code) for code in area.codes)


def accept(connection: Connection, request: Request, offered: Submission) -> Stored:
    """Keep a warning; a Cancel is tied to what it refers to, or parked."""
    stored = alerts.accept(connection, offered)
    if stored.fresh and offered.alert.content.msg_type is MsgType.CANCEL:
        parked = _park_reason(connection, request)
        if parked:
            alert = replace(stored.alert, state=AlertState.PARKED, reason=parked)
            alerts.save(connection, alert)
            return replace(stored, alert=alert)
    return stored


def _park_reason(connection: Connection, request: Request) -> ParkReason | None:
    found = referred(connection, request.content)
    if len(found) < len(request.content.references):
        return ParkReason.UNKNOWN_REFERENCE
    foreign = any(a.content.sender != request.content.sender for a in found)
    if foreign and not request.may_cancel:
        return ParkReason.FOREIGN_SENDER
    return None


def referred(connection: Connection, content: Content) -> list[Alert]:
    """The alerts a warning refers to, as far as we have them."""
    found = (
        alerts.referred(connection, reference.sender, reference.identifier)
        for reference in content.references
    )
    return [alert for alert in found if alert]
