"""A roster file of any format: told by what it holds, never by its name."""

from __future__ import annotations

import re

from contacts.importers.cells import Wrong
from contacts.importers.csv_file import read_text
from contacts.importers.reading import Progress, read_tables, silent
from contacts.importers.sheet import RowProblem, Sheet
from contacts.importers.table import BYTES_MOST, RefusedError, Table
from contacts.importers.xls_file import read_xls
from contacts.importers.xlsx_file import read_xlsx

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE2 = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # older than OLE2
# A page or XML under the name of an Excel file, as many systems export it.
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|head|meta)", re.IGNORECASE
)

TOO_LARGE = Wrong(
    what=f"文件超过 {BYTES_MOST // 1024**2} MiB,请删去图片和无关的工作表,或分成几个文件"
)
A_PAGE = Wrong(what="是网页或 XML,不是表格文件,请用表格软件打开后另存为 xlsx")
A_PDF = Wrong(what="是 PDF,请用原来的表格文件")


def read_roster(
    data: bytes,
    *,
    code_system: str,
    allow_test_numbers: bool,
    progress: Progress = silent,
) -> Sheet:
    """Read a whole file; any problem, and the sheet holds only its problems.

    :param code_system: the list its area codes come from, with version
    :param progress: is told how many lines of how many are read
    """
    try:
        tables = tables_of(data)
    except RefusedError as refused:
        told = RowProblem(row=refused.row, column="", what=refused.wrong.what)
        return Sheet(problems=(told,))
    return read_tables(
        tables,
        code_system=code_system,
        allow_test_numbers=allow_test_numbers,
        progress=progress,
    )


def tables_of(data: bytes) -> list[Table]:
    """Read the tables of a file of any format.

    :raises RefusedError: where it is none, or too large
    """
    if len(data) > BYTES_MOST:
        raise RefusedError(TOO_LARGE)
    if data.startswith(ZIP):
        return read_xlsx(data)
    if data.startswith((*OLE2, *BIFF)):
        return read_xls(data)
    if data.startswith(b"%PDF-"):
        raise RefusedError(A_PDF)
    if MARKUP.match(data):
        raise RefusedError(A_PAGE)
    return read_text(data)
