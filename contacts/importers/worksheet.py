"""One worksheet of an xlsx file, heard element by element: never a tree in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contacts.importers import values
from contacts.importers.package import BROKEN
from contacts.importers.table import (
    CELLS_MOST,
    COLUMNS_MOST,
    ROWS_MOST,
    TEXT_MOST,
    TOO_LONG,
    TOO_MANY_CELLS,
    TOO_MANY_COLUMNS,
    TOO_MANY_MERGES,
    Cell,
    Gathering,
    Line,
    Merge,
    RefusedError,
)

Attributes = Mapping[str, str]

COLUMN_NAME = re.compile("[A-Z]{1,3}")
RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # a character XML can't hold: _x000D_
SURROGATES = range(0xD800, 0xE000)
TRUE = frozenset({"1", "true"})
ROW_LAST = 1_048_576  # the table program has no more, and no more than XFD columns
COLUMN_LAST = 16_384
MERGES_MOST = ROWS_MOST
DIGITS_MOST = 8  # of what counts texts, rows or columns
DIGITS = "0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What all worksheets of a file share.

    :ivar strings: the texts that cells refer to by number
    :ivar dates: the styles that show a number as a date
    """

    strings: Sequence[Cell]
    dates: frozenset[str]


class Strings:
    """Hears the shared texts of a file.

    :ivar found: in the order that cells count them
    """

    def __init__(self) -> None:
        self.found: list[Cell] = []
        self._words = Words()
        self.starts = {**self._words.starts, "si": self._start_text}
        self.ends = {**self._words.ends, "si": self._end_text}

    def text(self, text: str) -> None:
        """Hear a piece of a text."""
        self._words.text(text)

    def _start_text(self, _attributes: Attributes) -> None:
        self._words.clear()

    def _end_text(self) -> None:
        if len(self.found) == CELLS_MOST:
            raise RefusedError(TOO_MANY_CELLS)
        self.found.append(self._words.whole())


class Words:
    """Puts the pieces of a text together; pinyin above it is no part of it."""

    def __init__(self) -> None:
        self._heard = self._pinyin = False
        self.starts = {"t": self._start_piece, "rPh": self._start_pinyin}
        self.ends = {"t": self._end_piece, "rPh": self._end_pinyin}
        self.clear()

    def clear(self) -> None:
        """Begin another text."""
        self._parts: list[str] = []
        self._length = 0

    def text(self, text: str) -> None:
        """Hear a piece; of a text that is too long no more than that it is."""
        if self._heard and self._length <= TEXT_MOST:
            self._parts.append(text)
            self._length += len(text)

    def whole(self) -> Cell:
        """Give the text."""
        text = "".join(self._parts)
        return _unescaped(text) if self._length <= TEXT_MOST else TOO_LONG

    def _start_piece(self, _attributes: Attributes) -> None:
        self._heard = not self._pinyin

    def _end_piece(self) -> None:
        self._heard = False

    def _start_pinyin(self, _attributes: Attributes) -> None:
        self._pinyin = True

    def _end_pinyin(self) -> None:
        self._pinyin = False


class Worksheet:
    """Hears one worksheet.

    :ivar merges: merged cells that cover more than one line
    :ivar hidden_columns: counted from 0
    """

    def __init__(self, book: Book, gathering: Gathering) -> None:
        self._book = book
        self._gathering = gathering
        self._words = Words()
        self._row = self._column = 0  # the last one heard of, counted from 1
        self._hidden = False
        self._cells: list[Cell] = []
        self._type = self._style = self._value = ""
        self._formula = self._in_value = False
        self.starts: Mapping[str, Callable[[Attributes], None]] = {
            **self._words.starts,
            "c": self._start_cell,
            "v": self._start_value,
            "f": self._start_formula,
            "row": self._start_row,
            "col": self._note_columns,
            "mergeCell": self._note_merge,
        }
        self.ends: Mapping[str, Callable[[], None]] = {
            **self._words.ends,
            "c": self._end_cell,
            "v": self._end_value,
            "row": self._end_row,
        }
        self.merges: list[Merge] = []
        self.hidden_columns: set[int] = set()

    @property
    def lines(self) -> list[Line]:
        """The lines that say something."""
        return self._gathering.lines

    @property
    def room(self) -> int:
        """How many cells the file's other worksheets may still have."""
        return self._gathering.room

    def text(self, text: str) -> None:
        """Hear a part of a value, or of a text that stands in the cell itself."""
        if not self._in_value:
            self._words.text(text)
        elif len(self._value) <= TEXT_MOST:
            self._value += text

    def _start_row(self, attributes: Attributes) -> None:
        row = _number(attributes.get("r", str(self._row + 1)))
        if not self._row < row <= ROW_LAST:
            raise RefusedError(BROKEN)
        self._row, self._column = row, 0
        self._cells = []
        self._hidden = attributes.get("hidden") in TRUE

    def _end_row(self) -> None:
        line = Line(number=self._row, cells=self._cells, hidden=self._hidden)
        self._gathering.add(line)

    def _start_cell(self, attributes: Attributes) -> None:
        column = self._column + 1
        if reference := attributes.get("r"):
            column = _column(reference)
        if not self._column < column <= COLUMN_LAST:
            raise RefusedError(BROKEN)
        self._column = column
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._value = ""
        self._formula = False
        self._words.clear()

    def _start_value(self, _attributes: Attributes) -> None:
        self._in_value = True

    def _end_value(self) -> None:
        self._in_value = False

    def _start_formula(self, _attributes: Attributes) -> None:
        self._formula = True

    def _end_cell(self) -> None:
        cell = self._cell()
        if cell == "":
            return  # a cell that has only a style; a sheet may have a million of them
        if self._column > COLUMNS_MOST:
            raise RefusedError(TOO_MANY_COLUMNS)
        self._cells.extend([""] * (self._column - 1 - len(self._cells)))
        self._cells.append(cell)

    def _cell(self) -> Cell:
        if self._type == "inlineStr":
            return self._words.whole()
        if self._value == "":
            return values.NO_RESULT if self._formula and self._type != "str" else ""
        return self._typed(self._value)

    def _typed(self, value: str) -> Cell:
        match self._type:
            case "s":
                return self._shared(value)
            case "str":
                return values.bounded(_unescaped(value))
            case "b":
                return "TRUE" if value in TRUE else "FALSE"
            case "e":
                return values.error(value)
            case "d":
                return values.A_DATE
            case _ if self._style in self._book.dates:
                return values.date_written(value)
            case _:
                return values.number_written(value)

    def _shared(self, value: str) -> Cell:
        place = int(value) if value.isdecimal() and len(value) < DIGITS_MOST else -1
        if not 0 <= place < len(self._book.strings):
            raise RefusedError(BROKEN)
        return self._book.strings[place]

    def _note_columns(self, attributes: Attributes) -> None:
        if attributes.get("hidden") in TRUE:
            first = _number(attributes.get("min", ""))
            last = min(_number(attributes.get("max", "")), COLUMNS_MOST)
            self.hidden_columns.update(range(first - 1, last))

    def _note_merge(self, attributes: Attributes) -> None:
        found = RANGE.fullmatch(attributes.get("ref", ""))
        if found is None:
            return  # one cell "merged" with itself, which some programs write
        top, bottom = int(found[2]) - 1, int(found[3]) - 1
        if len(self.merges) == MERGES_MOST:
            raise RefusedError(TOO_MANY_MERGES)
        if bottom > top:
            left = _place(found[1]) - 1
            self.merges.append(Merge(top=top, bottom=bottom, left=left))


def _number(text: str) -> int:
    """Read a counting number; what counts with anything else is broken."""
    if not (text.isascii() and text.isdigit() and len(text) < DIGITS_MOST):
        raise RefusedError(BROKEN)
    return int(text)


def _column(reference: str) -> int:
    """The column of a cell's name: of B7 it is 2."""
    return _place(reference.rstrip(DIGITS))


@lru_cache(maxsize=COLUMNS_MOST)  # asked for each cell of a file
def _place(name: str) -> int:
    if COLUMN_NAME.fullmatch(name) is None:
        raise RefusedError(BROKEN)
    place = 0
    for letter in name:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place


def _unescaped(text: str) -> str:
    return ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return "" if code in SURROGATES else chr(code)
