from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.model import PersonId, Post, UnitId
from dispatcher.core.alert import AlertId, Level
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import (
    CloseReason,
    Ladder,
    Mark,
    Progress,
    State,
    Task,
)
from dispatcher.core.event import Answered, Replanned, TakenOver, Withdrawn
from dispatcher.core.evolve import replay
from dispatcher.core.report import (
    Callee,
    Escalation,
    Row,
    Summary,
    in_time,
    quantile,
    row,
    seconds,
    summary,
    tally,
)
from tests.core.build import (
    HEAD,
    LEADER,
    RED,
    SMS,
    TOWN,
    VOICE,
    WATCHMAN,
    WECHAT,
    A,
    B,
    Life,
    at,
    called,
    duty,
    opening,
    own,
    small,
)


def life(name: str, *, post: Post = Post.GRID_LEAD, lead: str = "a") -> Life:
    """A callout on the red ladder whose lead goes by a name."""
    person = called(lead, Post.GRID_LEAD)
    on_duty = duty(person, B, HEAD, WATCHMAN, TOWN, LEADER)
    return Life(replace(opening(post=post, name=name), unit=UnitId(name)), on_duty)


def test_a_row_tells_the_whole_story_of_a_callout() -> None:
    story = life("c")
    story.silence(300)
    story.report("0.a.0.sms.a1", Progress.DELIVERED, 301)
    story.report("0.a.0.wechat.a1", Progress.DELIVERED, 302)
    story.dead("1.b.0.sms.b1", 303)
    story.say("b", Meaning.CANNOT_ACT, 304)
    story.happen(TakenOver(taker="head", message="m1"), 320)
    story.silence(1700)
    story.happen(
        Answered(
            person=PersonId("a"),
            meaning=Meaning.COMPLETED,
            evidence=Evidence.ON_BEHALF,
            figures=Figures(people=35),
            note="by radio",
            by="officer-7",
        ),
        1710,
    )
    story.happen(Withdrawn(reason=CloseReason.DONE), 4000)

    assert row(story.facts) == Row(
        callout=story.callout.id,
        unit=UnitId("c"),
        post=Post.GRID_LEAD,
        state=State.CLOSED,
        close_reason=CloseReason.DONE,
        opened_at=at(0),
        by="system",
        called=(
            Callee(person=PersonId("a"), post=Post.GRID_LEAD),
            Callee(person=PersonId("b"), post=Post.GRID_BACKUP),
        ),
        attempts={WECHAT: 7, SMS: 8, VOICE: 6},
        first_delivered_at=at(301),
        picked_up_at=None,
        answered_by=PersonId("a"),
        answered_at=at(1710),
        meaning=Meaning.COMPLETED,
        evidence=Evidence.ON_BEHALF,
        recorded_by="officer-7",
        message=None,
        seconds=1710.0,
        in_time=False,
        figures=Figures(people=35),
        feedback_at=at(1710),
        why_not=("dead", "cannot_act", "nobody_on_duty"),
        escalations=(
            Escalation(at=at(300), people=(PersonId("head"), PersonId("watchman"))),
            Escalation(at=at(1220), people=(PersonId("town"),)),
            Escalation(at=at(1340), people=()),
            Escalation(at=at(1640), people=(PersonId("leader"),)),
        ),
        taken_by="head",
        taken_at=at(320),
        taken_on="m1",
        desk_at=at(1700),
        tasks=(Task.DOOR_KNOCK,),
        assignees=(PersonId("head"),),
        task_at=at(300),
        door_at=None,
        marks=(Mark.NOT_AWAKENED, Mark.MUST_CALL),
        note="by radio",
        tally=tally(story.callout),
    )


def test_the_row_of_a_silent_callout_leaves_open_what_is_not_known() -> None:
    story = life("c")
    story.silence(100)

    told = row(story.facts)

    assert (
        told.answered_by,
        told.answered_at,
        told.meaning,
        told.evidence,
        told.seconds,
        told.in_time,
        told.first_delivered_at,
        told.taken_by,
        told.taken_at,
        told.desk_at,
    ) == (None,) * 10
    assert (told.note, told.state) == ("", State.CALLING)


@pytest.mark.parametrize(
    ("answered", "expected"), [(0, True), (299, True), (300, True), (301, False)]
)
def test_an_answer_is_in_time_until_the_deadline_of_its_policy(
    answered: int, *, expected: bool
) -> None:
    story = life("c")
    story.silence(0)
    story.say("a", Meaning.RECEIVED, answered)

    assert expected is in_time(story.callout)
    assert seconds(story.callout) == answered


def county() -> list[Life]:
    """Five grids: early, late, taken, silent, superseded; and a township."""
    early, late, taken, silent, old = (
        life(f"g{number}", lead=f"lead{number}") for number in range(1, 6)
    )
    town = Life(
        replace(
            opening(
                small(own(0, Post.TOWNSHIP_DUTY)), post=Post.TOWNSHIP_DUTY, name="t"
            ),
        )
    )
    for story in (early, late, taken, silent, old, town):
        story.silence(0)
    early.say("lead1", Meaning.COMPLETED, 40, people=12)
    old.happen(Withdrawn(reason=CloseReason.SUPERSEDED), 50)
    town.say("town", Meaning.DEPLOYED, 100)
    late.silence(400)
    late.say("lead2", Meaning.RECEIVED, 400)
    taken.silence(320)
    taken.happen(TakenOver(taker="head", message="m"), 320)
    taken.silence(700)
    silent.silence(1000)
    return [early, late, taken, silent, old, town]


def test_the_summary_counts_by_hand() -> None:
    told = summary(story.callout for story in county())

    # Called: lead1..4, B, head, watchman, town and leader: nine people. The county has
    # nobody on duty. Answered: lead1, lead2, town, and head, who took one over.
    assert told == Summary(
        callouts=5,
        by_state={
            "waiting": 0,
            "calling": 0,
            "answered": 2,
            "taken": 1,
            "reported": 1,
            "desk": 1,
            "notified": 0,
            "closed": 0,
        },
        answered=3,
        answered_in_time=2,
        taken=1,
        to_desk=1,
        not_awakened=3,
        never_rung=0,
        grid_coverage_rate=0.5,
        answer_rate=round(4 / 9, 4),
        p50_seconds=100.0,
        p90_seconds=400.0,
        attempts=sum(story.callout.attempt_count for story in county()[:4]) + 3,
    )


def test_the_summary_of_replayed_callouts_is_that_of_the_live_ones() -> None:
    stories = county()

    assert summary(replay(story.facts) for story in stories) == summary(
        story.callout for story in stories
    )


@pytest.mark.parametrize("why", [CloseReason.EXPIRED, CloseReason.CANCELLED])
def test_the_end_of_an_alert_hides_neither_takers_nor_the_desk(
    why: CloseReason,
) -> None:
    stories = county()
    before = summary(story.callout for story in stories)
    for story in stories:
        if story.callout.state is not State.CLOSED:
            story.happen(Withdrawn(reason=why), 2000)
    after = summary(story.callout for story in stories)

    assert after == replace(before, by_state=after.by_state)
    assert after.by_state["closed"] == after.callouts == 5
    assert (after.answered, after.taken, after.to_desk) == (3, 1, 1)


def test_who_took_over_has_answered_whatever_came_of_it() -> None:
    story = life("c")
    story.silence(320)
    story.happen(TakenOver(taker="head", message="m"), 320)
    taken = summary([story.callout]).answer_rate
    story.say("a", Meaning.RECEIVED, 400)

    assert taken == round(1 / 4, 4)
    assert summary([story.callout]).answer_rate == round(2 / 4, 4)


def test_a_key_tells_when_the_telephone_was_picked_up() -> None:
    story = life("c")
    story.silence(20)
    story.happen(
        Answered(
            person=PersonId("a"),
            meaning=Meaning.RECEIVED,
            evidence=Evidence.KEYPRESS,
            figures=Figures(),
            message="m7",
            heard_seconds=12,
        ),
        20,
    )
    told = row(story.facts)

    assert (told.picked_up_at, told.recorded_by, told.message) == (at(8), None, "m7")


def test_what_was_found_at_the_door_is_told() -> None:
    story = life("c")
    story.silence(700)
    story.happen(
        Answered(
            person=PersonId("a"),
            meaning=Meaning.RECEIVED,
            evidence=Evidence.DOOR,
            figures=Figures(),
        ),
        710,
    )
    told = row(story.facts)

    assert (told.task_at, told.door_at) == (at(300), at(710))


def test_who_was_called_by_a_ladder_that_was_replaced_is_still_told() -> None:
    story = life("c")
    story.silence(320)
    before = row(story.facts)
    story.happen(milder(small(own(0, Post.GRID_LEAD))), 330)
    told = row(story.facts)

    assert (told.called, told.escalations) == (before.called, before.escalations)


def milder(ladder: Ladder) -> Replanned:
    return Replanned(
        alert=AlertId("milder"),
        level=Level.BLUE,
        policy_level=Level.BLUE,
        ladder=ladder,
    )


def test_help_called_on_a_rung_that_the_new_ladder_lacks_is_no_own_call() -> None:
    story = life("c")
    story.silence(0)
    story.say("a", Meaning.NEED_HELP, 10)
    story.happen(milder(small(own(0, Post.GRID_LEAD))), 20)

    assert {one.person for one in row(story.facts).called} == {"a"}


def test_rungs_that_only_the_new_ladder_has_are_told() -> None:
    begun = opening(small(own(0, Post.GRID_LEAD)))
    story = Life(begun, duty(A, B, HEAD, WATCHMAN, TOWN, LEADER))
    story.silence(0)
    story.happen(milder(RED), 20)
    story.silence(320)
    told = row(story.facts)

    assert {one.person for one in told.called} == {"a", "b"}
    assert {one for step in told.escalations for one in step.people} == {
        "head",
        "watchman",
    }


def test_who_slept_on_and_who_was_never_rung_are_counted_apart() -> None:
    rung, held_back = life("c1"), life("c2")
    for story in (rung, held_back):
        story.silence(90, rings_out=False)
    rung.placed("0.a.0.voice.a1", 95)
    for story in (rung, held_back):
        story.silence(300, rings_out=False)

    told = summary([rung.callout, held_back.callout])

    assert (told.not_awakened, told.never_rung) == (1, 1)


def test_who_was_called_is_not_forgotten_in_a_long_night() -> None:
    story = life("c")
    story.silence(24 * 3600)
    story.say("leader", Meaning.RECEIVED, 24 * 3600)

    assert summary([story.callout]).answer_rate == round(1 / 6, 4)


def test_who_has_no_address_was_not_called() -> None:
    story = Life(on_duty=duty(A, called("b", Post.GRID_BACKUP, channels=())))
    story.silence(200)
    story.say("a", Meaning.RECEIVED, 210)

    assert summary([story.callout]).answer_rate == 1.0


def test_a_summary_of_nothing_has_no_rates() -> None:
    told = summary([])

    assert (
        told.callouts,
        told.grid_coverage_rate,
        told.answer_rate,
        told.p50_seconds,
        told.p90_seconds,
    ) == (0, None, None, None, None)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.1, 1), (0.25, 1), (0.5, 2), (0.75, 3), (0.9, 4), (1, 4)]
)
def test_a_quantile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert expected == quantile([1, 2, 3, 4], share)


def test_attempts_of_the_red_ladder_are_known_by_channel() -> None:
    story = Life(opening(RED))
    story.silence(300)

    assert row(story.facts).attempts == {WECHAT: 4, SMS: 4, VOICE: 5}
