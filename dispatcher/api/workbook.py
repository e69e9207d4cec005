"""The record as a workbook for the office: lines, figures, and who was not awakened.

The first sheet has every column, to filter and to calculate with; the last has the same
under fewer headings, to be printed.

Each cell is written as text or as a number, never as what it looks like, and text that
could begin a formula is kept from being one even when somebody edits the cell or saves
the sheet as CSV. Rows are written as they come: a large record needs little memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook

from dispatcher.api.columns import (
    ASLEEP_COLUMNS,
    COLUMNS,
    SIGNATURE,
    Cell,
    Column,
    harmless,
)
from dispatcher.api.kpi import FIGURES, Figure
from dispatcher.api.paper import GROUPS, SHARES, foot, gathered
from dispatcher.api.record import Record, RecordRow, asleep
from dispatcher.api.sheet import DRILL
from dispatcher.api.words import MARKS
from dispatcher.core.callout import Mark
from dispatcher.core.report import Summary

A4 = 9  # as OOXML numbers paper
MOST_CHARACTERS = 32_767  # of a cell; a longer one would be left out without a word
MOST_IN_HEADER = 60  # of a headline: OOXML gives a page header 255 characters in all
CUT = "……"
LINE, PADDING = 12.0, 3.0  # points of height; the font has 9
TALLEST = 409.0  # no row of a spreadsheet is higher
WIDE = 150  # characters that fit on a page, of which a heading has its share
KINDS = (Mark.NOT_AWAKENED, Mark.NEVER_RUNG)

Row = Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet: heads with their widths, and its rows.

    :ivar upright: how many columns stay in sight
    """

    name: str
    heads: Mapping[str, int]
    rows: Iterable[Row]
    upright: int


def as_xlsx(record: Record) -> bytes:
    """The record as a file of a spreadsheet program."""
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False}
    with Workbook(file, options) as book:
        look = _Look.of(book)
        for table in _tables(record):
            _write(book, look, table, record)
    return file.getvalue()


def _tables(record: Record) -> Iterable[Table]:
    drill = DRILL if record.drill else ""
    yield Table(
        name=f"{drill}叫应记录表",
        heads={column.head: column.width for column in COLUMNS},
        rows=(_cells(COLUMNS, line) for line in record.rows),
        upright=1,
    )
    yield Table(
        name=f"{drill}统计",
        heads={"范围": 14, "指标": 18, "数值": 10, "口径": 80},
        rows=_figures(record),
        upright=0,
    )
    yield Table(
        name=f"{drill}未叫醒名单",
        heads={"类别": 8} | {column.head: column.width for column in ASLEEP_COLUMNS},
        rows=_asleep(record.rows),
        upright=2,
    )
    yield Table(
        name=f"{drill}打印版",
        heads={group: WIDE * share // 100 for group, share in SHARES.items()},
        rows=map(_gathered, record.rows),
        upright=1,
    )


def _cells(columns: Iterable[Column], line: RecordRow) -> Row:
    return [column.cell(line) for column in columns]


def _gathered(line: RecordRow) -> Row:
    """A line on paper: forty columns would be too small to read there."""
    return [
        "\n".join(f"{label} {text}".strip() for label, text in gathered(columns, line))
        for columns in GROUPS.values()
    ]


def _figures(record: Record) -> Iterable[Row]:
    yield from _of("全部", record.summary)
    for part in record.sections:
        yield from _of(part.name, part.summary)


def _of(where: str, summary: Summary) -> Iterable[Row]:
    for figure in FIGURES:
        yield where, figure.name, _value(figure, summary), figure.about


def _value(figure: Figure, summary: Summary) -> Cell:
    """A number that can be calculated with; a share as people read it."""
    value = figure.value(summary)
    return figure.shown(summary) if figure.rate or value is None else round(value, 1)


def _asleep(rows: Sequence[RecordRow]) -> Iterable[Row]:
    for mark in KINDS:
        for line in asleep(rows, mark):
            yield [MARKS[mark], *_cells(ASLEEP_COLUMNS, line)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The three ways a cell looks; made once for each workbook."""

    head: Any
    cell: Any
    plain: Any

    @classmethod
    def of(cls, book: Workbook) -> _Look:
        cell = {"font_size": 9, "border": 1, "text_wrap": True, "valign": "top"}
        head = {"bold": True, "bg_color": "#DDDDDD", "valign": "vcenter"}
        return cls(
            head=book.add_format(cell | head),
            cell=book.add_format(cell),
            plain=book.add_format({"font_size": 10}),
        )


def _write(book: Workbook, look: _Look, table: Table, record: Record) -> None:
    sheet = book.add_worksheet(table.name)
    _lay_out(sheet, table, record)
    widths = tuple(table.heads.values())
    sheet.set_row(0, _height(tuple(table.heads), widths))
    for place, (head, width) in enumerate(table.heads.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, head, look.head)
    last = 0
    for last, cells in enumerate(table.rows, start=1):
        sheet.set_row(last, _height(cells, widths))
        for place, cell in enumerate(cells):
            _put(sheet, (last, place), cell, look.cell)
    sheet.autofilter(0, 0, last, len(table.heads) - 1)
    sheet.write_string(last + 2, 0, SIGNATURE, look.plain)
    sheet.write_string(last + 3, 0, foot(record), look.plain)


def _lay_out(sheet: Any, table: Table, record: Record) -> None:  # noqa: ANN401 - xlsxwriter is untyped
    """A4 landscape, as many pages long as it needs, the heads again on each."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, table.upright)
    title = record.alert.content.headline[:MOST_IN_HEADER].replace("&", "&&")
    sheet.set_header(f"&C&12{table.name}  {title}")
    taker = record.made_by[:MOST_IN_HEADER].replace("&", "&&")
    sheet.set_footer(f"&L{record.made_at:%Y-%m-%d %H:%M}  {taker}&R&P / &N")


def _height(cells: Row, widths: Sequence[int]) -> float:
    """High enough for its fullest cell: not every program sees to that by itself."""
    lines = max(
        _lines(cell, width) if isinstance(cell, str) else 1
        for cell, width in zip(cells, widths, strict=True)
    )
    return min(lines * LINE + PADDING, TALLEST)


def _lines(text: str, width: int) -> int:
    return sum(max(1, -(-_wide(part) // (width - 1))) for part in text.split("\n"))


def _wide(text: str) -> int:
    """In characters: a Chinese one, three bytes in UTF-8, is as wide as two."""
    return (len(text) + len(text.encode())) // 2


def _put(sheet: Any, at: tuple[int, int], cell: Cell, look: Any) -> None:  # noqa: ANN401 - as above
    if isinstance(cell, str):
        sheet.write_string(*at, _fitting(harmless(cell)), look)
    elif cell is None:
        sheet.write_blank(*at, None, look)
    else:
        sheet.write_number(*at, cell, look)


def _fitting(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: MOST_CHARACTERS - len(CUT)] + CUT
