"""Reading a file that is tried: what it says, what is wrong, how its columns lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from contacts.importers.cells import Wrong
from contacts.importers.choosing import Chosen, choose
from contacts.importers.layout import Layout, layout_of
from contacts.importers.reading import Progress, read_chosen, read_correct, silent
from contacts.importers.roster_file import tables_of
from contacts.importers.sheet import RowProblem, Sheet
from contacts.importers.table import RefusedError
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
    chosen = choose(tables, order.columns)
    if isinstance(chosen, RowProblem):
        return Found(sheet=Sheet(problems=(chosen,)))
    system, test_numbers = order.code_system, order.allow_test_numbers
    sheet = read_chosen(
        chosen,
        code_system=system,
        allow_test_numbers=test_numbers,
        progress=progress,
    )
    found = Found(sheet=sheet, layout=layout_of(chosen))
    if not sheet.problems:
        return found
    correct = read_correct(
        chosen,
        sheet.problems,
        code_system=system,
        allow_test_numbers=test_numbers,
    )
    return replace(found, rows=[*_rows(chosen, sheet.problems)], correct=correct)


def _rows(chosen: Chosen, problems: Iterable[RowProblem]) -> Iterator[object]:
    """The header, and each row with problems."""
    wanted = {one.row for one in problems} | {chosen.header.row}
    for line in chosen.table.lines:
        if line.number in wanted:
            cells = [
                "" if isinstance(cell, Wrong) else without_numbers(cell)
                for cell in line.cells
            ]
            yield {"row": line.number, "cells": cells}
