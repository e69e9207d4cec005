"""Roster sheets kept as xlsx (ECMA-376): all worksheets, one after another.

Formulas give the value that was saved with them. Pinyin above the characters, styles,
pictures and macros are passed over.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contacts.importers import values
from contacts.importers.cells import Wrong
from contacts.importers.package import BROKEN, Package
from contacts.importers.table import (
    CELLS_MOST,
    Gathering,
    RefusedError,
    Table,
    fill_down,
)
from contacts.importers.worksheet import Book, Strings, Worksheet

ROOT = "_rels/.rels"
BINARY = "xl/workbook.bin"
NOT_XLSX = Wrong(what="不是 xlsx、xls 或 CSV,请用表格软件另存为 xlsx")
SHEETS_MOST = 200
WORKBOOK, SHEET, STRINGS, STYLES = (
    *("/officeDocument", "/worksheet", "/sharedStrings", "/styles"),
)


def read_xlsx(data: bytes) -> list[Table]:
    """Read all worksheets of a file.

    :raises RefusedError: where it is no sound xlsx, or too large
    """
    package = Package(data)
    if ROOT not in package.names or BINARY in package.names:
        raise RefusedError(NOT_XLSX)
    workbook = _Links.of(package, "").only(WORKBOOK)
    if not workbook:
        raise RefusedError(NOT_XLSX)
    links = _Links.of(package, workbook)
    sheets = _Sheets()
    package.read(workbook, sheets)
    return list(_tables(package, links, sheets))


def _tables(package: Package, links: _Links, sheets: _Sheets) -> Iterator[Table]:
    book = _book(package, links)
    room = CELLS_MOST
    for sheet in sheets.found:
        path = links.paths.get(sheet.link, "")
        if links.kinds.get(sheet.link, "").endswith(SHEET):
            worksheet = Worksheet(book, Gathering(room=room))
            package.read(path, worksheet)
            fill_down(worksheet.lines, worksheet.merges)
            room = worksheet.room
            yield Table(
                name=sheet.name,
                lines=worksheet.lines,
                hidden=sheet.hidden,
                hidden_columns=frozenset(worksheet.hidden_columns),
            )


def _book(package: Package, links: _Links) -> Book:
    """What all worksheets share; a file may lack either."""
    strings, styles = Strings(), _Styles()
    for kind, listener in ((STRINGS, strings), (STYLES, styles)):
        if path := links.only(kind):
            package.read(path, listener)
    return Book(strings=strings.found, dates=styles.dates())


class _Links:
    """Where a part's relations lead, inside the package.

    :ivar paths: by id; a target outside the package has none
    :ivar kinds: by id
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self.paths: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.starts = {"Relationship": self._note}
        self.ends: Mapping[str, Callable[[], None]] = {}

    @classmethod
    def of(cls, package: Package, part: str) -> _Links:
        """Read the relations of a part; those of the package itself for ""."""
        folder, name = posixpath.split(part)
        links = cls(folder)
        package.read(posixpath.join(folder, "_rels", f"{name}.rels"), links)
        return links

    def only(self, kind: str) -> str:
        """Find the part of a kind; empty where there is none."""
        found = (one for one, its in self.kinds.items() if its.endswith(kind))
        return self.paths.get(next(found, ""), "")

    def text(self, text: str) -> None:
        """Do nothing: a relation is all attributes."""

    def _note(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("TargetMode") == "External":
            return
        one = attributes.get("Id", "")
        self.kinds[one] = attributes.get("Type", "")
        # A name to be looked up in the package, whatever it climbs to: never a path.
        target = posixpath.join("/", self._base, attributes.get("Target", ""))
        self.paths[one] = posixpath.normpath(target).lstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    name: str
    link: str
    hidden: bool


class _Sheets:
    """Hears the list of sheets, in the order of their tabs."""

    def __init__(self) -> None:
        self.found: list[_Listed] = []
        self.starts = {"sheet": self._note}
        self.ends: Mapping[str, Callable[[], None]] = {}

    def text(self, text: str) -> None:
        """Do nothing: a sheet is all attributes."""

    def _note(self, attributes: Mapping[str, str]) -> None:
        if len(self.found) == SHEETS_MOST:
            raise RefusedError(BROKEN)
        link = (value for key, value in attributes.items() if key.endswith(" id"))
        self.found.append(
            _Listed(
                name=attributes.get("name", ""),
                link=next(link, ""),
                hidden=attributes.get("state", "visible") != "visible",
            )
        )


class _Styles:
    """Hears which styles of cells show dates."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._of_cells: list[str] = []
        self._in_cells = False
        self.starts = {
            "numFmt": self._note_format,
            "cellXfs": self._start_cells,
            "xf": self._note_style,
        }
        self.ends = {"cellXfs": self._end_cells}

    def text(self, text: str) -> None:
        """Do nothing: a style is all attributes."""

    def _note_format(self, attributes: Mapping[str, str]) -> None:
        self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")

    def _note_style(self, attributes: Mapping[str, str]) -> None:
        if self._in_cells:  # other lists of styles have the same name for one
            self._of_cells.append(attributes.get("numFmtId", "0"))

    def _start_cells(self, _attributes: Mapping[str, str]) -> None:
        self._in_cells = True

    def _end_cells(self) -> None:
        self._in_cells = False

    def dates(self) -> frozenset[str]:
        """The numbers of the styles that show a date, as cells refer to them."""
        return frozenset(
            str(place)
            for place, number in enumerate(self._of_cells)
            if self._is_date(number)
        )

    def _is_date(self, number: str) -> bool:
        if number in self._codes:
            return values.shows_a_date(self._codes[number])
        return number in {str(known) for known in values.DATE_FORMATS}
