from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.alert import Lane, Level
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    MOST_ATTEMPTS,
    AttemptId,
    Cause,
    Progress,
    SkipReason,
    State,
)
from dispatcher.core.evolve import evolve, replay
from tests.core.build import SMS, A, B, Life, at, called, duty, opening, planned, ref


def test_facts_that_do_not_begin_with_the_opening_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="begin with 'opened', not 'help_told'"):
        replay([facts.HelpTold(at=at(0))])


def test_an_opening_in_the_middle_begins_anew() -> None:
    life = Life()
    life.silence(300)

    assert evolve(life.callout, opening()) == Life().callout


def test_only_what_calls_changes_the_state_of_who_waits() -> None:
    life = Life()

    noted = evolve(
        life.callout,
        facts.AttemptSkipped(
            at=at(0),
            rung=0,
            person=PersonId("a"),
            channel=SMS,
            reason=SkipReason.NO_ROUTE,
        ),
    )

    assert noted == life.callout
    assert noted.state is State.WAITING


def test_the_state_keeps_the_newest_attempts_and_counts_all() -> None:
    life = Life()
    story = planned(life.silence(24 * 3600))

    assert life.callout.attempt_count == len(story)
    assert [f"c.{name}" for _, name in story[-MOST_ATTEMPTS:]] == [
        attempt.id for attempt in life.callout.attempts
    ]


def test_a_struck_rung_never_delays_the_next() -> None:
    life = Life(on_duty=duty(B))

    woken = life.wake(301)

    reached = [f for f in woken if isinstance(f, facts.RungReached)]
    assert [(fact.rung, fact.cause) for fact in reached] == [
        (0, Cause.TIME),
        (1, Cause.TIME),
        (2, Cause.TIME),
    ]


@pytest.mark.parametrize(
    ("level", "lane"),
    [
        (Level.RED, Lane.RED),
        (Level.ORANGE, Lane.ORANGE),
        (Level.YELLOW, Lane.YELLOW),
        (Level.UNKNOWN, Lane.YELLOW),
        (Level.BLUE, Lane.BLUE),
        (Level.WHITE, Lane.BLUE),
    ],
)
def test_the_lane_is_that_of_the_policy_s_level(level: Level, lane: Lane) -> None:
    live = Life(replace(opening(), policy_level=level))
    drill = Life(replace(opening(), drill=True))

    assert lane is live.callout.lane
    assert drill.callout.lane is Lane.DRILL


def test_an_attempt_s_label_is_the_try_within_its_id() -> None:
    life = Life()
    life.silence(900)

    assert {"0", "1", "2", "r1"} == {attempt.label for attempt in life.callout.attempts}


def test_who_fills_several_posts_is_called_once_in_the_first() -> None:
    again = called("a", Post.GRID_BACKUP)
    on_duty = duty(A, again, B)

    people = on_duty.of(ref(Post.GRID_LEAD), ref(Post.GRID_BACKUP))

    assert people == (A, B)
    assert on_duty.of() == ()


def test_a_struck_next_rung_that_is_later_is_brought_forward() -> None:
    life = Life(on_duty=duty(A, B))
    life.silence(10)
    life.say("a", Meaning.CANNOT_ACT, 12)

    assert life.callout.runs[1].starts_at == at(12)


def test_the_first_night_in_which_nobody_was_rung_is_kept() -> None:
    hushed = [
        facts.CallPutOff(
            at=at(0),
            rung=0,
            number=number,
            person=PersonId("a"),
            reason=SkipReason.NIGHT,
            until=at(until),
            hush=at(until),
        )
        for number, until in ((0, 100), (1, 200))
    ]

    callout = reduce(evolve, hushed, Life().callout)

    assert callout.hushed_until == at(100)


def test_what_is_no_further_is_taken_down_without_effect() -> None:
    life = Life()
    life.silence(0)
    life.report("0.a.0.sms.a1", Progress.DELIVERED, 2)

    stale = facts.AttemptReported(
        at=at(3),
        attempt=AttemptId("c.0.a.0.sms.a1"),
        progress=Progress.ACCEPTED,
    )

    assert evolve(life.callout, stale) == life.callout
