"""What waits for the desk, over all alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from dispatcher.core.alert import AlertState
from dispatcher.store import callbacks, dialect, schema
from dispatcher.store.outbox import MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCounts:
    """How much waits for somebody.

    :ivar to_desk: callouts of active alerts whose ladder ran out
    :ivar unread: what providers told and the worker has not read yet
    :ivar held_back: messages that wait although they are due, by reason
    """

    parked: int
    pending: int
    to_desk: int
    unread: int
    held_back: Mapping[str, int]


# By their own index: beside all the callouts of an active alert they are few.
AT_DESK = dialect.spoken(
    """
    SELECT count(*) FROM callout INDEXED BY callout_desk
    WHERE state = 'desk' AND alert IN (SELECT id FROM alert WHERE state = 'active')
    """
)


def desk_counts(connection: Connection) -> DeskCounts:
    """Count what waits."""
    alert, message = schema.alert, schema.message
    states = connection.execute(
        select(alert.c.state, func.count())
        .where(alert.c.state.in_([AlertState.PARKED, AlertState.PENDING_APPROVAL]))
        .group_by(alert.c.state)
    )
    by_state: dict[str, int] = dict(states.all())
    held = connection.execute(
        select(message.c.reason, func.count())
        .where(
            message.c.state == MessageState.WAITING.value, message.c.reason.isnot(None)
        )
        .group_by(message.c.reason)
    )
    return DeskCounts(
        parked=by_state.get(AlertState.PARKED, 0),
        pending=by_state.get(AlertState.PENDING_APPROVAL, 0),
        to_desk=connection.execute(AT_DESK).scalar_one(),
        unread=callbacks.count_unread(connection),
        held_back=dict(held.all()),
    )
