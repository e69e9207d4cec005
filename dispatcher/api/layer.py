"""The map as it goes out: every unit with its land, made once for what it shows."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import to_json
from shapely.geometry.base import BaseGeometry

from contacts.drawing import SCALE, drawing
from contacts.model import Unit, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.api.views import View
from dispatcher.engine.context import Context

DIGITS = 20  # of the digest that names a version
HARD = 9  # packed once, read by all


class UnitsView(View):
    """Units as parallel arrays: the n-th of each belongs to the n-th unit.

    :ivar township: the township it is in, or is; null above
    :ivar rings: rings of its land, each a list of steps north and east in turn; the
        first from the origin, the others each from the last; filled even-odd; null:
        its outline is not known
    """

    id: list[str]
    name: list[str]
    kind: list[UnitKind]
    parent: list[str | None]
    township: list[str | None]
    lat: list[float | None]
    lon: list[float | None]
    risk: list[int]
    rings: list[list[list[int]] | None]


class MapView(View):
    """The map.

    :ivar origin: degrees north and east
    :ivar scale: steps in a degree
    """

    version: str
    origin: tuple[float, float]
    scale: int
    units: UnitsView


@dataclass(frozen=True, slots=True)
class Layer:
    """The map of one roster, plain and packed."""

    units: Mapping[UnitId, Unit]
    outlines: Mapping[UnitId, BaseGeometry]
    version: str
    plain: bytes
    packed: bytes

    def fits(self, context: Context) -> bool:
        """Whether it is still right; most changes of a roster move no border."""
        same = self.outlines is context.outlines
        return same and self.units == context.roster.units


class Layers:
    """Keeps the newest map."""

    def __init__(self) -> None:
        self._layer: Layer | None = None
        self._lock = asyncio.Lock()

    async def newest(self, context: Context) -> Layer:
        """The map of a context, drawn on a thread when the last one does not fit."""
        async with self._lock:
            if self._layer is None or not self._layer.fits(context):
                self._layer = await asyncio.to_thread(_drawn, context)
            return self._layer


def _drawn(context: Context) -> Layer:
    view = _view(context)
    version = hashlib.sha256(to_json(view)).hexdigest()[:DIGITS]
    plain = to_json(view.model_copy(update={"version": version}))
    return Layer(
        units=context.roster.units,
        outlines=context.outlines,
        version=version,
        plain=plain,
        packed=gzip.compress(plain, HARD, mtime=0),
    )


def _view(context: Context) -> MapView:
    roster = context.roster
    units = [*roster.units.values()]
    drawn = drawing(units, context.outlines)
    points = [drawn.points.get(unit.id) for unit in units]
    return MapView(
        version="",
        origin=drawn.origin,
        scale=SCALE,
        units=UnitsView(
            id=[unit.id for unit in units],
            name=[unit.name for unit in units],
            kind=[unit.kind for unit in units],
            parent=[unit.parent for unit in units],
            township=[_township(roster, unit) for unit in units],
            lat=[point[0] if point else None for point in points],
            lon=[point[1] if point else None for point in points],
            risk=[unit.risk for unit in units],
            rings=[drawn.rings.get(unit.id) for unit in units],
        ),
    )


def _township(roster: Roster, unit: Unit) -> str | None:
    found = roster.above(unit.id, UnitKind.TOWNSHIP)
    return found.id if found else None
