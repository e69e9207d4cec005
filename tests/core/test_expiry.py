"""When a warning runs out: exact times, one question for many missed, one renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load_policies
from config.policy import Hazard
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    ChainId,
    Content,
    Level,
    MsgType,
    Renewal,
    Status,
)
from dispatcher.core.expiry import (
    ASKED_BEFORE,
    LEAST_RENEWAL,
    RENEWALS_MOST,
    Due,
    ExpiryStep,
    lifetime_of,
    next_step,
    own_renewal,
    renewed,
    scheduled,
)
from tests.core.build import START, at, since

POLICIES = load_policies(None)
HOUR, DAY = 3600, 86_400
TTL = timedelta(hours=3)
ASK, RENEW, EXPIRE = ExpiryStep
MOST_STEPS = 9

Told = list[tuple[int, ExpiryStep]]


def alert(
    *, ends: int | None = None, level: Level = Level.ORANGE, starts: int | None = 0
) -> Alert:
    """A launched warning with its start and end, in seconds."""
    content = Content(
        sender="met",
        identifier="1",
        sent=START,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        event_code="11B03",
        level=level,
        effective=None if starts is None else at(starts),
        expires=None if ends is None else at(ends),
    )
    return Alert(
        id=AlertId("a"),
        chain=ChainId("a"),
        content=content,
        state=AlertState.ACTIVE,
        received_at=START,
        received_by="key:gauge",
        policy_level=level,
        launched_at=START,
    )


def followed(one: Alert, due: Due, now: datetime) -> Alert | None:
    """What the engine makes of it; None when it has ended."""
    match due.step:
        case ExpiryStep.ASK:
            return replace(one, asked_at=now)
        case ExpiryStep.RENEW:
            return renewed(one, own_renewal(one, due.at, now))
        case ExpiryStep.EXPIRE:
            return None


def life(first: Alert, *late: int) -> Told:
    """What is done and when, with the seconds the engine comes too late each time."""
    told: Told = []
    now, left = START, list(late)
    one: Alert | None = first
    while one and len(told) < MOST_STEPS:
        soonest = next_step(one, TTL, now)
        now = max(now, soonest.at) + timedelta(seconds=left.pop(0) if left else 0)
        due = next_step(one, TTL, now)
        told.append((since(now), due.step))
        one = followed(one, due, now)
    return told


@pytest.mark.parametrize("level", [Level.ORANGE, Level.YELLOW, Level.BLUE])
def test_the_desk_is_asked_twice_and_then_it_ends(level: Level) -> None:
    told = life(alert(ends=2 * HOUR, level=level))

    assert told == [(5400, ASK), (6600, ASK), (7200, EXPIRE)]


def test_red_goes_on_for_its_own_length_once() -> None:
    told = life(alert(ends=2 * HOUR, level=Level.RED))

    assert told == [
        (5400, ASK),
        (6600, ASK),
        (7200, RENEW),
        (7200 + 5400, ASK),
        (7200 + 6600, ASK),
        (7200 + 7200, EXPIRE),
    ]


@pytest.mark.parametrize(("starts", "length"), [(1200, HOUR), (-HOUR, 2 * HOUR)])
def test_red_goes_on_for_an_hour_at_least(starts: int, length: int) -> None:
    told = life(alert(starts=starts, ends=HOUR, level=Level.RED))

    assert told[-1] == (HOUR + length, EXPIRE)


def test_a_warning_without_a_start_counts_from_when_it_was_sent() -> None:
    told = life(alert(starts=None, ends=2 * HOUR, level=Level.RED))

    assert told[-1] == (4 * HOUR, EXPIRE)


def test_who_gives_less_than_30_minutes_is_asked_at_once() -> None:
    assert life(alert(ends=1200)) == [(0, ASK), (600, ASK), (1200, EXPIRE)]


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (60, [(5460, ASK), (6600, ASK), (7200, EXPIRE)]),
        (1300, [(6700, ASK), (7200, EXPIRE)]),
        (DAY, [(5400 + DAY, EXPIRE)]),
    ],
)
def test_questions_missed_while_we_were_down_are_one(late: int, told: Told) -> None:
    assert life(alert(ends=2 * HOUR), late) == told


def test_red_that_ran_out_while_we_were_down_leaves_time_for_the_desk() -> None:
    told = life(alert(ends=2 * HOUR, level=Level.RED), DAY)
    back = 5400 + DAY

    assert told == [
        (back, RENEW),
        (back + HOUR - 1800, ASK),
        (back + HOUR - 600, ASK),
        (back + HOUR, EXPIRE),
    ]


def test_without_an_end_it_is_asked_about_again_and_again() -> None:
    told = life(alert())

    assert told == [(n * 3 * HOUR, ASK) for n in range(1, MOST_STEPS + 1)]


def test_a_late_question_moves_no_later_one() -> None:
    told = life(alert(), 0, 4 * HOUR)

    assert told[:3] == [(3 * HOUR, ASK), (10 * HOUR, ASK), (12 * HOUR, ASK)]


@pytest.mark.parametrize(("starts", "first"), [(HOUR, 4 * HOUR), (-DAY, 3 * HOUR)])
def test_a_lifetime_begins_with_the_danger_but_not_before_we_knew(
    starts: int, first: int
) -> None:
    assert life(alert(starts=starts))[0] == (first, ASK)


def given_until(seconds: int, by: str = "key:desk", now: int = 0) -> Renewal:
    """A renewal."""
    return Renewal(at=at(now), until=at(seconds), by=by)


def test_after_the_desk_has_renewed_it_red_may_go_on_by_itself_again() -> None:
    one = renewed(alert(ends=HOUR, level=Level.RED), given_until(HOUR, "system"))

    longer = renewed(one, given_until(2 * HOUR))

    assert [step for _, step in life(one)] == [ASK, ASK, EXPIRE]
    assert [step for _, step in life(longer)] == [ASK, ASK, RENEW, ASK, ASK, EXPIRE]


def test_a_warning_that_got_its_end_from_the_desk_goes_on_as_long_again() -> None:
    one = renewed(alert(level=Level.RED), given_until(5 * HOUR, now=HOUR))

    assert life(one)[-1] == (9 * HOUR, EXPIRE)


def test_who_has_just_renewed_it_is_not_asked_at_once() -> None:
    one = replace(alert(ends=HOUR), asked_at=at(1800))
    one = renewed(one, given_until(4000, now=3000))

    assert next_step(one, TTL, at(3000)) == Due(at(3400), ASK)


def test_only_the_newest_renewals_are_kept() -> None:
    one = alert(ends=HOUR)
    for number in range(RENEWALS_MOST + 5):
        one = renewed(one, given_until(HOUR + number))

    assert len(one.renewals) == RENEWALS_MOST
    assert one.expires_at == at(HOUR + RENEWALS_MOST + 4)


def test_what_is_not_launched_yet_stays_due_for_that() -> None:
    one = replace(alert(ends=HOUR), launched_at=None, due_at=START)

    assert scheduled(one, TTL, at(9)) == one


def test_what_is_launched_is_due_for_its_next_step() -> None:
    one = alert(ends=4 * HOUR)

    assert scheduled(one, TTL, at(9)).due_at == at(4 * HOUR - 1800)


@pytest.mark.parametrize(
    ("event_code", "level", "hours"),
    [
        ("11B03", Level.RED, 3),
        ("11B03", Level.BLUE, 12),
        ("11B06", Level.RED, 24),
        ("11A03", Level.RED, 24),  # the hazard says nothing: the default does
        ("11B03", Level.UNKNOWN, 24),
        ("99X99", Level.RED, 24),
    ],
)
def test_the_lifetime_is_the_hazards_by_the_issued_level(
    event_code: str, level: Level, hours: int
) -> None:
    content = replace(alert(level=level).content, event_code=event_code)

    assert timedelta(hours=hours) == lifetime_of(POLICIES, content)


def test_a_policy_that_says_nothing_asks_once_a_day() -> None:
    silent = replace(POLICIES, hazards={}, default_hazard=Hazard(name=""))

    assert timedelta(days=1) == lifetime_of(silent, alert().content)


ENDS = st.integers(min_value=1, max_value=3 * DAY)
LATE = st.lists(st.integers(min_value=0, max_value=2 * DAY), max_size=MOST_STEPS)
LEVELS = st.sampled_from(list(Level))


@given(ENDS, LEVELS, LATE)
def test_every_warning_with_an_end_ends_and_only_red_renews_itself_once(
    ends: int, level: Level, late: list[int]
) -> None:
    told = life(alert(ends=ends, level=level), *late)
    steps = [step for _, step in told]

    assert steps[-1] is EXPIRE
    assert steps.count(RENEW) == (level is Level.RED)
    assert steps.count(ASK) <= len(ASKED_BEFORE) * (1 + steps.count(RENEW))


@given(ENDS, LEVELS, LATE)
def test_nothing_is_done_early_and_nothing_twice(
    ends: int, level: Level, late: list[int]
) -> None:
    told = life(alert(ends=ends, level=level), *late)
    moments = [moment for moment, _ in told]
    length = max(timedelta(seconds=ends), LEAST_RENEWAL).total_seconds()
    longest = ends + (length if level is Level.RED else 0)

    assert moments == sorted(set(moments))
    assert longest <= moments[-1]


@given(LEVELS, LATE, st.one_of(st.none(), st.integers(-DAY, DAY)))
def test_without_an_end_nothing_but_questions_and_each_on_its_hour(
    level: Level, late: list[int], starts: int | None
) -> None:
    told = life(alert(level=level, starts=starts), *late)
    begins = max(starts or 0, 0)
    exact = told[len(late) + 1 :]

    assert {step for _, step in told} == {ASK}
    assert len(told) == MOST_STEPS
    assert all((moment - begins) % (3 * HOUR) == 0 for moment, _ in exact)
