"""Roster sheets kept as text: CSV, or with tabs or semicolons, in the usual encodings.

UTF-8 with or without a mark, UTF-16 with one, else GB18030, which holds GBK. Which sign
parts the cells is told by the header: it is the one that gives it most columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from contacts.importers import header
from contacts.importers.cells import Wrong
from contacts.importers.table import Cell, Gathering, Line, RefusedError, Table
from contacts.importers.values import bounded

MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
DELIMITERS = (",", "\t", ";")
FORMULA_OF_TEXT = re.compile('="(.*)"')  # how some programs keep digits from Excel

NO_ENCODING = Wrong(what="看不出文字编码,请另存为“CSV UTF-8”或 xlsx")
NO_TEXT = Wrong(what="不是文本,也不是 Excel 文件,请另存为 xlsx")
NO_CSV = Wrong(what="不是完整的 CSV,请看引号是否成对")


def read_text(data: bytes) -> list[Table]:
    """Read the one table of a text.

    :raises RefusedError: where it is no text, no table, or too large
    """
    text = _decoded(data)
    if "\0" in text:
        raise RefusedError(NO_TEXT)
    return [_table(text, max(DELIMITERS, key=lambda sign: _columns(text, sign)))]


def _decoded(data: bytes) -> str:
    marked = next((name for mark, name in MARKS.items() if data.startswith(mark)), "")
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RefusedError(NO_ENCODING)


def _columns(text: str, sign: str) -> int:
    """How many columns of ours the header has, if this sign parts the cells."""
    rows = islice(csv.reader(io.StringIO(text, newline=""), delimiter=sign), 20)
    try:
        lines = [Line(number=at, cells=[*row]) for at, row in enumerate(rows, start=1)]
    except csv.Error:
        return 0
    found = header.find(Table(name="", lines=lines))
    return len(found.columns) if found else 0


def _table(text: str, sign: str) -> Table:
    gathering = Gathering()
    for number, row in enumerate(_rows(text, sign), start=1):
        gathering.add(Line(number=number, cells=[*map(_cell, row)]))
    return Table(name="", lines=gathering.lines)


def _rows(text: str, sign: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise RefusedError(NO_CSV, reader.line_num) from error


def _cell(text: str) -> Cell:
    if text.startswith("=") and (found := FORMULA_OF_TEXT.fullmatch(text)):
        text = found[1]
    return bounded(text)
