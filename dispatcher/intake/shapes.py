"""Polygons and circles as text: ``lat,lon lat,lon ..`` and ``lat,lon radius``.

What a warning centre gets wrong is said by name: an open ring, too few points, sides
that cross, latitude and longitude in each other's place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import LiteralString

from shapely.geometry import Polygon as Land

from dispatcher.core.alert import Circle, Point, Polygon, Ring

NUMBER = r"(-?\d{1,3}(?:\.\d{1,15})?)"
PAIR = re.compile(rf"{NUMBER},{NUMBER}", re.ASCII)
CIRCLE = re.compile(rf"{NUMBER},{NUMBER}\s+(\d{{1,5}}(?:\.\d{{1,15}})?)", re.ASCII)
LEAST_POINTS = 4  # a triangle, closed
POINTS_MOST = 20_000  # of one ring
POLE, DATE_LINE = 90, 180
NORTH, EAST = (3.0, 54.0), (73.0, 136.0)  # China and its seas


def read_polygon(text: str) -> Polygon | LiteralString:
    """Read a ring of latitude,longitude pairs; a word names what is wrong with it."""
    parts = re.sub(r"\s*,\s*", ",", text.strip()).split()
    found = [PAIR.fullmatch(part) for part in parts]
    points = [(float(one[1]), float(one[2])) for one in found if one]
    if not points or len(points) < len(parts):
        return "polygon_unreadable"
    wrong = ring_problem(points)
    return wrong or Polygon(outer=tuple(points))


def ring_problem(points: Sequence[Point]) -> LiteralString | None:
    """What is wrong with a ring, by name; None when it can be used."""
    if len(points) > POINTS_MOST:
        return "polygon_too_long"
    if swapped(points):
        return "latlon_swapped"
    if not all(map(_on_earth, points)):
        return "coordinate_range"
    if len(points) < LEAST_POINTS:
        return "polygon_short"
    if points[0] != points[-1]:
        return "polygon_open"
    return None if _plain(tuple(points)) else "polygon_crossing"


def swapped(points: Sequence[Point]) -> bool:
    """Whether all lie outside China as given, and all inside it the other way round."""
    return bool(points) and all(
        not _in_china(north, east) and _in_china(east, north) for north, east in points
    )


def _in_china(north: float, east: float) -> bool:
    return NORTH[0] <= north <= NORTH[1] and EAST[0] <= east <= EAST[1]


def _on_earth(point: Point) -> bool:
    return abs(point[0]) <= POLE and abs(point[1]) <= DATE_LINE


def _plain(ring: Ring) -> bool:
    """Whether the sides do not cross; a point said twice in a row is no crossing."""
    land = Land([(east, north) for north, east in ring])
    return bool(land.is_valid) and land.area > 0


def read_circle(text: str) -> Circle | LiteralString:
    """Read a centre and a radius in kilometres; a word names what is wrong."""
    found = CIRCLE.fullmatch(re.sub(r"\s*,\s*", ",", text.strip()))
    if found is None:
        return "circle_unreadable"
    centre, radius = (float(found[1]), float(found[2])), float(found[3])
    if swapped([centre]):
        return "latlon_swapped"
    if not _on_earth(centre):
        return "coordinate_range"
    return Circle(centre=centre, radius_km=radius)
