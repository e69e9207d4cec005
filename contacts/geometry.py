"""Which units a shape on the map means: by their outlines, else by their points.

A unit with an outline is meant when a real part of it lies inside; one that is known by
a point only when that lies inside or close by: in doubt it is called. Only the smallest
units are looked at, what lies above them follows. Coordinates are WGS-84, latitude
before longitude; within, as geometry libraries have it, the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from contacts.model import Unit, UnitId

Point = tuple[float, float]  # degrees north and east
Ring = tuple[Point, ...]
Land = tuple[Ring, tuple[Ring, ...]]  # an outer ring, and its holes
Disc = tuple[Point, float]  # a centre, and a radius in kilometres

LEAST_SHARE = 0.005  # of a unit's land: less is how two maps draw one border
CLOSE_BY_KM = 0.3  # a point stands for land of about this size
DEGREE_KM = 111.2  # of latitude
CIRCLE_SIDES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """What an area draws on the map; its parts add up."""

    polygons: tuple[Land, ...] = ()
    circles: tuple[Disc, ...] = ()

    def __bool__(self) -> bool:
        """Whether it draws anything."""
        return bool(self.polygons or self.circles)


class Atlas:
    """Where the smallest units lie; built when it is first asked."""

    def __init__(
        self, units: Iterable[Unit], outlines: Mapping[UnitId, BaseGeometry]
    ) -> None:
        self._units = tuple(units)
        self._outlines = outlines

    def __bool__(self) -> bool:
        """Whether the place of any unit is known."""
        return bool(self._places)

    def prepared(self) -> Self:
        """The same, built now by who has the time."""
        if self._places:
            _ = self._tree
        return self

    def covered(self, shapes: Shapes) -> frozenset[UnitId]:
        """The units that shapes mean."""
        drawn = _drawn(shapes)
        if drawn.is_empty or not self._places:
            return frozenset()
        whole = self._tree.query(drawn, predicate="contains").tolist()
        near = set(self._tree.query(_widened(drawn), predicate="intersects").tolist())
        meant = (*whole, *self._shared(near.difference(whole), drawn))
        return frozenset(self._names[place] for place in meant)

    def _shared(self, border: Iterable[int], drawn: BaseGeometry) -> list[int]:
        """Which of the places at the border belong: points, and land with a real part.

        Only here land is cut, which takes a hundred times as long as to look it up.
        """
        places = list(border)
        lands = self._tree.geometries[places]
        inside = shapely.area(shapely.intersection(lands, drawn))
        meant = inside > LEAST_SHARE * shapely.area(lands)
        meant |= shapely.get_type_id(lands) == shapely.GeometryType.POINT
        return [place for place, one in zip(places, meant, strict=True) if one]

    def amended(self, changed: Mapping[UnitId, Unit | None]) -> Atlas:
        """The atlas with some units in other places.

        :param changed: None for one that is gone, or not among the smallest any more
        """
        places = dict(self._places)
        for name, unit in changed.items():
            places.pop(name, None)
            if unit and (land := self._place(unit)) is not None:
                places[name] = land
        atlas = Atlas((), self._outlines)
        atlas._places = places
        return atlas

    @cached_property
    def _places(self) -> dict[UnitId, BaseGeometry]:
        parents = {unit.parent for unit in self._units}
        smallest = (unit for unit in self._units if unit.id not in parents)
        found = ((unit.id, self._place(unit)) for unit in smallest)
        return {name: land for name, land in found if land is not None}

    def _place(self, unit: Unit) -> BaseGeometry | None:
        outline = self._outlines.get(unit.id)
        if outline is None and unit.lat is not None and unit.lon is not None:
            return shapely.Point(unit.lon, unit.lat)
        return outline

    @cached_property
    def _names(self) -> list[UnitId]:
        return list(self._places)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(list(self._places.values()))


def outline_of(geometry: Any) -> BaseGeometry | None:  # noqa: ANN401 - JSON is any value
    """A Polygon or MultiPolygon of GeoJSON; None when it is none that can be used."""
    try:
        land = shape(geometry)
    except (LookupError, AttributeError, TypeError, ValueError, ShapelyError):
        return None
    if land.geom_type not in {"Polygon", "MultiPolygon"} or land.is_empty:
        return None
    return land if land.is_valid else shapely.make_valid(land)


def _drawn(shapes: Shapes) -> BaseGeometry:
    lands = [
        Polygon(_turned(outer), [_turned(hole) for hole in holes])
        for outer, holes in shapes.polygons
    ]
    discs = [_disc(centre, radius) for centre, radius in shapes.circles]
    sound = [one if one.is_valid else shapely.make_valid(one) for one in lands]
    return shapely.union_all([*sound, *discs])


def _turned(ring: Sequence[Point]) -> list[Point]:
    return [(east, north) for north, east in ring]


def _disc(centre: Point, radius_km: float) -> Polygon:
    """Every point that far away; a degree of longitude is shorter in the north."""
    north, east = centre
    high = max(radius_km, 0.001) / DEGREE_KM
    wide = high / max(math.cos(math.radians(north)), 0.01)
    turns = (math.tau * side / CIRCLE_SIDES for side in range(CIRCLE_SIDES))
    return Polygon(
        [(east + wide * math.cos(t), north + high * math.sin(t)) for t in turns]
    )


def _widened(drawn: BaseGeometry) -> BaseGeometry:
    middle = drawn.centroid.y
    stretch = max(math.cos(math.radians(middle)), 0.01)
    return drawn.buffer(CLOSE_BY_KM / DEGREE_KM / stretch, quad_segs=4)
