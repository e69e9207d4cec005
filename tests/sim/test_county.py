from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import chain
from typing import Any

import pytest
import shapely

from contacts.area import AreaQuery, Resolution, resolve
from contacts.geometry import Atlas
from contacts.importers.merge import merge
from contacts.importers.roster_file import read_roster
from contacts.importers.sheet import Sheet
from contacts.model import AddressKind, Post, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Content
from dispatcher.engine.accept import queries
from dispatcher.intake.complete import complete
from dispatcher.intake.dialect import Warned, read_document, read_json
from dispatcher.intake.signature import Signers
from dispatcher.sim.county import CODE_SYSTEM, COUNTY_CODE, county_csv
from dispatcher.sim.land import lands, outline

DATA = files("dispatcher.sim").joinpath("data")
WARNING: dict[str, Any] = json.loads(DATA.joinpath("red_rain.json").read_text("utf-8"))
RADIUS = 0.3  # degrees of latitude
A_CROWDED_SEED = 567  # two of its grids would fall on one place
NOW = datetime(2026, 7, 12, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return read_roster(county_csv(), code_system=CODE_SYSTEM, allow_test_numbers=True)


@pytest.fixture(scope="module")
def roster(sheet: Sheet) -> Roster:
    ids = iter(map(str, range(10**5)))
    return merge(Roster.build((), (), ()), sheet, ids.__next__)


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
    sheet = read_roster(
        county_csv(seed), code_system=CODE_SYSTEM, allow_test_numbers=True
    )

    assert sheet.problems == ()


def test_no_two_grids_lie_at_one_place_where_chance_would_have_it() -> None:
    rows = csv.DictReader(io.StringIO(county_csv(A_CROWDED_SEED).decode("utf-8-sig")))
    places = {row["网格编码"]: (row["纬度"], row["经度"]) for row in rows}

    assert len(places) == len(set(places.values()))


def test_the_sample_covers_the_whole_county(roster: Roster) -> None:
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


def test_the_sample_is_whole() -> None:
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


def test_the_sample_lasts_three_hours() -> None:
    start, end = (
        datetime.fromisoformat(WARNING[at]) for at in ("effective", "expires")
    )

    assert timedelta(hours=3) == end - start


@pytest.fixture(scope="module")
def shipped() -> Content:
    """The warning of the demo, as it is read."""
    read = read_document(
        DATA.joinpath("red_rain.xml").read_bytes(), NOW, CODE_SYSTEM, Signers()
    )
    assert isinstance(read, Warned)
    return complete(read.content)[0]


def test_the_demo_and_the_sample_say_the_same_of_another_area(shipped: Content) -> None:
    read = read_json(DATA.joinpath("red_rain.json").read_bytes(), NOW)

    assert isinstance(read, Warned)
    assert replace(shipped, areas=()) == replace(read.content, areas=())


@pytest.mark.parametrize("mapped", [True, False])
def test_the_polygon_of_the_demo_calls_every_grid(
    roster: Roster, shipped: Content, *, mapped: bool
) -> None:
    outlines = {UnitId(code): land for code, land in lands().items()}
    atlas = Atlas(roster.units.values(), outlines if mapped else {})
    [area] = queries(shipped.areas)
    grids = {u.id for u in roster.units.values() if u.kind is UnitKind.GRID}

    assert (area.codes, roster.named(area.name)) == ((), ())
    assert resolve(roster, [area], atlas) == Resolution(units=frozenset(grids))


@pytest.mark.parametrize("seed", range(20))
def test_the_polygon_of_the_demo_covers_the_county_of_any_seed(
    shipped: Content, seed: int
) -> None:
    [polygon] = shipped.areas[0].polygons
    rain = shapely.Polygon([(east, north) for north, east in polygon.outer])

    assert rain.contains(outline(seed))
