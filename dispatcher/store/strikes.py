"""People who said in one chain that they can't act."""

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
