from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.area import AreaQuery, Resolution, resolve
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from tests.contacts.tree import COUNTY, GRID_1, GRID_2, TOWN, UNITS, VILLAGE, unit

OTHER_TOWN = UnitId("990421101")
ROSTER = Roster.build(
    (*UNITS, unit(OTHER_TOWN, UnitKind.TOWNSHIP, COUNTY, "石桥沟镇")), (), ()
)
IN_VILLAGE = frozenset({VILLAGE, GRID_1, GRID_2})
IN_TOWN = IN_VILLAGE | {TOWN}
EVERYTHING = IN_TOWN | {COUNTY, OTHER_TOWN}


def coded(*codes: str, name: str = "", system: str = "DEMO") -> AreaQuery:
    return AreaQuery(name=name, codes=tuple((system, code) for code in codes))


@pytest.mark.parametrize(
    ("area", "units"),
    [
        (coded(TOWN), IN_TOWN),
        (coded("990421100000"), IN_TOWN),
        (coded(VILLAGE), IN_VILLAGE),
        (coded(GRID_2), {GRID_2}),
        (coded("99"), EVERYTHING),
        (coded("9904"), EVERYTHING),
        (coded("990000"), EVERYTHING),
        (coded("990400000000"), EVERYTHING),
        (coded("990421000000"), EVERYTHING),
        (coded(GRID_1, OTHER_TOWN), {GRID_1, OTHER_TOWN}),
        (coded(TOWN, "770000"), IN_TOWN),
        (coded(TOWN, name="白鹭洲镇"), IN_TOWN),
        (coded(TOWN, name="县城以北"), IN_TOWN),
        (coded(TOWN, OTHER_TOWN, name="石桥沟镇"), IN_TOWN | {OTHER_TOWN}),
        (coded("990421", name="澄溪县"), EVERYTHING),
        (coded("220421108", system="NBS-2023", name="白鹭洲镇"), IN_TOWN),
        (AreaQuery(name="白鹭洲镇"), IN_TOWN),
        (AreaQuery(name=" 石门坪村 "), IN_VILLAGE),
        (AreaQuery(name="某网格"), {GRID_1, GRID_2}),
        (AreaQuery(units=(GRID_1,)), {GRID_1}),
        (AreaQuery(name="石桥沟镇", units=(GRID_1,)), {GRID_1, OTHER_TOWN}),
    ],
)
def test_an_area_means_its_units_and_all_below(
    area: AreaQuery, units: frozenset[UnitId]
) -> None:
    resolution = resolve(ROSTER, [area])

    assert Resolution(units=frozenset(units)) == resolution


@pytest.mark.parametrize(
    "area",
    [
        coded(TOWN, name="石桥沟镇"),
        coded(TOWN, name="澄溪县"),
        coded("770421100", name="白鹭洲镇"),
    ],
)
def test_a_name_that_says_other_than_its_code_stops_the_area(area: AreaQuery) -> None:
    resolution = resolve(ROSTER, [area])

    assert Resolution(units=frozenset(), mismatched=(area,)) == resolution


def test_a_mismatched_area_does_not_stop_the_others() -> None:
    wrong = coded(TOWN, name="石桥沟镇")

    resolution = resolve(ROSTER, [wrong, coded(VILLAGE)])

    assert Resolution(units=IN_VILLAGE, mismatched=(wrong,)) == resolution


@pytest.mark.parametrize(
    "area",
    [
        AreaQuery(),
        AreaQuery(name="拉拉河镇"),
        AreaQuery(name="白鹭洲"),
        coded(TOWN, system="NBS-2023"),
        coded("990421999"),
        coded("990421100777"),
        coded("990421100777000"),
        coded("990421100200777"),
        coded("99042"),
        coded(""),
        coded("全县"),
    ],
)
def test_what_cannot_be_told_is_handed_back(area: AreaQuery) -> None:
    resolution = resolve(ROSTER, [area])

    assert Resolution(units=frozenset(), unresolved=(area,)) == resolution


@pytest.mark.parametrize(
    "area",
    [coded("990421999", name="白鹭洲镇"), coded(TOWN, "990421999")],
)
def test_an_area_told_in_part_selects_that_part_and_is_handed_back(
    area: AreaQuery,
) -> None:
    resolution = resolve(ROSTER, [area])

    assert Resolution(units=IN_TOWN, unresolved=(area,)) == resolution


@pytest.mark.parametrize(
    "areas",
    [
        [coded("770421")],
        [coded("9905")],
        [coded("990422100", name="邻县某镇")],
        [coded("770421"), coded("770422000000")],
    ],
)
def test_areas_elsewhere_are_known_to_be_outside(areas: list[AreaQuery]) -> None:
    resolution = resolve(ROSTER, areas)

    assert Resolution(units=frozenset(), outside=True) == resolution


def test_a_warning_partly_elsewhere_is_not_outside() -> None:
    resolution = resolve(ROSTER, [coded("770421"), coded(VILLAGE)])

    assert Resolution(units=IN_VILLAGE) == resolution


def test_a_warning_without_areas_is_not_outside() -> None:
    resolution = resolve(ROSTER, [])

    assert Resolution(units=frozenset()) == resolution


def test_an_unknown_unit_is_named() -> None:
    resolution = resolve(ROSTER, [AreaQuery(units=("nowhere", GRID_1))])

    assert (
        Resolution(units=frozenset({GRID_1}), unknown_units=("nowhere",)) == resolution
    )


def test_two_lists_are_never_joined_by_code() -> None:
    elsewhere = replace(
        unit("880000001", UnitKind.TOWNSHIP, None, "别表镇"), code_system="MCA-2026"
    )
    roster = Roster.build((*UNITS, elsewhere), (), ())

    resolution = resolve(roster, [coded("880000001")])

    assert Resolution(units=frozenset(), outside=True) == resolution


def test_a_county_whose_code_ends_in_zeros_is_still_found() -> None:
    county = unit("441900", UnitKind.COUNTY, None, "东川市")
    town = unit("441900003", UnitKind.TOWNSHIP, "441900", "某街道")
    roster = Roster.build((county, town), (), ())

    resolution = resolve(roster, [coded("441900000000")])

    assert Resolution(units=frozenset({county.id, town.id})) == resolution


def test_a_code_above_several_roots_means_them_all() -> None:
    towns = [
        unit("990421100", UnitKind.TOWNSHIP, None, "甲镇"),
        unit("990421101", UnitKind.TOWNSHIP, None, "乙镇"),
        unit("990422100", UnitKind.TOWNSHIP, None, "丙镇"),
    ]
    roster = Roster.build(towns, (), ())

    resolution = resolve(roster, [coded("990421")])

    assert Resolution(units=frozenset({towns[0].id, towns[1].id})) == resolution
