"""Broadcasts: what the robots of groups say about a chain, kept until it is said.

States: ``waiting`` (may be said), ``sending`` (on the wire), ``sent``, ``failed``
(given up), ``dropped`` (not needed any more).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, func, select, update

from contacts.model import Post
from dispatcher.core.alert import AlertId, ChainId
from dispatcher.core.callout import State
from dispatcher.store import batch, dialect, schema


class Occasion(StrEnum):
    """What a broadcast is said for."""

    OPENING = "opening"  # all callouts are open
    SUMMARY = "summary"  # some have not answered; its text is made when it is said
    END = "end"  # the warning is lifted, or has run out


class BroadcastState(StrEnum):
    """Where a broadcast is."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """One text for one group.

    :ivar robot: name of the robot's channel
    :ivar due_at: not before
    :ivar tries: how often it has been sent, the present time counted
    """

    id: str
    chain: ChainId
    alert: AlertId
    robot: str
    occasion: Occasion
    text: str
    created_at: datetime
    due_at: datetime
    tries: int = 0


def put(connection: Connection, broadcasts: Iterable[Broadcast]) -> None:
    """Make broadcasts; an id that is there already is left as it is."""
    rows = [_row(one) for one in broadcasts]
    batch.insert(connection, schema.broadcast, rows, new=False)


def _row(one: Broadcast) -> batch.Values:
    return {
        "id": one.id,
        "chain": one.chain,
        "alert": one.alert,
        "robot": one.robot,
        "occasion": one.occasion.value,
        "text": one.text,
        "state": BroadcastState.WAITING.value,
        "due_at": one.due_at,
        "tries": one.tries,
        "created_at": one.created_at,
    }


def due(
    connection: Connection, robots: Iterable[str], now: datetime, most: int
) -> list[Broadcast]:
    """What these robots have to say now, of the most urgent warnings first."""
    table, alert = schema.broadcast, schema.alert
    rows = connection.execute(
        select(table)
        .join(alert, alert.c.id == table.c.alert)
        .where(table.c.due_at <= now, table.c.robot.in_(list(robots)))
        .order_by(alert.c.lane, table.c.due_at, table.c.id)
        .limit(most)
    )
    return [_broadcast(row) for row in rows]


def _broadcast(row: Row[tuple[object, ...]]) -> Broadcast:
    return Broadcast(
        id=row.id,
        chain=row.chain,
        alert=row.alert,
        robot=row.robot,
        occasion=Occasion(row.occasion),
        text=row.text,
        created_at=row.created_at,
        due_at=row.due_at,
        tries=row.tries,
    )


def claim(
    connection: Connection, taken: Iterable[Broadcast], now: datetime, until: datetime
) -> None:
    """Put broadcasts on the wire; past ``until`` nobody waits for their outcome."""
    rows = [
        {
            "id": one.id,
            "text": one.text,
            "tries": one.tries,
            "state": BroadcastState.SENDING.value,
            "due_at": until,
            "sent_at": now,
        }
        for one in taken
    ]
    batch.update(connection, schema.broadcast, rows, keys=("id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a broadcast.

    :ivar due_at: when it is said again; None: never
    :ivar sent_at: when the group heard it, or may have
    """

    id: str
    state: BroadcastState
    due_at: datetime | None = None
    sent_at: datetime | None = None
    failure_code: str | None = None


def settle(connection: Connection, outcomes: Iterable[Settled]) -> None:
    """Write down what became of broadcasts."""
    rows = [
        {
            "id": one.id,
            "state": one.state.value,
            "due_at": one.due_at,
            "sent_at": one.sent_at,
            "failure_code": one.failure_code,
        }
        for one in outcomes
    ]
    batch.update(connection, schema.broadcast, rows, keys=("id",))


def drop_chain(connection: Connection, chain: ChainId) -> None:
    """Drop everything of a chain that is not on the wire."""
    table = schema.broadcast
    connection.execute(
        update(table)
        .where(table.c.chain == chain, table.c.state == BroadcastState.WAITING.value)
        .values(state=BroadcastState.DROPPED.value, due_at=None)
    )


def heard(connection: Connection, chain: ChainId) -> dict[str, datetime]:
    """When the group of each robot heard of a chain last, or may have."""
    table = schema.broadcast
    rows = connection.execute(
        select(table.c.robot, func.max(table.c.sent_at))
        .where(table.c.chain == chain, table.c.sent_at.isnot(None))
        .group_by(table.c.robot)
    )
    return dict(rows.all())


def due_by_robot(connection: Connection) -> dict[str, datetime]:
    """When each robot has something to say next."""
    table = schema.broadcast
    rows = connection.execute(
        select(table.c.robot, func.min(table.c.due_at))
        .where(table.c.due_at.isnot(None))
        .group_by(table.c.robot)
    )
    return dict(rows.all())


def states(
    connection: Connection, chain: ChainId, units: Sequence[str]
) -> Mapping[tuple[Post, State], int]:
    """How many callouts of a chain in these units stand where, by post."""
    table = schema.callout
    listed = dialect.each(units)
    rows = connection.execute(
        select(table.c.post, table.c.state, func.count())
        .where(table.c.chain == chain, table.c.unit.in_(select(listed.c.value)))
        .group_by(table.c.post, table.c.state)
    )
    return Counter({(Post(post), State(state)): count for post, state, count in rows})
