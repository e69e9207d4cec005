"""What an operator's monitoring watches: how much waits, how late it is, who sends.

Asked every few seconds, so an index answers each question, however full the store is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dispatcher.store import (
    callouts,
    desk_counts,
    outbox,
    schema,
    todo,
    traffic,
)
from dispatcher.store.desk_counts import DeskCounts
from dispatcher.store.outbox import IS_WAITING, MessageState
from dispatcher.store.workers import worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What the store says of itself at one moment.

    :ivar overdue: callouts whose time has come and that nobody has attended to yet
    :ivar late: seconds by which the longest overdue callout, and text, is late
    :ivar waiting: messages by channel
    :ivar sending: messages by the number of the worker that has them on the wire
    :ivar unknown: messages that may have been sent or not
    :ivar hosts: of the workers that share a database, by their numbers
    :ivar outcomes: by route and what became of it, since the day began
    :ivar todos: what lies on the desk, by kind
    """

    overdue: int
    late: Mapping[str, float]
    waiting: Mapping[str, int]
    sending: Mapping[int, int]
    unknown: int
    lost: int
    hosts: Mapping[int, str]
    outcomes: Mapping[tuple[str, str], int]
    desk: DeskCounts
    todos: Mapping[str, int]


def gauges(connection: Connection, routes: Iterable[str], now: datetime) -> Gauges:
    """Look at everything once.

    :param routes: names of the channels that are configured
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Gauges(
        overdue=callouts.overdue(connection, now),
        late={
            "callout": _late(callouts.next_due_at(connection), now),
            "text": _late(outbox.next_due_at(connection), now),
        },
        waiting=_waiting(connection),
        sending=_sending(connection),
        unknown=_unknown(connection),
        lost=lost(connection, now),
        hosts={row.number: row.host for row in connection.execute(select(worker))},
        outcomes={
            (route, what): count
            for route in routes
            for what, count in traffic.outcomes(connection, route, today).items()
        },
        desk=desk_counts.desk_counts(connection),
        todos={kind.value: n for kind, n in todo.counts(connection).items()},
    )


def lost(connection: Connection, now: datetime) -> int:
    """What nobody looks after any more; there must be none."""
    return callouts.ownerless(connection) + outbox.stuck(connection, now)


def _late(due_at: datetime | None, now: datetime) -> float:
    return max((now - due_at).total_seconds(), 0.0) if due_at else 0.0


def _waiting(connection: Connection) -> dict[str, int]:
    channel = schema.message.c.channel
    query = select(channel, func.count()).where(IS_WAITING).group_by(channel)
    return dict(connection.execute(query).all())


def _sending(connection: Connection) -> dict[int, int]:
    message = schema.message.c
    query = (
        select(func.coalesce(message.holder, 0), func.count())
        .where(message.state == MessageState.SENDING.value)
        .group_by(message.holder)
    )
    return dict(connection.execute(query).all())


def _unknown(connection: Connection) -> int:
    query = select(func.count()).where(
        schema.message.c.state == MessageState.UNKNOWN.value
    )
    return connection.execute(query).scalar_one()
