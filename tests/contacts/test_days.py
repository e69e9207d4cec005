from __future__ import annotations

from datetime import date

import pytest

from contacts.days import Day, DayKind, DaySource, day_of

WORKED = Day(DayKind.WORKDAY, DaySource.CALENDAR)
OFF = Day(DayKind.DAY_OFF, DaySource.CALENDAR)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-02-13", WORKED),  # the last Friday before the spring festival
        ("2026-02-14", WORKED),  # a Saturday worked in its stead
        ("2026-02-15", OFF),
        ("2026-02-17", OFF),  # a Tuesday, the first day of the year of the horse
        ("2026-02-23", OFF),
        ("2026-02-24", WORKED),
        ("2026-02-28", WORKED),  # the other Saturday worked in its stead
        ("2026-03-01", OFF),
        ("2026-10-01", OFF),
    ],
)
def test_holidays_and_the_weekends_worked_for_them_are_known(
    day: str, expected: Day
) -> None:
    assert expected == day_of(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2126-10-01", DayKind.WORKDAY),  # a Tuesday
        ("2126-10-05", DayKind.DAY_OFF),
        ("1949-10-01", DayKind.DAY_OFF),  # a Saturday
    ],
)
def test_of_a_year_that_is_not_announced_the_week_tells_and_says_so(
    day: str, kind: DayKind
) -> None:
    assert Day(kind, DaySource.WEEK) == day_of(date.fromisoformat(day))
