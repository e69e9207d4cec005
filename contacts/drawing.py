"""Outlines as a screen draws them: fewer corners, whole numbers, each from the last.

GeoJSON of a county takes three times the bytes and is slow to read. Here a ring is one
list of whole numbers: its first corner north and east of an origin, then each corner
from the one before, in steps of 1/SCALE degrees; it is not closed again at its end. A
unit's rings are filled by the even-odd rule, so that holes and islands need no marking.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from contacts.geometry import Point
from contacts.model import Unit, UnitId, UnitKind

SCALE = 100_000  # steps in a degree: about a metre each
COARSE = 0.0001  # degrees: what is left out is smaller than a point of any screen
LEAST_CORNERS = 3

Steps = list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The land of units.

    :ivar origin: degrees north and east
    :ivar rings: by unit; a unit without an outline has none
    :ivar points: where a unit is, by its roster or the middle of its land
    """

    origin: Point
    rings: Mapping[UnitId, list[Steps]]
    points: Mapping[UnitId, Point]


def drawing(units: Iterable[Unit], outlines: Mapping[UnitId, BaseGeometry]) -> Drawing:
    """Draw the units; neighbours of one kind keep the border they share."""
    known = [*units]
    lands = {unit.id: outlines[unit.id] for unit in known if unit.id in outlines}
    origin = _corner(lands.values())
    of_kind: defaultdict[UnitKind, list[UnitId]] = defaultdict(list)
    for unit in known:
        if unit.id in lands:
            of_kind[unit.kind].append(unit.id)
    rings = {
        name: found
        for names in of_kind.values()
        for name, land in zip(names, _coarse(lands[n] for n in names), strict=True)
        if (found := list(_rings(land, origin)))
    }
    points = {u.id: p for u in known if (p := _point(u, lands.get(u.id)))}
    return Drawing(origin=origin, rings=rings, points=points)


def _corner(lands: Collection[BaseGeometry]) -> Point:
    """The south-western corner of all lands, on the grid of steps."""
    if not lands:
        return 0.0, 0.0
    east, north, *_ = shapely.total_bounds([*lands]).tolist()
    return math.floor(north * SCALE) / SCALE, math.floor(east * SCALE) / SCALE


def _coarse(lands: Iterable[BaseGeometry]) -> Iterator[BaseGeometry]:
    """Lands with the corners that a screen shows."""
    exact = [*lands]
    coarse = shapely.coverage_simplify(exact, COARSE)
    for land, less in zip(exact, coarse, strict=True):
        yield land if less.is_empty else less


def _rings(land: BaseGeometry, origin: Point) -> Iterator[Steps]:
    for ring in shapely.get_rings(shapely.get_parts(land)):
        degrees = shapely.get_coordinates(ring)[:-1, ::-1] - origin
        corners = (degrees * SCALE).round().astype(int).tolist()
        moves = [*_moves(corners)]
        if len(moves) >= LEAST_CORNERS:
            yield [step for move in moves for step in move]


def _moves(corners: Iterable[list[int]]) -> Iterator[tuple[int, int]]:
    """From each corner to the next one that lies elsewhere; the first from nowhere."""
    last: tuple[int, int] | None = None
    for north, east in corners:
        if last != (north, east):
            yield (north - last[0], east - last[1]) if last else (north, east)
            last = north, east


def _point(unit: Unit, land: BaseGeometry | None) -> Point | None:
    if unit.lat is not None and unit.lon is not None:
        return unit.lat, unit.lon
    if land is None:
        return None
    middle = shapely.point_on_surface(land)
    return round(middle.y, 5), round(middle.x, 5)
