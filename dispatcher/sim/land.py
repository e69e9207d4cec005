"""The land of the made-up county: an outline that is nowhere, parted among its grids.

A grid has all the land that lies nearest to its point (its Voronoi cell), a place above
it what its grids have together, the county everything inside its outline. The same seed
gives the same land, byte for byte.
"""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import shapely
from shapely.geometry import MultiPoint, Polygon, mapping
from shapely.geometry.base import BaseGeometry

from contacts.importers.columns import Column
from dispatcher.sim.county import CENTRE, FARTHEST, county_rows, shifted

STEPS = (6, 9, 12)  # digits of a county's, a township's and a village's code
MARGIN = 0.005  # degrees of latitude between the outermost grid and the border
CORNERS = 144
# How often the border swings in and out on its way round, and how far in all; and how
# far one corner may stand out from the next.
SWINGS = {2: 0.024, 3: 0.02, 5: 0.014, 8: 0.01, 13: 0.008}
ROUGHNESS = 0.006


def county_geojson(seed: int = 7) -> bytes:
    """Write the land of every unit as GeoJSON that the importer takes."""
    features = [_feature(code, land) for code, land in lands(seed).items()]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection).encode()


def lands(seed: int = 7) -> dict[str, BaseGeometry]:
    """The land of every unit by its code, the county first."""
    points = _points(seed)
    border = outline(seed)
    cells = shapely.voronoi_polygons(
        MultiPoint(list(points.values())), extend_to=border, ordered=True
    ).geoms
    shares: dict[str, list[BaseGeometry]] = {}
    for grid, cell in zip(points, cells, strict=True):
        for code in (*(grid[:step] for step in STEPS), grid):
            shares.setdefault(code, []).append(cell)
    # Joined before they are cut, cells share every corner, and none is lost.
    whole = {code: shapely.coverage_union_all(own) for code, own in shares.items()}
    return {code: shapely.intersection(one, border) for code, one in whole.items()}


def outline(seed: int = 7) -> Polygon:
    """The county's border; every grid lies inside, whatever the seed."""
    rng = Random(f"outline {seed}")  # noqa: S311 - reproducible fiction, not secrets
    phases = {turns: rng.uniform(0, math.tau) for turns in SWINGS}
    ring: list[tuple[float, float]] = []
    for corner in range(CORNERS):
        angle = math.tau * corner / CORNERS
        swings = (
            far / 2 * (1 + math.sin(turns * angle + phases[turns]))
            for turns, far in SWINGS.items()
        )
        radius = FARTHEST + MARGIN + sum(swings) + rng.uniform(0, ROUGHNESS)
        north, east = shifted(CENTRE, radius, angle)
        ring.append((east, north))
    return Polygon(ring)


def _points(seed: int) -> dict[str, tuple[float, float]]:
    """Where each grid lies, longitude first."""
    return {
        row[Column.GRID_CODE]: (float(row[Column.LON]), float(row[Column.LAT]))
        for row in county_rows(seed)
        if row.get(Column.GRID_CODE)
    }


def _feature(code: str, land: BaseGeometry) -> dict[str, Any]:
    drawn = shapely.orient_polygons(land)  # as RFC 7946 wants the rings to turn
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": mapping(drawn),
    }
