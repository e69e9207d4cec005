"""Takes a warning in: who is meant, what it costs, and onto the disk before the 202."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.area import AreaQuery, Resolution, resolve
from contacts.model import Address, PersonId, Post, PostRef, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    Area,
    ChainId,
    Content,
    Load,
    MsgType,
    ParkReason,
    Status,
)
from dispatcher.core.callout import lane_of
from dispatcher.core.capacity import (
    FirstRing,
    Lines,
    by_lines,
    by_rate,
    own_rings,
    usable,
)
from dispatcher.core.fact import Opened
from dispatcher.core.plan import (
    Audience,
    Launch,
    audience,
    level_policy,
    open_callouts,
    opens,
    seat,
)
from dispatcher.engine.context import CARRIES, Context
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
    return replace(
        alert,
        inside=tuple(sorted(where.units)),
        grids=sum(units[unit].kind is UnitKind.GRID for unit in where.units),
        people=reached.people,
        missing=tuple((ref.unit, ref.post.value) for ref in reached.missing),
        unresolved=tuple(map(_shown, where.unresolved)),
        capacity=_loads(context, alert, reached),
    )


def _loads(context: Context, alert: Alert, reached: Audience) -> Mapping[str, Load]:
    loads = {
        channel.value: by_rate(reached.people, context.rates[channel])
        for channel in Channel
        if channel in context.routed and channel is not Channel.VOICE
    }
    if lines := lines_for(context, alert):
        rings = _first_rings(context, alert, reached.posts)
        loads[Channel.VOICE.value] = by_lines(rings, lines, limit_of(context, alert))
    return loads


def lines_for(context: Context, alert: Alert) -> Lines | None:
    """The telephone lines an alert may use; None without a voice route."""
    if Channel.VOICE not in context.routed or not context.lines:
        return None
    lane = lane_of(alert.policy_level, drill=alert.content.drill)
    return Lines(
        count=usable(context.lines, lane),
        call_seconds=context.policies.seconds_per_call,
    )


def limit_of(context: Context, alert: Alert) -> int:
    """Seconds from the opening within which an answer is in time."""
    return context.policies.levels[alert.policy_level.value].deadlines.received


def rehearsed(
    context: Context, alert: Alert, posts: Iterable[PostRef]
) -> tuple[Opened, ...]:
    """The callouts an alert would open for these posts of its start list now."""
    start = Launch(
        alert=alert.id,
        chain=alert.chain,
        epoch=alert.epoch,
        content=alert.content,
        inside=frozenset(),
        at=alert.received_at,
        by=alert.received_by,
    )
    return open_callouts(start, context.policies, context.roster, posts)


Kind = tuple[Post, UnitKind]  # whose ladders differ by their units alone


def _first_rings(
    context: Context, alert: Alert, posts: Iterable[PostRef]
) -> Iterable[FirstRing]:
    """When each person is first rung; who holds several posts, once."""
    kinds = {ref: (ref.post, context.roster.unit(ref.unit).kind) for ref in posts}
    plans = _plans(context, alert, kinds)
    first: dict[PersonId, FirstRing] = {}
    for ref, kind in kinds.items():
        for post, ring in plans.get(kind, ()):
            for person in _ringable(context.roster, PostRef(ref.unit, post)):
                first[person] = min(ring, first.get(person, ring))
    return first.values()


def _plans(
    context: Context, alert: Alert, kinds: Mapping[PostRef, Kind]
) -> Mapping[Kind, Sequence[tuple[Post, FirstRing]]]:
    """When the own posts of each kind are rung, by the ladder of one for all.

    To draw every ladder would hold up the answer to a whole county's warning.
    """
    held = (ref for ref in kinds if opens(context.roster, ref))
    samples = {kinds[ref]: ref for ref in held}
    opened = rehearsed(context, alert, samples.values())
    return {
        kind: [(ref.post, ring) for ref, ring in own_rings(one)]
        for kind, one in zip(samples, opened, strict=True)
    }


def _ringable(roster: Roster, ref: PostRef) -> Iterator[PersonId]:
    for person in roster.holders(ref) or roster.holders(seat(roster, ref)):
        if any(_rings(address) for address in person.addresses):
            yield person.id


def _rings(address: Address) -> bool:
    return Channel.VOICE in CARRIES[address.kind] and not address.wrong


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
