"""How long the roster check takes for a large county, made up here."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count

from contacts.check import Known, check
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

NOW = datetime(2026, 7, 12, tzinfo=UTC)
TOWNSHIPS, VILLAGES = 100, 20  # villages of a township
COUNTY = UnitId("990421")


def measure(people: int) -> str:
    """Check a county of so many people, two a grid; says how much time it took."""
    roster = _county(people // (2 * TOWNSHIPS * VILLAGES))
    known = Known(
        now=NOW,
        carried={AddressKind.MOBILE},
        flags={},
        confirmed={},
        called=roster.people.keys(),
        answered=frozenset(),
        outlined=frozenset(),
    )
    begun = time.process_time()
    checked = check(roster, known)
    seconds = time.process_time() - begun
    return (
        f"roster check: {len(roster.people):,} people, {len(roster.units):,} units, "
        f"{len(checked.findings):,} findings in {seconds:.2f} s of CPU"
    )


def _county(grids: int) -> Roster:
    """A county where everybody is stale and silent, and no grid has a place."""
    units = [_unit(COUNTY, UnitKind.COUNTY, None)]
    for township in range(TOWNSHIPS):
        town = _unit(f"{COUNTY}{township + 100:03}", UnitKind.TOWNSHIP, COUNTY)
        units.append(town)
        for village in range(VILLAGES):
            place = _unit(f"{town.id}{village + 200:03}", UnitKind.VILLAGE, town.id)
            units.append(place)
            units.extend(
                _unit(f"{place.id}{grid:03}", UnitKind.GRID, place.id)
                for grid in range(1, grids + 1)
            )
    numbers = count(1)
    holdings = [
        Holding(ref=PostRef(unit.id, post), person=PersonId(f"p{next(numbers)}"))
        for unit in units
        if unit.kind is UnitKind.GRID
        for post in (Post.GRID_LEAD, Post.GRID_BACKUP)
    ]
    everybody = [_person(one.person) for one in holdings]
    return Roster.build(units, everybody, holdings)


def _unit(code: str, kind: UnitKind, parent: UnitId | None) -> Unit:
    return Unit(
        id=UnitId(code), kind=kind, name=code, parent=parent, code_system="DEMO"
    )


def _person(name: PersonId) -> Person:
    address = Address(
        id=AddressId(name), kind=AddressKind.MOBILE, value=f"+999{name[1:]:0>11}"
    )
    return Person(id=name, name=name, addresses=(address,))
