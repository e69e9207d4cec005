"""Roster sheets kept as CSV: UTF-8, with or without a byte order mark."""

from __future__ import annotations

import csv
import io

from contacts.importers.reading import read_rows
from contacts.importers.sheet import RowProblem, Sheet


def read_csv(data: bytes, *, code_system: str, allow_test_numbers: bool) -> Sheet:
    """Read a whole file; any problem, and the sheet holds only its problems.

    :param code_system: the list its area codes come from, with version
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        what = "文件不是 UTF-8 编码,请另存为“CSV UTF-8”"
        return Sheet(problems=(RowProblem(row=row, column="", what=what),))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        table = list(reader)
    except csv.Error:
        what = "不是完整的 CSV,请看引号是否成对"
        return Sheet(problems=(RowProblem(row=reader.line_num, column="", what=what),))
    return read_rows(
        table, code_system=code_system, allow_test_numbers=allow_test_numbers
    )
