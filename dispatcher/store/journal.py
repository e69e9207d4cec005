"""The journals of alerts and of the house, each entry chained to the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dispatcher.core.journal import Entry
from dispatcher.core.proof import Head, linked
from dispatcher.store import batch, dialect, schema
from dispatcher.store.codec import ENTRY, entry_json


@dataclass(frozen=True, slots=True)
class Link:
    """An entry with its hash."""

    seq: int
    hash: str
    body: str


def note(connection: Connection, subject: str, entries: Iterable[Entry]) -> None:
    """Add entries to the journal of a subject: an alert's id, or HOUSE.

    Call it in the transaction in which the thing happens.
    """
    _add(connection, head_of(connection, subject), entries)


def begin(connection: Connection, subject: str, first: Entry) -> None:
    """Write the first entry of a journal that nobody has begun."""
    _add(connection, Head(subject), [first])


def _add(connection: Connection, head: Head, entries: Iterable[Entry]) -> None:
    rows = []
    for entry in entries:
        body = entry_json(entry)
        head = linked(head, body)
        rows.append(
            {
                "subject": head.subject,
                "seq": head.seq,
                "at": entry.at,
                "kind": entry.kind,
                "body": body,
                "hash": head.hash,
            }
        )
    batch.insert(connection, schema.journal, rows)


def head_of(connection: Connection, subject: str) -> Head:
    """How far the journal of a subject has come."""
    table = schema.journal
    row = connection.execute(
        select(table.c.seq, table.c.hash)
        .where(table.c.subject == subject)
        .order_by(table.c.seq.desc())
        .limit(1)
    ).first()
    return Head(subject, row.seq, row.hash) if row else Head(subject)


def entries_of(connection: Connection, subject: str) -> list[Entry]:
    """The journal of a subject, in order."""
    table = schema.journal
    rows = connection.execute(
        select(table.c.body).where(table.c.subject == subject).order_by(table.c.seq)
    )
    return [ENTRY.validate_json(row.body) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries are asked for, the newest first.

    :ivar before: only entries with a lower number
    :ivar begins: only entries of then and later; ``ends``: only those before
    """

    before: int | None
    limit: int
    kind: str | None = None
    by: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None


def page(
    connection: Connection, subject: str, wanted: Filter
) -> list[tuple[int, Entry]]:
    """Entries of a subject with their numbers, the newest first."""
    table = schema.journal
    query = select(table.c.seq, table.c.body).where(table.c.subject == subject)
    if wanted.before is not None:
        query = query.where(table.c.seq < dialect.given(wanted.before))
    if wanted.kind:
        query = query.where(table.c.kind == wanted.kind)
    if wanted.begins:
        query = query.where(table.c.at >= wanted.begins)
    if wanted.ends:
        query = query.where(table.c.at < wanted.ends)
    if wanted.by:
        query = query.where(dialect.said(table.c.body, "by") == wanted.by)
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(wanted.limit))
    return [(row.seq, ENTRY.validate_json(row.body)) for row in rows]


def links_of(connection: Connection, subject: str) -> Iterator[Link]:
    """The journal of a subject as it is kept."""
    table = schema.journal
    rows = connection.execute(
        select(table.c.seq, table.c.hash, table.c.body)
        .where(table.c.subject == subject)
        .order_by(table.c.seq)
    )
    yield from (Link(row.seq, row.hash, row.body) for row in rows)
