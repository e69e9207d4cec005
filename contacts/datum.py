"""From the shifted coordinates of Chinese web maps to WGS-84.

Maps in China show GCJ-02, some BD-09 on top of that; a point read off them lies 100 to
700 m from where it is. The formulas are public knowledge; the inverse is found step by
step to less than a metre. Outside China nothing is shifted.
"""

from __future__ import annotations

import math
from enum import StrEnum

Point = tuple[float, float]  # degrees north and east

AXIS, FLATNESS = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
BD_TURN = math.pi * 3000 / 180
NORTH, EAST = (0.8293, 55.8271), (72.004, 137.8347)
STEPS = 6  # of the inverse; each divides what is wrong by about a hundred


class Datum(StrEnum):
    """What coordinates are counted from."""

    WGS_84 = "WGS-84"
    GCJ_02 = "GCJ-02"
    BD_09 = "BD-09"


def to_wgs84(point: Point, datum: Datum) -> Point:
    """A point as satellites have it."""
    if datum is Datum.WGS_84:
        return point
    return _unshifted(_from_bd09(point) if datum is Datum.BD_09 else point)


def to_gcj02(point: Point) -> Point:
    """A point as Chinese maps show it."""
    if not _in_china(point):
        return point
    north, east = point
    lat, lon = _shift(east - 105.0, north - 35.0)
    angle = math.radians(north)
    bent = 1 - FLATNESS * math.sin(angle) ** 2
    up = lat * 180 / (AXIS * (1 - FLATNESS) / (bent * math.sqrt(bent)) * math.pi)
    right = lon * 180 / (AXIS / math.sqrt(bent) * math.cos(angle) * math.pi)
    return north + up, east + right


def _in_china(point: Point) -> bool:
    north, east = point
    return NORTH[0] <= north <= NORTH[1] and EAST[0] <= east <= EAST[1]


def _shift(x: float, y: float) -> Point:
    """Metres by which a point is moved, from 105 degrees east and 35 north."""
    root = math.sqrt(abs(x))
    waves = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += 160 * math.sin(y / 12 * math.pi) * 2 / 3
    north += 320 * math.sin(y * math.pi / 30) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += 150 * math.sin(x / 12 * math.pi) * 2 / 3
    east += 300 * math.sin(x / 30 * math.pi) * 2 / 3
    return north, east


def _unshifted(point: Point) -> Point:
    """The point that is shown here: guessed, shifted, corrected, again and again."""
    north, east = point
    for _ in range(STEPS):
        shown = to_gcj02((north, east))
        north, east = north + point[0] - shown[0], east + point[1] - shown[1]
    return north, east


def _from_bd09(point: Point) -> Point:
    y, x = point[0] - 0.006, point[1] - 0.0065
    far = math.hypot(x, y) - 0.00002 * math.sin(y * BD_TURN)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * BD_TURN)
    return far * math.sin(angle), far * math.cos(angle)
