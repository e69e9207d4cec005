from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import chain
from typing import Any

import pytest

from contacts.area import AreaQuery, Resolution, resolve
from contacts.importers.csv_file import read_csv
from contacts.importers.merge import merge
from contacts.importers.sheet import Sheet
from contacts.model import AddressKind, Post, UnitKind
from contacts.roster import Roster
from dispatcher.sim.county import CODE_SYSTEM, COUNTY_CODE, county_csv

WARNING: dict[str, Any] = json.loads(
    files("dispatcher.sim").joinpath("data/red_rain.json").read_text("utf-8")
)
RADIUS = 0.3  # degrees of latitude


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return read_csv(county_csv(), code_system=CODE_SYSTEM, allow_test_numbers=True)


def count_of(sheet: Sheet, post: Post) -> int:
    return len({held.ref.unit for held in sheet.holdings if held.ref.post is post})


def test_the_county_can_be_imported_without_a_problem(sheet: Sheet) -> None:
    assert sheet.problems == ()


def test_the_county_has_the_size_of_a_small_one(sheet: Sheet) -> None:
    kinds = Counter(unit.kind for unit in sheet.units)

    assert (kinds[UnitKind.COUNTY], kinds[UnitKind.TOWNSHIP]) == (1, 12)
    assert 140 <= kinds[UnitKind.VILLAGE] <= 160
    assert 950 <= kinds[UnitKind.GRID] <= 1050


@pytest.mark.parametrize(
    ("post", "kind"),
    [
        (Post.GRID_LEAD, UnitKind.GRID),
        (Post.VILLAGE_HEAD, UnitKind.VILLAGE),
        (Post.VILLAGE_DUTY, UnitKind.VILLAGE),
        (Post.TOWNSHIP_DUTY, UnitKind.TOWNSHIP),
        (Post.TOWNSHIP_LEADER, UnitKind.TOWNSHIP),
        (Post.COUNTY_DUTY, UnitKind.COUNTY),
        (Post.COUNTY_LEADER, UnitKind.COUNTY),
    ],
)
def test_every_unit_has_somebody_in_its_posts(
    sheet: Sheet, post: Post, kind: UnitKind
) -> None:
    units = sum(unit.kind is kind for unit in sheet.units)

    assert units == count_of(sheet, post)


def test_about_one_grid_in_twenty_has_no_backup(sheet: Sheet) -> None:
    share = count_of(sheet, Post.GRID_BACKUP) / count_of(sheet, Post.GRID_LEAD)

    assert 0.93 <= share <= 0.97


def test_every_number_is_a_test_number_of_one_person(sheet: Sheet) -> None:
    addresses = list(chain.from_iterable(person.addresses for person in sheet.people))

    assert {AddressKind.MOBILE} == {address.kind for address in addresses}
    assert all(address.value.startswith("+999") for address in addresses)
    assert len(addresses) == len({address.value for address in addresses})


def test_about_one_person_in_eight_has_a_second_number(sheet: Sheet) -> None:
    share = sum(len(p.addresses) > 1 for p in sheet.people) / len(sheet.people)

    assert 0.1 <= share <= 0.14


def test_some_people_hold_several_posts(sheet: Sheet) -> None:
    posts: dict[object, Counter[Post]] = {}
    for held in sheet.holdings:
        posts.setdefault(held.person, Counter())[held.ref.post] += 1

    assert any(held[Post.GRID_LEAD] > 1 for held in posts.values())
    assert any(
        held.keys() == {Post.VILLAGE_HEAD, Post.GRID_LEAD} for held in posts.values()
    )


def test_every_grid_lies_in_the_county_and_has_a_rank_of_risk(sheet: Sheet) -> None:
    grids = [unit for unit in sheet.units if unit.kind is UnitKind.GRID]

    assert all(abs((grid.lat or 0) - 30) < RADIUS for grid in grids)
    assert all(abs((grid.lon or 0) - 110) < RADIUS * 1.2 for grid in grids)
    assert set(range(1, 10)) == {grid.risk for grid in grids}


def test_names_of_places_are_not_used_twice(sheet: Sheet) -> None:
    names = Counter(unit.name for unit in sheet.units)

    assert [name for name, times in names.items() if times > 1] == []


def test_the_same_seed_gives_the_same_county() -> None:
    assert county_csv(3) == county_csv(3)


def test_another_seed_gives_another_county() -> None:
    assert county_csv(3) != county_csv(4)


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_gives_a_county_that_can_be_imported(seed: int) -> None:
    sheet = read_csv(county_csv(seed), code_system=CODE_SYSTEM, allow_test_numbers=True)

    assert sheet.problems == ()


def test_the_shipped_warning_covers_the_whole_county(sheet: Sheet) -> None:
    roster = merge(
        Roster.build((), (), ()), sheet, iter(map(str, range(10**5))).__next__
    )
    areas = [
        AreaQuery(
            name=area["name"],
            codes=tuple((code["system"], code["code"]) for code in area["codes"]),
        )
        for area in WARNING["areas"]
    ]

    resolution = resolve(roster, areas)

    assert WARNING["areas"][0]["codes"][0]["code"] == COUNTY_CODE
    assert Resolution(units=frozenset(roster.units)) == resolution


def test_the_shipped_warning_is_whole() -> None:
    fields = (
        *("sender", "identifier", "sent", "status", "msg_type"),
        *("event_code", "event", "level", "headline", "description"),
        *("instruction", "issuer", "effective", "expires", "areas"),
    )

    assert set(fields) == {field for field, value in WARNING.items() if value}
    assert (
        WARNING["sender"],
        WARNING["level"],
        WARNING["event_code"],
    ) == ("cx-met@chengxi", "red", "11B03")


def test_the_shipped_warning_lasts_three_hours() -> None:
    start, end = (
        datetime.fromisoformat(WARNING[at]) for at in ("effective", "expires")
    )

    assert timedelta(hours=3) == end - start
