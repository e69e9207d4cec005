"""What people have shown in one chain: that they can't act, or that they are awake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from contacts.model import PersonId
from dispatcher.core.alert import ChainId
from dispatcher.store import batch, schema


def add(
    connection: Connection, chain: ChainId, person: PersonId, now: datetime
) -> None:
    """Strike a person for a chain, in every role."""
    row = {"chain": chain, "person": person, "at": now}
    batch.insert(connection, schema.struck, [row], new=False)


def of_chains(
    connection: Connection, chains: Iterable[ChainId]
) -> dict[ChainId, frozenset[PersonId]]:
    """Who is struck in each of these chains."""
    found: dict[ChainId, set[PersonId]] = defaultdict(set)
    rows = connection.execute(
        select(schema.struck.c.chain, schema.struck.c.person).where(
            schema.struck.c.chain.in_(set(chains))
        )
    )
    for row in rows:
        found[row.chain].add(row.person)
    return {chain: frozenset(persons) for chain, persons in found.items()}


def woke(connection: Connection, chain: ChainId, person: str, now: datetime) -> None:
    """Somebody has answered: he is awake, and can be sent to a door."""
    row = {"chain": chain, "person": person, "at": now}
    batch.insert(connection, schema.awake, [row], new=False)


def is_awake(connection: Connection, chain: ChainId, person: str) -> bool:
    """Whether a person has answered in a chain."""
    table = schema.awake
    found = select(table.c.at).where(table.c.chain == chain, table.c.person == person)
    return connection.execute(found).first() is not None
