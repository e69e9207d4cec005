"""Which table of a file is the roster, and what to know of it and of the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contacts.importers.header import Columns, Header, find, likeliest
from contacts.importers.sheet import RowProblem
from contacts.importers.table import Line, Table, letters
from contacts.numbers import without_numbers

NAMED_MOST = 20  # of what is listed in one note
NO_HEADER = Header(row=1, places=(), unknown=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The table that is the roster, with its header.

    :ivar notes: what of the file is hidden, and what is not read
    """

    table: Table
    header: Header
    notes: tuple[RowProblem, ...]


def choose(
    tables: Sequence[Table], columns: Columns | None = None
) -> Chosen | RowProblem:
    """Take the one table that has a header; tell, in Chinese, why none can be taken.

    :param columns: where columns are whose words the header does not use
    """
    headed = [(table, header) for table in tables if (header := find(table))]
    # One that is hidden, or lacks a column, is the roster only if no other is.
    for fit in (_whole_and_shown, _whole, _any):
        if fitting := [pair for pair in headed if fit(*pair)]:
            break
    else:
        return _headless(tables, columns)
    if len(fitting) > 1:
        names = _listed([f"“{table.name}”" for table, _ in fitting])
        return _told(1, f"工作表{names}都像名册,请只留一张")
    table, header = fitting[0]
    header = header.placed(columns or {})
    return Chosen(
        table=table, header=header, notes=tuple(_notes(tables, table, header))
    )


def _whole_and_shown(table: Table, header: Header) -> bool:
    return header.whole and not table.hidden


def _whole(_table: Table, header: Header) -> bool:
    return header.whole


def _any(_table: Table, _header: Header) -> bool:
    return True


def _headless(tables: Sequence[Table], columns: Columns | None) -> Chosen:
    """Let the reading tell which columns are wanted, where nobody has said it."""
    table = tables[0] if tables else Table(name="", lines=[])
    header = (columns and likeliest(table)) or NO_HEADER
    return Chosen(table=table, header=header.placed(columns or {}), notes=())


def _notes(
    tables: Iterable[Table], chosen: Table, header: Header
) -> Iterator[RowProblem]:
    others = [f"“{table.name}”" for table in tables if table is not chosen]
    if others:
        yield _told(1, f"读的是工作表“{chosen.name}”,没有读{_listed(others)}")
    if header.unknown:
        yield _told(header.row, f"没有用到的列:{_listed(header.unknown)}")
    if chosen.hidden:
        yield _told(1, f"工作表“{chosen.name}”是隐藏的,也已读入")
    yield from _hidden(chosen, header)


def _hidden(table: Table, header: Header) -> Iterator[RowProblem]:
    rows = [line for line in table.lines if line.hidden and line.number > header.row]
    if rows:
        yield _told(rows[0].number, f"隐藏的行也已读入:第 {_spans(rows)} 行")
    columns = [place for place, _ in header.places if place in table.hidden_columns]
    if columns:
        names = _listed([letters(place) for place in columns])
        yield _told(header.row, f"隐藏的列也已读入:{names} 列")


def _spans(lines: Iterable[Line]) -> str:
    """List rows, those that follow each other as one: 3、5-9."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and spans[-1][1] == line.number - 1:
            spans[-1][1] = line.number
        else:
            spans.append([line.number, line.number])
    return _listed([f"{a}" if a == b else f"{a}-{b}" for a, b in spans])


def _listed(words: Sequence[str]) -> str:
    more = f"等 {len(words)} 项" if len(words) > NAMED_MOST else ""
    return "、".join(words[:NAMED_MOST]) + more


def _told(row: int, what: str) -> RowProblem:
    return RowProblem(row=row, column="", what=without_numbers(what))
