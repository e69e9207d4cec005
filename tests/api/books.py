"""Reads a workbook as what it is, a zip of XML, without a library of its own."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from lxml import etree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Book:
    """A workbook: the names of its sheets, their rows, and their XML."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            self.parts = {name: file.read(name) for name in file.namelist()}
        book = etree.fromstring(self.parts["xl/workbook.xml"])
        self.names = [str(one.get("name")) for one in book.iter(f"{MAIN}sheet")]
        self.defined = {
            (str(one.get("name")), str(one.get("localSheetId"))): str(one.text)
            for one in book.iter(f"{MAIN}definedName")
        }
        self._shared = [
            "".join(map(str, one.itertext()))
            for one in etree.fromstring(
                self.parts.get("xl/sharedStrings.xml", b"<none/>")
            )
        ]

    def xml(
        self, number: int
    ) -> etree._Element:  # the type of an element has no other name
        """Give the XML of a sheet, the first being 1."""
        return etree.fromstring(self.parts[f"xl/worksheets/sheet{number}.xml"])

    def rows(self, number: int) -> list[dict[str, str]]:
        """Give the rows of a sheet by the heads in its first."""
        heads, *rest = (dict(self._cells(row)) for row in self._rows(number))
        return [
            {heads[place]: text for place, text in row.items() if place in heads}
            for row in rest
        ]

    def _rows(self, number: int) -> Iterator[etree._Element]:
        return self.xml(number).iter(f"{MAIN}row")

    def _cells(self, row: etree._Element) -> Iterator[tuple[str, str]]:
        for cell in row:
            place = re.sub(r"\d", "", str(cell.get("r")))
            text = "".join(map(str, cell.itertext()))
            yield place, self._shared[int(text)] if cell.get("t") == "s" else text
