"""What the roster holds of one thing now, looked up by itself."""

from __future__ import annotations

from sqlalchemy import Connection, select

from contacts.model import (
    Address,
    AddressId,
    Holding,
    HumanId,
    PersonId,
    PostRef,
    Unit,
    UnitId,
)
from dispatcher.store import dialect, people, schema

# Versions are only ever added, so a later one has a higher number.
CAME = dialect.came(schema.person)


def unit(connection: Connection, name: str) -> Unit | None:
    """A unit by its id."""
    found = people.find_units(connection, schema.unit.c.id == name)
    return found[0] if found else None


def children(connection: Connection, name: UnitId) -> list[UnitId]:
    """The units right below one."""
    below = schema.unit.c.parent == name
    return [one.id for one in people.find_units(connection, below)]


def holders(connection: Connection, ref: PostRef) -> tuple[Holding, ...]:
    """Who holds a post, in the order of calling."""
    table = schema.holding
    post = table.c.post == ref.post.value
    return people.find_holdings(connection, (table.c.unit == ref.unit) & post)


def holdings_of_unit(connection: Connection, name: UnitId) -> tuple[Holding, ...]:
    """Who holds a post of a unit."""
    return people.find_holdings(connection, schema.holding.c.unit == name)


def holdings_of(connection: Connection, person: str) -> tuple[Holding, ...]:
    """What a version of a person holds."""
    return people.find_holdings(connection, schema.holding.c.person == person)


def newest_version(connection: Connection, person: PersonId) -> PersonId | None:
    """The present version of the human that any version of him names.

    It is the one that holds posts; of who holds none, the one that came last.
    """
    table, held = schema.person, schema.holding
    human = select(table.c.human).where(table.c.id == person).scalar_subquery()
    holds = select(held.c.person).where(held.c.person == table.c.id).exists()
    query = (
        select(table.c.id)
        .where(table.c.human == human)
        .order_by(holds.desc(), CAME.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    return PersonId(found) if found else None


def erased(connection: Connection, person: PersonId) -> bool:
    """Whether nobody can read any more who he was."""
    table = schema.person
    name = connection.execute(select(table.c.name).where(table.c.id == person)).scalar()
    return not name


def addresses_of(connection: Connection, human: HumanId) -> dict[AddressId, Address]:
    """All that a human is, or was, reached by."""
    versions = connection.scalars(
        select(schema.person.c.id).where(schema.person.c.human == human).order_by(CAME)
    ).all()
    known = people.find_people(connection, versions)
    return {at.id: at for one in versions for at in known[one].addresses}
