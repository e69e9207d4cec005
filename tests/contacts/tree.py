"""A small made-up tree for the tests of contacts."""

from __future__ import annotations

from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Person,
    PersonId,
    Unit,
    UnitId,
    UnitKind,
)

COUNTY, TOWN, VILLAGE = UnitId("990421"), UnitId("990421100"), UnitId("990421100200")
GRID_1, GRID_2 = UnitId("990421100200001"), UnitId("990421100200002")


def unit(id_: str, kind: UnitKind, parent: str | None, name: str) -> Unit:
    return Unit(
        id=UnitId(id_),
        kind=kind,
        name=name,
        parent=None if parent is None else UnitId(parent),
        code_system="DEMO",
    )


def person(id_: str) -> Person:
    address = Address(
        id=AddressId(f"{id_}-1"), kind=AddressKind.MOBILE, value="+99913800000001"
    )
    return Person(id=PersonId(id_), name="王建国", addresses=(address,))


UNITS = (
    unit(COUNTY, UnitKind.COUNTY, None, "澄溪县"),
    unit(TOWN, UnitKind.TOWNSHIP, COUNTY, "白鹭洲镇"),
    unit(VILLAGE, UnitKind.VILLAGE, TOWN, "石门坪村"),
    unit(GRID_1, UnitKind.GRID, VILLAGE, "某网格"),
    unit(GRID_2, UnitKind.GRID, VILLAGE, "某网格"),
)
