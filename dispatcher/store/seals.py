"""What is not sealed yet, and the seals that are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, Row, RowMapping, Table, func, select

from dispatcher.core.proof import Head, merkle_root
from dispatcher.core.seal import Seal
from dispatcher.store import batch, journal, schema

ENDED = "ended"  # the kind of the entry that ends an alert
FIELDS = tuple(field.name for field in fields(Seal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How far the store has been sealed, as ids of the last fact and entry."""

    fact: int
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """What is new under a subject.

    :ivar facts: how many are new
    :ivar entries: the length of its journal
    :ivar root: over the head of its journal and the heads of callouts with new facts
    """

    subject: str
    facts: int
    entries: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """All that is new, and how far the store is sealed once it is."""

    subjects: tuple[Unsealed, ...]
    marks: Marks


def marks(connection: Connection) -> Marks:
    """How far the store has been sealed so far."""
    entries, seal = schema.journal.c, schema.seal.c
    sealed = (
        select(seal.subject, func.max(seal.entries).label("entries"))
        .group_by(seal.subject)
        .subquery()
    )
    missing = (
        select(func.min(entries.id))
        .select_from(schema.journal)
        .outerjoin(sealed, sealed.c.subject == entries.subject)
        .where(entries.seq > func.coalesce(sealed.c.entries, 0))
    )
    fact = connection.execute(select(func.max(seal.upto))).scalar()
    first = connection.execute(missing).scalar()
    last = connection.execute(select(func.max(entries.id))).scalar()
    return Marks(fact=fact or 0, entry=(last or 0) if first is None else first - 1)


def ended(connection: Connection, since: Marks) -> bool:
    """Whether an alert has ended that is not sealed since."""
    entries = schema.journal.c
    found = select(entries.id).where(entries.id > since.entry, entries.kind == ENDED)
    return connection.execute(found.limit(1)).first() is not None


def fresh(connection: Connection, since: Marks) -> Fresh:
    """What is new since then. Reads every callout with new facts, so not for a writer.

    Facts are only ever added, so what is up to a mark stays the same while we look.
    """
    until = Marks(
        fact=_last(connection, schema.fact) or since.fact,
        entry=_last(connection, schema.journal) or since.entry,
    )
    heads: defaultdict[str, list[Head]] = defaultdict(list)
    facts: defaultdict[str, int] = defaultdict(int)
    for row in _moved(connection, since, until):
        heads[row.origin].append(Head(row.callout, row.seq, row.hash))
        facts[row.origin] += row.facts
    subjects = sorted({*heads, *_noted(connection, since, until)})
    return Fresh(
        subjects=tuple(
            _unsealed(connection, name, heads[name], facts[name]) for name in subjects
        ),
        marks=until,
    )


def _last(connection: Connection, table: Table) -> int | None:
    return connection.execute(select(func.max(table.c.id))).scalar()


def _moved(
    connection: Connection, since: Marks, until: Marks
) -> Iterable[Row[tuple[str, str, int, str, int]]]:
    """The last fact of each callout with new facts, and how many are new."""
    fact, callout = schema.fact.c, schema.callout.c
    newest = (
        select(func.max(fact.id).label("id"), func.count().label("facts"))
        .where(fact.id > since.fact, fact.id <= until.fact)
        .group_by(fact.callout)
        .subquery()
    )
    return connection.execute(
        select(callout.origin, fact.callout, fact.seq, fact.hash, newest.c.facts)
        .select_from(newest)
        .join(schema.fact, fact.id == newest.c.id)
        .join(schema.callout, callout.id == fact.callout)
    )


def _noted(connection: Connection, since: Marks, until: Marks) -> Sequence[str]:
    entries = schema.journal.c
    return (
        connection.execute(
            select(entries.subject)
            .where(entries.id > since.entry, entries.id <= until.entry)
            .distinct()
        )
        .scalars()
        .all()
    )


def _unsealed(
    connection: Connection, subject: str, heads: Sequence[Head], facts: int
) -> Unsealed:
    noted = journal.head_of(connection, subject)
    in_order = sorted(heads, key=lambda head: head.subject.encode())
    return Unsealed(
        subject=subject,
        facts=facts,
        entries=noted.seq,
        root=merkle_root((noted, *in_order)),
    )


def add(connection: Connection, seals: Iterable[Seal]) -> None:
    """Keep seals."""
    rows = [{name: getattr(seal, name) for name in FIELDS} for seal in seals]
    batch.insert(connection, schema.seal, rows)


def newest(connection: Connection, subject: str) -> Seal | None:
    """The last seal of a subject."""
    table = schema.seal
    rows = connection.execute(
        select(table)
        .where(table.c.subject == subject)
        .order_by(table.c.n.desc())
        .limit(1)
    )
    return next(map(_seal, rows.mappings()), None)


def of_subject(connection: Connection, subject: str) -> list[Seal]:
    """Every seal of a subject, in order."""
    table = schema.seal
    rows = connection.execute(
        select(table).where(table.c.subject == subject).order_by(table.c.n)
    )
    return list(map(_seal, rows.mappings()))


def after(
    connection: Connection, place: int, most: int = 1_000
) -> list[tuple[int, Seal]]:
    """The next seals behind a place in the store, each with its own."""
    table = schema.seal
    rows = connection.execute(
        select(table).where(table.c.id > place).order_by(table.c.id).limit(most)
    )
    return [(row["id"], _seal(row)) for row in rows.mappings()]


def _seal(row: RowMapping) -> Seal:
    return Seal(**{name: row[name] for name in FIELDS})
