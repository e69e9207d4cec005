"""The land of the made-up county: every grid has its own, and none is left over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from contacts.importers.merge import merge
from contacts.importers.outlines import Source, read_outlines
from contacts.importers.roster_file import read_roster
from contacts.model import UnitKind
from contacts.roster import Roster
from dispatcher.sim.county import CENTRE, CODE_SYSTEM, COUNTY_CODE, county_csv
from dispatcher.sim.land import county_geojson, lands, outline

CROWDED = 567  # two of its grids would fall on one place
SEEDS = (7, 0, 3, CROWDED)
HAIR = 1e-9  # of an area: what floating point leaves over
GRID, VILLAGE, TOWNSHIP = 15, 12, 9  # digits of a code

Lands = dict[str, BaseGeometry]


@pytest.fixture(scope="module", params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def county(seed: int) -> Lands:
    return lands(seed)


@pytest.fixture(scope="module")
def roster(seed: int) -> Roster:
    sheet = read_roster(
        county_csv(seed), code_system=CODE_SYSTEM, allow_test_numbers=True
    )
    ids = iter(map(str, range(10**5)))
    return merge(Roster.build((), (), ()), sheet, ids.__next__)


def of(county: Lands, digits: int, within: str = "") -> Iterator[BaseGeometry]:
    """The land of units of one kind, of all or of those below a place."""
    for code, land in county.items():
        if len(code) == digits and code.startswith(within):
            yield land


def test_cells_cover_the_county_exactly(seed: int, county: Lands) -> None:
    cells = [*of(county, GRID)]
    border = outline(seed)

    assert sum(cell.area for cell in cells) == pytest.approx(border.area, rel=HAIR)
    assert shapely.union_all(cells).symmetric_difference(border).area < HAIR
    assert county[COUNTY_CODE].equals(border)


def test_no_two_cells_overlap(county: Lands) -> None:
    cells = [*of(county, GRID)]
    tree = shapely.STRtree(cells)
    pairs = tree.query(cells, predicate="intersects").T
    shared = [
        shapely.intersection(cells[one], cells[other]).area
        for one, other in pairs
        if one < other
    ]

    assert shared
    assert max(shared) < HAIR * min(cell.area for cell in cells)


def test_every_grid_lies_in_its_own_cell(county: Lands, roster: Roster) -> None:
    grids = [unit for unit in roster.units.values() if unit.kind is UnitKind.GRID]
    astray = [
        unit.id
        for unit in grids
        if unit.lon is None
        or unit.lat is None
        or not county[unit.id].contains(shapely.Point(unit.lon, unit.lat))
    ]

    assert grids
    assert astray == []


@pytest.mark.parametrize("digits", [VILLAGE, TOWNSHIP])
def test_a_place_has_what_its_grids_have_together(county: Lands, digits: int) -> None:
    places = {code: land for code, land in county.items() if len(code) == digits}
    differences = {
        shapely.union_all([*of(county, GRID, code)]).symmetric_difference(land).area
        for code, land in places.items()
    }

    assert max(differences) < HAIR * min(land.area for land in places.values())


def test_the_border_is_one_irregular_ring_about_the_centre(seed: int) -> None:
    border = outline(seed)
    north, east = CENTRE

    assert border.is_valid
    assert border.contains(shapely.Point(east, north))
    assert border.area < 0.995 * border.convex_hull.area


def test_its_file_is_imported_without_a_problem(
    seed: int, county: Lands, roster: Roster
) -> None:
    source = Source(code_system=CODE_SYSTEM)
    read = read_outlines(county_geojson(seed), roster, source)

    assert read.problems == ()
    assert read.lands.keys() == roster.units.keys()
    assert all(land.equals(county[unit]) for unit, land in read.lands.items())


def test_its_rings_turn_as_the_standard_wants() -> None:
    features = json.loads(county_geojson())["features"]
    rings = [
        shapely.LinearRing(feature["geometry"]["coordinates"][0])
        for feature in features
        if feature["geometry"]["type"] == "Polygon"
    ]

    assert len(rings) > 1000
    assert all(ring.is_ccw for ring in rings)


def test_the_same_seed_gives_the_same_land() -> None:
    assert county_geojson(3) == county_geojson(3)
    assert not outline(3).equals(outline(4))


def test_the_land_of_a_county_is_parted_in_no_time() -> None:
    began = time.process_time()
    lands()

    assert time.process_time() - began < 0.5
