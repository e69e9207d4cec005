"""Which units a shape on the map means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

import pytest
import shapely
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from contacts.area import AreaQuery, resolve
from contacts.geometry import Atlas, Land, Shapes, outline_of
from contacts.model import Unit, UnitId, UnitKind
from contacts.roster import Roster

TOWN = UnitId("990421100")
NORTH, EAST = 42.0, 125.0


def square(north: float, east: float, size: float = 0.1) -> Land:
    """A square with its lower left corner there."""
    ring = (
        (north, east),
        (north, east + size),
        (north + size, east + size),
        (north + size, east),
        (north, east),
    )
    return ring, ()


def grid(number: int, north: float | None = None, east: float | None = None) -> Unit:
    name = UnitId(f"{TOWN}001{number:03}")
    return Unit(
        id=name,
        kind=UnitKind.GRID,
        name=name,
        parent=TOWN,
        code_system="DEMO",
        lat=north,
        lon=east,
    )


TOWNSHIP = Unit(
    id=TOWN,
    kind=UnitKind.TOWNSHIP,
    name="柳林镇",
    parent=None,
    code_system="DEMO",
    lat=NORTH,
    lon=EAST,
)


def covered(
    shapes: Shapes,
    *units: Unit,
    outlines: Mapping[UnitId, BaseGeometry] | None = None,
) -> list[int]:
    """The last digits of the grids that shapes mean."""
    atlas = Atlas((TOWNSHIP, *units), outlines or {})
    return sorted(int(name[-3:]) for name in atlas.covered(shapes))


POINTS = (grid(1, 42.05, 125.05), grid(2, 42.05, 125.25), grid(3))


def test_a_polygon_means_the_points_inside_it() -> None:
    assert covered(Shapes(polygons=(square(42, 125),)), *POINTS) == [1]


def test_several_polygons_add_up() -> None:
    both = Shapes(polygons=(square(42, 125), square(42, 125.2)))

    assert covered(both, *POINTS) == [1, 2]


def test_a_hole_means_nobody_unless_close_to_its_edge() -> None:
    outer, _ = square(42, 125, 0.4)
    hole = square(42.03, 125.03, 0.04)[0]
    narrow = square(42.049, 125.049, 0.002)[0]

    assert covered(Shapes(polygons=((outer, (hole,)),)), *POINTS) == [2]
    assert covered(Shapes(polygons=((outer, (narrow,)),)), *POINTS) == [1, 2]


@pytest.mark.parametrize(("metres", "meant"), [(200, [1]), (600, [])])
def test_a_point_close_by_is_called_too(metres: int, meant: list[int]) -> None:
    outside = grid(1, 42 - metres / 111_200, 125.05)

    assert covered(Shapes(polygons=(square(42, 125),)), outside) == meant


@pytest.mark.parametrize("towards", range(0, 360, 45))
def test_a_circle_is_round_on_the_ground(towards: int) -> None:
    def away(kilometres: float) -> Unit:
        north = kilometres / 111.2 * math.sin(math.radians(towards))
        east = kilometres / 111.2 * math.cos(math.radians(towards))
        return grid(1, 42 + north, 125 + east / math.cos(math.radians(42)))

    circle = Shapes(circles=(((42.0, 125.0), 5.0),))
    assert covered(circle, away(4.9)) == [1]
    assert covered(circle, away(5.5)) == []


OUTLINE = {POINTS[0].id: box(125.0, 42.0, 125.1, 42.1)}


@pytest.mark.parametrize(
    ("west", "meant"), [(125.09, [1]), (125.0999, []), (125.2, []), (125.05, [1])]
)
def test_an_outline_is_meant_where_a_real_part_of_it_lies_inside(
    west: float, meant: list[int]
) -> None:
    shapes = Shapes(polygons=(square(42, west),))

    assert covered(shapes, POINTS[0], outlines=OUTLINE) == meant


def test_an_outline_counts_and_not_the_point() -> None:
    far = {POINTS[1].id: box(120.0, 30.0, 120.1, 30.1)}

    assert covered(Shapes(polygons=(square(42, 125.2),)), POINTS[1], outlines=far) == []


def test_sides_that_cross_are_made_sound() -> None:
    bow = ((42.0, 125.0), (42.1, 125.1), (42.0, 125.1), (42.1, 125.0), (42.0, 125.0))

    assert covered(Shapes(polygons=((bow, ()),)), grid(1, 42.05, 125.09)) == [1]


def test_without_any_place_nothing_is_known() -> None:
    bare = Atlas([grid(3)], {})

    assert not bare
    assert bare.covered(Shapes(polygons=(square(42, 125),))) == frozenset()


def test_nothing_drawn_means_nobody() -> None:
    assert not Shapes()
    assert covered(Shapes(), *POINTS) == []


def roster(*units: Unit) -> Roster:
    return Roster.build((TOWNSHIP, *units), (), ())


def test_a_shape_away_from_all_our_units_lies_outside() -> None:
    where = roster(*POINTS)
    atlas = Atlas(where.units.values(), {})
    found = resolve(
        where, [AreaQuery(shapes=Shapes(polygons=(square(10, 100),)))], atlas
    )

    assert (found.units, found.outside, found.unresolved) == (frozenset(), True, ())


def test_a_shape_is_unresolved_where_no_place_is_known() -> None:
    area = AreaQuery(shapes=Shapes(polygons=(square(42, 125),)))
    where = Roster.build((grid(3),), (), ()) if grid(3).parent is None else None
    bare = Atlas((), {})
    found = resolve(roster(), [area], bare)

    assert where is None
    assert (found.outside, found.unresolved) == (False, (area,))


def test_a_name_and_a_shape_add_up() -> None:
    where = roster(*POINTS)
    atlas = Atlas(where.units.values(), {})
    area = AreaQuery(units=(POINTS[2].id,), shapes=Shapes(polygons=(square(42, 125),)))

    assert resolve(where, [area], atlas).units == {POINTS[0].id, POINTS[2].id}


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Circle", "coordinates": [1]},
        [],
    ],
)
def test_what_is_no_land_is_no_outline(geometry: object) -> None:
    assert outline_of(geometry) is None


def test_an_outline_that_crosses_itself_is_made_sound() -> None:
    bow = [[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]
    land = outline_of({"type": "Polygon", "coordinates": [bow]})

    assert land is not None
    assert land.is_valid


def test_every_grid_of_a_county_is_found_as_one_by_one() -> None:
    rng = Random(5)
    units = [grid(n, rng.uniform(42, 43), rng.uniform(125, 126)) for n in range(1, 400)]
    shapes = Shapes(polygons=(square(42.2, 125.2, 0.5),))
    land = box(125.2, 42.2, 125.7, 42.7)
    inside = {
        int(u.id[-3:])
        for u in units
        if land.contains(shapely.Point(u.lon, u.lat))  # type: ignore[arg-type] # each has a place
    }

    assert inside <= set(covered(shapes, *units))
