from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.model import PersonId, Post, PostRef
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Called, Purpose, Task, Via
from dispatcher.core.event import Duty, TakenOver
from tests.core.build import (
    COUNTY,
    HEAD,
    MORNING,
    NIGHT,
    RED,
    SMS,
    TOWN,
    WATCHMAN,
    A,
    B,
    Life,
    called,
    duty,
    milestones,
    opening,
    planned,
    ref,
)

ORDER = (ref(Post.VILLAGE_DUTY), ref(Post.VILLAGE_HEAD), ref(Post.TOWNSHIP_DUTY))
OFFICE = (A, B, HEAD, WATCHMAN, TOWN, COUNTY)


def sent(
    *people: Called, door: tuple[PostRef, ...] = ORDER, awake: tuple[Called, ...] = ()
) -> Duty:
    """These people on duty; posts that go to a door, and who has answered already."""
    known = frozenset(one.person for one in awake)
    return replace(duty(*people), door=door, awake=known)


def assignee(on_duty: Duty) -> PersonId | None:
    """Who is sent to the door of a grid that slept through red."""
    story = Life(on_duty=on_duty).silence(300)
    return next(one.assignee for one in story if isinstance(one, facts.TaskRaised))


@pytest.mark.parametrize(
    ("on_duty", "expected"),
    [
        (sent(*OFFICE, awake=(HEAD,)), "head"),
        (sent(*OFFICE, awake=(TOWN, HEAD)), "head"),
        (sent(*OFFICE, awake=(TOWN, B)), "town"),
        (sent(*OFFICE), "watchman"),
        (sent(A, B, HEAD, TOWN), "head"),
        (sent(A, B, TOWN), "town"),
        (sent(*OFFICE, door=()), "head"),
        (sent(*OFFICE, door=(ref(Post.COUNTY_LEADER),)), "head"),
        (sent(A, B, COUNTY), None),
    ],
    ids=[
        "the one who is awake",
        "the first of those awake",
        "awake but far before asleep but near",
        "the first on duty",
        "a vacant post is passed by",
        "the last of the order",
        "no order: the rung's first",
        "nobody of the order: the rung's first",
        "nobody at all",
    ],
)
def test_the_first_who_is_known_to_be_awake_is_sent_to_the_door(
    on_duty: Duty, expected: str | None
) -> None:
    assert expected == assignee(on_duty)


def told(life: Life, until: int) -> list[tuple[int, str]]:
    """The texts about a task, until a second."""
    return [one for one in planned(life.silence(until)) if ".t." in one[1]]


def test_who_is_sent_is_told_by_text_that_asks_nothing() -> None:
    life = Life(on_duty=sent(*OFFICE, awake=(TOWN,)))

    assert told(life, 300) == [
        (300, "2.town.t.wechat.town1"),
        (300, "2.town.t.sms.town1"),
    ]
    assert {
        (fact.via, fact.purpose)
        for fact in life.facts
        if isinstance(fact, facts.AttemptPlanned) and fact.person == "town"
    } == {(Via.INFO, Purpose.TASK)}


def test_who_is_called_in_the_same_second_hears_of_it_anyway() -> None:
    life = Life(on_duty=sent(*OFFICE, awake=(HEAD,)))

    assert told(life, 1800) == []


def test_a_task_is_told_once() -> None:
    life = Life(on_duty=sent(*OFFICE, awake=(TOWN,)))

    told(life, 300)

    assert told(life, 24 * 3600) == []
    assert life.callout.tasks == (Task.DOOR_KNOCK,)


def test_while_taken_the_task_keeps_its_time_and_is_told_as_nobody_is_called() -> None:
    life = Life(on_duty=sent(*OFFICE, awake=(HEAD,)))
    life.silence(100)
    life.happen(TakenOver(taker="desk", message="m1"), 100)

    assert told(life, 1000) == [
        (300, "2.head.t.wechat.head1"),
        (300, "2.head.t.sms.head1"),
    ]


def test_in_the_morning_the_task_is_told_to_who_was_called_at_night() -> None:
    quiet = Life(opening(replace(RED, night=NIGHT)), sent(*OFFICE))

    assert told(quiet, MORNING + 300) == [
        (MORNING + 300, "2.watchman.t.wechat.watchman1"),
        (MORNING + 300, "2.watchman.t.sms.watchman1"),
    ]


def test_who_cannot_be_written_to_is_sent_all_the_same() -> None:
    mute = called("town", Post.TOWNSHIP_DUTY, channels=())
    life = Life(on_duty=sent(A, HEAD, mute, awake=(mute,)))

    assert told(life, 300) == []
    assert (300, "task door_knock for town") in milestones(life.facts)


def test_a_dead_number_of_who_is_sent_leads_to_his_next_while_taken_too() -> None:
    two = called("head", Post.VILLAGE_HEAD, channels=(SMS,), numbers=2)
    life = Life(opening(replace(RED, night=NIGHT)), sent(A, two))
    life.silence(MORNING)
    life.happen(TakenOver(taker="desk", message="m1"), MORNING)
    life.silence(MORNING + 300)

    *_, following = life.dead("2.head.t.sms.head1", MORNING + 302)

    assert isinstance(following, facts.AttemptPlanned)
    assert (following.attempt, following.via, following.purpose) == (
        "c.2.head.t.sms.head2",
        Via.INFO,
        Purpose.TASK,
    )


def test_after_the_unit_s_answer_nobody_is_sent() -> None:
    life = Life(on_duty=sent(*OFFICE, awake=(TOWN,)))
    life.silence(200)
    life.say("a", Meaning.RECEIVED, 210)

    assert told(life, 24 * 3600) == []
    assert life.callout.tasks == ()
