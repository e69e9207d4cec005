"""A 值班表 as offices keep it: one row a day or span, and who is on duty in it.

Each row becomes part of an override. A day without times is a whole day of duty, from
handover to handover. Any problem, and nothing of the table holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from contacts.duty import HANDOVER, DutyError, Override, Span
from contacts.importers import cells
from contacts.importers.cells import Wrong
from contacts.importers.duty_columns import (
    ALWAYS_NEEDED,
    DutyColumn,
    When,
    known,
    when,
)
from contacts.importers.header import FEWEST_KNOWN, LAST_LINE
from contacts.importers.roster_file import tables_of
from contacts.importers.sheet import RowProblem
from contacts.importers.table import Cell, Line, RefusedError, Table, letters
from contacts.model import HumanId, Person, PostRef, Unit, UnitId
from contacts.numbers import without_numbers
from contacts.roster import Roster

Value = TypeVar("Value")
DAY = timedelta(days=1)

NO_TABLE = "没有值班表的表头,应有:日期(或开始、结束)、单位、岗位、姓名"
MISSING = "表头里缺少这一列"
EMPTY = "不能为空"
NOBODY = "表里没有值班人"
NO_SPAN = "结束要晚于开始"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySheet:
    """A table, read: either problems, or who is on duty when."""

    overrides: tuple[Override, ...] = ()
    problems: tuple[RowProblem, ...] = ()


def read_duties(
    data: bytes, roster: Roster, zone: str, handover: time = HANDOVER
) -> DutySheet:
    """Read a whole file against the roster; any problem, and it holds only problems.

    :param zone: in which the table writes its times
    :param handover: when a day of duty without times begins and ends
    """
    try:
        tables = tables_of(data)
    except RefusedError as refused:
        told = RowProblem(row=refused.row, column="", what=refused.wrong.what)
        return DutySheet(problems=(told,))
    found = _headed(tables)
    if found is None:
        return DutySheet(problems=(RowProblem(row=1, column="", what=NO_TABLE),))
    table, header = found
    reading = _Reading(
        roster=roster,
        zone=ZoneInfo(zone),
        handover=handover,
        places=known(header.cells),
    )
    return reading.sheet(table, header)


def _headed(tables: Sequence[Table]) -> tuple[Table, Line] | None:
    """The first table with a header, and the line that names most columns."""
    for table in sorted(tables, key=lambda one: one.hidden):
        first = [line for line in table.lines if line.number <= LAST_LINE]
        best = max(first, key=lambda line: len(known(line.cells)), default=None)
        if best and len(known(best.cells)) >= FEWEST_KNOWN:
            return table, best
    return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row, understood."""

    row: int
    ref: PostRef
    human: HumanId
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A table while it is read against a roster."""

    roster: Roster
    zone: ZoneInfo
    handover: time
    places: Mapping[DutyColumn, int]
    problems: list[RowProblem] = field(default_factory=list)

    def sheet(self, table: Table, header: Line) -> DutySheet:
        """Read all rows; none under a header that can't be used."""
        self._check_header(header)
        lines = [] if self.problems else table.lines
        rows = [_Row(line, self) for line in lines if line.number > header.number]
        entries = [entry for row in rows if row.says and (entry := row.entry())]
        self._check_overlaps(entries)
        if not (self.problems or entries):
            self.complain(header.number, DutyColumn.NAME, NOBODY)
        if self.problems:
            ordered = sorted(self.problems, key=lambda one: one.row)
            return DutySheet(problems=tuple(ordered))
        return DutySheet(overrides=tuple(_overrides(entries)))

    def complain(self, row: int, column: DutyColumn, what: str) -> None:
        """Note a problem, in Chinese."""
        place = self.places.get(column)
        letter = "" if place is None else letters(place)
        told = without_numbers(what)
        self.problems.append(
            RowProblem(row=row, column=column, what=told, letter=letter)
        )

    def _check_header(self, header: Line) -> None:
        spans = (
            (DutyColumn.BEGINS, DutyColumn.ENDS)
            if DutyColumn.DATE not in self.places
            else ()
        )
        for column in (*spans, *ALWAYS_NEEDED):
            if column not in self.places:
                self.complain(header.number, column, MISSING)

    def _check_overlaps(self, entries: Sequence[_Entry]) -> None:
        """Refuse spans of one post that cross: which one holds is for them to say."""
        by_post: dict[PostRef, list[_Entry]] = defaultdict(list)
        for entry in entries:
            by_post[entry.ref].append(entry)
        for same in by_post.values():
            same.sort(key=lambda one: one.span.bounds)
            for one, other in pairwise(same):
                if one.span != other.span and one.span.meets(other.span):
                    what = f"与第 {one.row} 行的时间重叠"
                    self.complain(other.row, DutyColumn.DATE, what)


class _Row:
    """One row of the table."""

    def __init__(self, line: Line, reading: _Reading) -> None:
        self._line = line
        self._reading = reading

    @property
    def says(self) -> bool:
        """Whether anything stands in it, and it is not the header again."""
        texts = [cell for cell in self._line.cells if self._filled(cell)]
        return bool(texts) and len(known(self._line.cells)) < FEWEST_KNOWN

    def entry(self) -> _Entry | None:
        """Who is on duty where and when; None where something is complained of."""
        span = self._span()
        unit = self._value(DutyColumn.UNIT, self._unit)
        post = self._value(DutyColumn.POST, cells.role)
        name = self._value(DutyColumn.NAME, cells.person_name)
        if unit is None or post is None or name is None:
            return None
        if post.unit_kind is not unit.kind:
            self._complain(DutyColumn.POST, f"{unit.name}没有这个岗位")
            return None
        ref = PostRef(unit.id, post)
        human = self._human(ref, name)
        return _Entry(self._line.number, ref, human, span) if human and span else None

    def _cell(self, column: DutyColumn) -> Cell:
        place = self._reading.places.get(column)
        line = self._line.cells
        return "" if place is None or place >= len(line) else line[place]

    def _filled(self, cell: Cell) -> bool:
        return isinstance(cell, Wrong) or cells.clean(cell) != ""

    def _complain(self, column: DutyColumn, what: str) -> None:
        self._reading.complain(self._line.number, column, what)

    def _value(
        self, column: DutyColumn, read: Callable[[str], Value | Wrong]
    ) -> Value | None:
        cell = self._cell(column)
        if isinstance(cell, Wrong):
            self._complain(column, cell.what)
            return None
        text = cells.clean(cell)
        value = read(text) if text else Wrong(what=EMPTY)
        if isinstance(value, Wrong):
            self._complain(column, value.what)
            return None
        return value

    def _unit(self, text: str) -> Unit | Wrong:
        """Find a unit by its code or its name."""
        units = self._reading.roster.units
        code = cells.whole(text)
        if isinstance(code, str) and (unit := units.get(UnitId(code))):
            return unit
        named = self._reading.roster.named(text)
        if len(named) > 1:
            return Wrong(what=f"名册里有 {len(named)} 个“{text}”,请写编码")
        return units[named[0]] if named else Wrong(what=f"名册里没有单元“{text}”")

    def _human(self, ref: PostRef, name: str) -> HumanId | None:
        """Find him in the post, else anywhere in the roster, if there is only one."""
        roster = self._reading.roster
        found: Sequence[Person] = ()
        for circle in (roster.appointed(ref), roster.people.values()):
            found = [person for person in circle if person.name == name]
            if len(found) == 1:
                return found[0].human
        what = (
            f"名册里有 {len(found)} 个叫“{name}”的人" if found else "名册里没有这个人"
        )
        self._complain(DutyColumn.NAME, f"{what},请先在名册里把他列入这个岗位")
        return None

    def _span(self) -> Span | None:
        told = {column: self._when(column) for column in SPAN_COLUMNS}
        if any(isinstance(one, Wrong) for one in told.values()):
            return None
        day, begins, ends = (one for one in told.values() if not isinstance(one, Wrong))
        bounds = _bounds(day, begins, ends, self._reading.handover)
        if bounds is None:
            self._complain(DutyColumn.DATE, EMPTY)
            return None
        try:
            first, last = (one.replace(tzinfo=self._reading.zone) for one in bounds)
            return Span(begins=first, ends=last)
        except DutyError:
            self._complain(DutyColumn.ENDS, NO_SPAN)
            return None

    def _when(self, column: DutyColumn) -> When | Wrong:
        cell = self._cell(column)
        found = when(cell) if self._filled(cell) else When()
        if isinstance(found, Wrong):
            self._complain(column, found.what)
        return found


SPAN_COLUMNS = (DutyColumn.DATE, DutyColumn.BEGINS, DutyColumn.ENDS)


def _bounds(
    day: When, begins: When, ends: When, handover: time
) -> tuple[datetime, datetime] | None:
    """From when to when, by the clock on the wall; None where no day is given."""
    first = begins.day or day.day
    if first is None:
        return None
    start = datetime.combine(first, begins.clock or handover)
    if ends == When():
        return start, datetime.combine(first, handover) + DAY
    end = When(ends.day, ends.clock or handover, next_day=ends.next_day).on(first)
    overnight = ends.day is None and end <= start
    return start, end + DAY * overnight


def _overrides(entries: Sequence[_Entry]) -> Iterator[Override]:
    """One for each span of a post; its people in the order of rows, each once."""
    people: dict[tuple[PostRef, Span], dict[HumanId, None]] = defaultdict(dict)
    for entry in entries:
        people[entry.ref, entry.span][entry.human] = None
    for (ref, span), humans in people.items():
        yield Override(ref=ref, humans=tuple(humans), span=span)
