"""Where the header of a table stands: below titles and notes, among the first lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from contacts.importers.cells import clean
from contacts.importers.columns import HEADERS, REQUIRED, Column, plain
from contacts.importers.table import Cell, Line, Table, letters

LAST_LINE = 20  # a header further down is none
FEWEST_KNOWN = 2  # columns: one word alone may stand in any title


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The line that names the columns.

    :ivar places: the known columns, by the place of their cells; a doubled one twice
    :ivar unknown: what is written over the columns that are not used
    :ivar width: of the header; what stands beyond it belongs to no column
    """

    row: int
    places: Sequence[tuple[int, Column]]
    unknown: Sequence[str]
    width: int

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
            place < len(cells) and known(cells[place]) is column
            for place, column in self.places
        )


def find(table: Table) -> Header | None:
    """Find the header: the line that names most columns, the first of its equals."""
    first = takewhile(lambda line: line.number <= LAST_LINE, table.lines)
    headers = [_header(line) for line in first]
    best = max(headers, key=lambda header: len(header.columns), default=None)
    return best if best and len(best.columns) >= FEWEST_KNOWN else None


def known(cell: Cell) -> Column | None:
    """Which column a header's cell names, if any."""
    return HEADERS.get(plain(clean(cell))) if isinstance(cell, str) else None


def _header(line: Line) -> Header:
    named = [known(cell) for cell in line.cells]
    return Header(
        row=line.number,
        places=[(place, column) for place, column in enumerate(named) if column],
        unknown=list(_unknown(line.cells, named)),
        width=len(line.cells),
    )


def _unknown(cells: Iterable[Cell], named: Iterable[Column | None]) -> Iterable[str]:
    for cell, column in zip(cells, named, strict=True):
        if isinstance(cell, str) and column is None and (text := clean(cell)):
            yield text
