"""Timing is frozen, people are live: who fills a post is looked up at each try."""

from __future__ import annotations

import pytest

from contacts.model import Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Called, State
from dispatcher.core.fact import Fact
from tests.core.build import (
    MORNING,
    RED,
    TOWN,
    VOICE,
    A,
    Life,
    at,
    called,
    duty,
    kinds,
    milestones,
    opening,
    own,
    rings,
    small,
)
from tests.core.test_night import QUIET

NEW = called("new", Post.GRID_LEAD)
HIS, OF_NEW = ".a.", ".new."


def relieved(*, of: Life, seconds: int, until: int) -> tuple[Fact, ...]:
    """Somebody else fills the lead's post from then on."""
    of.silence(seconds)
    of.duty = duty(NEW)
    return of.silence(until)


def lead() -> Life:
    return Life(opening(small(own(0, Post.GRID_LEAD))), duty(A))


def test_who_comes_is_called_from_the_next_try_on_and_who_goes_is_not() -> None:
    told = relieved(of=lead(), seconds=30, until=250)

    assert facts.PeopleChanged(at=at(90), rung=0, people=(NEW,)) in told
    assert kinds(told).count("people_changed") == 1
    assert [ring[0] for ring in rings(told) if OF_NEW in ring[1]] == [90, 200]
    assert not [ring for ring in rings(told) if HIS in ring[1]]


def test_a_change_of_people_moves_no_time() -> None:
    life, same = Life(opening(RED)), Life(opening(RED))
    told = relieved(of=life, seconds=30, until=880)

    assert milestones(told)[:2] == [(180, "rung 1 by time"), (300, "mark not_awakened")]
    same.silence(880)
    moved = [one for one in milestones(life.facts) if one[1].startswith("rung")]
    assert moved == [o for o in milestones(same.facts) if o[1].startswith("rung")]


def test_a_late_answer_of_who_was_asked_counts() -> None:
    life = lead()
    relieved(of=life, seconds=30, until=100)
    life.say("a", Meaning.RECEIVED, 110)

    assert life.callout.state is State.ANSWERED


def test_a_post_that_falls_vacant_calls_nobody_and_keeps_its_times() -> None:
    life = lead()
    life.silence(30)
    life.duty = duty(TOWN)
    told = life.silence(250)

    assert kinds(told) == ["try_started", "try_started"]


@pytest.mark.parametrize(
    ("on_duty", "expected"), [(A, ["a"]), (NEW, ["new"]), (TOWN, [])]
)
def test_a_call_put_off_to_the_morning_is_for_him_or_for_who_has_come_in_his_place(
    on_duty: Called, expected: list[str]
) -> None:
    life = Life(opening(QUIET), duty(A))
    life.silence(400)
    life.duty = duty(on_duty)
    told = life.wake(MORNING + 180)

    made = [one for one in told if isinstance(one, facts.AttemptPlanned)]
    assert [one.person for one in made if one.channel is VOICE] == expected
