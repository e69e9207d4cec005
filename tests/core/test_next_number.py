from __future__ import annotations

import pytest

from channels.contract import FailureKind
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    AttemptId,
    Progress,
    Purpose,
    Via,
)
from dispatcher.core.event import TakenOver
from tests.core.build import (
    BOTH,
    HEAD,
    RED,
    VOICE,
    A,
    B,
    Life,
    at,
    called,
    duty,
    kinds,
    lone_lead,
    means,
    opening,
    planned,
    rings,
    small,
)

CALL = "0.a.0.voice.a1"
OF_THE_NUMBER = {
    FailureKind.UNREACHED,
    FailureKind.HELD_BACK,
    FailureKind.PERMANENT_ADDRESS,
}


@pytest.mark.parametrize("failure", [FailureKind.UNREACHED, FailureKind.HELD_BACK])
def test_a_call_in_vain_leads_to_his_next_number_at_once(failure: FailureKind) -> None:
    life = lone_lead(numbers=2)

    reported, following = life.report(CALL, Progress.FAILED, 20, failure)

    assert reported.kind == "attempt_reported"
    assert following == facts.AttemptPlanned(
        at=at(20),
        attempt=AttemptId("c.0.a.0.voice.a2"),
        rung=0,
        person=PersonId("a"),
        channel=VOICE,
        address=means(VOICE, "a2").address,
        via=Via.OWN,
        purpose=Purpose.NEXT_MEANS,
    )


def test_each_number_is_rung_once_in_a_try_and_again_in_the_next() -> None:
    life = lone_lead(numbers=3)
    for number in (1, 2):
        life.unreached(f"0.a.0.voice.a{number}", 20 * number)

    assert kinds(life.unreached("0.a.0.voice.a3", 60)) == ["attempt_reported"]
    assert rings(life.silence(90)) == [
        (90, "0.a.1.voice.a1"),
        (90, "0.a.1.voice.a2"),
        (90, "0.a.1.voice.a3"),
    ]


def test_after_a_number_in_vain_and_a_dead_one_comes_the_third() -> None:
    life = lone_lead(numbers=3)
    life.unreached(CALL, 20)

    told = life.dead("0.a.0.voice.a2", 40)

    assert rings(told) == [(40, "0.a.0.voice.a3")]


def test_a_call_to_who_is_not_he_leads_to_one_next_number_not_two() -> None:
    life = lone_lead(numbers=3)
    life.say("a", Meaning.WRONG_PERSON, 10, address="a1")

    told = life.unreached(CALL, 20)

    assert kinds(told) == ["attempt_reported"]
    assert life.calls() == ["0.a.0.voice.a2"]


def test_a_call_that_goes_on_ringing_leads_nowhere() -> None:
    life = lone_lead(numbers=2)

    told = life.report(CALL, Progress.ACCEPTED, 20, FailureKind.UNREACHED)

    assert kinds(told) == ["attempt_reported"]


@pytest.mark.parametrize(
    "failure",
    [kind for kind in FailureKind if kind not in OF_THE_NUMBER],
)
def test_a_route_s_failure_rings_no_other_number(failure: FailureKind) -> None:
    life = lone_lead(numbers=2)

    told = life.report(CALL, Progress.FAILED, 20, failure)

    assert kinds(told) == ["attempt_reported"]


def test_a_text_that_was_held_back_rings_nobody() -> None:
    life = lone_lead(numbers=2)

    told = life.held_back("0.a.0.sms.a1", 20)

    assert kinds(told) == ["attempt_reported"]


def test_a_number_in_vain_is_no_dead_number() -> None:
    life = lone_lead(numbers=2)

    life.unreached(CALL, 20)

    assert life.callout.struck_means == frozenset()


def test_a_superior_s_next_number_stays_in_his_digest() -> None:
    town = called("town", Post.TOWNSHIP_DUTY, numbers=2)
    life = Life(on_duty=duty(A, town))
    life.silence(539)
    life.silence(540, rings_out=False)

    *_, following = life.unreached("3.town.1.voice.town1", 560)

    assert isinstance(following, facts.AttemptPlanned)
    assert (following.attempt, following.via, following.purpose) == (
        "c.3.town.1.voice.town2",
        Via.DIGEST,
        Purpose.NEXT_MEANS,
    )


def test_the_next_number_of_who_has_to_hear_of_help_hears_of_help() -> None:
    head = called("head", Post.VILLAGE_HEAD, numbers=2)
    life = Life(on_duty=duty(A, head))
    life.silence(0)
    life.say("a", Meaning.NEED_HELP, 40)
    life.silence(40, rings_out=False)

    *_, following = life.unreached("2.head.h.voice.head1", 60)

    assert isinstance(following, facts.AttemptPlanned)
    assert (following.attempt, following.via, following.purpose) == (
        "c.2.head.h.voice.head2",
        Via.INFO,
        Purpose.HELP,
    )


def test_who_has_to_hear_of_help_hears_at_his_next_number_while_taken_too() -> None:
    head = called("head", Post.VILLAGE_HEAD, numbers=2)
    together = small(*BOTH.rungs, *RED.rungs[2:])
    life = Life(opening(together), duty(A, B, head))
    life.silence(0)
    life.say("a", Meaning.NEED_HELP, 40)
    life.silence(40, rings_out=False)
    life.happen(TakenOver(taker="desk", message="m1"), 50)

    told = life.unreached("1.head.h.voice.head1", 60)

    assert planned(told) == [(60, "1.head.h.voice.head2")]


@pytest.mark.parametrize(
    "failure", [FailureKind.UNREACHED, FailureKind.PERMANENT_ADDRESS]
)
def test_who_has_answered_is_not_rung_at_his_next_number_either(
    failure: FailureKind,
) -> None:
    two = called("a", Post.GRID_LEAD, numbers=2)
    life = Life(opening(BOTH), duty(two, B))
    life.silence(0, rings_out=False)
    life.say("a", Meaning.RECEIVED, 10)

    told = life.report(CALL, Progress.FAILED, 20, failure)

    assert planned(told) == []


def test_after_the_answer_of_the_unit_no_number_is_next() -> None:
    two = called("a", Post.GRID_LEAD, numbers=2)
    life = Life(on_duty=duty(two, B))
    life.silence(180, rings_out=False)
    life.say("b", Meaning.RECEIVED, 190)

    assert kinds(life.unreached(CALL, 200)) == ["attempt_reported"]


def test_above_a_taker_no_number_is_next() -> None:
    town = called("town", Post.TOWNSHIP_DUTY, numbers=2)
    life = Life(on_duty=duty(A, HEAD, town))
    life.silence(539)
    life.silence(540, rings_out=False)
    life.happen(TakenOver(taker="head", message="m1"), 550)

    assert kinds(life.unreached("3.town.1.voice.town1", 560)) == ["attempt_reported"]
