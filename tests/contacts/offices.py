"""Roster files as county offices send them, written by the programs' own formats."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter
import xlwt

from contacts.importers.columns import Column
from contacts.importers.roster_file import read_roster
from contacts.importers.sheet import Sheet

Value = str | int | float | None
Row = Sequence[Value]

COLUMNS = [
    *(Column.CODE, Column.TOWNSHIP, Column.VILLAGE, Column.GRID_CODE),
    *(Column.GRID_NAME, Column.ROLE, Column.NAME, Column.MOBILE),
    *(Column.BACKUP, Column.WECOM, Column.RISK),
]
HEADER: Row = [column.value for column in COLUMNS]
CLEAN: Mapping[Column, Value] = {
    Column.CODE: "990421100200",
    Column.TOWNSHIP: "白鹭洲镇",
    Column.VILLAGE: "石门坪村",
    Column.GRID_CODE: "990421100200001",
    Column.GRID_NAME: "一网格",
    Column.ROLE: "A角",
    Column.NAME: "李秀英",
    Column.MOBILE: "13800138000",
    Column.RISK: "2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One worksheet: its rows, and what is done to them.

    :ivar merges: (first row, first column, last row, last column), from 0
    """

    rows: Sequence[Row]
    name: str = "名册"
    merges: Sequence[tuple[int, int, int, int]] = ()
    hidden_rows: Sequence[int] = ()
    hidden_columns: Sequence[int] = ()
    hidden: bool = False


def row(changed: Mapping[Column, Value] | None = None) -> Row:
    """A clean row of a grid, with some cells changed."""
    cells = {**CLEAN, **(changed or {})}
    return [cells.get(column, "") for column in COLUMNS]


def second(changed: Mapping[Column, Value] | None = None) -> Row:
    """The row of another grid and another person."""
    other = {
        Column.GRID_CODE: "990421100200002",
        Column.GRID_NAME: "二网格",
        Column.NAME: "王建国",
        Column.MOBILE: "13900139000",
    }
    return row({**other, **(changed or {})})


def read(data: bytes) -> Sheet:
    return read_roster(data, code_system="DEMO", allow_test_numbers=True)


def as_csv(rows: Iterable[Row], encoding: str = "utf-8", sign: str = ",") -> bytes:
    sheet = io.StringIO(newline="")
    csv.writer(sheet, delimiter=sign).writerows(rows)
    return sheet.getvalue().encode(encoding)


def as_xlsx(*tabs: Tab, in_line: bool = False) -> bytes:
    """Write worksheets; in line, each cell holds its text itself."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(
        data, {"constant_memory": in_line, "strings_to_formulas": False}
    )
    for tab in tabs:
        sheet = book.add_worksheet(tab.name)
        for at, cells in enumerate(tab.rows):
            for column, value in enumerate(cells):
                sheet.write(at, column, value)
            if at in tab.hidden_rows:
                sheet.set_row(at, None, None, {"hidden": True})
        _arrange(sheet, tab)
    book.close()
    return data.getvalue()


def _arrange(sheet: xlsxwriter.worksheet.Worksheet, tab: Tab) -> None:
    for top, left, bottom, right in tab.merges:
        sheet.merge_range(top, left, bottom, right, "")
        value = tab.rows[top][left]
        sheet.write(top, left, value)
    for column in tab.hidden_columns:
        sheet.set_column(column, column, None, None, {"hidden": True})
    if tab.hidden:
        sheet.hide()


def as_xls(*tabs: Tab) -> bytes:
    book = xlwt.Workbook()
    for tab in tabs:
        _fill(book.add_sheet(tab.name), tab)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _fill(sheet: xlwt.Worksheet, tab: Tab) -> None:
    covered = {
        (at, column)
        for top, left, bottom, right in tab.merges
        for at in range(top, bottom + 1)
        for column in range(left, right + 1)
    }
    for top, left, bottom, right in tab.merges:
        sheet.write_merge(top, bottom, left, right, tab.rows[top][left])
    for at, cells in enumerate(tab.rows):
        for column, value in enumerate(cells):
            if (at, column) not in covered and value not in ("", None):
                sheet.write(at, column, value)
    for at in tab.hidden_rows:
        sheet.row(at).hidden = True
    for column in tab.hidden_columns:
        sheet.col(column).hidden = True
    sheet.visibility = int(tab.hidden)


def tampered(data: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """An xlsx with other bytes in some of its parts; None leaves a part out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in {**parts, **changes}.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read(name)
