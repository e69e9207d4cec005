"""Who fills a post at an instant: midnight, holidays, gaps, overlaps, zones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contacts.days import DayKind
from contacts.duty import (
    LOOKED_AHEAD,
    DutyError,
    Override,
    Rota,
    Span,
    Tenure,
    TimeBound,
    Turn,
    swap,
)
from tests.contacts.watches import (
    DUTY,
    at,
    human,
    leave,
    on_duty,
    override,
    rota,
    rotation,
    span,
)

JULY_12 = span("2026-07-12 08:30", "2026-07-13 08:30")
JULY_13 = span("2026-07-13 08:30", "2026-07-14 08:30")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-01 08:29:59.999999", ""),  # before the plan begins
        ("2026-07-01 08:30", "a"),
        ("2026-07-01 23:59:59", "a"),
        ("2026-07-02 00:00", "a"),  # the night belongs to the day it began on
        ("2026-07-02 08:29:59.999999", "a"),
        ("2026-07-02 08:30", "b"),
        ("2026-07-03 08:30", "c"),
        ("2026-07-04 08:30", "a"),
        ("2026-07-31 12:00", "a"),
        ("2026-08-01 08:29", "a"),
        ("2026-08-01 08:30", "b"),
        ("2026-12-31 12:00", "a"),
        ("2027-01-01 00:00", "a"),
        ("2027-01-01 08:30", "b"),
    ],
)
def test_people_take_turns_across_midnight_and_the_ends_of_months_and_years(
    moment: str, expected: str
) -> None:
    assert expected == on_duty(rota(rotation("a", "b", "c")), moment)


def test_the_leap_day_is_a_day_of_duty() -> None:
    post = rota(rotation("a", "b", "c", starts="2028-02-28"))

    days = ("2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02")
    assert [on_duty(post, f"{day} 09:00") for day in days] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-02 08:29", "b"),
        ("2026-07-01 08:30", "a"),
        ("2026-07-01 20:29", "a"),
        ("2026-07-01 20:30", "b"),
        ("2026-07-02 08:30", "c"),
        ("2026-07-02 20:30", "a"),
    ],
)
def test_a_day_can_have_several_turns(moment: str, expected: str) -> None:
    assert expected == on_duty(rota(rotation("a", "b", "c", hours=12)), moment)


def test_a_turn_can_last_a_week() -> None:
    post = rota(rotation("a", "b", hours=24 * 7))

    assert on_duty(post, "2026-07-08 08:29") == "a"
    assert on_duty(post, "2026-07-08 08:30") == "b"
    assert on_duty(post, "2026-07-15 08:30") == "a"


def test_a_handover_at_midnight_is_one_of_the_new_day() -> None:
    post = rota(rotation("a", "b", handover=time(0)))

    assert on_duty(post, "2026-07-01 23:59") == "a"
    assert on_duty(post, "2026-07-02 00:00") == "b"


def test_a_plan_ends_with_the_night_of_its_last_day() -> None:
    post = rota(rotation("a", ends="2026-07-02"), holders="h")

    assert on_duty(post, "2026-07-03 08:29") == "a"
    assert on_duty(post, "2026-07-03 08:30") == "h"
    assert not post.duties.rotations[0].over(at("2026-07-03 08:29"))
    assert post.duties.rotations[0].over(at("2026-07-03 08:30"))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-02-13", "w1"),  # Friday
        ("2026-02-14", "w2"),  # a Saturday that is worked
        ("2026-02-15", "f1"),  # the spring festival, nine days
        ("2026-02-16", "f2"),
        ("2026-02-23", "f1"),
        ("2026-02-24", "w1"),
        ("2026-02-27", "w2"),
        ("2026-02-28", "w1"),  # the other Saturday that is worked
        ("2026-03-01", "f2"),
        ("2026-03-02", "w2"),
    ],
)
def test_workdays_and_days_off_have_their_own_plans_and_count_their_own_turns(
    day: str, expected: str
) -> None:
    post = rota(
        rotation("w1", "w2", starts="2026-02-13", kind=DayKind.WORKDAY),
        rotation("f1", "f2", starts="2026-02-13", kind=DayKind.DAY_OFF),
    )

    assert expected == on_duty(post, f"{day} 12:00")
    assert expected == on_duty(post, f"{date.fromisoformat(day) + DAY} 08:29")


DAY = timedelta(days=1)


def test_in_a_gap_the_holders_are_called_and_without_any_it_is_vacant() -> None:
    weekends = rotation("f", kind=DayKind.DAY_OFF)

    assert on_duty(rota(weekends, holders="h g"), "2026-07-08 12:00") == "h g"
    assert on_duty(rota(weekends), "2026-07-08 12:00") == ""


def test_an_override_beats_the_rotation_for_its_span_only() -> None:
    post = rota(rotation("a"), override(JULY_12, "x", "y"))

    assert on_duty(post, "2026-07-12 08:29") == "a"
    assert on_duty(post, "2026-07-12 08:30") == "x y"
    assert on_duty(post, "2026-07-13 08:29") == "x y"
    assert on_duty(post, "2026-07-13 08:30") == "a"


@pytest.mark.parametrize("turned", [False, True])
def test_of_what_overlaps_the_one_made_last_holds(*, turned: bool) -> None:
    half = span("2026-07-12 20:00", "2026-07-13 08:30")
    made = [
        override(JULY_12, "first", number=1),
        override(half, "last", number=2),
        rotation("a", number=3),
        rotation("b", number=4, starts="2026-07-20"),
    ]
    post = rota(*(reversed(made) if turned else made))

    assert on_duty(post, "2026-07-12 19:59") == "first"
    assert on_duty(post, "2026-07-12 20:00") == "last"
    assert on_duty(post, "2026-07-19 12:00") == "a"
    assert on_duty(post, "2026-07-20 12:00") == "b"


def test_two_people_exchange_their_turns() -> None:
    one, other = (
        Turn(human=human("a"), span=JULY_12),
        Turn(human=human("b"), span=JULY_13),
    )
    post = rota(rotation("a", "b", starts="2026-07-12"), *swap(DUTY, one, other))

    days = ("12", "13", "14", "15")
    found = [on_duty(post, f"2026-07-{day} 09:00") for day in days]
    assert found == ["b", "a", "a", "b"]


def test_who_is_on_leave_is_not_called_and_his_substitute_stands_in_his_place() -> None:
    post = rota(leave("a", JULY_12, "s"), holders="a b")

    assert on_duty(post, "2026-07-12 08:29") == "a b"
    assert on_duty(post, "2026-07-12 08:30") == "s b"
    assert on_duty(post, "2026-07-13 08:30") == "a b"


def test_without_a_substitute_the_post_falls_to_its_others_or_is_vacant() -> None:
    away = leave("a", JULY_12)

    assert on_duty(rota(away, holders="a b"), "2026-07-12 09:00") == "b"
    assert on_duty(rota(away, holders="a"), "2026-07-12 09:00") == ""
    assert on_duty(rota(away, rotation("a"), holders="h"), "2026-07-12 09:00") == "h"


def test_a_leave_holds_in_a_turn_as_well() -> None:
    post = rota(rotation("a"), leave("a", JULY_12, "s"), holders="h")

    assert on_duty(post, "2026-07-12 09:00") == "s"


def test_the_substitute_of_a_substitute_stands_in_and_a_circle_is_nobody() -> None:
    first, second = leave("a", JULY_12, "b"), leave("b", JULY_12, "c")
    back = leave("b", JULY_12, "a")

    assert on_duty(rota(first, second, holders="a"), "2026-07-12 09:00") == "c"
    assert on_duty(rota(first, back, holders="a b"), "2026-07-12 09:00") == ""


def test_who_stands_in_for_two_is_called_once() -> None:
    post = rota(leave("a", JULY_12, "b"), holders="a b")

    assert on_duty(post, "2026-07-12 09:00") == "b"


def test_a_leave_made_later_holds_against_an_earlier_one() -> None:
    post = rota(leave("a", JULY_12, "t", number=2), leave("a", JULY_12, "s", number=1))
    held = rota(*post.duties.leaves, holders="a")

    assert on_duty(held, "2026-07-12 09:00") == "t"


def test_a_holding_begins_and_expires() -> None:
    post = rota(
        tenures=[
            Tenure(human=human("old"), span=span(None, "2026-07-12 08:30")),
            Tenure(human=human("new"), span=span("2026-07-12 08:30", None)),
        ]
    )

    assert on_duty(post, "2026-07-12 08:29") == "old"
    assert on_duty(post, "2026-07-12 08:30") == "new"
    assert post.next_change(at("2026-07-01 00:00")) == at("2026-07-12 08:30")
    assert post.next_change(at("2026-07-12 08:30")) is None


def test_who_is_no_more_in_the_roster_leaves_a_gap_in_his_turn() -> None:
    whole = rota(rotation("a", "b"), holders="h")
    post = Rota(
        tenures=whole.tenures,
        duties=whole.duties,
        people={name: one for name, one in whole.people.items() if name != "b"},
    )

    assert on_duty(post, "2026-07-01 09:00") == "a"
    assert on_duty(post, "2026-07-02 09:00") == "h"
    assert on_duty(post, "2026-07-03 09:00") == "a"


def test_the_clock_on_the_wall_hands_over_whatever_summer_time_does() -> None:
    berlin = "Europe/Berlin"
    post = rota(rotation("a", "b", starts="2026-03-28", zone=berlin))

    assert on_duty(post, "2026-03-29 08:29", berlin) == "a"  # 23 hours of duty
    assert on_duty(post, "2026-03-29 08:30", berlin) == "b"
    assert post.next_change(at("2026-03-28 08:30", berlin)) == datetime(
        2026, 3, 29, 6, 30, tzinfo=UTC
    )


def test_turns_of_hours_follow_the_wall_through_a_night_that_is_too_long() -> None:
    berlin = "Europe/Berlin"
    post = rota(
        rotation("a", "b", starts="2026-10-24", zone=berlin, hours=1, handover=time(0))
    )

    ends, moment = [], at("2026-10-25 00:00", berlin)
    for _ in range(3):
        moment = post.next_change(moment) or moment
        ends.append(moment)
    assert ends == [
        datetime(2026, 10, 24, 23, tzinfo=UTC),
        datetime(2026, 10, 25, 0, tzinfo=UTC),  # 02:00, the first of two
        datetime(2026, 10, 25, 2, tzinfo=UTC),
    ]


def test_an_instant_is_the_same_in_every_zone() -> None:
    post = rota(rotation("a", "b"))

    assert on_duty(post, "2026-07-02 00:30", "UTC") == "b"
    assert on_duty(post, "2026-07-02 00:29", "UTC") == "a"


def test_who_was_on_duty_is_answered_the_same_however_often_one_asks() -> None:
    post = rota(rotation("a", "b"))
    days = [f"2026-07-{day:02} 09:00" for day in range(1, 31)]

    expected = ["a", "b"] * 15
    assert [on_duty(post, day) for day in days for _ in range(2)][::2] == expected
    assert [on_duty(post, day) for day in reversed(days)] == expected[::-1]


def test_a_rotation_of_one_never_changes_and_is_not_looked_at_for_ever() -> None:
    assert rota(rotation("a")).next_change(at("2026-07-01 09:00")) is None


def test_a_change_beyond_the_horizon_is_not_told() -> None:
    begins = at("2026-07-01 09:00")
    late = Override(
        ref=DUTY,
        humans=(human("x"),),
        span=Span(begins=begins + LOOKED_AHEAD + timedelta(days=1)),
    )

    assert rota(late, holders="h").next_change(begins) is None
    assert rota(late, holders="h").next_change(begins + DAY) == late.span.begins


@pytest.mark.parametrize(
    ("begins", "ends", "meets"),
    [
        ("2026-07-13 08:30", None, False),
        ("2026-07-13 08:29", None, True),
        (None, "2026-07-12 08:30", False),
        (None, "2026-07-12 08:31", True),
        (None, None, True),
    ],
)
def test_spans_meet_only_where_both_have_an_instant(
    begins: str | None, ends: str | None, *, meets: bool
) -> None:
    other = span(begins, ends)

    assert (meets, meets) == (JULY_12.meets(other), other.meets(JULY_12))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DutyError, match="must end after it begins"):
        span("2026-07-12 08:30", "2026-07-12 08:30")
    with pytest.raises(DutyError, match="names nobody"):
        override(JULY_12)
    with pytest.raises(DutyError, match="has no members"):
        rotation()


@pytest.mark.parametrize("hours", [0, -24, 5, 36])
def test_a_turn_is_a_part_of_a_day_or_whole_days(hours: int) -> None:
    with pytest.raises(DutyError, match=f"a turn of {hours} hours"):
        rotation("a", hours=hours)


NAMES = some.sampled_from("abcde")
BASE = at("2026-02-10 00:00")
MOMENTS = some.integers(0, 60 * 24 * 30).map(lambda m: BASE + timedelta(minutes=m))


@some.composite
def spans(draw: some.DrawFn) -> Span:
    begins = draw(MOMENTS)
    return Span(
        begins=begins, ends=begins + timedelta(hours=draw(some.integers(1, 90)))
    )


@some.composite
def bound(draw: some.DrawFn) -> TimeBound:
    number, which = draw(some.integers(0, 9)), draw(some.integers(0, 2))
    if which == 0:
        who = draw(some.lists(NAMES, min_size=1, max_size=3))
        return override(draw(spans()), *who, number=number)
    if which == 1:
        substitute = draw(some.none() | NAMES)
        return leave(draw(NAMES), draw(spans()), substitute, number)
    return rotation(
        *draw(some.lists(NAMES, min_size=1, max_size=4)),
        starts=f"2026-02-{draw(some.integers(1, 28)):02}",
        hours=draw(some.sampled_from([6, 12, 24, 48, 168])),
        kind=draw(some.none() | some.sampled_from(DayKind)),
        zone=draw(some.sampled_from(["Asia/Shanghai", "Europe/Berlin"])),
        number=number,
    )


POSTS = some.builds(
    lambda made, holders: rota(*made, holders=" ".join(holders)),
    some.lists(bound(), max_size=6),
    some.lists(NAMES, unique=True, max_size=3),
)


@given(POSTS, MOMENTS)
def test_only_people_of_the_post_fill_it_each_once_and_always_in_the_same_order(
    post: Rota, moment: datetime
) -> None:
    found = post.on_duty(moment)

    assert len({person.id for person in found}) == len(found)
    assert {person.human for person in found} <= post.people.keys()
    assert replace(post).on_duty(moment.astimezone(UTC)) == found


@given(POSTS, MOMENTS, some.floats(0, 1, exclude_max=True))
def test_nobody_changes_before_the_next_change_and_somebody_does_at_it(
    post: Rota, moment: datetime, part: float
) -> None:
    change = post.next_change(moment)
    until = change or moment + timedelta(days=90)
    between = moment + (until - moment) * part

    if between < until:
        assert post.on_duty(between) == post.on_duty(moment)
    if change:
        assert change > moment
        assert post.on_duty(change - timedelta(microseconds=1)) == post.on_duty(moment)
        assert post.on_duty(change) != post.on_duty(moment)
