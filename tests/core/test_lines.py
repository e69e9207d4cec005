"""Voice lines: who may ring, and how often a number may."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policy import NumberLimits
from dispatcher.core.alert import Lane
from dispatcher.core.lines import Hold, HoldReason, Rung, hold, line_free
from tests.core.build import at

SHIPPED = NumberLimits(
    per_minute=1, per_hour=5, per_day=20, kept_per_hour=1, kept_per_day=6
)
HOUR, DAY = 3600, 86400


def rung(*seconds: float, lasting: float = 0) -> list[Rung]:
    return [Rung(at=at(s), ended_at=at(s + lasting)) for s in seconds]


@pytest.mark.parametrize(
    ("lane", "lines", "red", "others", "free"),
    [
        (Lane.RED, 10, 0, 7, True),
        (Lane.RED, 10, 3, 7, False),
        (Lane.ORANGE, 10, 0, 6, True),
        (Lane.ORANGE, 10, 0, 7, False),
        (Lane.ORANGE, 10, 9, 0, True),
        (Lane.ORANGE, 10, 10, 0, False),
        (Lane.BLUE, 4, 0, 2, False),  # 30 % of 4 lines are 2 whole ones
        (Lane.DRILL, 1, 0, 0, True),  # a single line is kept for nobody
        (Lane.DRILL, 1, 1, 0, False),
        (Lane.RED, 0, 0, 0, False),
        (Lane.BLUE, 0, 0, 0, False),
    ],
)
def test_thirty_percent_of_the_lines_are_kept_for_red(
    lane: Lane, lines: int, red: int, others: int, *, free: bool
) -> None:
    busy = [Lane.RED] * red + [Lane.YELLOW] * others

    assert free == line_free(lane, lines, busy)


@pytest.mark.parametrize(
    ("calls", "now", "until"),
    [
        (rung(0, lasting=5), 59, 60),  # a minute between two beginnings
        (rung(0, lasting=35), 79, 80),  # and 45 s of rest after the end
        (rung(0, lasting=35), 80, None),
        ([Rung(at=at(0), ended_at=None)], 50, 60),
        ([], 0, None),
    ],
)
def test_a_number_rests_after_a_call(
    calls: list[Rung], now: float, until: float | None
) -> None:
    held = hold(calls, SHIPPED, at(now), red=True)

    assert (None if until is None else Hold(at(until), HoldReason.GAP)) == held


@pytest.mark.parametrize(
    ("lane", "calls", "held"),
    [
        (Lane.RED, 4, None),
        (Lane.RED, 5, Hold(at(HOUR), HoldReason.HOUR)),
        (Lane.ORANGE, 3, None),
        (Lane.ORANGE, 4, Hold(at(HOUR), HoldReason.HOUR)),
    ],
)
def test_one_call_an_hour_is_kept_for_red(
    lane: Lane, calls: int, held: Hold | None
) -> None:
    found = hold(
        rung(*range(0, calls * 100, 100)), SHIPPED, at(1000), red=lane is Lane.RED
    )

    assert held == found


@pytest.mark.parametrize(("lane", "most"), [(Lane.RED, 20), (Lane.BLUE, 14)])
def test_six_calls_a_day_are_kept_for_red(lane: Lane, most: int) -> None:
    before = rung(*(n * 2000 for n in range(most - 1)))
    full = [*before, *rung((most - 1) * 2000)]
    now = at(most * 2000)

    assert hold(before, SHIPPED, now, red=lane is Lane.RED) is None
    assert Hold(at(DAY), HoldReason.DAY) == hold(
        full, SHIPPED, now, red=lane is Lane.RED
    )


@pytest.mark.parametrize("kept", [1, 3])
def test_where_all_is_kept_for_red_the_others_ring_a_number_once_at_a_time(
    kept: int,
) -> None:
    limits = NumberLimits(
        per_minute=1, per_hour=1, per_day=1, kept_per_hour=kept, kept_per_day=kept
    )

    held = hold(rung(0), limits, at(3 * HOUR), red=False)

    assert hold([], limits, at(0), red=False) is None
    assert Hold(at(DAY), HoldReason.DAY) == held
    assert hold(rung(0), limits, at(DAY), red=False) is None


@pytest.mark.parametrize(
    ("calls", "held"),
    [
        (rung(0, 100, 200, 300, 3590), Hold(at(3650), HoldReason.GAP)),
        (rung(0, 100, 200, 300, 3500), Hold(at(3600), HoldReason.HOUR)),
        # 20 in the day and 5 in the hour: the day's wait is the longer one
        (rung(*range(0, 20 * 600, 600)), Hold(at(DAY), HoldReason.DAY)),
    ],
)
def test_the_longest_wait_is_told(calls: list[Rung], held: Hold) -> None:
    now = at(3595) if len(calls) == 5 else calls[-1].at

    assert held == hold(calls, SHIPPED, now, red=True)


@given(
    starts=st.sets(st.integers(0, 3 * HOUR), max_size=60),
    lane=st.sampled_from(list(Lane)),
    lasting=st.integers(0, 60),
    limits=st.builds(
        NumberLimits,
        per_minute=st.integers(1, 2),
        per_hour=st.integers(1, 6),
        per_day=st.integers(1, 9),
        kept_per_hour=st.integers(0, 6),
        kept_per_day=st.integers(0, 9),
    ),
)
def test_no_number_is_rung_more_often_than_it_bears_in_any_window(
    starts: set[int], lane: Lane, lasting: int, limits: NumberLimits
) -> None:
    calls: list[Rung] = []
    for second in sorted(starts):
        if hold(calls, limits, at(second), red=lane is Lane.RED) is None:
            calls += rung(second, lasting=lasting)
    begun = [one.at for one in calls]
    red = lane is Lane.RED
    hourly = max(1, limits.per_hour - (0 if red else limits.kept_per_hour))
    daily = max(1, limits.per_day - (0 if red else limits.kept_per_day))

    assert most_within(begun, HOUR) <= hourly
    assert most_within(begun, DAY) <= daily
    assert most_within(begun, 60 // limits.per_minute) <= 1
    assert most_within(begun, lasting + 45) <= 1


def most_within(moments: list[datetime], seconds: int) -> int:
    """The most moments in any window of so many seconds, its end left out."""
    window = timedelta(seconds=seconds)
    return max(
        (sum(one <= other < one + window for other in moments) for one in moments),
        default=0,
    )


@pytest.mark.parametrize("lines", [*range(1, 200), 1000, 2000])
def test_what_is_kept_for_red_is_counted_in_whole_lines(lines: int) -> None:
    others = lines - min(-(-3 * lines // 10), lines - 1)
    busy = [Lane.BLUE] * others

    assert line_free(Lane.ORANGE, lines, busy[1:])
    assert not line_free(Lane.ORANGE, lines, busy)


@given(lines=st.integers(1, 40), wishes=st.lists(st.sampled_from(Lane), max_size=60))
def test_red_finds_lines_free_however_many_others_wish(
    lines: int, wishes: list[Lane]
) -> None:
    busy: list[Lane] = []
    for lane in wishes:
        busy += [lane] if line_free(lane, lines, busy) else []
    others = [lane for lane in busy if lane is not Lane.RED]

    assert len(busy) <= lines
    assert line_free(Lane.RED, lines, others) is (lines > 1 or not others)
