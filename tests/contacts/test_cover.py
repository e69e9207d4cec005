"""Who fills a post between two instants: no hole in the answer, gaps and overlaps."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from contacts.cover import watch
from contacts.days import DayKind, unknown_from
from contacts.duty import Duties, TimeBound
from contacts.model import Holding, Person, PersonId, Unit, UnitKind
from contacts.roster import Roster
from tests.contacts.watches import DUTY, at, leave, override, rotation, span

BEGINS, ENDS = at("2026-07-12 00:00"), at("2026-07-15 00:00")


def county(*duties: TimeBound, holders: str = "ab") -> Roster:
    unit = Unit(
        id=DUTY.unit, kind=UnitKind.COUNTY, name="澄溪县", parent=None, code_system="D"
    )
    people = [Person(id=PersonId(one), name=one, addresses=()) for one in holders]
    held = (Holding(ref=DUTY, person=one.id) for one in people)
    return Roster.build([unit], people, held, Duties.sorted_out(duties))


def shown(roster: Roster) -> list[tuple[str, str]]:
    """From when on who, by the clock on the wall."""
    found = watch(roster, DUTY, BEGINS, ENDS).covers
    return [
        (
            f"{one.begins.astimezone(BEGINS.tzinfo):%d %H:%M}",
            "".join(p.name for p in one.value),
        )
        for one in found
    ]


def test_a_post_in_which_nothing_is_bound_to_time_is_one_span() -> None:
    assert shown(county()) == [("12 00:00", "ab")]


def test_turns_follow_one_another_and_those_of_one_are_one_span() -> None:
    assert shown(county(rotation("a", "a", "b"))) == [
        ("12 00:00", "a"),
        ("12 08:30", "b"),
        ("13 08:30", "a"),
    ]


def test_a_time_with_nobody_is_in_the_answer_as_vacant() -> None:
    away = span("2026-07-13 08:00", "2026-07-13 20:00")

    assert shown(county(leave("a", away), holders="a")) == [
        ("12 00:00", "a"),
        ("13 08:00", ""),
        ("13 20:00", "a"),
    ]


def test_plans_that_hold_at_once_are_named_for_as_long_as_they_do() -> None:
    first = span("2026-07-12 08:00", "2026-07-13 08:00")
    second = span("2026-07-12 20:00", "2026-07-14 08:00")
    found = watch(
        county(
            override(first, "a", number=1),
            override(second, "b", number=2),
            leave("a", first, number=3),
            leave("b", second, number=4),
        ),
        DUTY,
        BEGINS,
        ENDS,
    ).overlaps

    assert [(one.begins, one.ends, one.value) for one in found] == [
        (second.begins, first.ends, (1, 2))
    ]


def test_rotations_and_leaves_of_one_that_overlap_are_named_too() -> None:
    away = span("2026-07-13 08:00", "2026-07-13 20:00")
    found = watch(
        county(
            rotation("a", number=1, ends="2026-07-12"),
            rotation("b", number=2),
            leave("a", away, number=3),
            leave("a", away, "b", number=4),
        ),
        DUTY,
        BEGINS,
        ENDS,
    ).overlaps

    assert [(one.begins, one.ends, one.value) for one in found] == [
        (BEGINS, at("2026-07-13 08:30"), (1, 2)),
        (away.begins, away.ends, (3, 4)),
    ]


UNKNOWN = unknown_from(date(2026, 1, 1))


def test_the_first_day_whose_holidays_nobody_knows_is_told_where_it_matters() -> None:
    begins, ends = at(f"{UNKNOWN} 00:00"), at(f"{UNKNOWN + timedelta(days=2)} 00:00")
    before = begins - timedelta(days=2)
    by_kind = county(rotation("a", kind=DayKind.WORKDAY))
    over = county(rotation("a", kind=DayKind.WORKDAY, ends="2026-07-31"))

    assert watch(by_kind, DUTY, begins, ends).by_week == UNKNOWN
    assert watch(by_kind, DUTY, before - timedelta(days=1), before).by_week is None
    assert watch(over, DUTY, begins, ends).by_week is None
    assert watch(county(rotation("a")), DUTY, begins, ends).by_week is None


def test_a_calendar_that_knows_a_year_knows_all_of_it() -> None:
    assert (UNKNOWN.month, UNKNOWN.day) == (1, 1)
    assert unknown_from(UNKNOWN - timedelta(days=1)) == UNKNOWN
    assert unknown_from(UNKNOWN + timedelta(days=40)) == UNKNOWN + timedelta(days=40)


@given(
    shifts=some.lists(
        some.tuples(
            some.integers(-10, 90), some.integers(1, 40), some.sampled_from("ab")
        ),
        max_size=6,
    ),
    hours=some.sampled_from([8, 12, 24]),
)
def test_at_any_instant_the_spans_say_what_the_roster_says(
    shifts: list[tuple[int, int, str]], hours: int
) -> None:
    begun = [(BEGINS + timedelta(hours=h), length, who) for h, length, who in shifts]
    made = [
        override(
            span(
                *(f"{one:%Y-%m-%d %H:%M}" for one in (b, b + timedelta(hours=length)))
            ),
            who,
            number=number,
        )
        for number, (b, length, who) in enumerate(begun)
    ]
    roster = county(rotation("a", "b", hours=hours), *made)
    covers = watch(roster, DUTY, BEGINS, ENDS).covers

    assert (covers[0].begins, covers[-1].ends) == (BEGINS, ENDS)
    for one, following in pairwise(covers):
        assert one.ends == following.begins
        assert one.value != following.value
    for hour in range(72):
        moment = BEGINS + timedelta(hours=hour)
        [cover] = [one for one in covers if one.begins <= moment < one.ends]
        assert cover.value == roster.holders(DUTY, moment)
