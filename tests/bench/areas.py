"""How long it takes to find the units of a polygon among 300,000, beside a bare tree.

``make bench``, or ``python tests/bench/areas.py --units 300000``: grids scattered over
five degrees by five, with their Voronoi cells as outlines or with points alone.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter

import shapely
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from contacts.area import AreaQuery, resolve
from contacts.geometry import Atlas, Shapes
from contacts.model import Unit, UnitId, UnitKind
from contacts.roster import Roster

SOUTH, WEST, SIDE = 28.0, 108.0, 5.0
ROUNDS = 5
CORNERS = 30
SHARES = (0.003, 0.03, 0.3, 1.0)  # of all units
COUNTIES = 100
GOAL_MS = 50


@dataclass(frozen=True, slots=True)
class Country:
    """A roster, and the outlines of its grids."""

    roster: Roster
    outlines: Mapping[UnitId, BaseGeometry]


def country(units: int, *, outlined: bool) -> Country:
    """Make up so many grids in a hundred counties, evenly over the square."""
    rng = Random(units)
    points = [(_at(WEST, rng), _at(SOUTH, rng)) for _ in range(units)]
    counties = [_unit(f"{990000 + n}", UnitKind.COUNTY) for n in range(COUNTIES)]
    grids = [
        _unit(
            f"{990000 + n % COUNTIES}{n:09d}",
            UnitKind.GRID,
            UnitId(f"{990000 + n % COUNTIES}"),
            point,
        )
        for n, point in enumerate(points)
    ]
    cells: Mapping[UnitId, BaseGeometry] = {}
    if outlined:
        lands = shapely.voronoi_polygons(MultiPoint(points), ordered=True).geoms
        cells = {grid.id: land for grid, land in zip(grids, lands, strict=True)}
    return Country(Roster.build([*counties, *grids], [], []), cells)


def _at(edge: float, rng: Random) -> float:
    return edge + SIDE * rng.random()


def _unit(
    code: str,
    kind: UnitKind,
    parent: UnitId | None = None,
    point: tuple[float, float] | None = None,
) -> Unit:
    lon, lat = point or (None, None)
    return Unit(
        id=UnitId(code),
        kind=kind,
        name=code,
        parent=parent,
        code_system="BENCH",
        lat=lat,
        lon=lon,
    )


def ring(share: float) -> tuple[tuple[float, float], ...]:
    """A closed ring, north before east, round that share of the square."""
    radius = SIDE * math.sqrt(share / math.pi) if share < 1 else SIDE
    middle = SOUTH + SIDE / 2, WEST + SIDE / 2
    turns = (math.tau * corner / CORNERS for corner in (*range(CORNERS), 0))
    return tuple(
        (middle[0] + radius * math.sin(turn), middle[1] + radius * math.cos(turn))
        for turn in turns
    )


def took(work: Callable[[], object]) -> float:
    """Milliseconds, the median of some tries."""
    return median(_once(work) for _ in range(ROUNDS))


def _once(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000


def measured(units: int, *, outlined: bool) -> Iterator[str]:
    """Measure one country; gives the lines of its table."""
    made = country(units, outlined=outlined)
    had = _memory()
    began = perf_counter()
    atlas = Atlas(made.roster.units.values(), made.outlines)
    atlas.covered(Shapes(polygons=((ring(0.001), ()),)))
    loaded, memory = perf_counter() - began, _memory() - had
    kind = "outlines" if outlined else "points"
    yield f"{units} {kind}: ready in {loaded:.2f} s, {memory:.0f} MB more"
    yield f"{'':12}{'units':>10}{'ms':>10}{'bare tree':>12}{'times':>8}{'< 50 ms':>9}"
    tree = shapely.STRtree([*made.outlines.values()] or _points(made.roster))
    for share in SHARES:
        yield _row(made.roster, atlas, tree, share)
    coded = AreaQuery(codes=(("BENCH", "990000"),))
    found = len(resolve(made.roster, [coded], atlas).units)
    own = took(lambda: resolve(made.roster, [coded], atlas))
    yield f"{'county code':12}{found:10}{own:10.1f}"


def _row(roster: Roster, atlas: Atlas, tree: shapely.STRtree, share: float) -> str:
    query = AreaQuery(shapes=Shapes(polygons=((ring(share), ()),)))
    drawn = Polygon([(east, north) for north, east in ring(share)])
    found = len(resolve(roster, [query], atlas).units)
    own = took(lambda: resolve(roster, [query], atlas))
    bare = took(lambda: tree.query(drawn, predicate="intersects"))
    met = "met" if own < GOAL_MS else "missed"
    return f"{'polygon':12}{found:10}{own:10.1f}{bare:12.1f}{own / bare:8.1f}{met:>9}"


def _points(roster: Roster) -> list[BaseGeometry]:
    return [
        shapely.Point(unit.lon, unit.lat)
        for unit in roster.units.values()
        if unit.lon is not None and unit.lat is not None
    ]


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(units: int) -> str:
    """Measure points and outlines; gives the tables."""
    lines = [
        line
        for outlined in (False, True)
        for line in measured(units, outlined=outlined)
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=300_000)
    sys.stdout.write(f"{measure(parser.parse_args().units)}\n")


if __name__ == "__main__":
    main()
