"""Where the header of a table stands: below titles and notes, among the first lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from contacts.importers.cells import clean
from contacts.importers.columns import HEADERS, REQUIRED, Column, plain
from contacts.importers.table import Cell, Line, Table, letters, place_of

LAST_LINE = 20  # a header further down is none
FEWEST_KNOWN = 2  # columns: one word alone may stand in any title

# Where columns are, by their letters, as somebody says; None: not in the file.
Columns = Mapping[Column, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The line that names the columns.

    :ivar places: the known columns, by the place of their cells; a doubled one twice
    :ivar unknown: what is written over the columns that are not used
    :ivar cells: as they stand in the file; what stands beyond belongs to no column
    """

    row: int
    places: Sequence[tuple[int, Column]]
    unknown: Sequence[str]
    cells: Sequence[Cell] = ()

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.cells)

    @property
    def columns(self) -> frozenset[Column]:
        """The columns that are there."""
        return frozenset(column for _, column in self.places)

    @property
    def whole(self) -> bool:
        """Whether no column that is needed is missing."""
        return self.columns.issuperset(REQUIRED)

    @property
    def letters(self) -> dict[str, str]:
        """What the table program calls the columns."""
        return {column: letters(place) for place, column in self.places}

    def repeated(self, cells: Sequence[Cell]) -> bool:
        """Whether a line is this header again, as at the top of each printed page."""
        return all(
            place < min(len(cells), self.width)
            and (known(cells[place]) is column or cells[place] == self.cells[place])
            for place, column in self.places
        )

    def placed(self, columns: Columns) -> Header:
        """The same with some columns where somebody says that they are."""
        said = {place_of(name): column for column, name in columns.items() if name}
        recognised = {p: c for p, c in self.places if c not in columns}
        places = sorted((recognised | said).items())
        named = dict(places)
        columns_of = [named.get(place) for place in range(self.width)]
        return replace(
            self, places=places, unknown=list(_unknown(self.cells, columns_of))
        )


def find(table: Table) -> Header | None:
    """Find the header: the line that names most columns, the first of its equals."""
    first = takewhile(lambda line: line.number <= LAST_LINE, table.lines)
    headers = [_header(line) for line in first]
    best = max(headers, key=lambda header: len(header.columns), default=None)
    return best if best and len(best.columns) >= FEWEST_KNOWN else None


def likeliest(table: Table) -> Header | None:
    """The line that may be the header though no word of it is known: the fullest."""
    first = [line for line in table.lines if line.number <= LAST_LINE]
    best = max(first, key=_filled, default=None)
    return replace(_header(best), places=()) if best else None


def _filled(line: Line) -> int:
    return sum(isinstance(cell, str) and bool(clean(cell)) for cell in line.cells)


def known(cell: Cell) -> Column | None:
    """Which column a header's cell names, if any."""
    return HEADERS.get(plain(clean(cell))) if isinstance(cell, str) else None


def _header(line: Line) -> Header:
    named = [known(cell) for cell in line.cells]
    return Header(
        row=line.number,
        places=[(place, column) for place, column in enumerate(named) if column],
        unknown=list(_unknown(line.cells, named)),
        cells=line.cells,
    )


def _unknown(cells: Iterable[Cell], named: Iterable[Column | None]) -> Iterable[str]:
    for cell, column in zip(cells, named, strict=True):
        if isinstance(cell, str) and column is None and (text := clean(cell)):
            yield text
