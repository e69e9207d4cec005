from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import (
    Ladder,
    Mark,
    Purpose,
    State,
    Via,
)
from dispatcher.core.due import Due, What, next_due
from dispatcher.core.event import Answered, Duty, FeedbackHeard
from dispatcher.core.evolve import opened
from dispatcher.core.fact import Fact
from dispatcher.core.feedback import Figure, asked, complete, missing
from dispatcher.core.report import row
from tests.core.build import (
    EVERYBODY,
    RED,
    A,
    Life,
    at,
    called,
    duty,
    kinds,
    milestones,
    opening,
    own,
    planned,
    small,
)

TWO = called("a", Post.GRID_LEAD, numbers=2)


def climbed(seconds: int) -> Life:
    """A red callout after so many seconds of silence; its lead has two numbers."""
    life = Life(on_duty=duty(TWO, *EVERYBODY[1:]))
    life.silence(seconds)
    return life


@pytest.mark.parametrize(
    ("person", "meaning", "people"),
    [
        ("b", Meaning.RECEIVED, None),
        ("a", Meaning.EVACUATING, None),
        ("a", Meaning.RECEIVED, 3),
    ],
)
def test_another_person_meaning_or_figure_is_an_answer_beside_the_first(
    person: str, meaning: Meaning, people: int | None
) -> None:
    life = climbed(200)
    life.say("a", Meaning.RECEIVED, 210)

    life.say(person, meaning, 220, people=people)

    assert len(life.callout.answers) == 2
    assert life.callout.answer == life.callout.answers[0]


def test_figures_make_a_grid_s_report_complete() -> None:
    life = climbed(0)

    followed = life.say("a", Meaning.COMPLETED, 40, people=35)

    assert followed[1:] == (
        facts.FeedbackGiven(
            at=at(40),
            person=PersonId("a"),
            figures=Figures(people=35),
            complete=True,
        ),
    )
    assert (life.callout.state, life.callout.feedback) == (
        State.REPORTED,
        Figures(people=35),
    )
    assert next_due(life.callout) is None


def test_figures_that_come_one_by_one_add_up() -> None:
    life = climbed(0)
    life.say("a", Meaning.EVACUATING, 40)
    life.happen(
        Answered(
            person=PersonId("a"),
            meaning=Meaning.EVACUATING,
            evidence=Evidence.LINK,
            figures=Figures(households=12),
        ),
        50,
    )
    before = life.callout.state

    life.say("a", Meaning.COMPLETED, 60, people=0)

    assert life.callout.feedback == Figures(households=12, people=0)
    assert (before, life.callout.state) == (State.ANSWERED, State.REPORTED)


def test_a_correction_replaces_the_figure() -> None:
    life = climbed(0)
    life.say("a", Meaning.COMPLETED, 40, people=35)

    life.say("a", Meaning.COMPLETED, 90, people=38)

    assert life.callout.feedback == Figures(people=38)
    assert State.REPORTED is life.callout.state


def test_a_township_s_questions_do_not_fit_into_one_text() -> None:
    post = Post.TOWNSHIP_DUTY
    life = Life(opening(small(own(0, post)), post=post))
    life.silence(0)

    life.say("town", Meaning.DEPLOYED, 40, people=35)

    assert State.ANSWERED is life.callout.state


@pytest.mark.parametrize(
    ("answered", "due"), [(40, 900), (600, 900), (601, 901), (700, 1000), (3000, 3300)]
)
def test_the_feedback_clock_leaves_a_late_answer_300_s(answered: int, due: int) -> None:
    life = climbed(answered)

    life.say("a", Meaning.RECEIVED, answered)

    assert next_due(life.callout) == Due(at(due), What.FEEDBACK)


def test_overdue_feedback_is_marked_and_asked_for_once_by_text() -> None:
    life = climbed(0)
    life.say("a", Meaning.RECEIVED, 40)

    told = life.silence(24 * 3600)

    assert kinds(told) == ["feedback_reminded", "marked", "attempt_planned"]
    assert milestones(told) == [(900, "mark feedback_overdue")]
    assert planned(told) == [(900, "0.a.f.sms.a1")]
    assert [f.purpose for f in told if isinstance(f, facts.AttemptPlanned)] == [
        Purpose.REMINDER
    ]


def test_who_stands_on_no_rung_is_marked_but_not_reminded() -> None:
    life = climbed(0)
    life.say("stand-in", Meaning.RECEIVED, 40)

    assert kinds(life.silence(900)) == ["feedback_reminded", "marked"]


def test_a_superior_is_not_reminded_for_an_answer_he_gave_as_own() -> None:
    life = climbed(300)
    life.say("head", Meaning.RECEIVED, 310)

    assert kinds(life.silence(900)) == ["feedback_reminded", "marked"]


def test_a_township_s_feedback_is_marked_only() -> None:
    post = Post.TOWNSHIP_DUTY
    life = Life(opening(small(own(0, post)), post=post))
    life.silence(0)
    life.say("town", Meaning.DEPLOYED, 40)

    assert kinds(life.silence(900)) == ["feedback_reminded", "marked"]


def test_where_no_feedback_is_asked_nothing_falls_due_after_the_answer() -> None:
    life = Life(opening(small(own(0, Post.GRID_LEAD), feedback_by=None)))
    life.silence(0)
    life.say("a", Meaning.RECEIVED, 40)

    assert next_due(life.callout) is None


def test_help_tells_the_first_rung_of_another_unit_at_once_by_text_and_one_call() -> (
    None
):
    life = climbed(0)

    life.say("a", Meaning.NEED_HELP, 40)
    told = life.silence(40)

    assert planned(told) == [
        (40, "2.head.h.wechat.head1"),
        (40, "2.head.h.sms.head1"),
        (40, "2.head.h.voice.head1"),
        (40, "2.watchman.h.wechat.watchman1"),
        (40, "2.watchman.h.sms.watchman1"),
        (40, "2.watchman.h.voice.watchman1"),
    ]
    assert {(Via.INFO, Purpose.HELP)} == {
        (fact.via, fact.purpose)
        for fact in told
        if isinstance(fact, facts.AttemptPlanned)
    }
    assert life.callout.marks == (Mark.NEED_HELP,)
    assert next_due(life.callout) is None


def test_help_is_told_once_whoever_calls_for_it_again() -> None:
    life = climbed(200)
    life.say("a", Meaning.NEED_HELP, 210)
    life.silence(210)

    life.say("b", Meaning.NEED_HELP, 220)

    assert life.silence(24 * 3600) == ()
    assert len(life.callout.answers) == 2


def test_help_asked_for_after_a_plain_answer_is_told_and_feedback_still_asked() -> None:
    life = climbed(0)
    life.say("a", Meaning.RECEIVED, 40)

    life.say("a", Meaning.NEED_HELP, 50)
    told = life.silence(900)

    assert kinds(told)[0] == "help_told"
    assert "feedback_reminded" in kinds(told)


@pytest.mark.parametrize(
    ("ladder", "on_duty"),
    [(small(own(0, Post.GRID_LEAD)), duty()), (RED, duty(A))],
    ids=["no rung of another unit", "nobody on duty there"],
)
def test_help_that_nobody_above_can_hear_is_the_desk_s(
    ladder: Ladder, on_duty: Duty
) -> None:
    life = Life(opening(ladder), on_duty)
    life.silence(0)
    life.say("a", Meaning.NEED_HELP, 40)

    told = life.silence(40)

    assert kinds(told) == ["help_told", "marked"]
    assert life.callout.marks[-1] is Mark.MUST_CALL


def test_what_is_complete_stays_complete_when_more_is_told() -> None:
    life = climbed(0)
    life.say("a", Meaning.COMPLETED, 40, people=35)
    more = Answered(
        person=PersonId("a"),
        meaning=Meaning.COMPLETED,
        evidence=Evidence.LINK,
        figures=Figures(households=12),
    )

    *_, given = life.happen(more, 60)

    assert given == facts.FeedbackGiven(
        at=at(60),
        person=PersonId("a"),
        figures=Figures(households=12),
        complete=True,
    )


def fed(life: Life, seconds: int, **figures: object) -> tuple[Fact, ...]:
    """An officer types in what was told him."""
    told = Figures(**figures)  # type: ignore[arg-type] # each test tells what
    event = FeedbackHeard(person=A.person, figures=told, note="phone", by="key:desk")
    return life.happen(event, seconds)


def test_an_officer_types_in_what_was_reported_by_telephone() -> None:
    life = Life()
    life.silence(20)
    life.say("a", Meaning.RECEIVED, 30)

    assert fed(life, 60, people=0) == (
        facts.FeedbackGiven(
            at=at(60),
            by="key:desk",
            person=A.person,
            figures=Figures(people=0),
            complete=True,
            evidence=Evidence.ON_BEHALF,
            note="phone",
        ),
    )
    assert life.callout.state is State.REPORTED
    assert row(life.facts).note == "phone"

    fed(life, 90, people=12)
    assert (life.callout.state, life.callout.feedback) == (
        State.REPORTED,
        Figures(people=12),
    )


def test_a_township_owes_three_answers() -> None:
    life = Life(opening(small(own(0, Post.TOWNSHIP_DUTY)), post=Post.TOWNSHIP_DUTY))
    life.silence(20)
    life.say("town", Meaning.COMPLETED, 30, people=35)

    assert missing(life.callout, life.callout.feedback) == (
        Figure.COMMANDER,
        Figure.VILLAGES,
    )
    given = [
        *fed(life, 60, villages=0),
        *fed(life, 70, commander=PersonId("leader")),
    ]
    complete_by_then = [
        fact.complete for fact in given if isinstance(fact, facts.FeedbackGiven)
    ]
    assert complete_by_then == [False, True]
    assert life.callout.state is State.REPORTED
    assert missing(life.callout, life.callout.feedback) == ()


def test_a_county_is_asked_only_what_the_policy_requires() -> None:
    plain = small(own(0, Post.COUNTY_DUTY))
    free, bound = (
        opened(opening(ladder, post=Post.COUNTY_DUTY))
        for ladder in (plain, replace(plain, require=("evacuated_people",)))
    )

    assert (asked(free), asked(bound)) == ((), (Figure.EVACUATED_PEOPLE,))
    assert not complete(free, Figures(people=1))
    assert complete(bound, Figures(people=1))


def test_feedback_before_an_answer_is_no_answer() -> None:
    life = Life()
    life.silence(20)

    assert fed(life, 30, people=3) == ()
