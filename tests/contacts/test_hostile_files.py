"""Files that are broken, locked, or made to hurt: refused in words, within bounds."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Mapping

import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.importers import package, roster_file, table, xlsx_file
from contacts.importers.package import BOMB, BROKEN, DECLARED, LOCKED
from contacts.importers.roster_file import A_PAGE, A_PDF, TOO_LARGE
from contacts.importers.xlsx_file import NOT_XLSX
from tests.contacts.offices import (
    HEADER,
    Tab,
    as_csv,
    as_xls,
    as_xlsx,
    part,
    read,
    row,
    tampered,
)

SOUND = as_xlsx(Tab(rows=[HEADER, row()]))
SOUND_XLS = as_xls(Tab(rows=[HEADER, row()]))
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
LINKS, ROOT = "xl/_rels/workbook.xml.rels", "_rels/.rels"
OPEN = b'<worksheet xmlns="x"><sheetData>'
MIB = 1024**2


def told_of(data: bytes) -> list[str]:
    return [problem.what for problem in read(data).problems]


def sheet_of(rows: bytes) -> bytes:
    return tampered(SOUND, {SHEET: OPEN + rows + b"</sheetData></worksheet>"})


def linked(target: bytes, mode: bytes = b"") -> bytes:
    """A workbook whose worksheet is said to be somewhere else."""
    links = part(SOUND, LINKS).replace(
        b'Target="worksheets/sheet1.xml"', b'Target="' + target + b'"' + mode
    )
    return tampered(SOUND, {LINKS: links})


def zipped(parts: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return data.getvalue()


def with_password() -> bytes:
    """The flag that says a part is encrypted, in both places where a zip has it."""
    data = bytearray(SOUND)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def xls_with_password() -> bytes:
    """A workbook with BIFF's FILEPASS record after the first one."""
    book = xlwt.Workbook()
    book.add_sheet("名册").write(0, 0, "姓名")
    stream = book.get_biff_data()
    begin = 4 + int.from_bytes(stream[2:4], "little")
    locked = b"\x2f\x00\x06\x00" + bytes(6)
    data = io.BytesIO()
    out = xlwt.CompoundDoc.XlsDoc()
    out.save(data, stream[:begin] + locked + stream[begin:])
    return data.getvalue()


SPOKEN = b'<?xml version="1.0" encoding="%s"?><sst/>'
LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;">' % (at + 1, at, at) for at in range(97, 121))
    + b"]><sst><si><t>&y;</t></si></sst>"
)
OUTSIDE = (
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
    b"<sst><si><t>&b;</t></si></sst>"
)
REFUSED: Mapping[str, tuple[bytes, str]] = {
    "billion laughs": (tampered(SOUND, {STRINGS: LAUGHS}), DECLARED.what),
    "outer entity": (tampered(SOUND, {STRINGS: OUTSIDE}), DECLARED.what),
    "password, xlsx": (
        SOUND_XLS + "EncryptedPackage".encode("utf-16-le"),
        LOCKED.what,
    ),
    "password, zip": (with_password(), LOCKED.what),
    "password, xls": (xls_with_password(), LOCKED.what),
    "a zip of something": (zipped({"a.txt": b"a"}), NOT_XLSX.what),
    "an empty zip": (zipped({}), NOT_XLSX.what),
    "xlsb": (tampered(SOUND, {"xl/workbook.bin": b""}), NOT_XLSX.what),
    "no such encoding": (tampered(SOUND, {STRINGS: SPOKEN % b"TF-8"}), BROKEN.what),
    "an encoding of many bytes": (
        tampered(SOUND, {STRINGS: SPOKEN % b"big5"}),
        BROKEN.what,
    ),
    "no workbook": (tampered(SOUND, {"xl/workbook.xml": None}), BROKEN.what),
    "no worksheet": (tampered(SOUND, {SHEET: None}), BROKEN.what),
    "no strings": (tampered(SOUND, {STRINGS: b"<sst/>"}), BROKEN.what),
    "a path upwards": (linked(b"../../../../etc/passwd"), BROKEN.what),
    "an absolute path": (linked(b"/etc/passwd"), BROKEN.what),
    "cut off": (SOUND[:-200], BROKEN.what),
    "cut off, xls": (SOUND_XLS[:600], BROKEN.what),
    "half a sheet": (tampered(SOUND, {SHEET: OPEN}), BROKEN.what),
    "too deep": (sheet_of(b"<a>" * 100 + b"</a>" * 100), BROKEN.what),
    "rows backwards": (sheet_of(b'<row r="2"/><row r="1"/>'), BROKEN.what),
    "cells backwards": (
        sheet_of(b'<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
        BROKEN.what,
    ),
    "no such row": (sheet_of(b'<row r="1048577"/>'), BROKEN.what),
    "a row of a thousand digits": (
        sheet_of(b'<row r="' + b"9" * 1000 + b'"/>'),
        BROKEN.what,
    ),
    "no such column": (sheet_of(b'<row r="1"><c r="ZZZ1"/></row>'), BROKEN.what),
    "a cell without a place": (sheet_of(b'<row><c r="1A"/></row>'), BROKEN.what),
    "no such text": (
        sheet_of(b'<row><c t="s"><v>99999</v></c></row>'),
        BROKEN.what,
    ),
    "too wide": (
        sheet_of(b'<row><c r="XFD1"><v>1</v></c></row>'),
        table.TOO_MANY_COLUMNS.what,
    ),
    "endless names": (
        sheet_of(b"".join(b"<a%d/>" % at for at in range(30_000))),
        BROKEN.what,
    ),
    "endless attributes": (
        sheet_of(b"".join(b'<a b%d=""/>' % at for at in range(30_000))),
        BROKEN.what,
    ),
    "endless namespaces": (
        sheet_of(b"".join(b'<a xmlns:b%d="u"/>' % at for at in range(30_000))),
        BROKEN.what,
    ),
    "an endless token": (sheet_of(b'<a b="' + b"b" * 2 * MIB + b'"/>'), BROKEN.what),
    "endless parts": (
        zipped({str(at): b"" for at in range(package.PARTS_MOST + 1)}),
        BROKEN.what,
    ),
    "endless rows": (b"a\n" * (table.ROWS_MOST + 1), table.TOO_MANY_ROWS.what),
    "endless columns": (b"a," * 300, table.TOO_MANY_COLUMNS.what),
    "endless cells": (
        (b"a," * 200 + b"\n") * (table.CELLS_MOST // 200 + 1),
        table.TOO_MANY_CELLS.what,
    ),
    "too large": (bytes(table.BYTES_MOST + 1), TOO_LARGE.what),
    "a page": (b"<html><table><tr><td>1</td></tr></table></html>", A_PAGE.what),
    "a page with a mark": (b"\xef\xbb\xbf\r\n<!DOCTYPE html>", A_PAGE.what),
    "xml of 2003": (b'<?xml version="1.0"?><Workbook/>', A_PAGE.what),
    "pdf": (b"%PDF-1.7\n", A_PDF.what),
}


@pytest.mark.parametrize(("data", "what"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_roster_is_refused_in_words(data: bytes, what: str) -> None:
    assert told_of(data) == [what]


def test_a_worksheet_outside_the_file_is_not_fetched() -> None:
    outside = linked(b"http://127.0.0.1/sheet1.xml", b' TargetMode="External"')

    assert set(told_of(outside)) == {"表头里缺少这一列"}


def test_a_small_file_that_unpacks_without_end_is_refused_within_bounds() -> None:
    rows = (b"<a/>" + b" " * 60_000) * 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name in zipfile.ZipFile(io.BytesIO(SOUND)).namelist():
            if name != SHEET:
                out.writestr(name, part(SOUND, name))
        with out.open(SHEET, "w") as sheet:
            sheet.write(OPEN)
            for _ in range(package.UNPACKED_MOST // len(rows) + 1):
                sheet.write(rows)
    told, peak = measured(data.getvalue())

    assert (len(data.getvalue()) < 2 * MIB, told, peak < 16 * MIB) == (
        *(True, [BOMB.what]),
        True,
    )


def measured(data: bytes) -> tuple[list[str], int]:
    """What is told of a file, and the most memory that Python took meanwhile."""
    tracemalloc.start()
    try:
        return told_of(data), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_two_cells_far_apart_take_no_room_between_them() -> None:
    """The file on which a reader of rectangles asks for gigabytes."""
    far = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="IV1048576">'
    told, peak = measured(sheet_of(far + b"<v>1</v></c></row>"))

    assert (set(told), peak < 4 * MIB) == ({"表头里缺少这一列"}, True)


@pytest.mark.parametrize("count", [1_000, table.ROWS_MOST + 1])
def test_merged_cells_that_cover_everything_again_and_again_are_refused(
    count: int,
) -> None:
    rows = b"".join(b"<row><c><v>%d</v></c></row>" % at for at in range(10_000))
    merges = b'<mergeCell ref="A1:A1048576"/>' * count
    sheet = OPEN + rows + b"</sheetData><mergeCells>" + merges
    data = tampered(SOUND, {SHEET: sheet + b"</mergeCells></worksheet>"})

    assert told_of(data) == [table.TOO_MANY_MERGES.what]


def test_a_text_longer_than_a_cell_is_told_and_not_kept() -> None:
    strings = part(SOUND, STRINGS).replace("李秀英".encode(), b"a" * 40_000)

    assert told_of(tampered(SOUND, {STRINGS: strings})) == [table.TOO_LONG.what]


def test_a_workbook_has_so_many_worksheets_at_most() -> None:
    sheets = b'<sheet name="a" sheetId="1"/>' * (xlsx_file.SHEETS_MOST + 1)
    book = b'<workbook xmlns="x"><sheets>' + sheets + b"</sheets></workbook>"

    assert told_of(tampered(SOUND, {"xl/workbook.xml": book})) == [BROKEN.what]


# No bytes bring the reader down: whatever they are, they are a sheet or a refusal.

FUZZ = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
STARTS = st.sampled_from(
    [b"", *roster_file.ZIP, *roster_file.OLE2, *roster_file.BIFF, b"\xff\xfe"]
)
Edit = tuple[int, int, bytes]
EDITS = st.lists(
    st.tuples(
        st.integers(0, 2**16),
        st.integers(0, 8),
        st.binary(max_size=8),
    ),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """Bytes with a few places cut out and overwritten."""
    for at, length, new in edits:
        start = at % len(data)
        data = data[:start] + new + data[start + length :] or b"\0"
    return data


def answered(data: bytes) -> bool:
    sheet = read(data)
    return bool(sheet.problems) != bool(sheet.units)


@FUZZ
@given(STARTS, st.binary(max_size=2000))
def test_no_bytes_bring_the_reader_down(start: bytes, rest: bytes) -> None:
    assert answered(start + rest)


@FUZZ
@given(st.sampled_from([SOUND, SOUND_XLS, as_csv([HEADER, row()])]), EDITS)
def test_no_damage_to_a_file_brings_the_reader_down(
    data: bytes, edits: list[Edit]
) -> None:
    assert answered(edited(data, edits))


@FUZZ
@given(
    st.sampled_from([SHEET, STRINGS, LINKS, ROOT, "xl/workbook.xml", "xl/styles.xml"]),
    EDITS,
)
def test_no_damage_inside_a_package_brings_the_reader_down(
    name: str, edits: list[Edit]
) -> None:
    assert answered(tampered(SOUND, {name: edited(part(SOUND, name), edits)}))


TEXTS = st.text(max_size=20)


@FUZZ
@given(st.lists(st.lists(TEXTS, min_size=11, max_size=12), max_size=5))
def test_no_words_bring_the_reader_down(rows: list[list[str]]) -> None:
    text = [[text.encode(errors="ignore").decode() for text in row] for row in rows]

    assert answered(as_csv([HEADER, row(), *text]))
