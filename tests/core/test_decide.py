from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import (
    CloseReason,
    Purpose,
    Rung,
    State,
    Via,
)
from dispatcher.core.due import next_due
from dispatcher.core.event import Answered, Withdrawn
from tests.core.build import (
    BOTH,
    COUNTY,
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
    own,
    planned,
    ref,
    said,
    small,
)

OWN_ANSWERS = [
    Meaning.RECEIVED,
    Meaning.EVACUATING,
    Meaning.COMPLETED,
    Meaning.DEPLOYED,
    Meaning.NEED_HELP,
]


NO_ANSWERS = [
    Meaning.REPEAT,
    Meaning.OPT_OUT,
    Meaning.UNCLEAR,
    Meaning.AUTO_REPLY,
    Meaning.QUESTION,
]


TWO = called("a", Post.GRID_LEAD, numbers=2)


def climbed(seconds: int, *, rings_out: bool = True) -> Life:
    """A red callout after so many seconds of silence; its lead has two numbers."""
    life = Life(on_duty=duty(TWO, *EVERYBODY[1:]))
    life.silence(seconds, rings_out=rings_out)
    return life


@pytest.mark.parametrize("meaning", OWN_ANSWERS)
def test_an_own_answer_is_taken_down_with_all_that_came_with_it(
    meaning: Meaning,
) -> None:
    life = climbed(0)

    assert life.say("a", meaning, 40) == (
        facts.Answered(
            at=at(40),
            person=PersonId("a"),
            meaning=meaning,
            evidence=Evidence.SMS_CODE,
            figures=NO_FIGURES,
        ),
    )
    assert State.ANSWERED is life.callout.state


@pytest.mark.parametrize("meaning", OWN_ANSWERS)
def test_after_an_own_answer_no_try_is_made(meaning: Meaning) -> None:
    life = climbed(0)
    life.say("a", meaning, 40)

    told = life.silence(24 * 3600)

    attempts = [f for f in told if isinstance(f, facts.AttemptPlanned)]
    assert {fact.purpose for fact in attempts} <= {Purpose.HELP, Purpose.REMINDER}
    assert not [kind for kind in kinds(told) if kind in {"rung_reached", "repeated"}]


@pytest.mark.parametrize("meaning", NO_ANSWERS)
def test_what_is_no_answer_is_kept_and_the_ladder_goes_on(meaning: Meaning) -> None:
    life = climbed(0)
    due = next_due(life.callout)

    assert life.say("a", meaning, 40) == (
        facts.ReplyNoted(at=at(40), person=PersonId("a"), meaning=meaning),
    )
    assert next_due(life.callout) == due


@pytest.mark.parametrize("meaning", list(Meaning))
def test_after_the_end_whatever_is_said_is_only_noted(meaning: Meaning) -> None:
    life = climbed(0)
    life.happen(Withdrawn(reason=CloseReason.EXPIRED), 30)

    assert kinds(life.say("a", meaning, 40)) == ["reply_noted"]


@pytest.mark.parametrize("meaning", [Meaning.CANNOT_ACT, Meaning.WRONG_PERSON])
def test_a_refusal_after_an_own_answer_is_only_noted(meaning: Meaning) -> None:
    life = climbed(200)
    life.say("b", Meaning.RECEIVED, 210)

    assert kinds(life.say("a", meaning, 220)) == ["reply_noted"]


def test_an_answer_carries_who_recorded_it_and_how() -> None:
    life = climbed(0)
    answer = facts.Answered(
        at=at(60),
        by="officer-7",
        person=PersonId("a"),
        meaning=Meaning.RECEIVED,
        evidence=Evidence.ON_BEHALF,
        figures=Figures(households=3),
        message="m1",
        note="by his landline",
    )

    followed = life.happen(
        Answered(
            person=answer.person,
            meaning=answer.meaning,
            evidence=answer.evidence,
            figures=answer.figures,
            message=answer.message,
            note=answer.note,
            by=answer.by,
        ),
        60,
    )

    assert followed == (
        answer,
        facts.FeedbackGiven(
            at=at(60),
            by="officer-7",
            person=PersonId("a"),
            figures=Figures(households=3),
            complete=False,
        ),
    )


def test_the_same_words_again_are_no_second_answer() -> None:
    life = climbed(0)
    life.say("a", Meaning.RECEIVED, 40)

    again = life.say("a", Meaning.RECEIVED, 45)

    assert kinds(again) == ["reply_noted"]
    assert len(life.callout.answers) == 1


@pytest.mark.parametrize("seconds", [5, 320, 959, 961, 30000])
def test_an_own_answer_counts_however_late(seconds: int) -> None:
    life = climbed(seconds)

    life.say("b", Meaning.RECEIVED, seconds)

    assert (life.callout.state, life.callout.owner) == (State.ANSWERED, None)


def test_a_stand_in_who_stands_on_no_own_rung_answers_for_the_unit() -> None:
    life = climbed(300)

    life.say("head", Meaning.RECEIVED, 310)

    assert State.ANSWERED is life.callout.state


def test_who_cannot_act_is_struck_and_the_others_of_the_rung_go_on() -> None:
    life = climbed(200)

    assert life.say("a", Meaning.CANNOT_ACT, 210) == (
        facts.PersonStruck(at=at(210), person=PersonId("a")),
    )
    assert planned(life.silence(299)) == [(270, "1.b.1.voice.b1")]


def test_when_everybody_cannot_act_the_next_rung_starts_now() -> None:
    life = climbed(200)
    life.say("a", Meaning.CANNOT_ACT, 210)

    followed = life.say("b", Meaning.CANNOT_ACT, 220)

    assert followed == (
        facts.PersonStruck(at=at(220), person=PersonId("b")),
        facts.RungStruck(at=at(220), rung=1, next=2),
    )
    assert milestones(life.silence(600)) == [
        (220, "mark not_awakened"),
        (220, "task door_knock for head"),
        (220, "rung 2 by struck"),
        (480, "rung 3 by time"),
        (600, "mark must_call"),
        (600, "rung 4 by time"),
    ]


def test_a_struck_person_is_called_in_no_other_role() -> None:
    both = called("a", Post.VILLAGE_HEAD)
    life = Life(on_duty=duty(A, B, both))
    life.silence(0)
    life.say("a", Meaning.CANNOT_ACT, 10)

    told = life.silence(24 * 3600)

    assert not [name for _, name in planned(told) if ".a." in name]


def test_who_found_a_number_wrong_stands_in_the_fact() -> None:
    heard = replace(said("a", Meaning.WRONG_PERSON, address="a1"), by="key:officer")

    followed = climbed(0, rings_out=False).happen(heard, 30)

    assert (followed[0].kind, followed[0].by) == ("means_struck", "key:officer")


def test_the_wrong_person_strikes_his_address_and_the_next_is_called_at_once() -> None:
    life = climbed(0, rings_out=False)

    followed = life.say("a", Meaning.WRONG_PERSON, 30, address="a1")
    life.ring_out(60)

    assert followed[0] == facts.MeansStruck(
        at=at(30),
        person=PersonId("a"),
        means=(means(WECHAT, "a1"), means(SMS, "a1"), means(VOICE, "a1")),
        reason="wrong_person",
    )
    assert planned(followed) == [
        (30, "0.a.0.wechat.a2"),
        (30, "0.a.0.sms.a2"),
        (30, "0.a.0.voice.a2"),
    ]
    assert {Purpose.NEXT_MEANS} == {
        fact.purpose for fact in followed if isinstance(fact, facts.AttemptPlanned)
    }
    assert planned(life.silence(90)) == [(90, "0.a.1.voice.a2")]


def test_the_wrong_person_at_an_unknown_address_strikes_all_his_means() -> None:
    life = climbed(0)

    followed = life.say("a", Meaning.WRONG_PERSON, 30)

    assert set(TWO.means) == life.callout.struck_means
    assert followed[-1] == facts.RungStruck(at=at(30), rung=0, next=1)


def test_the_wrong_person_s_words_touch_nobody_else_s_means() -> None:
    life = climbed(200)

    life.say("b", Meaning.WRONG_PERSON, 210)

    assert set(B.means) == life.callout.struck_means


def test_an_answer_to_a_notice_is_kept_without_being_asked_for() -> None:
    tell = Rung(at=0, posts=(ref(Post.GRID_LEAD),), tries=INFO, via=Via.INFO, own=True)
    life = Life(opening(small(tell), state=State.NOTIFIED), duty(TWO))

    life.say("a", Meaning.RECEIVED, 40)

    assert (life.callout.state, len(life.callout.answers)) == (State.NOTIFIED, 1)
    assert life.callout.answer is None


def test_two_answers_are_waited_for_where_two_are_needed() -> None:
    life = Life(opening(BOTH))
    life.silence(0)

    life.say("a", Meaning.RECEIVED, 10)
    told = life.silence(900)
    before = life.callout.state
    life.say("b", Meaning.RECEIVED, 910)

    assert (before, life.callout.state) == (State.DESK, State.ANSWERED)
    assert not [name for _, name in planned(told) if ".a." in name]
    assert (900, "0.b.r1.sms.b1") in planned(told)
    assert life.callout.answer == life.callout.answers[1]


def test_one_person_s_two_answers_are_not_the_answers_of_two() -> None:
    life = Life(opening(BOTH))
    life.silence(0)

    life.say("a", Meaning.RECEIVED, 10)
    life.say("a", Meaning.EVACUATING, 20)

    assert State.CALLING is life.callout.state


def test_answers_of_two_rungs_do_not_add_up_but_a_stand_in_counts_on_each() -> None:
    pair = small(own(0, Post.GRID_LEAD, need=2), own(0, Post.GRID_BACKUP, need=2))
    second = called("a2", Post.GRID_LEAD), called("b2", Post.GRID_BACKUP)
    life = Life(opening(pair), duty(A, B, *second))
    life.silence(0)

    life.say("a", Meaning.RECEIVED, 10)
    life.say("b", Meaning.RECEIVED, 20)
    before = life.callout.state
    life.say("stand-in", Meaning.RECEIVED, 30)

    assert (before, life.callout.state) == (State.CALLING, State.ANSWERED)


def test_where_fewer_are_on_duty_than_are_needed_all_of_them_are_enough() -> None:
    life = Life(opening(BOTH), duty(A))
    life.silence(0)

    life.say("a", Meaning.RECEIVED, 10)

    assert State.ANSWERED is life.callout.state


def test_where_nobody_is_on_duty_one_answer_for_the_unit_is_enough() -> None:
    life = Life(opening(BOTH), duty(COUNTY))
    life.silence(0)

    life.say("stand-in", Meaning.RECEIVED, 10)

    assert State.ANSWERED is life.callout.state


def test_a_vacant_rung_is_no_answer_for_the_others() -> None:
    ladder = small(own(0, Post.GRID_LEAD), own(180, Post.GRID_BACKUP, need=2))
    life = Life(opening(ladder), duty(B, called("b2", Post.GRID_BACKUP)))
    life.silence(0)

    life.say("b", Meaning.RECEIVED, 10)

    assert State.CALLING is life.callout.state


def test_a_rung_not_reached_yet_needs_as_many_answers_as_the_policy_says() -> None:
    pair = small(
        own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2),
        own(180, Post.GRID_BACKUP, need=2),
    )
    life = Life(opening(pair))
    life.silence(0)

    life.say("stand-in", Meaning.RECEIVED, 10)

    assert State.CALLING is life.callout.state


@pytest.mark.parametrize("reason", list(CloseReason))
def test_a_withdrawal_closes_with_its_reason_and_once(reason: CloseReason) -> None:
    life = climbed(100)

    followed = life.happen(Withdrawn(reason=reason, by="officer-7"), 110)

    assert followed == (facts.Closed(at=at(110), by="officer-7", reason=reason),)
    assert (life.callout.state, life.callout.close_reason, life.callout.closed_at) == (
        State.CLOSED,
        reason,
        at(110),
    )
    assert life.happen(Withdrawn(reason=reason), 111) == ()
    assert life.wake(99999) == ()


def test_words_are_noted_under_the_name_of_who_took_them_down() -> None:
    life = climbed(0)
    words = Answered(
        person=PersonId("a"),
        meaning=Meaning.UNCLEAR,
        evidence=Evidence.SMS_BARE,
        message="m7",
        by="officer-7",
    )

    assert life.happen(words, 5) == (
        facts.ReplyNoted(
            at=at(5),
            by="officer-7",
            person=PersonId("a"),
            meaning=Meaning.UNCLEAR,
            message="m7",
        ),
    )


def test_the_desk_owns_what_ran_out_until_somebody_answers() -> None:
    life = climbed(960)
    assert (life.callout.state, life.callout.owner) == (State.DESK, COUNTY.person)

    life.say("a", Meaning.RECEIVED, 1000)

    assert (life.callout.state, life.callout.owner) == (State.ANSWERED, None)


def test_a_rung_is_struck_once_however_often_they_say_so() -> None:
    life = climbed(0)
    life.say("a", Meaning.CANNOT_ACT, 10)

    again = life.say("a", Meaning.CANNOT_ACT, 11)

    assert kinds(again) == ["person_struck"]


def test_a_refusal_is_struck_under_the_name_of_who_took_it_down() -> None:
    life = climbed(200)
    words = Answered(
        person=PersonId("a"),
        meaning=Meaning.CANNOT_ACT,
        evidence=Evidence.ON_BEHALF,
        by="officer-7",
    )

    assert life.happen(words, 210) == (
        facts.PersonStruck(at=at(210), by="officer-7", person=PersonId("a")),
    )
