"""From the tables of a file to a sheet.

One row names one place, and at most one person in one post of it. A row without a
person's name and numbers tells of a place, or of a post that is vacant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from contacts.importers import cells
from contacts.importers.choosing import Chosen, choose
from contacts.importers.columns import REQUIRED, Column
from contacts.importers.header import Header
from contacts.importers.people import ADDRESSES, People
from contacts.importers.places import Places
from contacts.importers.row import Row
from contacts.importers.sheet import LeftOut, RowProblem, Sheet
from contacts.importers.table import Cell, Line, Table, letters

Progress = Callable[[int, int], None]
TELL_EVERY = 500  # lines
ROUNDS_MOST = 8  # of leaving out rows that lean on rows left out

NOBODY = "表里没有责任人"
MISSING = "表头里缺少这一列"
TWICE = "表头里有两列是同一个意思,请只留一列"


def silent(_done: int, _total: int) -> None:
    """Tell nobody how far the reading is."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One table while it is read, with what is found wrong and what is remarked.

    :ivar without: rows that are not to be read, by number
    :ivar left_out: those of them that say something
    """

    chosen: Chosen
    progress: Progress
    without: frozenset[int] = frozenset()
    left_out: list[Row] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[RowProblem] = field(default_factory=list)

    @property
    def header(self) -> Header:
        """The header of the table."""
        return self.chosen.header

    def sheet(self, *, code_system: str, allow_test_numbers: bool) -> Sheet:
        """Read all rows; none under a header that can't be used."""
        self.problems.extend(_header_problems(self.header))
        places, people = Places(), People(allow_test_numbers=allow_test_numbers)
        for row in [] if self.problems else self._rows():
            people.note(row, places.note(row))
        places.complain_of_nameless()
        if not (self.problems or people.holdings):
            self.problems.append(_of_header(self.header, Column.NAME, NOBODY))
        notes = _sorted([*self.chosen.notes, *self.notes])
        if self.problems:
            return Sheet(problems=_sorted(self.problems), notes=notes)
        return Sheet(
            units=places.units(code_system),
            people=people.people(),
            holdings=tuple(people.holdings),
            notes=notes,
        )

    def _rows(self) -> Iterator[Row]:
        """Give the rows that say something."""
        names, lines = self.header.letters, self.chosen.table.lines
        for done, line in enumerate(lines):
            if done % TELL_EVERY == 0:
                self.progress(done, len(lines))
            if line.number <= self.header.row:
                continue
            row = self._row(line, names)
            if row.cells or row.spoilt:
                if self.header.repeated(line.cells):
                    row.remark("", "又是表头,已跳过")
                elif line.number in self.without:
                    self.left_out.append(row)
                else:
                    yield row
        self.progress(len(lines), len(lines))

    def _row(self, line: Line, names: dict[str, str]) -> Row:
        texts: dict[Column, str] = {}
        read = line.number not in self.without
        row = Row(
            number=line.number,
            cells=texts,
            problems=self.problems if read else [],
            notes=self.notes if read else [],
            letters=names,
        )
        last = len(line.cells)
        for place, column in self.header.places:
            if place < last and (cell := line.cells[place]):
                _take(row, texts, column, cell)
        _check_width(row, line.cells[self.header.width :], self.header.width)
        return row


def _take(row: Row, texts: dict[Column, str], column: Column, cell: Cell) -> None:
    """Put a cell's clean text into its row, or spoil it."""
    if isinstance(cell, cells.Wrong):
        row.spoil(column, cell.what)
    elif cells.REPLACED in cell:
        row.spoil(column, cells.GARBLED.what)
    elif (text := cells.clean(cell)) and text not in cells.NOTHING:
        texts[column] = text


def _check_width(row: Row, beyond: Sequence[Cell], width: int) -> None:
    if any(isinstance(cell, cells.Wrong) or cells.clean(cell) for cell in beyond):
        row.complain(f"第 {width + 1} 列", "这一行比表头多出内容")


def _header_problems(header: Header) -> Iterator[RowProblem]:
    columns = [column for _, column in header.places]
    for place, column in header.places:
        if place >= header.width:
            what = f"表里没有 {letters(place)} 列"
            yield RowProblem(row=header.row, column=column, what=what)
    for column in Column:
        if columns.count(column) > 1:
            yield _of_header(header, column, TWICE)
        if column in REQUIRED and column not in columns:
            yield _of_header(header, column, MISSING)


def _of_header(header: Header, column: Column, what: str) -> RowProblem:
    letter = header.letters.get(column, "")
    return RowProblem(row=header.row, column=column, what=what, letter=letter)


def _sorted(found: Sequence[RowProblem]) -> tuple[RowProblem, ...]:
    return tuple(sorted(found, key=lambda one: one.row))


def read_tables(
    tables: Sequence[Table],
    *,
    code_system: str,
    allow_test_numbers: bool,
    progress: Progress = silent,
) -> Sheet:
    """Read the one table of a file that is a roster, and report all its problems.

    :param code_system: the list its area codes come from, with version
    :param progress: is told how many lines of how many are read
    """
    chosen = choose(tables)
    if isinstance(chosen, RowProblem):
        return Sheet(problems=(chosen,))
    return read_chosen(
        chosen,
        code_system=code_system,
        allow_test_numbers=allow_test_numbers,
        progress=progress,
    )


def read_chosen(
    chosen: Chosen,
    *,
    code_system: str,
    allow_test_numbers: bool,
    progress: Progress = silent,
) -> Sheet:
    """Read a table that was chosen, and report all its problems."""
    reading = Reading(chosen=chosen, progress=progress)
    return reading.sheet(code_system=code_system, allow_test_numbers=allow_test_numbers)


def read_correct(
    chosen: Chosen,
    problems: Sequence[RowProblem],
    *,
    code_system: str,
    allow_test_numbers: bool,
) -> Sheet | None:
    """Read the rows without problems; None where none is left, or the header is wrong.

    A row may lean on one that is left out, and goes with it then.

    :param problems: all of the table
    """
    found, without = problems, frozenset[int]()
    for _ in range(ROUNDS_MOST):
        if any(one.row <= chosen.header.row for one in found):
            return None
        without |= {one.row for one in found}
        reading = Reading(chosen=chosen, progress=silent, without=without)
        sheet = reading.sheet(
            code_system=code_system, allow_test_numbers=allow_test_numbers
        )
        if not sheet.problems:
            return replace(sheet, left_out=_left_out(reading.left_out))
        found = sheet.problems
    return None


def _left_out(rows: Sequence[Row]) -> LeftOut:
    about = [row for row in rows if any(map(row.filled, (Column.NAME, *ADDRESSES)))]
    names = [cells.person_name(row[Column.NAME]) for row in about]
    known = frozenset(name for name in names if isinstance(name, str) and name)
    return LeftOut(
        rows=len(rows),
        names=known,
        nameless=any(name not in known for name in names),
    )
