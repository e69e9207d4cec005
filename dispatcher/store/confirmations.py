"""What the roster check asks of time: who was confirmed, called, and heard when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from contacts.model import PersonId
from dispatcher.store import schema
from dispatcher.store.outbox import About

ASKING = (About.OWN.value, About.DIGEST.value)


def confirm(connection: Connection, now: datetime) -> None:
    """Everybody who holds a post is as the roster says: it was given just now."""
    table = schema.person
    active = select(schema.holding.c.person)
    connection.execute(
        update(table).where(table.c.id.in_(active)).values(confirmed_at=now)
    )


def confirmed(connection: Connection) -> dict[PersonId, datetime]:
    """When each version of a person was confirmed last, where that is known."""
    table = schema.person
    rows = connection.execute(
        select(table.c.id, table.c.confirmed_at).where(
            table.c.confirmed_at.isnot(None),
            table.c.id.in_(select(schema.holding.c.person)),
        )
    )
    return {PersonId(row.id): row.confirmed_at for row in rows}


def called_since(connection: Connection, moment: datetime) -> frozenset[PersonId]:
    """Who was asked for an answer since, by a message that left."""
    table = schema.message
    query = (
        select(table.c.person)
        .distinct()
        .where(table.c.first_sent_at >= moment, table.c.purpose.in_(ASKING))
    )
    return frozenset(map(PersonId, connection.scalars(query)))


def answered_since(connection: Connection, moment: datetime) -> frozenset[PersonId]:
    """Who has answered since, in whatever version shares an address with that one."""
    awake, said, other = schema.awake, schema.address, schema.address.alias()
    query = (
        select(other.c.person)
        .distinct()
        .join(said, said.c.id == other.c.id)
        .join(awake, awake.c.person == said.c.person)
        .where(awake.c.at >= moment)
    )
    return frozenset(map(PersonId, connection.scalars(query)))
