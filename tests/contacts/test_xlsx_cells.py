"""Cells as the many programs that write xlsx put them down, and what they lose."""

from __future__ import annotations

import pytest

from contacts.importers import values
from contacts.importers.columns import Column
from contacts.importers.sheet import RowProblem
from contacts.numbers import UNREADABLE
from tests.contacts.offices import (
    HEADER,
    Tab,
    as_csv,
    as_xlsx,
    part,
    read,
    row,
    tampered,
)

SHEET = "xl/worksheets/sheet1.xml"
CLEAN = read(as_csv([HEADER, row()]))


def changed_cell(cell: str) -> bytes:
    """A workbook whose number, H2, is written as this XML."""
    data = as_xlsx(Tab(rows=[HEADER, row({Column.MOBILE: 1})]))
    sheet = part(data, SHEET)
    old = b'<c r="H2"><v>1</v></c>'
    assert old in sheet
    return tampered(data, {SHEET: sheet.replace(old, cell.encode())})


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="H2"><v>13800138000</v></c>',
        '<c r="H2"><v>1.3800138000000000E10</v></c>',
        '<c r="H2"><v>1.38001380000E+010</v></c>',
        '<c r="H2" t="str"><v>13800138000</v></c>',
        '<c r="H2"><f>G1+1</f><v>13800138000</v></c>',
        '<c r="H2" t="str"><f>"1"&amp;A1</f><v>13800138000</v></c>',
        '<c r="H2" t="inlineStr"><is><t>13800138000</t></is></c>',
        '<c r="H2" t="inlineStr"><is><r><t>138001</t></r><r><t>38000</t></r></is></c>',
        '<c r="H2" t="inlineStr"><is><t>13800138000</t><rPh><t>x</t></rPh></is></c>',
        '<c r="H2" t="inlineStr"><is><t>_x000D_13800138000_xD800_</t></is></c>',
        "<c><v>13800138000</v></c>",
        '<c r="H2"><v>13800138000</v><extLst><ext><v/></ext></extLst></c>',
    ],
)
def test_a_value_is_read_however_it_is_written(cell: str) -> None:
    assert read(changed_cell(cell)) == CLEAN


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ('<c r="H2" t="e"><v>#N/A</v></c>', "单元格是错误值 #N/A"),
        ('<c r="H2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "单元格是错误值 #DIV/0!"),
        ('<c r="H2" t="e"><v>13800138000</v></c>', "单元格是错误值"),
        ('<c r="H2"><f>NOW()</f></c>', values.NO_RESULT.what),
        ('<c r="H2" t="d"><v>2026-07-12</v></c>', values.A_DATE.what),
        ('<c r="H2"><v>nan</v></c>', values.NO_NUMBER.what),
        ('<c r="H2"><v>1e999</v></c>', values.NO_NUMBER.what),
        ('<c r="H2"><v>13八</v></c>', values.NO_NUMBER.what),
        ('<c r="H2"><v>1380013800013900139000</v></c>', values.TOO_PRECISE.what),
        ('<c r="H2" t="b"><v>1</v></c>', UNREADABLE),
    ],
)
def test_a_value_that_is_lost_is_told(cell: str, what: str) -> None:
    problem = RowProblem(row=2, column=Column.MOBILE, what=what)

    assert read(changed_cell(cell)).problems == (problem,)


def test_an_error_in_a_column_that_is_not_used_is_no_problem() -> None:
    data = as_xlsx(Tab(rows=[[*HEADER, "备注"], [*row(), 1]]))
    old, new = b'<c r="L2"><v>1</v></c>', b'<c r="L2" t="e"><v>#REF!</v></c>'
    sheet = part(data, SHEET).replace(old, new)

    assert read(tampered(data, {SHEET: sheet})) == CLEAN


@pytest.mark.parametrize(
    ("number_format", "date"),
    [
        ("yyyy-mm-dd", True),
        ('m"月"d"日"', True),
        ("[$-804]yyyy", True),
        ("0", False),
        ("0.00E+00", False),
        ('0"号"', False),
        ("[Red]0", False),
        ("General", False),
    ],
)
def test_a_number_shown_as_a_date_is_told(number_format: str, *, date: bool) -> None:
    assert values.shows_a_date(number_format) == date


def test_a_date_is_known_by_the_style_of_its_cell() -> None:
    data = as_xlsx(Tab(rows=[HEADER, row({Column.GRID_CODE: 1})]))
    styles = part(data, "xl/styles.xml")
    dated = styles.replace(b'numFmtId="0" fontId', b'numFmtId="14" fontId')
    sheet = part(data, SHEET).replace(b'<c r="D2">', b'<c r="D2" s="0">')
    [problem] = read(tampered(data, {"xl/styles.xml": dated, SHEET: sheet})).problems

    assert (problem.letter, problem.what) == ("D", values.A_DATE.what)


def test_a_million_cells_that_have_only_a_style_are_nothing() -> None:
    """Frames drawn down to the last row, as nearly every office's file has them."""
    data = as_xlsx(Tab(rows=[HEADER, row()]))
    frames = b'<row r="%d"><c r="A%d" s="0"/><c r="ZZ%d" s="0"/></row>'
    rows = b"".join(frames % (at, at, at) for at in range(3, 100_000))
    sheet = part(data, SHEET).replace(b"</sheetData>", rows + b"</sheetData>")

    assert read(tampered(data, {SHEET: sheet})) == CLEAN


def test_other_names_for_the_same_xml_are_the_same() -> None:
    """Prefixes, as some programs write them, and no names of rows and cells."""
    data = as_xlsx(Tab(rows=[HEADER, row()]), in_line=True)
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = b"".join(
        b"<x:row>%s</x:row>"
        % b"".join(
            b'<x:c t="inlineStr"><x:is><x:t>%s</x:t></x:is></x:c>' % str(text).encode()
            for text in cells_of
        )
        for cells_of in (HEADER, row())
    )
    sheet = b'<x:worksheet xmlns:x="%s"><x:sheetData>%s</x:sheetData></x:worksheet>'

    assert read(tampered(data, {SHEET: sheet % (space, rows)})) == CLEAN
