"""The rows of a file that have problems, as a table: what is bad is marked."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xlsxwriter

from contacts.importers.table import letters
from dispatcher.api.columns import BYTE_ORDER_MARK, harmless

MARK = "※"  # before a cell that is bad
ROW, PROBLEMS = "行", "问题"
Found = Sequence[Mapping[str, Any]]
Marked = tuple[str, bool]  # what a cell says, and whether it is bad


def as_csv(problems: Found, rows: Found) -> bytes:
    """The table for any spreadsheet."""
    out = io.StringIO(newline="")
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    for line in _lines(problems, rows):
        writer.writerow(harmless(f"{MARK * bad}{text}") for text, bad in line)
    return out.getvalue().encode()


def as_xlsx(problems: Found, rows: Found) -> bytes:
    """The table as a workbook: every cell is text, bad ones are red."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    red = book.add_format({"bg_color": "#FFC7CE"})
    sheet = book.add_worksheet("需改正的行")
    for at, line in enumerate(_lines(problems, rows)):
        for column, (text, bad) in enumerate(line):
            sheet.write_string(at, column, text, red if bad else None)
    book.close()
    return out.getvalue()


def _lines(problems: Found, rows: Found) -> Iterator[list[Marked]]:
    by_row: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for one in problems:
        by_row[one["row"]].append(one)
    cells = {one["row"]: one["cells"] for one in rows}
    width = max(map(len, cells.values()), default=0)
    header: Sequence[str] = next((cells[row] for row in cells if row not in by_row), [])
    yield _line(ROW, PROBLEMS, header, width)
    for row, found in by_row.items():
        bad = {one["letter"] for one in found}
        yield _line(
            str(row), "; ".join(map(_said, found)), cells.get(row, []), width, bad
        )


def _line(
    row: str,
    said: str,
    cells: Sequence[str],
    width: int,
    bad: frozenset[str] | set[str] = frozenset(),
) -> list[Marked]:
    filled = [*cells, *[""] * (width - len(cells))]
    marked = [(text, letters(place) in bad) for place, text in enumerate(filled)]
    return [(row, False), (said, False), *marked]


def _said(problem: Mapping[str, Any]) -> str:
    where = f"{problem['letter']} “{problem['column']}”列: ".lstrip()
    return f"{where if problem['column'] else ''}{problem['what']}"
