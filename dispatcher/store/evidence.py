"""Facts as they are kept, with their hashes: what an inspector is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, func, select

from dispatcher.core.proof import Head
from dispatcher.store import schema


@dataclass(frozen=True, slots=True)
class Kept:
    """One fact; ``place`` is its order among all facts of the store."""

    seq: int
    place: int
    hash: str
    body: str


def count(connection: Connection, alert: str) -> int:
    """How many callouts were opened under an alert."""
    table = schema.callout
    return connection.execute(
        select(func.count()).where(table.c.origin == alert)
    ).scalar_one()


def kept(connection: Connection, alert: str) -> Iterator[tuple[Head, Iterator[Kept]]]:
    """The callouts opened under an alert, by id, each with its facts.

    The head is what the callout says of itself. Facts are read as they are asked for:
    ask for them before the next callout.
    """
    callout, fact = schema.callout.c, schema.fact.c
    rows = connection.execute(
        select(
            *(callout.id, callout.facts, callout.head),
            *(fact.seq, fact.id.label("place"), fact.hash, fact.body),
        )
        .select_from(schema.callout)
        .outerjoin(schema.fact, fact.callout == callout.id)
        .where(callout.origin == alert)
        .order_by(callout.id, fact.seq)
    )
    said = ((Head(row.id, row.facts, row.head), row) for row in rows)
    for head, told in groupby(said, key=lambda one: one[0]):
        yield (
            head,
            (
                Kept(row.seq, row.place, row.hash, row.body)
                for _, row in told
                if row.seq is not None
            ),
        )
