from __future__ import annotations

from collections.abc import Iterable

import pytest

from channels.contract import FailureKind
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    AttemptId,
    CloseReason,
    Progress,
    Purpose,
    Rung,
    State,
    Via,
)
from dispatcher.core.due import next_due
from dispatcher.core.event import Reported, Withdrawn
from tests.core.build import (
    EVERYBODY,
    INFO,
    SMS,
    VOICE,
    WECHAT,
    A,
    B,
    Life,
    at,
    called,
    duty,
    kinds,
    means,
    milestones,
    opening,
    planned,
    ref,
    small,
)

TWO = called("a", Post.GRID_LEAD, numbers=2)


def climbed(seconds: int, *, rings_out: bool = True) -> Life:
    """A red callout after so many seconds of silence; its lead has two numbers."""
    life = Life(on_duty=duty(TWO, *EVERYBODY[1:]))
    life.silence(seconds, rings_out=rings_out)
    return life


def ringing(seconds: int) -> Life:
    """The same, and the calls of the last second go on ringing."""
    life = climbed(seconds - 1)
    life.silence(seconds, rings_out=False)
    return life


def travels(story: Iterable[facts.Fact]) -> list[tuple[Via, Purpose]]:
    """How the attempts of a story travel, and why they are made."""
    return [
        (fact.via, fact.purpose)
        for fact in story
        if isinstance(fact, facts.AttemptPlanned)
    ]


def test_a_reminder_without_a_route_says_so() -> None:
    life = Life(on_duty=duty(A, routes=(WECHAT,)))
    life.silence(0)
    life.say("a", Meaning.RECEIVED, 40)

    told = life.silence(900)

    assert kinds(told) == ["feedback_reminded", "marked", "attempt_skipped"]


def test_a_dead_number_of_who_has_to_hear_of_help_leads_to_his_next() -> None:
    head = called("head", Post.VILLAGE_HEAD, numbers=2)
    life = Life(on_duty=duty(A, head))
    life.silence(0)
    life.say("a", Meaning.NEED_HELP, 40)
    life.silence(40)

    told = life.dead("2.head.h.sms.head1", 42)

    assert planned(told) == [(42, "2.head.h.sms.head2")]
    assert travels(told) == [(Via.INFO, Purpose.HELP)]


def test_a_dead_number_leads_to_the_next_within_the_same_try() -> None:
    life = ringing(90)

    followed = life.dead("0.a.1.voice.a1", 92)

    assert followed[1:] == (
        facts.MeansStruck(
            at=at(92),
            person=PersonId("a"),
            means=(means(VOICE, "a1"),),
            reason="dead",
        ),
        facts.AttemptPlanned(
            at=at(92),
            attempt=life.callout.attempts[-1].id,
            rung=0,
            person=PersonId("a"),
            channel=VOICE,
            address=means(VOICE, "a2").address,
            via=Via.OWN,
            purpose=Purpose.NEXT_MEANS,
        ),
    )
    assert planned(followed) == [(92, "0.a.1.voice.a2")]


def test_a_dead_number_of_a_superior_stays_in_his_digest() -> None:
    town = called("town", Post.TOWNSHIP_DUTY, numbers=2)
    life = Life(on_duty=duty(A, town))
    life.silence(480)

    followed = life.dead("3.town.0.sms.town1", 482)

    assert [
        (fact.attempt, fact.via)
        for fact in followed
        if isinstance(fact, facts.AttemptPlanned)
    ] == [("c.3.town.0.sms.town2", Via.DIGEST)]


def test_a_dead_number_is_made_good_on_every_rung_he_was_called_on() -> None:
    lead = called("a", Post.GRID_LEAD, numbers=2)
    also = called("a", Post.GRID_BACKUP, numbers=2)
    life = Life(on_duty=duty(lead, also))
    life.silence(180)

    followed = life.dead("1.a.0.sms.a1", 182)

    assert planned(followed) == [(182, "0.a.0.sms.a2"), (182, "1.a.0.sms.a2")]


def test_the_last_dead_means_of_all_starts_the_next_rung_at_once() -> None:
    life = Life(on_duty=duty(called("a", Post.GRID_LEAD, channels=(SMS,)), B))
    life.silence(0)

    followed = life.dead("0.a.0.sms.a1", 3)

    assert kinds(followed) == ["attempt_reported", "means_struck", "rung_struck"]
    assert milestones(life.silence(179)) == [(3, "rung 1 by struck")]


def test_the_provider_s_code_is_the_reason_of_a_struck_number() -> None:
    life = climbed(0)
    event = Reported(
        attempt=AttemptId("c.0.a.0.sms.a1"),
        progress=Progress.FAILED,
        failure=FailureKind.PERMANENT_ADDRESS,
        code="21211",
    )

    reported, struck, *_ = life.happen(event, 2)

    assert reported == facts.AttemptReported(
        at=at(2),
        attempt=AttemptId("c.0.a.0.sms.a1"),
        progress=Progress.FAILED,
        failure=FailureKind.PERMANENT_ADDRESS,
        code="21211",
    )
    assert isinstance(struck, facts.MeansStruck)
    assert struck.reason == "21211"


@pytest.mark.parametrize(
    "failure",
    [kind for kind in FailureKind if kind is not FailureKind.PERMANENT_ADDRESS],
)
def test_a_route_s_failure_moves_no_rung_and_strikes_nobody(
    failure: FailureKind,
) -> None:
    life = climbed(0)
    due = next_due(life.callout)

    followed = life.report("0.a.0.sms.a1", Progress.FAILED, 2, failure)

    assert kinds(followed) == ["attempt_reported"]
    assert next_due(life.callout) == due


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (Progress.ACCEPTED, Progress.ACCEPTED),
        (Progress.UNKNOWN, Progress.ACCEPTED),
        (Progress.DELIVERED, Progress.UNKNOWN),
        (Progress.FAILED, Progress.DELIVERED),
    ],
)
def test_a_stale_receipt_changes_nothing(first: Progress, then: Progress) -> None:
    life = climbed(0)
    life.report("0.a.0.sms.a1", first, 2)

    assert life.report("0.a.0.sms.a1", then, 3) == ()


def test_a_receipt_of_an_unknown_attempt_changes_nothing() -> None:
    assert climbed(0).report("9.x.0.sms.x1", Progress.DELIVERED, 3) == ()


def test_a_later_receipt_moves_only_its_own_attempt() -> None:
    life = climbed(0, rings_out=False)

    life.report("0.a.0.sms.a1", Progress.DELIVERED, 3)

    assert [attempt.progress for attempt in life.callout.attempts] == [
        Progress.PLANNED,
        Progress.DELIVERED,
        Progress.PLANNED,
    ]


def test_a_dead_number_after_the_answer_calls_nobody() -> None:
    life = climbed(0, rings_out=False)
    life.say("a", Meaning.RECEIVED, 10)

    assert kinds(life.dead("0.a.0.voice.a1", 12)) == ["attempt_reported"]


def test_a_dead_number_after_the_end_calls_nobody() -> None:
    life = climbed(0, rings_out=False)
    life.happen(Withdrawn(reason=CloseReason.DONE), 10)

    assert kinds(life.dead("0.a.0.voice.a1", 12)) == ["attempt_reported"]


def test_a_dead_number_of_the_reminder_leads_to_the_next() -> None:
    life = climbed(0)
    life.say("a", Meaning.RECEIVED, 40)
    life.silence(900)

    told = life.dead("0.a.f.sms.a1", 902)

    assert planned(told) == [(902, "0.a.f.sms.a2")]
    assert travels(told) == [(Via.OWN, Purpose.REMINDER)]


def test_who_is_only_told_is_told_at_his_next_number_too() -> None:
    tell = Rung(at=0, posts=(ref(Post.GRID_LEAD),), tries=INFO, via=Via.INFO, own=True)
    life = Life(opening(small(tell), state=State.NOTIFIED), duty(TWO))
    life.silence(0)

    assert planned(life.dead("0.a.0.sms.a1", 2)) == [(2, "0.a.0.sms.a2")]
    assert State.NOTIFIED is life.callout.state


def test_a_number_reported_dead_by_two_tries_leads_to_the_next_once() -> None:
    life = climbed(900)

    first = life.dead("0.a.0.sms.a1", 902)
    second = life.dead("0.a.r1.sms.a1", 903)

    assert planned(first) == [(902, "0.a.r1.sms.a2")]
    assert planned(second) == []


def test_a_dead_number_is_made_good_only_where_it_was_tried() -> None:
    lead = called("a", Post.GRID_LEAD, numbers=2)
    also = called("a", Post.VILLAGE_HEAD, numbers=2)
    life = Life(on_duty=duty(lead, also))
    life.silence(199)
    life.silence(300, rings_out=False)

    followed = life.dead("0.a.2.voice.a1", 302)

    assert planned(followed) == [(302, "0.a.2.voice.a2")]
