"""What is not kept for ever: raw callbacks, repeated requests, what routes carried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from dispatcher.store import schema


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


def drop_idempotency(connection: Connection, before: datetime, most: int) -> int:
    """Delete what was answered before; who asks again is told by what he sends."""
    table = schema.idempotency
    key = tuple_(table.c.api_key, table.c.key)
    old = select(table.c.api_key, table.c.key).where(table.c.at < before).limit(most)
    return connection.execute(delete(table).where(key.in_(old))).rowcount


def drop_traffic(connection: Connection, before: datetime, most: int) -> int:
    """Delete what routes carried before; gives how many rows."""
    table = schema.traffic
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(table.c.minute < before).limit(most)
    return connection.execute(delete(table).where(key.in_(old))).rowcount
