"""What is not kept for ever: callbacks, repeated requests, old plans, traffic."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from dispatcher.store import duty, schema


def drop_callbacks(connection: Connection, before: datetime, most: int) -> int:
    """Delete callbacks that came in before and are read; gives how many."""
    table = schema.callback
    old = (
        select(table.c.id)
        .where(table.c.received_at < before, table.c.read_at.isnot(None))
        .order_by(table.c.id)
        .limit(most)
    )
    return connection.execute(delete(table).where(table.c.id.in_(old))).rowcount


def drop_orders(connection: Connection, before: datetime, most: int) -> int:
    """Delete what became of bulk orders before; who repeats one gives it anew."""
    table = schema.order_done
    key = tuple_(table.c.api_key, table.c.key, table.c.callout)
    columns = (table.c.api_key, table.c.key, table.c.callout)
    old = select(*columns).where(table.c.at < before).limit(most)
    return connection.execute(delete(table).where(key.in_(old))).rowcount


def drop_idempotency(connection: Connection, before: datetime, most: int) -> int:
    """Delete what was answered before; who asks again is told by what he sends."""
    table = schema.idempotency
    key = tuple_(table.c.api_key, table.c.key)
    old = select(table.c.api_key, table.c.key).where(table.c.at < before).limit(most)
    return connection.execute(delete(table).where(key.in_(old))).rowcount


def drop_duties(connection: Connection, before: datetime, most: int) -> int:
    """Take back plans that were over before; gives how many.

    No record needs them: facts name who was called, the house who was planned.
    """
    return len(duty.remove(connection, duty.over(connection, before)[:most]))


def drop_sessions(connection: Connection, before: datetime, most: int) -> int:
    """Delete sessions that ended before; gives how many."""
    table = schema.session
    old = select(table.c.digest).where(table.c.ends_at < before).limit(most)
    return connection.execute(delete(table).where(table.c.digest.in_(old))).rowcount


def drop_traffic(connection: Connection, before: datetime, most: int) -> int:
    """Delete what routes carried before; gives how many rows."""
    table = schema.traffic
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(table.c.minute < before).limit(most)
    return connection.execute(delete(table).where(key.in_(old))).rowcount
