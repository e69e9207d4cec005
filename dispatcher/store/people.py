"""The roster: units, versions of people, who holds which post."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

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
from dispatcher.store import batch, schema

ROSTER_VERSION = "roster_version"


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
    holdings = [
        Holding(
            ref=PostRef(UnitId(row.unit), Post(row.post)), person=PersonId(row.person)
        )
        for row in connection.execute(
            select(schema.holding).order_by(*schema.holding.primary_key.columns)
        )
    ]
    active = select(schema.holding.c.person)
    return Roster.build(
        units=[_unit(row) for row in connection.execute(select(schema.unit))],
        people=_people(connection, schema.person.c.id.in_(active)),
        holdings=holdings,
    )


def find_people(connection: Connection, ids: Iterable[str]) -> dict[str, Person]:
    """Versions of people by id, whether they still hold a post or not."""
    wanted = schema.person.c.id.in_(
        select(func.json_each(batch.listed(ids)).table_valued("value").c.value)
    )
    return {person.id: person for person in _people(connection, wanted)}


def _people(connection: Connection, which: object) -> list[Person]:
    addresses: dict[str, list[Address]] = defaultdict(list)
    rows = connection.execute(
        select(schema.address)
        .where(schema.address.c.person.in_(select(schema.person.c.id).where(which)))  # type: ignore[arg-type] # a clause of the person table
        .order_by(schema.address.c.position)
    )
    for row in rows:
        addresses[row.person].append(
            Address(
                id=AddressId(row.id),
                kind=AddressKind(row.kind),
                value=row.value,
                wrong=row.wrong,
            )
        )
    people = connection.execute(select(schema.person).where(which))  # type: ignore[arg-type] # as above
    return [
        Person(
            id=PersonId(row.id),
            name=row.name,
            addresses=tuple(addresses[row.id]),
            first=None if row.human == row.id else PersonId(row.human),
        )
        for row in people
    ]


def _unit(row: object) -> Unit:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public row interface
    values["kind"] = UnitKind(values["kind"])
    return Unit(**values)


def save_roster(connection: Connection, roster: Roster) -> None:
    """Replace units and holdings; versions of people are only ever added."""
    connection.execute(delete(schema.holding))
    connection.execute(delete(schema.unit))
    batch.insert(connection, schema.unit, [_unit_row(u) for u in roster.units.values()])
    people = [_person_row(person) for person in roster.people.values()]
    batch.insert(connection, schema.person, people, new=False)
    addresses = [
        row for person in roster.people.values() for row in _address_rows(person)
    ]
    batch.insert(connection, schema.address, addresses, new=False)
    batch.insert(connection, schema.holding, _holding_rows(roster))
    raise_version(connection)


def raise_version(connection: Connection, name: str = ROSTER_VERSION) -> None:
    """Let everybody read the roster, or what else has this name, again."""
    row = {"name": name, "value": str(version_of(connection, name) + 1)}
    batch.replace(connection, schema.setting, [row])


def _unit_row(unit: Unit) -> batch.Values:
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


def _person_row(person: Person) -> batch.Values:
    return {"id": person.id, "name": person.name, "human": person.human}


def _address_rows(person: Person) -> list[batch.Values]:
    return [
        {
            "id": address.id,
            "person": person.id,
            "position": position,
            "kind": address.kind.value,
            "value": address.value,
            "wrong": address.wrong,
        }
        for position, address in enumerate(person.addresses)
    ]


def _holding_rows(roster: Roster) -> list[batch.Values]:
    places: dict[PostRef, int] = defaultdict(int)
    rows: list[batch.Values] = []
    for holding in roster.holdings:
        ref = holding.ref
        rows.append(
            {
                "unit": ref.unit,
                "post": ref.post.value,
                "position": places[ref],
                "person": holding.person,
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


def holders_of(connection: Connection, number: str) -> list[tuple[str, str]]:
    """Who can be behind a number or an account, as (address, person)."""
    rows = connection.execute(
        select(schema.address.c.id, schema.address.c.person)
        .where(schema.address_is(number))
        .order_by(schema.address.c.id)
    )
    return [(row.id, row.person) for row in rows]
