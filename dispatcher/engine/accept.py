"""Takes a warning in: who is meant, what it costs, and onto the disk before the 202."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from channels.contract import Channel
from contacts.area import AreaQuery, Resolution, resolve
from contacts.geometry import Shapes
from contacts.model import PersonId, Post, PostRef, UnitId, UnitKind
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
    audience_of,
    filling,
    level_policy,
    open_callouts,
    opens,
)
from dispatcher.engine.context import CARRIES, Context
from dispatcher.store.alerts import Submission
from dispatcher.store.codec import CONTENT

RINGS = frozenset(kind for kind, ways in CARRIES.items() if Channel.VOICE in ways)
INERT = frozenset({Status.SYSTEM, Status.DRAFT})  # kept, and nothing is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A parsed warning, and who sent it how.

    :ivar said: what holds for it: with what rules have completed and what it inherits
    :ivar by: ``key:NAME`` or ``feed:NAME``
    :ivar filled: fields that a rule has completed
    :ivar may_cancel: the key may act on alerts of other senders
    """

    content: Content
    said: Content
    by: str
    idempotency_key: str | None
    may_cancel: bool
    at: datetime
    filled: tuple[str, ...] = ()


def queries(areas: Iterable[Area]) -> list[AreaQuery]:
    """Areas of a warning as questions to the roster."""
    return [
        AreaQuery(
            name=area.name,
            codes=tuple((code.system, code.code) for code in area.codes),
            units=area.units,
            shapes=Shapes(
                polygons=tuple((one.outer, one.holes) for one in area.polygons),
                circles=tuple((one.centre, one.radius_km) for one in area.circles),
            ),
        )
        for area in areas
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Which of our units a warning covers: all in all, and each segment by itself."""

    whole: Resolution
    shares: tuple[Resolution, ...]


def located(context: Context, content: Content) -> Located:
    """Find the units of a warning."""
    parts = content.parts
    shares = tuple(resolved(context, part.areas) for part in parts)
    areas = [area for part in parts for area in part.areas]
    whole = shares[0] if len(parts) == 1 else resolved(context, areas)
    return Located(whole=whole, shares=shares)


def resolved(context: Context, areas: Iterable[Area]) -> Resolution:
    """Find the units of some areas."""
    return resolve(context.roster, queries(areas), context.atlas)


def submission(context: Context, request: Request, where: Located) -> Submission:
    """What is to be stored of a request, with its audience counted."""
    body = CONTENT.dump_json(request.content)
    name = hashlib.blake2b(
        f"{request.content.sender}|{request.content.identifier}".encode(),
        digest_size=10,
    ).hexdigest()
    return Submission(
        alert=_alert(context, request, where, AlertId(name)),
        digest=hashlib.blake2b(body, digest_size=16).hexdigest(),
        api_key=request.by,
        idempotency_key=request.idempotency_key,
    )


def _alert(context: Context, request: Request, where: Located, name: AlertId) -> Alert:
    content = request.said
    level, _ = level_policy(context.policies, content)
    alert = Alert(
        id=name,
        chain=ChainId(name),
        content=content,
        state=AlertState.CLOSED,
        received_at=request.at,
        received_by=request.by,
        policy_level=level,
        filled=request.filled,
    )
    if content.status in INERT:
        draft = content.status is Status.DRAFT
        return replace(alert, state=AlertState.DRAFT if draft else AlertState.CLOSED)
    if content.msg_type in {MsgType.ACK, MsgType.ERROR, MsgType.CANCEL}:
        return alert
    return standing_of(context, alert, where)


def standing_of(context: Context, alert: Alert, where: Located) -> Alert:
    """Where a warning that calls people stands: active, parked, or over already."""
    level, _ = level_policy(context.policies, alert.content)
    alert = replace(alert, policy_level=level)
    counted = _counted(context, alert, where)
    content, at = alert.content, alert.received_at
    if content.expires and content.expires <= at:
        return replace(counted, state=AlertState.EXPIRED)
    parked = _parked(where.whole)
    if parked:
        return replace(counted, state=AlertState.PARKED, reason=parked)
    return replace(counted, state=AlertState.ACTIVE, reason=None, due_at=at)


def _parked(where: Resolution) -> ParkReason | None:
    if where.mismatched:
        return ParkReason.NAME_CODE_MISMATCH
    if where.units:
        return None
    return ParkReason.NO_AUDIENCE if where.outside else ParkReason.UNRESOLVED_AREA


def _counted(context: Context, alert: Alert, where: Located) -> Alert:
    inside, units = where.whole.units, context.roster.units
    shares = tuple(tuple(sorted(share.units)) for share in where.shares)
    alert = replace(
        alert,
        inside=tuple(sorted(inside)),
        shares=shares if len(shares) > 1 else (),
    )
    reached = _reached(context, alert)
    return replace(
        alert,
        grids=sum(units[unit].kind is UnitKind.GRID for unit in inside),
        people=reached.people,
        missing=tuple((ref.unit, ref.post.value) for ref in reached.missing),
        unresolved=tuple(map(shown, where.whole.unresolved)),
        capacity=_loads(context, alert, reached),
    )


def _reached(context: Context, alert: Alert) -> Audience:
    """Whom it would call; of several segments, whom any of them would."""
    policies, roster = context.policies, context.roster
    found = [
        audience(policies, roster, content, map(UnitId, share), alert.received_at)
        for content, share in alert.covers
    ]
    if len(found) == 1:
        return found[0]
    posts = dict.fromkeys(ref for one in found for ref in one.posts)
    return audience_of(roster, tuple(posts), alert.received_at)


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
    roster = context.roster
    placed = [(ref, (ref.post, roster.unit(ref.unit).kind)) for ref in posts]
    plans = _plans(context, alert, placed)
    first: dict[PersonId, FirstRing] = {}
    for ref, kind in placed:
        for post, ring in plans.get(kind, ()):
            own = ref if post is ref.post else PostRef(ref.unit, post)
            for person in _ringable(roster, own, alert.received_at):
                first[person] = min(ring, first.get(person, ring))
    return first.values()


def _plans(
    context: Context, alert: Alert, placed: Iterable[tuple[PostRef, Kind]]
) -> Mapping[Kind, Sequence[tuple[Post, FirstRing]]]:
    """When the own posts of each kind are rung, by the ladder of one for all.

    To draw every ladder would hold up the answer to a whole county's warning.
    """
    at = alert.received_at
    samples: dict[Kind, PostRef] = {}
    for ref, kind in placed:
        if kind not in samples and opens(context.roster, ref, at):
            samples[kind] = ref
    opened = rehearsed(context, alert, samples.values())
    return {
        kind: [(ref.post, ring) for ref, ring in own_rings(one)]
        for kind, one in zip(samples, opened, strict=True)
    }


def _ringable(roster: Roster, ref: PostRef, at: datetime) -> list[PersonId]:
    return [
        person.id
        for person in filling(roster, ref, at)
        if any(one.kind in RINGS and not one.wrong for one in person.addresses)
    ]


def shown(area: AreaQuery) -> str:
    """An area as people know it: by its name, else by its codes."""
    told = area.name or "、".join(" ".join(code) for code in area.codes)
    return told or ("图上区域" if area.shapes else "")
