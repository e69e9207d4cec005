from __future__ import annotations

from itertools import pairwise

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from contacts.drawing import SCALE, Drawing, Steps, drawing
from contacts.model import Unit, UnitId, UnitKind
from dispatcher.sim.land import lands

STEP = 1 / SCALE
HOUSE = UnitId("u")


def unit(
    name: str = "u",
    kind: UnitKind = UnitKind.GRID,
    lat: float | None = None,
    lon: float | None = None,
) -> Unit:
    return Unit(
        id=UnitId(name),
        kind=kind,
        name=name,
        parent=None,
        code_system="DEMO",
        lat=lat,
        lon=lon,
    )


def corners(drawn: Drawing, ring: Steps) -> list[tuple[float, float]]:
    """Points of a ring, east before north, as a page works them out."""
    north, east = 0, 0
    found = []
    for up, right in zip(ring[::2], ring[1::2], strict=True):
        north, east = north + up, east + right
        found.append((drawn.origin[1] + east / SCALE, drawn.origin[0] + north / SCALE))
    return found


def filled(drawn: Drawing, name: UnitId = HOUSE) -> BaseGeometry:
    """The land that a page fills by the even-odd rule."""
    land: BaseGeometry = Polygon()
    for ring in drawn.rings[name]:
        land = land.symmetric_difference(Polygon(corners(drawn, ring)))
    return land


def test_a_county_looks_like_itself() -> None:
    whole = lands()
    steps = {6: UnitKind.COUNTY, 9: UnitKind.TOWNSHIP, 12: UnitKind.VILLAGE}
    units = [unit(code, steps.get(len(code), UnitKind.GRID)) for code in whole]
    drawn = drawing(units, {UnitId(code): land for code, land in whole.items()})

    assert drawn.rings.keys() == whole.keys()
    for code, land in whole.items():
        off = filled(drawn, UnitId(code)).symmetric_difference(land).area
        assert off < 0.01 * land.area


def test_holes_and_islands_are_filled_right() -> None:
    ring = Polygon(
        box(110, 30, 110.2, 30.2).exterior, [box(110.05, 30.05, 110.1, 30.1).exterior]
    )
    land = MultiPolygon([ring, box(110.3, 30.3, 110.4, 30.4)])
    drawn = drawing([unit()], {HOUSE: land})

    assert len(drawn.rings[HOUSE]) == 3
    assert filled(drawn).symmetric_difference(land).area == pytest.approx(0, abs=1e-9)


def test_neighbours_keep_the_border_they_share() -> None:
    """A border with corners that no screen shows."""
    border = [(110.1 + 0.00001 * (n % 2), 30 + n * 0.0005) for n in range(201)]
    west = Polygon([(110, 30), *border, (110, 30.1)])
    east = Polygon([(110.2, 30), (110.2, 30.1), *reversed(border)])
    drawn = drawing([unit("w"), unit("e")], {UnitId("w"): west, UnitId("e"): east})
    left, right = filled(drawn, UnitId("w")), filled(drawn, UnitId("e"))

    assert len(drawn.rings[UnitId("w")][0]) < len(border)  # two numbers a corner
    assert left.intersection(right).area == 0
    assert left.union(right).geom_type == "Polygon"
    assert not shapely.get_num_interior_rings(left.union(right))


def test_what_is_too_small_for_a_step_is_left_out() -> None:
    tiny = box(110, 30, 110 + STEP / 10, 30 + STEP / 10)
    drawn = drawing([unit()], {HOUSE: tiny})

    assert drawn.rings == {}


def test_a_unit_is_where_the_roster_says_or_in_its_land() -> None:
    land = box(110, 30, 110.2, 30.2)
    known = drawing([unit(lat=30.05, lon=110.01)], {HOUSE: land}).points[HOUSE]
    north, east = drawing([unit()], {HOUSE: land}).points[HOUSE]

    assert known == (30.05, 110.01)
    assert land.contains(Point(east, north))
    assert drawing([unit()], {}) == Drawing(origin=(0.0, 0.0), rings={}, points={})


def test_land_of_units_that_are_gone_moves_nothing() -> None:
    away = {UnitId("gone"): box(0, 0, 1, 1), HOUSE: box(110, 30, 110.2, 30.2)}

    assert drawing([unit()], away).origin == (30.0, 110.0)


DEGREES = st.floats(0, 1, allow_subnormal=False)


@given(st.lists(st.tuples(DEGREES, DEGREES), min_size=3, max_size=40))
def test_no_ring_stands_still_and_none_closes_itself(
    points: list[tuple[float, float]],
) -> None:
    land = shapely.MultiPoint(points).buffer(0.01, quad_segs=3)
    drawn = drawing([unit()], {HOUSE: land})
    for ring in drawn.rings[HOUSE]:
        found = corners(drawn, ring)
        assert all(one != other for one, other in pairwise(found))
        assert found[0] != found[-1]
