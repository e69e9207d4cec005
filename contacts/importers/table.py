"""A table as any program keeps it: lines of cells, before anybody knows what they mean.

Every reader of a format gives tables, and refuses with :class:`Wrong` what is too
large or no table at all; the bounds here hold for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contacts.importers.cells import Wrong

BYTES_MOST = 32 * 1024**2  # a county of 100,000 rows has 8 MB
ROWS_MOST = 200_000
COLUMNS_MOST = 256
CELLS_MOST = 3_000_000
TEXT_MOST = 32_767  # characters: what the table program lets a cell hold

TOO_MANY_ROWS = Wrong(what=f"有内容的行超过 {ROWS_MOST} 行,请分成几个文件")
TOO_MANY_COLUMNS = Wrong(what=f"有内容的列超过 {COLUMNS_MOST} 列,请删去无关的列")
TOO_MANY_CELLS = Wrong(what=f"有内容的单元格超过 {CELLS_MOST} 个,请分成几个文件")
TOO_MANY_MERGES = Wrong(what="合并单元格过多,请取消合并后重填")
TOO_LONG = Wrong(what=f"单元格超过 {TEXT_MOST} 个字符")

Cell = str | Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that says something.

    :ivar number: as the table program counts, from 1
    :ivar cells: from the first column on; trailing ones may be left out
    """

    number: int
    cells: list[Cell]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Cells shown as one; the first holds the value. Counted from 0."""

    top: int
    bottom: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a file.

    :ivar name: empty where the format has no names
    :ivar hidden_columns: counted from 0
    """

    name: str
    lines: list[Line]
    hidden: bool = False
    hidden_columns: frozenset[int] = frozenset()


class RefusedError(Exception):
    """Stops the reading of a file from inside a parser.

    :ivar wrong: why, in Chinese
    :ivar row: where, as far as it is known
    """

    def __init__(self, wrong: Wrong, row: int = 1) -> None:
        self.wrong = wrong
        self.row = row
        super().__init__(wrong.what)


@dataclass(slots=True, kw_only=True)
class Gathering:
    """The lines of one table while it is read, within bounds.

    :ivar room: how many cells may still come, over all tables of the file
    """

    room: int = CELLS_MOST
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Take in a line; an empty one is left out.

        :raises RefusedError: where the file is larger than any roster
        """
        if not _trimmed(line.cells):
            return
        self.room -= len(line.cells)
        _check(TOO_MANY_COLUMNS, len(line.cells) <= COLUMNS_MOST)
        _check(TOO_MANY_CELLS, self.room >= 0)
        _check(TOO_MANY_ROWS, len(self.lines) < ROWS_MOST)
        self.lines.append(line)


def fill_down(lines: Iterable[Line], merges: Iterable[Merge]) -> None:
    """Say the value of merged cells on every line they cover, in their first column.

    A line that has nothing of its own is none: it is not made by a merge.

    :raises RefusedError: where merged cells cover more than a table can hold
    """
    by_row = {line.number - 1: line.cells for line in lines}
    last = max(by_row, default=-1)
    room = CELLS_MOST
    for merge in merges:
        value = _cell(by_row.get(merge.top, []), merge.left)
        covered = range(merge.top + 1, min(merge.bottom, last) + 1)
        room -= len(covered)
        _check(TOO_MANY_MERGES, room >= 0)
        if value:
            _fill((by_row[row] for row in covered if row in by_row), merge.left, value)


def letters(column: int) -> str:
    """Name a column as the table program does: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def place_of(name: str) -> int:
    """The place of a column by its letters: A is 0, AA is 26."""
    place = 0
    for letter in name:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _trimmed(cells: list[Cell]) -> list[Cell]:
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _fill(lines: Iterable[list[Cell]], left: int, value: Cell) -> None:
    for cells in lines:
        cells.extend([""] * (left + 1 - len(cells)))
        cells[left] = cells[left] or value


def _cell(cells: list[Cell], column: int) -> Cell:
    return cells[column] if column < len(cells) else ""


def _check(wrong: Wrong, kept: object) -> None:
    if not kept:
        raise RefusedError(wrong)
