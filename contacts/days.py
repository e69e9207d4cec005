"""Which days are worked: statutory holidays and the weekends worked in their stead.

The State Council announces them late in the year for the next one. For years that the
installed calendar does not know, Saturday and Sunday are off, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import count

import chinese_calendar

SATURDAY = 5


class DayKind(StrEnum):
    """What a day is to an office."""

    WORKDAY = "workday"  # 工作日, with weekends worked in a holiday's stead (调休)
    DAY_OFF = "day_off"  # 周末、法定节假日


class DaySource(StrEnum):
    """Where it is known from."""

    CALENDAR = "calendar"  # what was announced for the year
    WEEK = "week"  # nothing is known of the year: by the day of the week


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is, and how that is known."""

    kind: DayKind
    source: DaySource


@cache
def day_of(day: date) -> Day:
    """Tell what a day is; of a year not announced, by the day of the week."""
    try:
        worked, source = chinese_calendar.is_workday(day), DaySource.CALENDAR
    except NotImplementedError:
        worked, source = day.weekday() < SATURDAY, DaySource.WEEK
    return Day(DayKind.WORKDAY if worked else DayKind.DAY_OFF, source)


def unknown_from(first: date) -> date:
    """Give the first day, from one on, whose year the installed calendar lacks."""
    years = (max(first, date(year, 1, 1)) for year in count(first.year))
    return next(day for day in years if day_of(day).source is DaySource.WEEK)
