"""The roster: units, versions of people, who holds which post."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Row, delete, select, true

from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.store import batch, dialect, rotas, schema, vault

ROSTER_VERSION = "roster_version"
WHOLE_VERSION = "roster_whole"  # rises when all of it is another
ERASED = "已删除人员"
UNREADABLE = "姓名无法核实"  # the row is not what was written there
ID_SHOWN = 6


def roster_version(connection: Connection) -> int:
    """A number that rises with every change of the roster."""
    return version_of(connection, ROSTER_VERSION)


def version_of(connection: Connection, name: str) -> int:
    """A number that is counted up under a name; 0 before the first time."""
    found = connection.execute(
        select(schema.setting.c.value).where(schema.setting.c.name == name)
    ).scalar()
    return int(found or 0)


def load_roster(connection: Connection) -> Roster:
    """The roster as it stands; people who hold no post any more are left out."""
    active = select(schema.holding.c.person)
    return Roster.build(
        units=find_units(connection, true()),
        people=_people(connection, schema.person.c.id.in_(active)),
        holdings=find_holdings(connection, true()),
        duties=rotas.duties(connection),
    )


def find_units(connection: Connection, which: ColumnElement[bool]) -> list[Unit]:
    """Units by a condition, in the order in which they came."""
    query = select(schema.unit).where(which).order_by(dialect.came(schema.unit))
    return [_unit(row) for row in connection.execute(query)]


def find_holdings(
    connection: Connection, which: ColumnElement[bool]
) -> tuple[Holding, ...]:
    """Who holds posts, by a condition; by post, then in the order of calling."""
    table = schema.holding
    query = select(table).where(which).order_by(*table.primary_key.columns)
    return tuple(map(_holding, connection.execute(query)))


def find_people(connection: Connection, ids: Iterable[str]) -> dict[str, Person]:
    """Versions of people by id, whether they still hold a post or not."""
    wanted = schema.person.c.id.in_(select(dialect.each(ids).c.value))
    return {person.id: person for person in _people(connection, wanted)}


def _people(connection: Connection, which: ColumnElement[bool]) -> list[Person]:
    people = connection.execute(select(schema.person).where(which)).all()
    humans = vault.Humans(connection, {row.human for row in people})
    addresses: dict[str, list[Address]] = defaultdict(list)
    rows = connection.execute(
        select(schema.address)
        .where(schema.address.c.person.in_(select(schema.person.c.id).where(which)))
        .order_by(schema.address.c.position)
    )
    for row in rows:
        place = vault.number_place(row.id, row.person)
        # One that can't be read is no way to anybody.
        if value := humans.read(place, row.value):
            addresses[row.person].append(
                Address(
                    id=AddressId(row.id),
                    kind=AddressKind(row.kind),
                    value=value,
                    wrong=row.wrong,
                )
            )
    return [
        Person(
            id=PersonId(row.id),
            name=_name(humans, row),
            addresses=tuple(addresses[row.id]),
            first=None if row.human == row.id else PersonId(row.human),
        )
        for row in people
    ]


def _name(humans: vault.Humans, row: Row[tuple[object, ...]]) -> str:
    """His name; else what is left of him, so that no page and no record breaks."""
    if not row.name:
        return f"{ERASED} {row.id[:ID_SHOWN]}"
    found = humans.read(vault.name_place(row.id), row.name)
    return found or f"{UNREADABLE} {row.id[:ID_SHOWN]}"


def _holding(row: Row[tuple[object, ...]]) -> Holding:
    return Holding(
        ref=PostRef(UnitId(row.unit), Post(row.post)),
        person=PersonId(row.person),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _unit(row: object) -> Unit:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public row interface
    values["kind"] = UnitKind(values["kind"])
    return Unit(**values)


def save_roster(connection: Connection, roster: Roster) -> None:
    """Replace units and holdings; versions of people are only ever added.

    Rotations, overrides and leaves stay; see :func:`dispatcher.store.duty.lapsed`.
    """
    connection.execute(delete(schema.holding))
    connection.execute(delete(schema.unit))
    batch.insert(connection, schema.unit, [unit_row(u) for u in roster.units.values()])
    add_people(connection, roster.people.values())
    batch.insert(connection, schema.holding, holding_rows(roster.holdings))
    raise_version(connection, WHOLE_VERSION)
    raise_version(connection)


def raise_version(connection: Connection, name: str = ROSTER_VERSION) -> None:
    """Let everybody read the roster, or what else has this name, again."""
    row = {"name": name, "value": str(version_of(connection, name) + 1)}
    batch.replace(connection, schema.setting, [row])


def unit_row(unit: Unit) -> batch.Values:
    """A unit as it is kept."""
    return {
        "id": unit.id,
        "kind": unit.kind.value,
        "name": unit.name,
        "parent": unit.parent,
        "code_system": unit.code_system,
        "lat": unit.lat,
        "lon": unit.lon,
        "risk": unit.risk,
    }


def add_people(connection: Connection, people: Iterable[Person]) -> None:
    """Add the versions that are not there yet, encrypted."""
    new = {person.id: person for person in people}
    given = dialect.each(new)
    table = schema.person
    there = select(table.c.id).where(table.c.id.in_(select(given.c.value)))
    for known in connection.scalars(there).all():
        del new[PersonId(known)]
    if new:
        _add(connection, [*new.values()])


def _add(connection: Connection, new: Sequence[Person]) -> None:
    vault.add_humans(connection, (person.human for person in new))
    humans = vault.Humans(connection, (person.human for person in new))
    rows = [_person_row(humans, person) for person in new]
    batch.insert(connection, schema.person, rows)
    values = {address.value for person in new for address in person.addresses}
    found = vault.fingerprints(connection, values)
    addresses = [row for one in new for row in _address_rows(humans, found, one)]
    batch.insert(connection, schema.address, addresses)


def _person_row(humans: vault.Humans, person: Person) -> batch.Values:
    name = humans.encrypt(person.human, vault.name_place(person.id), person.name)
    return {"id": person.id, "name": name, "human": person.human}


def _address_rows(
    humans: vault.Humans, fingerprints: Mapping[str, str], person: Person
) -> list[batch.Values]:
    return [
        {
            "id": address.id,
            "person": person.id,
            "position": position,
            "kind": address.kind.value,
            "value": humans.encrypt(
                person.human, vault.number_place(address.id, person.id), address.value
            ),
            "fingerprint": fingerprints[address.value],
            "wrong": address.wrong,
        }
        for position, address in enumerate(person.addresses)
    ]


def holding_rows(holdings: Iterable[Holding]) -> list[batch.Values]:
    """Holders of posts as they are kept, numbered in each post."""
    places: dict[PostRef, int] = defaultdict(int)
    rows: list[batch.Values] = []
    for holding in holdings:
        ref = holding.ref
        rows.append(
            {
                "unit": ref.unit,
                "post": ref.post.value,
                "position": places[ref],
                "person": holding.person,
                "valid_from": holding.valid_from,
                "valid_until": holding.valid_until,
            }
        )
        places[ref] += 1
    return rows


def flag_wrong(
    connection: Connection, addresses: Iterable[str], *, wrong: bool = True
) -> None:
    """Mark addresses that somebody said are not his, or take that back."""
    connection.execute(
        schema.address.update()
        .where(schema.address.c.id.in_(list(addresses)))
        .values(wrong=wrong)
    )
    raise_version(connection)


def holders_of(
    connection: Connection, numbers: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """Who can be behind each number or account, as (address, person)."""
    marks = vault.fingerprints(connection, numbers)
    listed, table = dialect.each(marks.values()), schema.address
    rows = connection.execute(
        select(table.c.fingerprint, table.c.id, table.c.person)
        .where(table.c.fingerprint.in_(select(listed.c.value)))
        .order_by(table.c.id)
    )
    found: dict[str, list[tuple[str, str]]] = {mark: [] for mark in marks.values()}
    for row in rows:
        found[row.fingerprint].append((row.id, row.person))
    return {number: found[mark] for number, mark in marks.items()}
