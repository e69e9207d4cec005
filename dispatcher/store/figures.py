"""What the outbox adds to the figures of an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from dispatcher.core.alert import AlertId
from dispatcher.store import schema
from dispatcher.store.outbox import MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFigures:
    """Counts of the messages of one alert.

    :ivar held_back: messages that wait although they are due, by reason
    """

    messages: int
    possible_duplicates: int
    held_back: Mapping[str, int]


def figures(connection: Connection, alert: AlertId) -> MessageFigures:
    """Count the messages of an alert."""
    table = schema.message
    sent = table.c.state.not_in(
        [MessageState.WAITING.value, MessageState.DROPPED.value]
    )
    total, doubled = connection.execute(
        select(
            func.count().filter(sent),
            func.count().filter(table.c.possible_duplicate),
        ).where(table.c.alert == alert)
    ).one()
    rows = connection.execute(
        select(table.c.reason, func.count())
        .where(
            table.c.alert == alert,
            table.c.state == MessageState.WAITING.value,
            table.c.reason.isnot(None),
        )
        .group_by(table.c.reason)
    )
    return MessageFigures(
        messages=total, possible_duplicates=doubled, held_back=dict(rows.all())
    )
