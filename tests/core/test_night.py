from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from config.policy import Hazard, LevelPolicy
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.alert import Level
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Ladder, Mark, Progress, Rung, SkipReason, State
from dispatcher.core.due import Due, What, next_due
from dispatcher.core.event import TakenOver
from dispatcher.core.night import Night, night_ends
from dispatcher.core.plan import night_of
from tests.core.build import (
    EVERYBODY,
    HEAD,
    MORNING,
    NIGHT,
    ORANGE,
    RED,
    SHANGHAI,
    SMS,
    A,
    Life,
    at,
    called,
    duty,
    milestones,
    opening,
    own,
    planned,
    rings,
    skipped,
    small,
)
from tests.core.county import FIRE, FOG, POLICIES, content, first

Told = list[tuple[int, str]]
CHINA = ZoneInfo(SHANGHAI)
QUIET = replace(ORANGE, night=NIGHT)
EVENING = 71820  # 21:58 of the same day, in seconds after START
NEXT_MORNING = EVENING + 30720
DAYTIME = Night(begins=time(12), ends=time(14), zone=SHANGHAI)


def china(clock: str, day: int = 13) -> datetime:
    """A time of the day in China."""
    moment = datetime.fromisoformat(f"2026-07-{day}T{clock}")
    return moment.replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ("22:00:00", 14),
        ("23:59:59", 14),
        ("00:00:00", 13),
        ("02:01:00", 13),
        ("06:29:59", 13),
    ],
)
def test_a_night_over_midnight_ends_in_the_morning(clock: str, day: int) -> None:
    assert night_ends(NIGHT, china(clock)) == china("06:30", day)


@pytest.mark.parametrize("clock", ["06:30:00", "12:00:00", "21:59:59"])
def test_by_day_there_is_no_night(clock: str) -> None:
    assert night_ends(NIGHT, china(clock)) is None


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [
        ("11:59:59", False),
        ("12:00:00", True),
        ("13:59:59", True),
        ("14:00:00", False),
        ("23:00:00", False),
    ],
)
def test_quiet_hours_may_lie_within_one_day(clock: str, *, quiet: bool) -> None:
    expected = china("14:00") if quiet else None

    assert expected == night_ends(DAYTIME, china(clock))


def test_the_end_of_a_night_is_told_in_the_time_it_was_asked_in() -> None:
    morning = night_ends(NIGHT, at(0))

    assert morning is not None
    assert (morning, morning.tzinfo) == (at(MORNING), at(0).tzinfo)


def asleep(ladder: Ladder = QUIET, *, seconds: int = 0) -> Life:
    """A callout opened at 02:01, after so many seconds of silence."""
    life = Life(opening(ladder))
    life.silence(seconds)
    return life


def evening(ladder: Ladder, numbers: int = 1, *, opens: int = EVENING) -> Life:
    """A callout about to open, at 21:58; its lead has so many numbers."""
    lead = called("a", Post.GRID_LEAD, numbers=numbers)
    opened = replace(opening(replace(ladder, night=NIGHT)), at=at(opens))
    return Life(opened, duty(lead, *EVERYBODY[1:]))


def put_off(story: tuple[facts.Fact, ...]) -> Told:
    """The calls put off to a morning, as (seconds after EVENING, of whom)."""
    return [
        (int((fact.until - at(EVENING)).total_seconds()), fact.person)
        for fact in story
        if isinstance(fact, facts.CallPutOff) and fact.until
    ]


def test_at_night_the_texts_go_and_every_call_is_skipped_with_its_reason() -> None:
    told = Life(opening(QUIET)).silence(1799)

    assert rings(told) == []
    assert {"0.a.0.sms.a1", "1.b.0.sms.b1", "2.head.0.sms.head1"} <= {
        name for _, name in planned(told)
    }
    assert skipped(told) == [
        (180, "a voice night"),
        (300, "a voice night"),
        (300, "b voice night"),
        (390, "b voice night"),
        (420, "a voice night"),
        (500, "b voice night"),
        (660, "head voice night"),
        (660, "watchman voice night"),
        (960, "town voice night"),
        (1260, "county voice night"),
    ]


def test_a_call_put_off_to_the_morning_is_put_down_with_the_end_of_the_night() -> None:
    told = asleep().silence(180)

    assert told[-1] == facts.CallPutOff(
        at=at(180),
        rung=0,
        number=1,
        person=PersonId("a"),
        reason=SkipReason.NIGHT,
        until=at(MORNING + 180),
        hush=at(MORNING),
    )


def test_in_the_morning_the_calls_follow_at_their_old_distances() -> None:
    told = asleep(seconds=MORNING - 1).silence(MORNING + 1500)

    assert rings(told) == [
        (MORNING + 180, "0.a.1m.voice.a1"),
        (MORNING + 300, "0.a.2m.voice.a1"),
        (MORNING + 300, "1.b.0m.voice.b1"),
        (MORNING + 390, "1.b.1m.voice.b1"),
        (MORNING + 420, "0.a.3m.voice.a1"),
        (MORNING + 500, "1.b.2m.voice.b1"),
        (MORNING + 660, "2.head.1m.voice.head1"),
        (MORNING + 660, "2.watchman.1m.voice.watchman1"),
        (MORNING + 960, "3.town.1m.voice.town1"),
        (MORNING + 1260, "4.county.1m.voice.county1"),
    ]


def test_marks_task_and_desk_follow_in_the_morning_and_the_rungs_keep_their_times() -> (
    None
):
    told = Life(opening(QUIET)).silence(MORNING + 1500)

    assert [one for one in milestones(told) if "repeat" not in one[1]] == [
        (0, "rung 0 by time"),
        (300, "rung 1 by time"),
        (600, "rung 2 by time"),
        (900, "rung 3 by time"),
        (1200, "rung 4 by time"),
        (MORNING + 600, "mark not_awakened"),
        (MORNING + 600, "task door_knock for head"),
        (MORNING + 1200, "mark must_call"),
        (MORNING + 1320, "desk of county"),
    ]


def test_who_is_not_rung_in_the_morning_either_was_never_rung() -> None:
    life = asleep(seconds=MORNING)

    life.silence(MORNING + 600, rings_out=False)

    assert life.callout.marks == (Mark.NEVER_RUNG,)


def test_who_answers_at_night_is_not_rung_in_the_morning() -> None:
    life = asleep(seconds=1000)

    life.say("a", Meaning.RECEIVED, 1000)
    told = life.silence(MORNING + 4000)

    assert rings(told) == []
    assert {mark.value for mark in life.callout.marks} == {"feedback_overdue"}


def test_who_answers_at_night_for_a_unit_that_needs_two_leaves_the_other_s_calls() -> (
    None
):
    pair = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2))
    life = asleep(replace(pair, night=NIGHT), seconds=300)

    life.say("a", Meaning.RECEIVED, 300)

    assert [name for _, name in rings(life.silence(MORNING + 200))] == [
        "0.b.0m.voice.b1",
        "0.b.1m.voice.b1",
        "0.b.2m.voice.b1",
    ]


def test_the_board_waits_for_the_morning_with_a_time_all_night() -> None:
    life = asleep(seconds=MORNING - 100)

    due = next_due(life.callout)

    assert State.CALLING is life.callout.state
    assert due == Due(at(MORNING + 180), What.LATER, 0)


def test_what_rang_before_the_night_keeps_its_marks_and_the_rest_rings_after_it() -> (
    None
):
    life = evening(RED)

    told = life.silence(NEXT_MORNING + 600)

    calls = [(when - EVENING, name) for when, name in rings(told)]
    morning = NEXT_MORNING - EVENING
    assert calls[:5] == [
        (0, "0.a.0.voice.a1"),
        (90, "0.a.1.voice.a1"),
        (morning + 180, "1.b.0m.voice.b1"),
        (morning + 200, "0.a.2m.voice.a1"),
        (morning + 270, "1.b.1m.voice.b1"),
    ]
    assert [(when - EVENING, words) for when, words in milestones(told)][2:5] == [
        (300, "mark not_awakened"),
        (300, "task door_knock for head"),
        (300, "rung 2 by time"),
    ]
    assert life.callout.hushed_until is None


def test_a_call_that_found_no_line_before_the_night_has_rung_nobody() -> None:
    life = evening(RED)

    told = life.silence(EVENING + 1000, rings_out=False)

    assert life.callout.hushed_until == at(NEXT_MORNING)
    assert (EVENING + 300, "task door_knock for head") not in milestones(told)


def test_a_try_that_merged_before_the_night_is_put_off_when_its_call_begins_in_it() -> (
    None
):
    life = evening(RED)
    life.silence(EVENING + 90, rings_out=False)

    life.placed("0.a.0.voice.a1", EVENING + 119)
    life.unreached("0.a.0.voice.a1", EVENING + 140)
    told = life.silence(EVENING + 209)

    assert (EVENING + 209, "a voice night") in skipped(told)
    assert (NEXT_MORNING - EVENING + 90, "a") in put_off(told)


@pytest.mark.parametrize("dead", [False, True])
def test_the_next_number_waits_for_the_morning_too(*, dead: bool) -> None:
    life = evening(RED, numbers=2)
    life.silence(EVENING + 89)
    life.silence(EVENING + 90, rings_out=False)
    end = life.dead if dead else life.unreached

    told = end("0.a.1.voice.a1", EVENING + 130)

    assert rings(told) == []
    assert skipped(told) == [(EVENING + 130, "a voice night")]
    assert put_off(told) == [(NEXT_MORNING - EVENING + 90, "a")]


def test_a_number_in_vain_at_night_without_a_next_one_says_nothing_of_the_night() -> (
    None
):
    life = evening(RED)
    life.silence(EVENING + 90, rings_out=False)

    assert skipped(life.unreached("0.a.0.voice.a1", EVENING + 130)) == []


def test_what_was_made_up_for_once_is_not_made_up_for_again() -> None:
    opens = EVENING - 300
    life = evening(RED, numbers=2, opens=opens)
    life.silence(opens + 210, rings_out=False)
    life.placed("0.a.0.voice.a1", opens + 210)
    life.report("0.a.0.voice.a1", Progress.DELIVERED, opens + 220)
    life.silence(opens + 300, rings_out=False)
    life.placed("0.a.1m.voice.a1", opens + 305)
    life.silence(opens + 415, rings_out=False)

    told = life.unreached("0.a.1m.voice.a1", opens + 430)

    assert skipped(told) == [(opens + 430, "a voice night")]
    assert put_off(told) == []


def test_a_repeat_at_night_only_writes() -> None:
    life = evening(small(own(0, Post.GRID_LEAD)))
    life.silence(EVENING + 1799)

    told = life.silence(EVENING + 1800)

    assert planned(told)[0] == (EVENING + 1800, "0.a.r2.sms.a1")
    assert skipped(told) == [(EVENING + 1800, "a voice night")]
    assert put_off(told) == []


def test_a_cry_for_help_rings_at_any_hour() -> None:
    head = called("head", Post.VILLAGE_HEAD, numbers=2)
    life = Life(opening(QUIET), duty(A, head))
    life.silence(0)
    life.say("a", Meaning.NEED_HELP, 40)
    told = life.silence(40, rings_out=False)

    following = life.unreached("2.head.h.voice.head1", 60)

    assert (40, "2.head.h.voice.head1") in planned(told)
    assert rings(following) == [(60, "2.head.h.voice.head2")]


def test_when_nobody_of_the_unit_is_left_the_door_is_not_kept_for_the_morning() -> None:
    life = asleep(seconds=400)
    life.say("a", Meaning.CANNOT_ACT, 410)
    life.say("b", Meaning.CANNOT_ACT, 420)

    told = life.silence(420)

    assert milestones(told) == [
        (420, "mark never_rung"),
        (420, "task door_knock for head"),
        (420, "rung 2 by struck"),
    ]


def test_a_take_over_that_lapses_at_night_leaves_the_marks_for_the_morning() -> None:
    life = asleep(seconds=650)
    life.happen(TakenOver(taker="head", message="m1"), 650)

    told = life.silence(MORNING + 1200)

    assert [one for one in milestones(told) if "repeat" not in one[1]] == [
        (2450, "rung 3 by resumed"),
        (2750, "rung 4 by resumed"),
        (MORNING + 600, "mark not_awakened"),
        (MORNING + 600, "task door_knock for head"),
        (MORNING + 1200, "mark must_call"),
    ]


def test_a_rung_begun_anew_makes_up_for_its_own_calls_only() -> None:
    life = asleep(seconds=1000)
    life.happen(TakenOver(taker="head", message="m1"), 1000)

    told = life.silence(MORNING + 1500)

    assert [one for one in rings(told) if one[1].startswith(("2", "3"))] == [
        (MORNING + 960, "3.town.1x1m.voice.town1")
    ]


def test_the_ladder_runs_out_after_the_last_call_whatever_moved_it() -> None:
    life = asleep(seconds=MORNING - 100)
    life.happen(TakenOver(taker="head", message="m1"), MORNING - 100)

    told = life.silence(MORNING + 4000)

    assert (MORNING + 2120, "desk of county") in milestones(told)


def test_while_taken_only_own_people_are_rung_in_the_morning() -> None:
    life = asleep(seconds=MORNING)
    life.happen(TakenOver(taker="county", message="m1"), MORNING)

    told = life.silence(MORNING + 1500)

    assert {name.split(".")[1] for _, name in rings(told)} == {"a", "b"}


def test_what_says_nothing_of_sleep_is_shown_at_night() -> None:
    watched = small(
        own(0, Post.GRID_LEAD),
        Rung(at=60, desk=Mark.WATCH),
        Rung(at=120, mark=Mark.NOT_AWAKENED),
        Rung(at=180, desk=Mark.MUST_CALL),
    )
    life = asleep(replace(watched, night=NIGHT), seconds=899)

    assert life.callout.marks == (Mark.WATCH,)


def test_who_can_only_be_written_to_keeps_no_mark_waiting() -> None:
    deaf = called("a", Post.GRID_LEAD, channels=(SMS,))
    life = Life(opening(QUIET), duty(deaf, HEAD))

    told = life.silence(600)

    assert skipped(told)[-1] == (420, "a voice no_address")
    assert (600, "mark never_rung") in milestones(told)


def test_a_call_of_a_superior_put_off_hushes_nothing() -> None:
    above = replace(RED.rungs[3], at=0)
    life = asleep(replace(small(own(0, Post.GRID_LEAD, do=()), above), night=NIGHT))

    life.silence(60)

    assert (len(life.callout.later), life.callout.hushed_until) == (1, None)


def policy(level: str, night_voice: str) -> LevelPolicy:
    """The shipped policy of a level with another rule for the night."""
    return replace(POLICIES.levels[level], night_voice=night_voice)


@pytest.mark.parametrize(
    ("level", "rule", "hazard", "quiet"),
    [
        ("red", "always", {"default": "never"}, False),
        ("red", "always", {"red": "never"}, False),
        ("red", "hazard_dependent", {"red": "never"}, True),
        ("red", "never", {"default": "always"}, False),
        ("orange", "always", {"default": "never"}, True),
        ("orange", "always", {"orange": "never", "default": "always"}, True),
        ("orange", "never", {"orange": "always", "default": "never"}, False),
        ("orange", "always", {"yellow": "never"}, False),
        ("orange", "never", {"yellow": "always"}, True),
        ("yellow", "hazard_dependent", {}, False),
        ("blue", "never", {}, True),
        ("blue", "always", {}, False),
    ],
)
def test_a_red_that_always_rings_beats_the_hazard_and_the_hazard_the_policy(
    level: str, rule: str, hazard: dict[str, str], *, quiet: bool
) -> None:
    expected = NIGHT if quiet else None

    assert expected == night_of(
        POLICIES, policy(level, rule), Hazard(name="", night_voice=hazard)
    )


@pytest.mark.parametrize(
    ("level", "event_code", "night"),
    [
        (Level.RED, FIRE, None),
        (Level.ORANGE, FIRE, NIGHT),
        (Level.RED, FOG, None),
        (Level.ORANGE, FOG, NIGHT),
    ],
)
def test_a_ladder_has_the_night_of_its_level_and_hazard(
    level: Level, event_code: str, night: Night | None
) -> None:
    assert night == first(content(level, event_code)).ladder.night
