from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import FailureKind
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.callout import (
    MOST_ATTEMPTS,
    AttemptId,
    Mark,
    Progress,
    Purpose,
    SkipReason,
    Via,
)
from dispatcher.core.event import Answered, TakenOver
from dispatcher.core.evolve import evolve
from tests.core.build import (
    BOTH,
    ORANGE,
    SMS,
    VOICE,
    A,
    Life,
    at,
    called,
    duty,
    kinds,
    lone_lead,
    means,
    opening,
    own,
    planned,
    rings,
    skipped,
    small,
)

CALL = "0.a.0.voice.a1"


def put_off(story: tuple[facts.Fact, ...]) -> list[tuple[int, SkipReason, object]]:
    """The calls put off in a story, as (number of the try, why, until)."""
    return [
        (fact.number, fact.reason, fact.until)
        for fact in story
        if isinstance(fact, facts.CallPutOff)
    ]


def test_tries_merge_into_the_call_that_waits_for_a_line() -> None:
    life = lone_lead()

    told = life.silence(200, rings_out=False)

    assert rings(told) == []
    assert skipped(told) == [(90, "a voice merged"), (200, "a voice merged")]
    assert put_off(told) == [
        (1, SkipReason.MERGED, None),
        (2, SkipReason.MERGED, None),
    ]


def test_what_merged_falls_due_at_its_old_distance_from_a_late_start() -> None:
    life = lone_lead(seconds=230)

    begun = life.placed(CALL, 230)
    life.unreached(CALL, 260)

    assert put_off(begun) == [
        (1, SkipReason.MERGED, at(320)),
        (2, SkipReason.MERGED, at(430)),
    ]
    assert rings(life.silence(890)) == [
        (320, "0.a.1m.voice.a1"),
        (430, "0.a.2m.voice.a1"),
    ]


def test_a_call_made_up_for_is_put_down_as_such() -> None:
    life = lone_lead(seconds=230)
    life.placed(CALL, 230)
    life.unreached(CALL, 260)

    life.silence(319)

    assert life.silence(320)[:2] == (
        facts.CallMadeUp(at=at(320), rung=0, number=1, person=PersonId("a")),
        facts.AttemptPlanned(
            at=at(320),
            attempt=AttemptId("c.0.a.1m.voice.a1"),
            rung=0,
            person=PersonId("a"),
            channel=VOICE,
            address=means(VOICE, "a1").address,
            via=Via.OWN,
            purpose=Purpose.TRY,
            not_after=at(900),
        ),
    )


def test_a_call_in_doubt_has_not_begun_until_it_is_known_to() -> None:
    life = lone_lead(seconds=90)

    doubtful = life.report(CALL, Progress.UNKNOWN, 100)
    begun = life.report(CALL, Progress.DELIVERED, 120)

    assert put_off(doubtful) == []
    assert put_off(begun) == [(1, SkipReason.MERGED, at(210))]


def test_a_call_made_up_for_that_starts_late_itself_keeps_the_distance_too() -> None:
    life = lone_lead(seconds=230)
    life.placed(CALL, 230)
    life.unreached(CALL, 260)
    life.silence(500, rings_out=False)

    begun = life.placed("0.a.1m.voice.a1", 600)

    assert put_off(begun) == [(2, SkipReason.MERGED, at(710))]


def test_of_two_overdue_calls_made_up_for_the_second_follows_the_first() -> None:
    life = lone_lead(seconds=230)
    life.placed(CALL, 230)
    life.unreached(CALL, 260)

    woken = life.wake(500)

    assert rings(woken) == [(500, "0.a.1m.voice.a1")]
    assert put_off(woken) == [(2, SkipReason.MERGED, None)]


def test_the_next_number_is_part_of_the_call_that_others_wait_for() -> None:
    life = lone_lead(numbers=2, seconds=90)

    given_up = life.held_back(CALL, 95)
    begun = life.placed("0.a.0.voice.a2", 120)

    assert put_off(given_up) == []
    assert put_off(begun) == [(1, SkipReason.MERGED, at(210))]


def test_a_try_that_merges_into_a_ringing_call_is_not_made_up_for() -> None:
    life = lone_lead()
    life.placed(CALL, 80)

    told = life.silence(90, rings_out=False)

    assert skipped(told) == [(90, "a voice merged")]
    assert put_off(told) == []
    assert life.callout.later == ()


def test_who_holds_two_posts_of_the_unit_has_one_telephone() -> None:
    also = called("a", Post.GRID_BACKUP)
    life = Life(on_duty=duty(A, also, desk=None))
    life.silence(200, rings_out=False)

    begun = life.placed(CALL, 250)

    assert put_off(begun) == [
        (1, SkipReason.MERGED, at(340)),
        (0, SkipReason.MERGED, at(430)),
        (2, SkipReason.MERGED, at(450)),
    ]


def test_a_call_is_made_up_for_on_the_rung_it_belongs_to() -> None:
    life = Life(on_duty=duty(A, called("a", Post.GRID_BACKUP), desk=None))
    life.silence(200, rings_out=False)
    life.placed(CALL, 250)
    life.unreached(CALL, 260)
    life.silence(339)

    told = life.silence(340)

    assert (rings(told), skipped(told)) == ([(340, "0.a.1m.voice.a1")], [])


def test_a_stand_in_is_rung_while_the_lead_s_call_still_waits() -> None:
    life = Life()

    told = life.silence(180, rings_out=False)

    assert rings(told) == [(0, CALL), (180, "1.b.0.voice.b1")]


def test_a_text_never_merges_into_a_call() -> None:
    life = Life(on_duty=duty(A, called("a", Post.GRID_BACKUP)))

    told = life.silence(180, rings_out=False)

    assert (180, "1.a.0.sms.a1") in planned(told)


def test_a_repeat_merges_and_is_not_made_up_for_because_it_comes_again() -> None:
    life = lone_lead(seconds=1799)

    told = life.silence(1800, rings_out=False)

    assert (1800, "a voice merged") in skipped(told)
    assert put_off(told) == []


def test_a_try_that_merged_into_a_repeat_follows_it_at_its_distance() -> None:
    slow = small(own(0, Post.GRID_LEAD), own(1830, Post.GRID_BACKUP))
    life = Life(opening(slow), duty(A, called("a", Post.GRID_BACKUP)))
    life.silence(1799)
    life.silence(1830, rings_out=False)

    begun = life.placed("0.a.r2.voice.a1", 1900)

    assert put_off(begun) == [(0, SkipReason.MERGED, at(1930))]


def test_a_call_made_up_for_that_merged_into_a_repeat_is_not_due_before_it() -> None:
    life = lone_lead(seconds=1750)
    life.placed(CALL, 1750)
    life.unreached(CALL, 1760)
    life.silence(1840, rings_out=False)

    begun = life.placed("0.a.r2.voice.a1", 1900)

    assert put_off(begun)[0] == (1, SkipReason.MERGED, at(1900))


@pytest.mark.parametrize(
    "failure", [FailureKind.HELD_BACK, FailureKind.PERMANENT_ADDRESS]
)
def test_what_merged_into_a_call_that_never_was_is_due_at_once(
    failure: FailureKind,
) -> None:
    life = lone_lead()
    life.ring_out(0)
    life.silence(200, rings_out=False)

    told = life.report("0.a.1.voice.a1", Progress.FAILED, 201, failure)

    assert put_off(told) == [(2, SkipReason.MERGED, at(201))]


def test_a_call_given_up_because_the_next_try_was_due_makes_room_for_it() -> None:
    life = lone_lead()
    life.ring_out(0)
    life.silence(200, rings_out=False)

    life.held_back("0.a.1.voice.a1", 201)

    assert rings(life.silence(201)) == [(201, "0.a.2m.voice.a1")]


def test_a_call_that_begins_after_the_answer_puts_nothing_off() -> None:
    life = lone_lead(seconds=90)
    life.say("a", Meaning.RECEIVED, 95)

    assert kinds(life.placed(CALL, 100)) == ["attempt_reported"]


def test_the_calls_of_a_superior_are_joined_elsewhere_and_do_not_merge_here() -> None:
    life = Life()
    life.silence(539)
    life.silence(540, rings_out=False)
    life.happen(TakenOver(taker="head", message="m1"), 550)

    told = life.silence(1510, rings_out=False)

    assert (1510, "3.town.1x1.voice.town1") in rings(told)


def test_a_call_made_up_for_is_not_made_where_nothing_is_asked_any_more() -> None:
    life = Life(opening(BOTH))
    life.silence(90, rings_out=False)
    life.placed(CALL, 100)
    life.unreached(CALL, 120)

    life.say("a", Meaning.RECEIVED, 130)

    assert not [name for _, name in rings(life.silence(899)) if ".a." in name]


def test_a_call_put_off_on_another_rung_has_a_person_of_its_own() -> None:
    life = Life(opening(BOTH))
    life.silence(90, rings_out=False)
    life.placed("0.b.0.voice.b1", 100)
    life.unreached("0.b.0.voice.b1", 120)

    told = life.silence(190, rings_out=False)

    assert (rings(told), skipped(told)) == ([(190, "0.b.1m.voice.b1")], [])


def limits(story: tuple[facts.Fact, ...]) -> list[object]:
    """Until when each call of a story is worth placing."""
    return [
        fact.not_after
        for fact in story
        if isinstance(fact, facts.AttemptPlanned) and fact.channel is VOICE
    ]


def test_the_first_call_of_a_person_is_never_too_late_though_it_is_no_first_try() -> (
    None
):
    life = Life(opening(ORANGE))
    life.silence(299)

    later = life.silence(300)

    assert limits(tuple(life.facts))[0] is None
    assert limits(later)[0] == at(420)


def test_a_call_that_was_never_placed_leaves_the_next_one_the_first() -> None:
    life = lone_lead()
    life.held_back(CALL, 5)

    assert limits(life.silence(90)) == [None]


def test_a_call_under_way_is_not_forgotten_in_a_long_night() -> None:
    life = Life()

    life.silence(24 * 3600, rings_out=False)

    assert (len(life.callout.attempts), CALL in life.calls()) == (MOST_ATTEMPTS, True)


def test_of_too_many_calls_under_way_the_oldest_is_forgotten() -> None:
    life = Life()
    life.silence(0, rings_out=False)
    call = next(
        fact
        for fact in life.facts
        if isinstance(fact, facts.AttemptPlanned) and fact.channel is VOICE
    )
    names = [AttemptId(f"c.0.a.{number}.voice.a1") for number in range(100)]

    for name in names:
        life.callout = evolve(life.callout, replace(call, attempt=name))

    assert [attempt.id for attempt in life.callout.attempts] == names[-MOST_ATTEMPTS:]


def pressed(heard_seconds: float | None) -> Answered:
    """A key that says received, after so much of the text."""
    return Answered(
        person=PersonId("a"),
        meaning=Meaning.RECEIVED,
        evidence=Evidence.KEYPRESS,
        heard_seconds=heard_seconds,
    )


@pytest.mark.parametrize(
    ("heard", "marks"),
    [(0, (Mark.HEARD_PARTLY,)), (19.9, (Mark.HEARD_PARTLY,)), (20, ()), (None, ())],
)
def test_a_key_counts_at_once_and_is_marked_when_little_was_heard(
    heard: float | None, marks: tuple[Mark, ...]
) -> None:
    life = lone_lead()

    answered, *_ = life.happen(pressed(heard), 30)

    assert isinstance(answered, facts.Answered)
    assert answered.heard_seconds == heard
    assert (life.callout.marks, life.callout.answer is not None) == (marks, True)


def test_the_same_key_again_is_marked_once() -> None:
    life = lone_lead()
    life.happen(pressed(5), 30)

    assert kinds(life.happen(pressed(5), 31)) == ["reply_noted"]


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("0", 0),
        ("12", 12),
        ("1x2", 2),
        ("2m", 2),
        ("1x1m", 1),
        ("r1", None),
        ("h", None),
    ],
)
def test_an_attempt_knows_the_try_it_belongs_to(label: str, number: int | None) -> None:
    life = Life()
    life.silence(0)
    named = replace(life.callout.attempts[0], id=AttemptId(f"c.0.a.{label}.{SMS}.a1"))

    assert number == named.number
