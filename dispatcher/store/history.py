"""The history of the roster: each change by people, and a line for each thing in it.

A line holds no name and no number: of people it tells versions, which are never changed
and lie encrypted, so whoever is erased is erased here, too. The journal of the house
holds a digest of each change's lines.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, select

from contacts.model import Holding, Person, PersonId, Post, PostRef, Unit, UnitId
from dispatcher.core.journal import HOUSE, RosterChange, RosterChanged
from dispatcher.store import batch, dialect, history_schema, journal, people

EDITION = "roster_edition"


class Kind(StrEnum):
    """What a line is about."""

    UNIT = "unit"
    PERSON = "person"
    POST = "post"


SEVERAL = {Kind.UNIT: "units", Kind.PERSON: "people", Kind.POST: "posts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One of the holders of a post, as a line tells him."""

    person: PersonId
    valid_from: datetime | None
    valid_until: datetime | None


UNIT: TypeAdapter[Unit] = TypeAdapter(Unit)
HELD: TypeAdapter[tuple[Held, ...]] = TypeAdapter(tuple[Held, ...])
FIGURES: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing before and after a change; None: it was not there, or is no more.

    :ivar subject: the id of the unit, or of the human; of a post ``UNIT/POST``
    :ivar before: a unit or the holders of a post as JSON, the version of a person
    """

    kind: Kind
    subject: str
    before: str | None
    after: str | None

    @classmethod
    def of_unit(cls, before: Unit | None, after: Unit | None) -> Self:
        """A unit that came, went or changed.

        :raises ValueError: when there is none
        """
        if (unit := after or before) is None:
            msg = "a line of a unit needs the unit before, after, or both"
            raise ValueError(msg)
        return cls(
            kind=Kind.UNIT,
            subject=unit.id,
            before=UNIT.dump_json(before).decode() if before else None,
            after=UNIT.dump_json(after).decode() if after else None,
        )

    @classmethod
    def of_person(cls, before: Person | None, after: Person | None) -> Self:
        """A human who came, went, or is written in another version.

        :raises ValueError: when there is none
        """
        if (person := after or before) is None:
            msg = "a line of a person needs the person before, after, or both"
            raise ValueError(msg)
        return cls(
            kind=Kind.PERSON,
            subject=person.human,
            before=before.id if before else None,
            after=after.id if after else None,
        )

    @classmethod
    def of_post(
        cls, ref: PostRef, before: Iterable[Holding], after: Iterable[Holding]
    ) -> Self:
        """Who holds a post, in the order of calling."""
        return cls(
            kind=Kind.POST,
            subject=post_subject(ref),
            before=_held(before),
            after=_held(after),
        )


def post_subject(ref: PostRef) -> str:
    """What a post is called in a line; a unit's code may hold a slash, a post not."""
    return f"{ref.unit}/{ref.post.value}"


def post_of(subject: str) -> PostRef:
    """The post that a line is about."""
    unit, _, post = subject.rpartition("/")
    return PostRef(UnitId(unit), Post(post))


def unit_of(told: str | None) -> Unit | None:
    """A unit as a line tells it."""
    return UNIT.validate_json(told) if told else None


def holdings_of(subject: str, told: str | None) -> tuple[Holding, ...]:
    """The holders of a post as a line tells them."""
    ref = post_of(subject)
    return tuple(
        Holding(
            ref=ref,
            person=one.person,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        for one in (HELD.validate_json(told) if told else ())
    )


def _held(holdings: Iterable[Holding]) -> str | None:
    held = tuple(
        Held(
            person=one.person,
            valid_from=_utc(one.valid_from),
            valid_until=_utc(one.valid_until),
        )
        for one in holdings
    )
    return HELD.dump_json(held).decode() if held else None


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change of the roster that was made just now.

    :ivar figures: how much of it changed, by what: ``people_added``, say
    :ivar source: what it came from: the name of a file, say, or the edition undone
    """

    at: datetime
    by: str
    how: RosterChange
    lines: Sequence[Line]
    figures: Mapping[str, int]
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as it is kept; ``version`` is the roster's with which it was there."""

    edition: int
    version: int
    at: datetime
    by: str
    how: RosterChange
    figures: Mapping[str, int]
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line as it is kept; ``id`` rises with every line."""

    id: int
    change: Change
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines to look at; those before an id, or from the newest on."""

    limit: int
    before: int | None = None
    kind: Kind | None = None
    subject: str | None = None


def edition(connection: Connection) -> int:
    """A number that rises with every change of the roster by people; 0 before all."""
    return people.version_of(connection, EDITION)


def record(connection: Connection, changed: Changed) -> int:
    """Write a change down, for whoever keeps the roster, too; gives the new edition.

    Call it in the transaction that makes the change.
    """
    number = edition(connection) + 1
    people.raise_version(connection, EDITION)
    people.raise_version(connection)
    batch.insert(
        connection, history_schema.roster_change, [_row(connection, number, changed)]
    )
    rows = [
        {
            "edition": number,
            "kind": line.kind.value,
            "subject": line.subject,
            "before": line.before,
            "after": line.after,
        }
        for line in changed.lines
    ]
    batch.insert(connection, history_schema.roster_line, rows)
    entry = RosterChanged(
        at=changed.at,
        by=changed.by,
        how=changed.how,
        version=number,
        figures=changed.figures,
        digest=digest(changed.lines),
    )
    journal.note(connection, HOUSE, [entry])
    return number


def figures_of(lines: Iterable[Line]) -> dict[str, int]:
    """How many units, people and posts were added, removed and changed."""
    return dict(Counter(_figure(line) for line in lines))


def _figure(line: Line) -> str:
    match line.before, line.after:
        case None, _:
            done = "added"
        case _, None:
            done = "removed"
        case _:
            done = "changed"
    return f"{SEVERAL[line.kind]}_{done}"


def digest(lines: Iterable[Line]) -> str:
    """SHA-256 over lines in their order.

    Each is hashed in UTF-8 as the JSON array ``[kind, subject, before, after]`` without
    spaces, only what JSON demands escaped, and a line feed behind it.
    """
    hashed = hashlib.sha256()
    for line in lines:
        told = [line.kind.value, line.subject, line.before, line.after]
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        hashed.update(f"{text}\n".encode())
    return hashed.hexdigest()


def _row(connection: Connection, number: int, changed: Changed) -> batch.Values:
    return {
        "edition": number,
        "version": people.roster_version(connection),
        "at": changed.at,
        "by": changed.by,
        "how": changed.how.value,
        "figures": FIGURES.dump_json(dict(changed.figures)).decode(),
        "source": changed.source,
    }


def change(connection: Connection, number: int) -> Change | None:
    """The change that made an edition; None: there is no such edition."""
    table = history_schema.roster_change
    query = select(table).where(table.c.edition == number)
    row = connection.execute(query).first()
    return _change(row) if row else None


def lines_between(connection: Connection, after: int, upto: int) -> list[Line]:
    """What led from one edition to another, in the order it was done."""
    table = history_schema.roster_line
    rows = connection.execute(
        select(table)
        .where(table.c.edition > after, table.c.edition <= upto)
        .order_by(table.c.id)
    )
    return [_line(row) for row in rows]


def count_between(connection: Connection, after: int, upto: int) -> int:
    """How many lines led from one edition to another."""
    table = history_schema.roster_line
    query = select(func.count()).where(table.c.edition > after, table.c.edition <= upto)
    return int(connection.execute(query).scalar_one())


def page(connection: Connection, wanted: Wanted) -> list[Told]:
    """Lines with what they belong to, the newest first."""
    line, whole = history_schema.roster_line, history_schema.roster_change
    query = (
        select(line, whole)
        .join(whole, whole.c.edition == line.c.edition)
        .order_by(line.c.id.desc())
        .limit(wanted.limit)
    )
    if wanted.before is not None:
        query = query.where(line.c.id < dialect.given(wanted.before))
    if wanted.kind is not None:
        query = query.where(line.c.kind == wanted.kind.value)
    if wanted.subject is not None:
        query = query.where(line.c.subject == wanted.subject)
    return [
        Told(id=row.id, change=_change(row), line=_line(row))
        for row in connection.execute(query)
    ]


def _line(row: Row[tuple[object, ...]]) -> Line:
    return Line(
        kind=Kind(row.kind), subject=row.subject, before=row.before, after=row.after
    )


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(
        edition=row.edition,
        version=row.version,
        at=row.at,
        by=row.by,
        how=RosterChange(row.how),
        figures=FIGURES.validate_json(row.figures),
        source=row.source,
    )
