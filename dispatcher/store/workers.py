"""The workers at a store: which are there, and what becomes of what a dead one held.

Where machines share a database, each worker has a number and a row here, and holds a
lock of that number as long as its connection lives. Whose row is gone writes nothing
any more (docs/adr/0031). On a file there is one worker at most, without a row.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from dispatcher.store import dialect, people, postgresql, schema
from dispatcher.store.moment import Moment
from dispatcher.store.outbox import MessageState

NUMBER = "worker_number"
worker = Table(
    "worker",
    schema.metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("host", Text, nullable=False),
    Column("joined_at", Moment, nullable=False),
)
GONE = worker.c.number.not_in(postgresql.ALIVE)


def next_number(connection: Connection) -> int:
    """A number that no worker has had before."""
    people.raise_version(connection, NUMBER)
    return people.version_of(connection, NUMBER)


def join(connection: Connection, number: int, host: str, now: datetime) -> None:
    """Count a worker in; it holds the lock of its number already."""
    row = {"number": number, "host": host, "joined_at": now}
    connection.execute(insert(worker), row)


def leave(connection: Connection, number: int, now: datetime) -> None:
    """Count a worker out, before it gives up the lock of its number."""
    connection.execute(delete(worker).where(worker.c.number == number))
    _doubted(connection, now)


def retire(connection: Connection) -> None:
    """Count everybody out: the store is not what they know any more."""
    connection.execute(delete(worker))


def is_in(connection: Connection, number: int) -> bool:
    """Whether a worker may still write."""
    query = select(worker.c.number).where(worker.c.number == number)
    return connection.execute(query).first() is not None


def count(connection: Connection) -> int:
    """How many share the work."""
    return connection.execute(select(func.count()).select_from(worker)).scalar_one()


def any_gone(connection: Connection) -> bool:
    """Whether somebody died without a word."""
    if not dialect.is_postgresql(connection):
        return False
    return connection.execute(select(worker).where(GONE)).first() is not None


def bury(connection: Connection, now: datetime) -> int:
    """Count out who died; returns how many messages are in doubt by that."""
    if dialect.is_postgresql(connection):
        connection.execute(delete(worker).where(GONE))
    return _doubted(connection, now)


def doubt(connection: Connection, number: int, now: datetime) -> int:
    """What a worker was sending may have been sent or not; returns how much it is."""
    return _set_doubtful(connection, schema.message.c.holder == number, now)


def _doubted(connection: Connection, now: datetime) -> int:
    """What nobody holds any more may have been sent, or not."""
    holder = schema.message.c.holder
    gone = holder.is_(None) | holder.not_in(select(worker.c.number))
    return _set_doubtful(connection, gone, now)


def _set_doubtful(
    connection: Connection, held: ColumnElement[bool], now: datetime
) -> int:
    message = schema.message
    return connection.execute(
        update(message)
        .where(message.c.state == MessageState.SENDING.value, held)
        .values(
            state=MessageState.UNKNOWN.value, due_at=now, lease_until=None, holder=None
        )
    ).rowcount
