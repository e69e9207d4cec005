"""Reading a file that is tried: what it says, what is wrong, how its columns lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from contacts.importers.cells import Wrong
from contacts.importers.choosing import choose
from contacts.importers.header import Columns
from contacts.importers.layout import Layout, layout_of
from contacts.importers.reading import Progress, read_correct, read_tables, silent
from contacts.importers.roster_file import tables_of
from contacts.importers.sheet import RowProblem, Sheet
from contacts.importers.table import RefusedError, Table
from contacts.numbers import without_numbers
from dispatcher.engine.import_orders import Try


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that was read.

    :ivar rows: those with problems, as they stand in the file, numbers hidden
    :ivar layout: how its columns were taken
    :ivar correct: what its rows without problems say
    """

    sheet: Sheet
    rows: Sequence[object] = ()
    layout: Layout | None = None
    correct: Sheet | None = None


def read_file(order: Try, data: bytes, progress: Progress = silent) -> Found:
    """Read a file of any format; whatever is wrong with it is among the problems."""
    try:
        tables = tables_of(data)
    except RefusedError as refused:
        problem = RowProblem(row=refused.row, column="", what=refused.wrong.what)
        return Found(sheet=Sheet(problems=(problem,)))
    read = partial(
        read_tables,
        code_system=order.code_system,
        allow_test_numbers=order.allow_test_numbers,
        columns=order.columns,
    )
    sheet = read(tables, progress=progress)
    return Found(
        sheet=sheet,
        rows=[*_rows(tables, order.columns, sheet.problems)],
        layout=layout_of(tables, order.columns),
        correct=read_correct(tables, sheet.problems, **read.keywords)
        if sheet.problems
        else None,
    )


def _rows(
    tables: Sequence[Table], columns: Columns, problems: Iterable[RowProblem]
) -> Iterator[object]:
    """The header, and each row with problems."""
    numbers = dict.fromkeys(one.row for one in problems)
    chosen = choose(tables, columns)
    if not numbers or isinstance(chosen, RowProblem):
        return
    wanted = numbers.keys() | {chosen.header.row}
    for line in chosen.table.lines:
        if line.number in wanted:
            cells = [
                "" if isinstance(cell, Wrong) else without_numbers(cell)
                for cell in line.cells
            ]
            yield {"row": line.number, "cells": cells}
