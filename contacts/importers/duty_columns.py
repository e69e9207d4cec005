"""The words of a 值班表: headers of its columns, and how it writes days and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from contacts.importers.cells import Wrong, clean
from contacts.importers.columns import plain
from contacts.importers.table import Cell
from contacts.importers.values import FIRST_DAY, DateCell


class DutyColumn(StrEnum):
    """A column of the table, by the header we write ourselves."""

    DATE = "日期"
    BEGINS = "开始"
    ENDS = "结束"
    UNIT = "单位"
    POST = "岗位"
    NAME = "姓名"


ALIASES = {
    DutyColumn.DATE: ("值班日期", "值班日"),
    DutyColumn.BEGINS: ("开始时间", "起", "起始时间", "接班时间"),
    DutyColumn.ENDS: ("结束时间", "止", "截止时间", "交班时间"),
    DutyColumn.UNIT: ("单元", "区划代码", "单位编码", "网格编码"),
    DutyColumn.POST: ("职务", "角色", "值班岗位", "职务(角色)"),
    DutyColumn.NAME: ("值班人", "值班人员", "值班员", "责任人"),
}
HEADERS = {
    plain(word): column for column in DutyColumn for word in (column, *ALIASES[column])
}
ALWAYS_NEEDED = (DutyColumn.UNIT, DutyColumn.POST, DutyColumn.NAME)

DAY = r"(?P<year>[0-9]{4})[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?"
CLOCK = r"(?P<hour>[0-9]{1,2})[:时](?P<minute>[0-9]{2})?分?(?::00)?"
WRITTEN = re.compile(rf"(?:{DAY})?[ T]*(?:{CLOCK})?")
MIDNIGHT = 24  # some write the end of a day as 24:00

NO_TIME = Wrong(what="看不懂这个时间,应写作 年-月-日、年-月-日 时:分 或 时:分")


@dataclass(frozen=True, slots=True)
class When:
    """What a cell tells of a time; either part may be missing.

    :ivar next_day: it was written as 24:00
    """

    day: date | None = None
    clock: time | None = None
    next_day: bool = False

    def on(self, day: date) -> datetime:
        """The time by the clock on the wall, of a day that another cell may give."""
        base = datetime.combine(self.day or day, self.clock or time())
        return base + timedelta(days=self.next_day)


def known(cells: Sequence[Cell]) -> dict[DutyColumn, int]:
    """The columns that a line names, each at its first place."""
    found: dict[DutyColumn, int] = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, str) and (column := HEADERS.get(plain(clean(cell)))):
            found.setdefault(column, place)
    return found


def when(cell: Cell) -> When | Wrong:
    """Read a day, a time of day, or both."""
    if isinstance(cell, DateCell):
        moment = cell.moment
        day = moment.date() if moment.date() > FIRST_DAY.date() else None
        whole = day is not None and moment.time() == time()
        return When(day, None if whole else moment.time())
    if isinstance(cell, Wrong):
        return cell
    found = WRITTEN.fullmatch(clean(cell))
    if found is None or not (found["year"] or found["hour"]):
        return NO_TIME
    return _when(found)


def _when(found: re.Match[str]) -> When | Wrong:
    hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
    late = hour == MIDNIGHT and minute == 0
    try:
        day = (
            date(int(found["year"]), int(found["month"]), int(found["day"]))
            if found["year"]
            else None
        )
        clock = time(0 if late else hour, minute) if found["hour"] else None
    except ValueError:
        return NO_TIME
    return When(day, clock, next_day=late)
