"""The roster as somebody keeps it, brought up to date by reading only what has changed.

A large roster takes seconds to read, and most changes touch one thing: a person's new
number, a number found wrong, a leave. The history tells which, from one edition to the
next; flags and plans are few and told apart by versions of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from contacts.duty import Duties
from contacts.geometry import Atlas
from contacts.model import PersonId, Unit, UnitId
from contacts.roster import Amendment, Roster, RosterError
from dispatcher.store import (
    dialect,
    history,
    people,
    places,
    present,
    rotas,
    schema,
)
from dispatcher.store.database import one_state
from dispatcher.store.history import Kind, Line

LINES_MOST = 1_000  # of more than that all is read: it costs about as much
Lands = dict[UnitId, BaseGeometry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What somebody has read, and how far it goes.

    :ivar versions: the number of each kind of change, by its name
    :ivar duties: all that there are, of whatever the roster holds
    :ivar wrong: addresses found wrong, of whomever
    """

    versions: dict[str, int]
    roster: Roster
    atlas: Atlas
    lands: Lands
    duties: Duties
    wrong: frozenset[str]


def read_whole(connection: Connection) -> Kept:
    """Read everything, as it is at one moment."""
    with one_state(connection):
        roster = people.load_roster(connection)
        lands = places.outlines(connection)
        return Kept(
            versions=_versions(connection),
            roster=roster,
            atlas=Atlas(roster.units.values(), lands).prepared(),
            lands=lands,
            duties=rotas.duties(connection),
            wrong=_wrong(connection),
        )


def caught_up(connection: Connection, kept: Kept) -> Kept | None:
    """Read what has changed since; the same one: nothing; None: read all."""
    with one_state(connection):
        versions = _versions(connection)
        if versions == kept.versions:
            return kept
        if any(versions[name] != kept.versions[name] for name in WHOLE):
            return None
        span = (kept.versions[history.EDITION], versions[history.EDITION])
        if history.count_between(connection, *span) > LINES_MOST:
            return None
        lines = history.lines_between(connection, *span)
        try:
            return _amended(connection, replace(kept, versions=versions), lines)
        except RosterError:  # the history does not tell all: somebody wrote past it
            return None


WHOLE = (people.WHOLE_VERSION, places.OUTLINES_VERSION)
NAMES = (people.ROSTER_VERSION, history.EDITION, rotas.DUTIES_VERSION, *WHOLE)


def _versions(connection: Connection) -> dict[str, int]:
    table = schema.setting
    rows = connection.execute(
        select(table.c.name, table.c.value).where(table.c.name.in_(NAMES))
    )
    return dict.fromkeys(NAMES, 0) | {row.name: int(row.value) for row in rows}


def _amended(connection: Connection, kept: Kept, lines: list[Line]) -> Kept:
    units = {UnitId(one.subject) for one in lines if one.kind is Kind.UNIT}
    refs = {history.post_of(one.subject) for one in lines if one.kind is Kind.POST}
    posts = {ref: present.holders(connection, ref) for ref in refs}
    wrong = _wrong(connection)
    duties = rotas.duties(connection)
    ours = kept.roster.people
    come = {one.person for held in posts.values() for one in held} - ours.keys()
    flagged = _bearers(connection, wrong ^ kept.wrong) & ours.keys()
    found = people.find_people(connection, come | flagged)
    changed = Amendment(
        units={name: present.unit(connection, name) for name in units},
        people={PersonId(name): person for name, person in found.items()},
        posts=posts,
        duties=duties,
    )
    roster = kept.roster.amended(changed)
    return replace(
        kept,
        roster=roster,
        atlas=_atlas(kept, roster, units),
        duties=duties,
        wrong=wrong,
    )


def _atlas(kept: Kept, roster: Roster, changed: Iterable[UnitId]) -> Atlas:
    """The same one while no unit has come, gone or moved."""
    concerned: set[UnitId] = set()
    for name in changed:
        old, new = kept.roster.units.get(name), roster.units.get(name)
        if _where(old) != _where(new):
            parents = {one.parent for one in (old, new) if one and one.parent}
            concerned |= {name} | parents
    if not concerned:
        return kept.atlas
    places = {
        name: roster.units[name] if roster.smallest(name) else None
        for name in concerned
    }
    return kept.atlas.amended(places).prepared()


def _where(unit: Unit | None) -> object:
    return unit and (unit.lat, unit.lon, unit.parent)


def _wrong(connection: Connection) -> frozenset[str]:
    table = schema.address
    return frozenset(connection.scalars(select(table.c.id).where(table.c.wrong)))


def _bearers(connection: Connection, addresses: Iterable[str]) -> set[PersonId]:
    table = schema.address
    given = dialect.each(addresses)
    found = select(table.c.person).where(table.c.id.in_(select(given.c.value)))
    return set(map(PersonId, connection.scalars(found)))
