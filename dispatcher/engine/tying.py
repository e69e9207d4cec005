"""Ties a new alert to those it refers to, that refer to it, or that it joins.

Alerts come in any order: what refers to an alert that is not here yet is parked, and is
carried out when that alert comes (rules of calling, sections 8 and 12).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from channels.contract import Channel
from config.policy import PolicySet
from config.texts import TextName
from dispatcher.core.alert import (
    Alert,
    AlertState,
    ChainId,
    Content,
    Level,
    MsgType,
    ParkReason,
)
from dispatcher.core.todo import TodoKind
from dispatcher.engine.accept import INERT, Request, located, standing_of
from dispatcher.engine.changing import Cause, leave
from dispatcher.engine.compose import Desk
from dispatcher.engine.desk import ENDED, Cancelling, cancel
from dispatcher.engine.expiry import silent_grids
from dispatcher.engine.notices import WRITTEN, notice
from dispatcher.engine.officers import officers_of
from dispatcher.intake.complete import inherit
from dispatcher.store import alerts, outbox, todo
from dispatcher.store.alerts import Stored, Submission
from dispatcher.store.moment import EPOCH
from dispatcher.store.todo import Todo

UPDATED = "由更新取代"
UPDATE_OVER = "更新已过有效期"


def inherited(connection: Connection, content: Content) -> Content:
    """What an Update leaves out is as the newest alert said that it refers to."""
    if content.msg_type is not MsgType.UPDATE:
        return content
    earlier = referred(connection, content)
    return inherit(content, earlier[-1].content) if earlier else content


def take(desk: Desk, request: Request, offered: Submission) -> Stored:
    """Keep a warning once, and let it act at once on what it is tied to."""
    stored = alerts.accept(desk.connection, offered)
    if not stored.fresh or request.content.status in INERT:
        return stored
    tied = _tie(desk, stored.alert, may_cancel=request.may_cancel)
    return replace(stored, alert=tied)


def _tie(desk: Desk, alert: Alert, *, may_cancel: bool) -> Alert:
    """Let a new alert act on others, and others on it; gives it as it stands then."""
    tied = act(desk, alert, may_cancel=may_cancel)
    if tied != alert:
        alerts.save(desk.connection, tied, desk.now)
    waited = _waited_for(desk.connection, tied)
    for late in waited:
        _act_late(desk, late, tied)
    # Only what had waited for it can have changed it since.
    return (waited and alerts.find(desk.connection, alert.id)) or tied


def referred(connection: Connection, content: Content) -> list[Alert]:
    """The alerts a warning refers to, as far as we have them."""
    found = (
        alerts.referred(connection, reference.sender, reference.identifier)
        for reference in content.references
    )
    own = (content.sender, content.identifier)
    return [one for one in found if one and _name(one) != own]


def _name(alert: Alert) -> tuple[str, str]:
    return alert.content.sender, alert.content.identifier


def act(desk: Desk, alert: Alert, *, may_cancel: bool) -> Alert:
    """Let a warning act on what it refers to, or join; gives it as it stands then."""
    content = alert.content
    match content.msg_type:
        case MsgType.ALERT if alert.state is AlertState.ACTIVE:
            return _joined(desk, alert)
        case MsgType.UPDATE | MsgType.CANCEL if content.references:
            found = referred(desk.connection, content)
            reason = _why_not(content, found, may_cancel=may_cancel)
            if reason:
                parked = AlertState.PARKED
                return replace(alert, state=parked, reason=reason, due_at=None)
            return _follows(desk, alert, found)
        case (
            MsgType.ALERT
            | MsgType.UPDATE
            | MsgType.CANCEL
            | MsgType.ACK
            | MsgType.ERROR
        ):
            return alert
        case _:
            assert_never(content.msg_type)


def _why_not(
    content: Content, found: Sequence[Alert], *, may_cancel: bool
) -> ParkReason | None:
    if not found:
        return ParkReason.UNKNOWN_REFERENCE
    foreign = any(other.content.sender != content.sender for other in found)
    return ParkReason.FOREIGN_SENDER if foreign and not may_cancel else None


def _follows(desk: Desk, alert: Alert, found: Sequence[Alert]) -> Alert:
    """An Update or a Cancel acts on what it refers to."""
    tied = replace(alert, chain=found[-1].chain, reason=None)
    if alert.content.msg_type is MsgType.CANCEL:
        content = alert.content
        _cancel_all(desk, tied, found, content.headline or content.description)
        return replace(tied, state=AlertState.CLOSED)
    if alert.state is AlertState.EXPIRED:
        _cancel_all(desk, tied, found, UPDATE_OVER)
        return tied
    if alert.state is not AlertState.ACTIVE:  # it names no place of ours yet
        return replace(tied, reason=alert.reason)
    alerts.save(desk.connection, tied, desk.now)
    for other in found:
        _supersede(desk, other, tied)
    return tied


def _cancel_all(desk: Desk, alert: Alert, found: Iterable[Alert], reason: str) -> None:
    for other in found:
        red = other.content.level is Level.RED and not other.content.drill
        asks = red and other.launched_at and other.state not in ENDED
        silent = silent_grids(desk, other) if asks else 0
        cancelled = cancel(desk, other, Cancelling(by=alert.received_by, reason=reason))
        if asks:
            _ask_the_desk(desk, cancelled, silent)


def _ask_the_desk(desk: Desk, alert: Alert, silent: int) -> None:
    """A machine has lifted a red warning: somebody has to look whether it is over."""
    voice = desk.voice(alert.id)
    text = voice.to_desk(TextName.CANCEL_CONFIRM, silent)
    spoken = voice.call_notice(text)
    letters = [
        officer.letter(f"confirm {alert.id} {channel}", said)
        for channel, said, ways in (
            ("text", text, WRITTEN),
            ("call", spoken, (Channel.VOICE,)),
        )
        for officer in officers_of(desk, alert, ways)
    ]
    outbox.put(desk.connection, [notice(desk, alert, letter) for letter in letters])
    confirm = Todo(
        kind=TodoKind.CANCEL_CONFIRM, subject=alert.id, at=desk.now, alert=alert.id
    )
    todo.put(desk.connection, [confirm])


def _supersede(desk: Desk, other: Alert, by: Alert) -> None:
    """Let an alert speak in place of one; another chain goes on without that."""
    newest = alerts.find(desk.connection, other.id) or other
    if newest.state in ENDED:
        return
    over = replace(
        newest,
        state=AlertState.SUPERSEDED,
        reason=None,
        due_at=None,
        ended_at=desk.now,
        ended_by=by.received_by,
        end_reason=UPDATED,
    )
    alerts.save(desk.connection, over, desk.now)
    if other.chain != by.chain:
        leave(desk, other.chain, Cause(by=by.received_by))


def _waited_for(connection: Connection, alert: Alert) -> list[Alert]:
    """What came before this alert and refers to it, the first one first.

    Not itself, nor what it refers to in its turn: in a circle the newest is right.
    """
    content = alert.content
    found = alerts.referring(connection, content.sender, content.identifier)
    around = {(one.sender, one.identifier) for one in content.references}
    return [
        one
        for one in found
        if one.content.drill == content.drill
        and _name(one) not in {*around, _name(alert)}
    ]


def _act_late(desk: Desk, late: Alert, alert: Alert) -> None:
    """Carry out, now that the alert is here, what referred to it before."""
    parked = late.state is AlertState.PARKED
    if parked and late.reason is ParkReason.UNKNOWN_REFERENCE:
        tied = act(desk, _revived(desk, late, alert), may_cancel=False)
        alerts.save(desk.connection, tied, desk.now)
    elif late.content.sender == alert.content.sender and not parked:
        if late.content.msg_type is MsgType.CANCEL:
            _cancel_all(desk, late, [alert], late.content.headline)
        elif late.content.msg_type is MsgType.UPDATE:
            _supersede(desk, alert, late)


def _revived(desk: Desk, late: Alert, alert: Alert) -> Alert:
    """An Update that was parked, with what it inherits from the alert that has come."""
    if late.content.msg_type is not MsgType.UPDATE:
        return late
    content = inherit(late.content, alert.content)
    full = replace(late, content=content, received_at=desk.now)
    where = located(desk.context, content)
    stands = standing_of(desk.context, full, where)
    return replace(stands, received_at=late.received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """A warning that somebody is about to issue, as far as it decides what it joins.

    :ivar inside: codes of all units inside its area
    """

    event_code: str
    drill: bool
    inside: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A live warning of the same kind that covers units of one to be issued.

    :ivar shared: how many units both cover
    :ivar joins: the new one would join its chain
    """

    alert: Alert
    shared: int
    joins: bool


def beside(
    connection: Connection, policies: PolicySet, intended: Intended, now: datetime
) -> list[Beside]:
    """Live warnings of the same kind, those that share most first."""
    if not intended.event_code:
        return []
    kind, inside = group_of(policies, intended.event_code), set(intended.inside)
    every = alerts.live(connection, EPOCH)
    last = {one.chain: one for one in every}  # the newest wins
    live = _of_kind(policies, every, kind, drill=intended.drill)
    near = [one for one in live if _speaks_still(policies, last[one.chain], now)]
    joined = max(near, key=lambda one: _overlap(one, inside), default=None)
    found = [
        Beside(
            alert=one,
            shared=_overlap(one, inside),
            joins=joined is not None
            and one.chain == joined.chain
            and _overlap(joined, inside) > 0,
        )
        for one in live
    ]
    shared = (one for one in found if one.shared)
    return sorted(shared, key=lambda one: -one.shared)


def _of_kind(
    policies: PolicySet, live: Iterable[Alert], kind: str, *, drill: bool
) -> list[Alert]:
    return [
        one
        for one in live
        if one.content.drill == drill
        and group_of(policies, one.content.event_code) == kind
    ]


def _speaks_still(policies: PolicySet, newest: Alert, now: datetime) -> bool:
    """Whether a chain has spoken not too long ago to be joined."""
    return now - newest.received_at <= _window(policies, newest)


def _joined(desk: Desk, alert: Alert) -> Alert:
    """A warning that refers to none joins the chain it shares most units with."""
    best = max(
        _neighbours(desk, alert), key=lambda one: _shared(one, alert), default=None
    )
    if best is None or not _shared(best, alert):
        return alert
    return replace(alert, chain=best.chain)


def _neighbours(desk: Desk, alert: Alert) -> list[Alert]:
    """Live alerts of its kind whose chain has spoken not long ago."""
    policies, code = desk.context.policies, alert.content.event_code
    if not code:  # what kind it is nobody has said
        return []
    kind = group_of(policies, code)
    longest = timedelta(seconds=max(policies.merge_window.values()))
    live = alerts.live(desk.connection, desk.now - longest)
    last: dict[ChainId, Alert] = {one.chain: one for one in live}  # the newest wins
    return [
        one
        for one in _of_kind(policies, live, kind, drill=alert.content.drill)
        if one.id != alert.id and _speaks_still(policies, last[one.chain], desk.now)
    ]


def group_of(policies: PolicySet, event_code: str) -> str:
    """The group of kinds of event that merge; a code not listed is its own."""
    groups = policies.merge_groups.items()
    return next((name for name, codes in groups if event_code in codes), event_code)


def _window(policies: PolicySet, alert: Alert) -> timedelta:
    level = alert.content.level.value
    windows = policies.merge_window
    return timedelta(seconds=windows.get(level, windows["yellow"]))


def _shared(one: Alert, other: Alert) -> int:
    return _overlap(one, set(other.inside))


def _overlap(alert: Alert, inside: Collection[str]) -> int:
    return len(set(alert.inside).intersection(inside))
