"""Rotations, overrides and leaves: made, taken back, and those that have lost ground.

Every change raises the roster's version, so that whoever keeps it reads it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, Table, delete, select

from contacts.duty import Duties, Leave, Override, Rotation, TimeBound
from contacts.model import HumanId, PostRef
from contacts.roster import Roster
from dispatcher.store import batch, dialect, duty_schema, people, rotas, schema

DUTY_NUMBER = "duty_number"
TABLES = (
    duty_schema.rotation,
    duty_schema.override,
    duty_schema.member,
    duty_schema.leave,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """Something bound to time that the roster has no ground for any more.

    :ivar ref: its post; of a unit that may be gone
    :ivar gone: those of its people who are gone
    """

    number: int
    ref: PostRef
    unit_gone: bool
    gone: tuple[HumanId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a new plan has changed."""

    made: Duties
    removed: tuple[Override, ...]


def find(connection: Connection, number: int) -> TimeBound | None:
    """One of them by its number."""
    every = rotas.duties(connection).every
    return next((one for one in every if one.number == number), None)


def put(connection: Connection, one: TimeBound) -> None:
    """Let this be what has its number; it was made when that was made."""
    _delete(connection, [one.number])
    _write(connection, [one])
    _raise_versions(connection)


def add(connection: Connection, made: Iterable[TimeBound]) -> Duties:
    """Write these down, the later of them as made later; gives them numbered."""
    before = people.version_of(connection, DUTY_NUMBER)
    numbered = [replace(one, number=n) for n, one in enumerate(made, before + 1)]
    if numbered:
        _write(connection, numbered)
        row = {"name": DUTY_NUMBER, "value": str(before + len(numbered))}
        batch.replace(connection, schema.setting, [row])
        _raise_versions(connection)
    return Duties.sorted_out(numbered)


def _raise_versions(connection: Connection) -> None:
    people.raise_version(connection, rotas.DUTIES_VERSION)
    people.raise_version(connection)


def plan(connection: Connection, overrides: Iterable[Override]) -> Planned:
    """Let these take the place of what was planned for their posts in their time.

    An override goes whose span begins inside the time that the new ones of its post
    take up, from the first to the last; so a table that is handed in again, corrected,
    leaves nothing of the old one.
    """
    new = tuple(overrides)
    there = rotas.duties(connection).overrides
    old = tuple(one for one in there if _begins_among(one, new))
    remove(connection, (one.number for one in old))
    return Planned(made=add(connection, new), removed=old)


def _begins_among(one: Override, new: Iterable[Override]) -> bool:
    spans = [other.span for other in new if other.ref == one.ref]
    begins = [span.begins for span in spans if span.begins]
    ends = [span.ends for span in spans if span.ends]
    if not (begins and ends and one.span.begins):
        return False
    return min(begins) <= one.span.begins < max(ends)


def remove(connection: Connection, numbers: Iterable[int]) -> frozenset[int]:
    """Take these back; gives the numbers of those that were there."""
    wanted = frozenset(numbers)
    there = {one.number for one in rotas.duties(connection).every} & wanted
    _delete(connection, there)
    if there:
        _raise_versions(connection)
    return frozenset(there)


def _delete(connection: Connection, numbers: Iterable[int]) -> None:
    given = dialect.each_number(numbers)
    for table in TABLES:
        query = delete(table).where(table.c.number.in_(select(given.c.value)))
        connection.execute(query)


def over(connection: Connection, at: datetime) -> list[int]:
    """The numbers of those that have ended by an instant."""
    return [one.number for one in rotas.duties(connection).every if _over(one, at)]


def lapsed(connection: Connection, roster: Roster, at: datetime) -> tuple[Lapsed, ...]:
    """Tell what is not over yet and lacks its unit, or some of its people."""
    humans = {person.human for person in roster.people.values()}
    every = (one for one in rotas.duties(connection).every if not _over(one, at))
    found = (
        Lapsed(
            number=one.number,
            ref=one.ref,
            unit_gone=one.ref.unit not in roster.units,
            gone=tuple(dict.fromkeys(h for h in one.humans if h not in humans)),
        )
        for one in every
    )
    return tuple(one for one in found if one.unit_gone or one.gone)


def _over(one: TimeBound, at: datetime) -> bool:
    match one:
        case Rotation():
            return one.over(at)
        case Override(span=span) | Leave(span=span):
            return span.ends is not None and span.ends <= at
        case _:
            assert_never(one)


def _write(connection: Connection, made: Iterable[TimeBound]) -> None:
    rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for one in made:
        post = {
            "number": one.number,
            "unit": one.ref.unit,
            "post": one.ref.post.value,
        }
        match one:
            case Rotation():
                rows[duty_schema.rotation].append(post | _rotation(one))
                rows[duty_schema.member] += _members(one)
            case Override():
                rows[duty_schema.override].append(post | _span(one))
                rows[duty_schema.member] += _members(one)
            case Leave():
                away = {"human": one.human, "substitute": one.substitute}
                rows[duty_schema.leave].append(post | away | _span(one))
            case _:
                assert_never(one)
    for table, new in rows.items():
        batch.insert(connection, table, new)


def _rotation(one: Rotation) -> dict[str, Any]:
    return {
        "starts_on": one.starts_on.isoformat(),
        "ends_on": one.ends_on.isoformat() if one.ends_on else None,
        "hours": one.hours,
        "handover": one.handover.isoformat(),
        "kind": one.kind.value if one.kind else None,
        "zone": one.zone,
    }


def _span(one: Override | Leave) -> dict[str, Any]:
    return {"begins_at": one.span.begins, "ends_at": one.span.ends}


def _members(one: Rotation | Override) -> list[dict[str, Any]]:
    return [
        {"number": one.number, "position": place, "human": human}
        for place, human in enumerate(one.humans)
    ]
