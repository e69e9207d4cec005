"""How long the first round of calls takes, known before anybody is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.model import Post
from dispatcher.core.alert import Lane, Load
from dispatcher.core.callout import Ladder
from dispatcher.core.capacity import (
    FirstRing,
    Lines,
    begins,
    by_lines,
    by_rate,
    own_rings,
    too_slow,
    usable,
)
from dispatcher.core.lines import line_free
from dispatcher.core.night import Night
from tests.core.build import DIGEST, INFO, ORANGE, RED, START, opening, own, small

COUNTS = st.integers(1, 40)
CALLS = st.integers(1, 120)
DUE = st.lists(st.integers(0, 900), max_size=80).map(sorted)


def lines(count: int, call_seconds: float = 45) -> Lines:
    return Lines(count=count, call_seconds=call_seconds)


def together(
    people: int, seconds: int = 0, *, stand_in: bool = False
) -> list[FirstRing]:
    """So many people who fall due in the same second."""
    return [FirstRing(seconds, stands_in=stand_in)] * people


def rings(ladder: Ladder) -> list[tuple[Post, FirstRing]]:
    """When the own posts of a ladder are first rung."""
    return [(ref.post, ring) for ref, ring in own_rings(opening(ladder))]


def test_messages_take_as_long_as_their_rate_says() -> None:
    assert by_rate(101, 10) == Load(people=101, seconds=11, first_seconds=11)


@given(people=st.integers(0, 200), call=CALLS)
def test_one_line_takes_every_call_after_the_other(people: int, call: int) -> None:
    load = by_lines(together(people), lines(1, call), limit=300)

    assert (load.people, load.seconds) == (people, people * call)


@given(people=st.integers(0, 200), count=COUNTS, call=CALLS)
def test_people_who_fall_due_together_go_in_as_many_rounds_as_needed(
    people: int, count: int, call: int
) -> None:
    load = by_lines(together(people), lines(count, call), limit=300)

    assert load.seconds == -(-people // count) * call


@given(due=DUE, count=COUNTS, call=CALLS)
def test_another_line_makes_nobody_wait_longer(
    due: list[int], count: int, call: int
) -> None:
    fewer = begins(due, lines(count, call))
    more = begins(due, lines(count + 1, call))

    assert all(later >= sooner for later, sooner in zip(fewer, more, strict=True))


@given(due=DUE, count=COUNTS, call=CALLS)
def test_a_call_begins_when_it_is_due_or_else_the_moment_a_line_falls_free(
    due: list[int], count: int, call: int
) -> None:
    begun = list(begins(due, lines(count, call)))
    ends = {0.0, *(begin + call for begin in begun)}

    assert all(
        begin == at or (begin > at and begin in ends)
        for at, begin in zip(due, begun, strict=True)
    )
    assert begun == sorted(begun)


@given(due=DUE, count=COUNTS, call=CALLS)
def test_never_do_more_calls_go_on_than_there_are_lines(
    due: list[int], count: int, call: int
) -> None:
    begun = list(begins(due, lines(count, call)))
    going_on = [sum(at <= now < at + call for at in begun) for now in begun]

    assert max(going_on, default=0) <= count


@given(due=DUE, count=COUNTS, call=CALLS, limit=st.integers(0, 900))
def test_never_rung_are_those_whose_first_ring_comes_after_the_limit(
    due: list[int], count: int, call: int, limit: int
) -> None:
    load = by_lines(map(FirstRing, due), lines(count, call), limit)

    assert load.never_rung == sum(at > limit for at in begins(due, lines(count, call)))


def test_a_ring_in_the_last_second_of_the_limit_is_in_time() -> None:
    load = by_lines(together(3), lines(1, 150), limit=300)

    assert load.never_rung == 0


def test_who_stands_in_waits_behind_the_first_rungs_and_is_told_apart() -> None:
    due = [*together(10, 180, stand_in=True), *together(70), *together(2, 180)]
    load = by_lines(due, lines(10), limit=300)

    # 70 on 10 lines are rung by 315 s; then the two due at 180, then the stand-ins.
    assert load == Load(people=82, seconds=405, never_rung=12, first_seconds=360)


def test_nobody_to_ring_takes_no_time() -> None:
    assert by_lines([], lines(10), limit=300) == Load(people=0, seconds=0)


@pytest.mark.parametrize(
    ("first_seconds", "never_rung", "expected"),
    [(180, 0, False), (180.5, 0, True), (45, 1, True), (0, 0, False)],
)
def test_the_first_round_may_take_six_tenths_of_the_limit(
    first_seconds: float, never_rung: int, *, expected: bool
) -> None:
    load = Load(
        people=9, seconds=299, never_rung=never_rung, first_seconds=first_seconds
    )

    assert too_slow(load, limit=300) == expected


@given(lane=st.sampled_from(Lane), count=st.integers(1, 200))
def test_a_lane_may_use_as_many_lines_as_the_engine_lets_it(
    lane: Lane, count: int
) -> None:
    busy: list[Lane] = []
    while line_free(lane, count, busy):
        busy.append(lane)

    assert usable(count, lane) == len(busy)


@pytest.mark.parametrize(
    ("ladder", "expected"),
    [
        (RED, [(0, False), (180, True)]),
        (ORANGE, [(180, False), (300, True)]),
        (small(own(0, Post.GRID_LEAD, do=INFO)), []),
        (
            small(own(60, Post.GRID_LEAD, Post.GRID_BACKUP, do=DIGEST)),
            [(120, False)] * 2,
        ),
    ],
)
def test_own_people_are_rung_at_the_first_try_of_their_rung_that_rings(
    ladder: Ladder, expected: list[tuple[int, bool]]
) -> None:
    assert [(one.seconds, one.stands_in) for _, one in rings(ladder)] == expected


def test_the_lead_is_rung_first_and_the_backup_stands_in() -> None:
    assert [post for post, _ in rings(RED)] == [Post.GRID_LEAD, Post.GRID_BACKUP]


def test_who_may_not_be_rung_tonight_is_not_in_the_round() -> None:
    local = START.time()  # the callout opens as the night ends in three minutes
    ends = local.replace(minute=local.minute + 3)
    night = Night(begins=time(12), ends=ends, zone="UTC")

    assert rings(replace(RED, night=night)) == [
        (Post.GRID_BACKUP, FirstRing(180, stands_in=True))
    ]
