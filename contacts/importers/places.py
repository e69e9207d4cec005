"""The places that the rows of a table name, gathered into one tree.

A row names its own place by its code, and by the beginnings of that code the places
above it; so a table of grids alone makes the whole tree. A county that no row names
is left out, and its townships stand at the top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contacts.codes import KINDS
from contacts.importers import cells
from contacts.importers.columns import NAME_COLUMNS, Column
from contacts.importers.row import Row
from contacts.model import Unit, UnitId, UnitKind

TRAITS = {
    Column.LAT: cells.latitude,
    Column.LON: cells.longitude,
    Column.RISK: cells.risk,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place by its code.

    :ivar parent: the place its code says it is in, whether or not a row names that
    """

    id: UnitId
    kind: UnitKind
    parent: UnitId | None


class Places:
    """Gathers places, and complains where rows contradict each other."""

    def __init__(self) -> None:
        self._places: dict[UnitId, tuple[Place, Row]] = {}
        self._names: dict[UnitId, tuple[str, int]] = {}
        self._traits: dict[tuple[UnitId, Column], tuple[float, int]] = {}

    def note(self, row: Row) -> Place | None:
        """Take in a row's place and those above; give its own, None if unreadable."""
        path = _path(row)
        if not path:
            return None
        *above, own = path
        for place in above:
            name = row[NAME_COLUMNS[place.kind]]
            if name or place.kind is not UnitKind.COUNTY:
                self._note_place(row, place, name)
        self._note_place(row, own, _own_name(row, own))
        self._note_traits(row, own.id)
        return own

    def complain_of_nameless(self) -> None:
        """Complain of each place that is used and that no row names."""
        for unit, (place, row) in self._places.items():
            if unit not in self._names:
                row.complain(NAME_COLUMNS[place.kind], f"“{unit}”没有名称")

    def units(self, code_system: str) -> tuple[Unit, ...]:
        """List the places as units, in the order in which rows name them."""
        return tuple(
            Unit(
                id=unit,
                kind=place.kind,
                name=self._names[unit][0],
                parent=place.parent if place.parent in self._places else None,
                code_system=code_system,
                lat=self._trait(unit, Column.LAT),
                lon=self._trait(unit, Column.LON),
                risk=int(self._trait(unit, Column.RISK) or cells.LOWEST_RISK),
            )
            for unit, (place, _) in self._places.items()
        )

    def _trait(self, unit: UnitId, column: Column) -> float | None:
        value, _ = self._traits.get((unit, column), (None, 0))
        return value

    def _note_place(self, row: Row, place: Place, name: str) -> None:
        first, first_row = self._places.setdefault(place.id, (place, row))
        if first != place:
            column = _code_column(place)
            what = f"“{place.id}”在第 {first_row.number} 行是另一个地方的编码"
            row.complain(column, what)
        elif name:
            told = self._names.setdefault(place.id, (name, row.number))
            _hold(row, NAME_COLUMNS[place.kind], told, name)

    def _note_traits(self, row: Row, unit: UnitId) -> None:
        for column, read in TRAITS.items():
            value = row.value(column, read)
            if value is not None:
                told = self._traits.setdefault((unit, column), (value, row.number))
                _hold(row, column, told, value)
        for column, other in ((Column.LAT, Column.LON), (Column.LON, Column.LAT)):
            if row[other] and not row[column]:
                row.complain(column, "经度和纬度要一起填")


def _hold(
    row: Row, column: Column, told: tuple[str | float, int], value: object
) -> None:
    """Complain when a row says other than an earlier row told."""
    first, number = told
    if value != first:
        row.complain(column, f"与第 {number} 行不一致,那里是“{first}”")


def _path(row: Row) -> tuple[Place, ...]:
    """List the places a row's codes name, from the county down; none if unreadable."""
    if not row[Column.CODE]:
        row.complain(Column.CODE, "不能为空")
    code = row.value(Column.CODE, cells.area_code)
    grid = row.value(Column.GRID_CODE, cells.grid_code)
    if code is None or (grid is None and row.filled(Column.GRID_CODE)):
        return ()
    if grid is not None and KINDS[len(code)] is not UnitKind.VILLAGE:
        row.complain(Column.CODE, "网格所在行应填 12 位的村(社区)代码")
        return ()
    return tuple(_places(code, grid))


def _places(code: str, grid: str | None) -> Iterator[Place]:
    parent = None
    for length, kind in KINDS.items():
        if length <= len(code):
            yield Place(id=UnitId(code[:length]), kind=kind, parent=parent)
            parent = UnitId(code[:length])
    if grid is not None:
        yield Place(id=UnitId(grid), kind=UnitKind.GRID, parent=parent)


def _own_name(row: Row, place: Place) -> str:
    """Read the name of the row's place; many sheets have no column for the county."""
    name = row[NAME_COLUMNS[place.kind]]
    if place.kind is UnitKind.COUNTY:
        return name or row[Column.TOWNSHIP]
    return name


def _code_column(place: Place) -> Column:
    return Column.GRID_CODE if place.kind is UnitKind.GRID else Column.CODE
