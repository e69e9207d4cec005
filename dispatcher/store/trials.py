"""What became of messages that tried a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dispatcher.store import schema
from dispatcher.store.outbox import About, MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A message that tried a channel, and how far it came.

    :ivar reason: why it waits, or was dropped
    :ivar picked_up_at: of a call
    :ivar failure: its kind; None while nothing failed
    :ivar failure_code: as its provider calls it
    """

    id: str
    route: str
    state: MessageState
    reason: str | None
    created_at: datetime
    accepted_at: datetime | None
    picked_up_at: datetime | None
    delivered_at: datetime | None
    failure: str | None
    failure_code: str | None


COLUMNS = tuple(schema.message.c[name] for name in Trial.__slots__)


def find(connection: Connection, route: str, name: str) -> Trial | None:
    """A try of a channel by the id of its message."""
    table = schema.message
    row = connection.execute(
        select(*COLUMNS).where(
            table.c.id == name,
            table.c.route == route,
            table.c.purpose == About.TRIAL.value,
        )
    ).first()
    if row is None:
        return None
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public row interface
    return Trial(**found | {"state": MessageState(row.state)})
