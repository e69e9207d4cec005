"""What an officer does with a parked warning: he lets it call, or rejects it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from contacts.model import UnitId
from dispatcher.core.alert import Alert, AlertState, Area, MsgType, ParkReason
from dispatcher.core.journal import Approved
from dispatcher.engine.accept import Located, located, resolved, standing_of
from dispatcher.engine.compose import Desk
from dispatcher.engine.tying import act, inherited
from dispatcher.store import alerts, journal

# Which units are meant only a human can say of these.
BY_UNITS = frozenset(
    {
        ParkReason.UNRESOLVED_AREA,
        ParkReason.NAME_CODE_MISMATCH,
        ParkReason.NO_AUDIENCE,
    }
)


class Refused(StrEnum):
    """Why a parked warning can't be released so."""

    NOT_PARKED = "not_parked"
    NOT_RELEASABLE = "not_releasable"  # what it refers to is not here
    UNITS_NEEDED = "units_needed"
    OVER = "over"  # its time has passed while it was parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """Who releases a warning, why, and for which units if he has to say."""

    by: str
    reason: str
    units: Sequence[UnitId] = ()


def approve(desk: Desk, alert: Alert, how: Approving) -> Alert | Refused:
    """Let a parked warning act as if it came now, with what the officer has decided.

    What it says stays as it came: the units he chose are noted in its journal.
    """
    if alert.state is not AlertState.PARKED:
        return Refused.NOT_PARKED
    if alert.reason is ParkReason.UNKNOWN_REFERENCE:
        return Refused.NOT_RELEASABLE
    if alert.reason in BY_UNITS and not how.units:
        return Refused.UNITS_NEEDED
    content = inherited(desk.connection, alert.content)
    full = replace(alert, content=content, received_at=desk.now, reason=None)
    stands = _standing(desk, full, how)
    if stands.state is not AlertState.ACTIVE and not _only_ends(alert):
        return Refused.OVER if stands.state is AlertState.EXPIRED else _why(stands)
    released = act(desk, stands, may_cancel=True)
    _note(desk, alert, how)
    kept = replace(released, received_at=alert.received_at)
    alerts.save(desk.connection, kept, desk.now)
    return kept


def _only_ends(alert: Alert) -> bool:
    """Whether it calls nobody: a Cancel."""
    return alert.content.msg_type is MsgType.CANCEL


def _why(stands: Alert) -> Refused:
    """What is missing where it would be parked again."""
    needed = stands.reason in BY_UNITS
    return Refused.UNITS_NEEDED if needed else Refused.NOT_RELEASABLE


def _standing(desk: Desk, alert: Alert, how: Approving) -> Alert:
    """Where it stands with the units that were chosen; else with its own."""
    if _only_ends(alert):
        return replace(alert, state=AlertState.CLOSED)
    if not how.units:
        return standing_of(desk.context, alert, located(desk.context, alert.content))
    chosen = resolved(desk.context, [Area(units=tuple(how.units))])
    head = replace(alert, content=replace(alert.content, others=()))
    stands = standing_of(desk.context, head, Located(whole=chosen, shares=(chosen,)))
    return replace(stands, unresolved=alert.unresolved)


def _note(desk: Desk, alert: Alert, how: Approving) -> None:
    entry = Approved(
        at=desk.now, by=how.by, reason=how.reason, units=tuple(sorted(how.units))
    )
    journal.note(desk.connection, alert.id, [entry])


def reject(desk: Desk, alert: Alert, by: str, reason: str) -> Alert | Refused:
    """Put a parked warning away: it will call nobody."""
    if alert.state is not AlertState.PARKED:
        return Refused.NOT_PARKED
    rejected = replace(
        alert,
        state=AlertState.REJECTED,
        reason=None,
        due_at=None,
        ended_at=desk.now,
        ended_by=by,
        end_reason=reason,
    )
    alerts.save(desk.connection, rejected, desk.now)
    return rejected
