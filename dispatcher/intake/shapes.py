"""Polygons and circles as text: ``lat,lon lat,lon ..`` and ``lat,lon radius``.

What a warning centre gets wrong is said by name.
"""

from __future__ import annotations

import re
from typing import LiteralString

from contacts.rings import on_earth, ring_problem, swapped
from dispatcher.core.alert import Circle, Polygon

NUMBER = r"(-?\d{1,3}(?:\.\d{1,15})?)"
PAIR = re.compile(rf"{NUMBER},{NUMBER}", re.ASCII)
CIRCLE = re.compile(rf"{NUMBER},{NUMBER}\s+(\d{{1,5}}(?:\.\d{{1,15}})?)", re.ASCII)


def read_polygon(text: str) -> Polygon | LiteralString:
    """Read a ring of latitude,longitude pairs; a word names what is wrong with it."""
    parts = re.sub(r"\s*,\s*", ",", text.strip()).split()
    found = [PAIR.fullmatch(part) for part in parts]
    points = [(float(one[1]), float(one[2])) for one in found if one]
    if not points or len(points) < len(parts):
        return "polygon_unreadable"
    wrong = ring_problem(points)
    return wrong or Polygon(outer=tuple(points))


def read_circle(text: str) -> Circle | LiteralString:
    """Read a centre and a radius in kilometres; a word names what is wrong."""
    found = CIRCLE.fullmatch(re.sub(r"\s*,\s*", ",", text.strip()))
    if found is None:
        return "circle_unreadable"
    centre, radius = (float(found[1]), float(found[2])), float(found[3])
    if swapped([centre]):
        return "latlon_swapped"
    if not on_earth(centre):
        return "coordinate_range"
    return Circle(centre=centre, radius_km=radius)
