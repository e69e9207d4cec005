"""Roster sheets kept as xls (BIFF), through xlrd: all worksheets, one after another."""

from __future__ import annotations

import io

import xlrd
from typing_extensions import override
from xlrd.biffh import XLRDError
from xlrd.book import Book
from xlrd.sheet import Cell as XlsCell
from xlrd.sheet import Sheet as XlsSheet

from contacts.importers import values
from contacts.importers.package import BROKEN, LOCKED
from contacts.importers.table import (
    COLUMNS_MOST,
    Cell,
    Gathering,
    Line,
    Merge,
    RefusedError,
    Table,
    fill_down,
)

SEALED = "EncryptedPackage".encode("utf-16-le")  # an xlsx with a password, in OLE2
ENCRYPTED = "encrypted"  # in what xlrd says of a workbook with a password


class _Silence(io.StringIO):
    """Where xlrd's remarks go: they may quote the file."""

    @override
    def write(self, text: str, /) -> int:
        return len(text)


def read_xls(data: bytes) -> list[Table]:
    """Read all worksheets of a file.

    :raises RefusedError: where it is no sound xls, has a password, or is too large
    """
    if SEALED in data:
        raise RefusedError(LOCKED)
    try:
        return _tables(_opened(data))
    except RefusedError:
        raise
    except Exception as fault:
        locked = isinstance(fault, XLRDError) and ENCRYPTED in str(fault)
        raise RefusedError(LOCKED if locked else BROKEN) from fault


def _opened(data: bytes) -> Book:
    return xlrd.open_workbook(
        file_contents=data,
        logfile=_Silence(),
        formatting_info=True,  # else it tells neither merged nor hidden cells
        on_demand=True,
        ragged_rows=True,  # lines as long as they are, not as the longest is
    )


def _tables(book: Book) -> list[Table]:
    tables: list[Table] = []
    gathering = Gathering()
    for place in range(book.nsheets):
        sheet = book.sheet_by_index(place)
        gathering = Gathering(room=gathering.room)
        for row in range(sheet.nrows):
            gathering.add(_line(sheet, row))
        fill_down(gathering.lines, _merges(sheet))
        tables.append(_table(sheet, gathering.lines))
        book.unload_sheet(place)
    return tables


def _table(sheet: XlsSheet, lines: list[Line]) -> Table:
    hidden = (at for at, info in sheet.colinfo_map.items() if info.hidden)
    return Table(
        name=sheet.name,
        lines=lines,
        hidden=bool(sheet.visibility),
        hidden_columns=frozenset(at for at in hidden if at < COLUMNS_MOST),
    )


def _line(sheet: XlsSheet, row: int) -> Line:
    info = sheet.rowinfo_map.get(row)
    return Line(
        number=row + 1,
        cells=[_cell(cell) for cell in sheet.row(row)],
        hidden=bool(info and info.hidden),
    )


def _merges(sheet: XlsSheet) -> list[Merge]:
    return [
        Merge(top=top, bottom=below - 1, left=left)
        for top, below, left, _ in sheet.merged_cells
        if below - top > 1
    ]


def _cell(cell: XlsCell) -> Cell:
    match cell.ctype:
        case xlrd.XL_CELL_TEXT:
            return values.bounded(str(cell.value))
        case xlrd.XL_CELL_NUMBER:
            return values.number(float(cell.value))
        case xlrd.XL_CELL_DATE:
            return values.date_written(str(cell.value))
        case xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if cell.value else "FALSE"
        case xlrd.XL_CELL_ERROR:
            return values.error(xlrd.error_text_from_code.get(int(cell.value), ""))
        case _:
            return ""
