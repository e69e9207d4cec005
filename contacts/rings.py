"""What is wrong with a ring of points, by name and in words.

Warnings and outlines are drawn by other people's programs, and these are their faults:
an open ring, too few points, sides that cross, latitude and longitude in each other's
place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString

from shapely.geometry import Polygon

from contacts.geometry import Point

LEAST_POINTS = 4  # a triangle, closed
POINTS_MOST = 20_000  # of one ring
POLE, DATE_LINE = 90, 180
NORTH, EAST = (3.0, 54.0), (73.0, 136.0)  # China and its seas

# What is wrong -> the words, in Chinese and English.
RING_WORDS: Mapping[str, tuple[str, str]] = {
    "polygon_too_long": ("多边形的点过多", "the polygon has too many points"),
    "polygon_short": ("多边形至少要四个点", "a polygon needs four points or more"),
    "polygon_open": (
        "多边形没有闭合:末点应等于首点",
        "the polygon is not closed: its last point must be its first",
    ),
    "polygon_crossing": ("多边形的边互相交叉", "the sides of the polygon cross"),
    "coordinate_range": ("坐标超出范围", "a coordinate is out of range"),
    "latlon_swapped": (
        "经纬度像是写反了:把两数对调就落在境内",
        "latitude and longitude seem swapped: exchanged they would fit",
    ),
}


def ring_problem(points: Sequence[Point]) -> LiteralString | None:
    """What is wrong with a ring, by name; None when it can be used."""
    if len(points) > POINTS_MOST:
        return "polygon_too_long"
    if swapped(points):
        return "latlon_swapped"
    if not all(map(on_earth, points)):
        return "coordinate_range"
    if len(points) < LEAST_POINTS:
        return "polygon_short"
    if points[0] != points[-1]:
        return "polygon_open"
    return None if _plain(points) else "polygon_crossing"


def swapped(points: Sequence[Point]) -> bool:
    """Whether all lie outside China as given, and all inside it the other way round."""
    return bool(points) and all(
        not _in_china(north, east) and _in_china(east, north) for north, east in points
    )


def on_earth(point: Point) -> bool:
    """Whether there is such a latitude and such a longitude."""
    return abs(point[0]) <= POLE and abs(point[1]) <= DATE_LINE


def _in_china(north: float, east: float) -> bool:
    return NORTH[0] <= north <= NORTH[1] and EAST[0] <= east <= EAST[1]


def _plain(ring: Sequence[Point]) -> bool:
    """Whether the sides do not cross; a point said twice in a row is no crossing."""
    land = Polygon([(east, north) for north, east in ring])
    return bool(land.is_valid) and land.area > 0
