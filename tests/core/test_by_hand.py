"""What an officer's word moves, and what it leaves where it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import Channel
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.alert import AlertId, Level
from dispatcher.core.answer import Meaning
from dispatcher.core.by_hand import Bar, bar_to_escalate, bar_to_retry, next_rung
from dispatcher.core.callout import CloseReason, Purpose, State
from dispatcher.core.due import next_due
from dispatcher.core.event import Escalated, Replanned, Retried, TakenOver, Withdrawn
from dispatcher.core.fact import Fact
from dispatcher.core.report import row
from tests.core.build import (
    COUNTY,
    HEAD,
    NIGHT,
    ORANGE,
    RED,
    SMS,
    URGENT,
    VOICE,
    WECHAT,
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
    rings,
    since,
    skipped,
    small,
)


def retry(life: Life, seconds: float, channel: Channel | None = None) -> list[Fact]:
    """An officer has them tried once more."""
    event = Retried(duty=life.duty, channel=channel, note="again", by="key:desk")
    return list(life.happen(event, seconds))


def escalate(life: Life, seconds: float) -> list[Fact]:
    """An officer calls the next rung, and what is due follows as in the engine."""
    said = life.happen(Escalated(reason="dam", by="key:desk"), seconds)
    return [*said, *life.wake(seconds)]


def test_a_retry_goes_over_all_usual_channels_and_tells_by_whom() -> None:
    life = Life()
    life.silence(30)

    told = retry(life, 40)

    assert told[0] == facts.Retried(at=at(40), by="key:desk", number=1, note="again")
    assert planned(told) == [
        (40, "0.a.o1.wechat.a1"),
        (40, "0.a.o1.sms.a1"),
        (40, "0.a.o1.voice.a1"),
    ]
    assert {f.purpose for f in told if isinstance(f, facts.AttemptPlanned)} == {
        Purpose.RETRY
    }


def test_a_retry_may_name_its_channel() -> None:
    life = Life()
    life.silence(30)

    assert planned(retry(life, 40, VOICE)) == [(40, "0.a.o1.voice.a1")]


def test_a_retry_moves_no_planned_time() -> None:
    plain, urged = Life(), Life()
    plain.silence(2000)
    urged.silence(30)
    retry(urged, 40)
    urged.ring_out(40)
    urged.silence(2000)

    assert [one for one in planned(urged.facts) if ".o1." not in one[1]] == planned(
        plain.facts
    )
    assert milestones(urged.facts) == milestones(plain.facts)


def test_no_second_call_while_one_waits_or_rings() -> None:
    life = Life()
    life.silence(30, rings_out=False)

    waits = retry(life, 40)
    life.placed("0.a.0.voice.a1", 41)
    rings_on = retry(life, 100)

    assert rings(waits) == rings(rings_on) == []
    assert skipped(waits) == [(40, "a voice merged")]
    assert skipped(rings_on) == [(100, "a voice merged")]


def test_a_try_that_falls_due_while_the_retry_waits_keeps_its_distance() -> None:
    life = Life()
    life.silence(30)
    retry(life, 40, VOICE)
    life.silence(100, rings_out=False)
    life.placed("0.a.o1.voice.a1", 110)
    life.unreached("0.a.o1.voice.a1", 120)

    assert rings(life.silence(170)) == [(160, "0.a.1m.voice.a1")]


def test_a_retry_that_is_busy_goes_on_to_the_next_number() -> None:
    life = Life(on_duty=duty(called("a", Post.GRID_LEAD, numbers=2)))
    life.silence(30)
    retry(life, 40, VOICE)

    told = life.unreached("0.a.o1.voice.a1", 50)

    assert rings(told) == [(50, "0.a.o1.voice.a2")]


def test_retries_keep_a_minute_apart_and_have_names_of_their_own() -> None:
    life = Life()
    life.silence(30)
    retry(life, 40, SMS)

    assert bar_to_retry(life.callout, at(99)) is Bar.TOO_SOON
    assert retry(life, 99, SMS) == []
    assert planned(retry(life, 100, SMS)) == [(100, "0.a.o2.sms.a1")]


def test_own_people_and_the_highest_rung_that_asks_are_tried() -> None:
    life = Life()
    life.silence(1000)  # the county leader, on top, is only told

    told = planned(retry(life, 1000, SMS))

    assert [name for _, name in told] == [
        "0.a.o1.sms.a1",
        "1.b.o1.sms.b1",
        "4.county.o1.sms.county1",
    ]


def test_while_taken_over_only_own_people_are_tried() -> None:
    life = Life()
    life.silence(400)
    life.happen(TakenOver(taker="head", message="m"), 400)

    told = planned(retry(life, 410, SMS))

    assert [name for _, name in told] == ["0.a.o1.sms.a1", "1.b.o1.sms.b1"]


def test_who_fills_the_post_by_now_is_tried() -> None:
    life = Life()
    life.silence(30)
    life.duty = duty(called("new", Post.GRID_LEAD), HEAD)

    assert planned(retry(life, 40, SMS)) == [(40, "0.new.o1.sms.new1")]


def test_no_telephone_rings_at_night_for_a_retry() -> None:
    life = Life(opening(replace(ORANGE, night=NIGHT)))
    life.silence(30)

    told = retry(life, 40)

    assert (rings(told), skipped(told)) == ([], [(40, "a voice night")])
    assert [name for _, name in planned(told)] == [
        "0.a.o1.wechat.a1",
        "0.a.o1.sms.a1",
    ]


def test_a_retry_is_of_no_use_beside_the_next_repeat() -> None:
    life = Life()
    life.silence(30)

    ends = {
        fact.channel: fact.not_after
        for fact in retry(life, 40)
        if isinstance(fact, facts.AttemptPlanned)
    }

    assert ends == {WECHAT: at(900), SMS: at(900), VOICE: at(900)}


def test_a_retry_in_the_second_of_a_repeat_that_is_overdue_has_no_end() -> None:
    life = Life()
    life.silence(890)

    told = retry(life, 905, SMS)

    assert {f.not_after for f in told if isinstance(f, facts.AttemptPlanned)} == {None}


def test_where_the_plan_has_no_tries_any_more_the_repeat_tells_how() -> None:
    life = Life(opening(small(own(0, Post.GRID_LEAD, do=()))))
    life.silence(30)

    assert planned(retry(life, 40)) == [(40, "0.a.o1.sms.a1")]


def test_an_officer_calls_the_next_rung_and_tells_why() -> None:
    life = Life()
    life.silence(30)

    told = escalate(life, 60)

    assert told[0] == facts.Escalated(at=at(60), by="key:desk", rung=1, reason="dam")
    assert milestones(told) == [(60, "rung 1 by word")]
    assert [name for _, name in planned(told)] == [
        "1.b.0.wechat.b1",
        "1.b.0.sms.b1",
        "1.b.0.voice.b1",
    ]


def test_the_rungs_before_go_on_and_those_after_keep_their_times() -> None:
    life = Life()
    life.silence(30)
    escalate(life, 60)
    life.ring_out(60)
    life.silence(700)

    assert [name for when, name in rings(life.facts) if when == 90] == [
        "0.a.1.voice.a1"
    ]
    assert [one for one in milestones(life.facts) if "rung" in one[1]] == [
        (0, "rung 0 by time"),
        (60, "rung 1 by word"),
        (300, "rung 2 by time"),
        (480, "rung 3 by time"),
        (600, "rung 4 by time"),
    ]


def test_marks_tasks_and_desk_flags_keep_their_time() -> None:
    life = Life()
    life.silence(30)
    escalate(life, 60)
    escalate(life, 80)
    life.ring_out(80)
    life.silence(700)

    shown = milestones(life.facts)
    assert (80, "rung 2 by word") in shown
    assert [one for one in shown if one[1].startswith(("mark", "task"))] == [
        (300, "mark not_awakened"),
        (300, "task door_knock for head"),
        (600, "mark must_call"),
    ]


def test_flags_come_forward_once_nobody_below_can_be_reached() -> None:
    life = Life(on_duty=duty(A, HEAD, COUNTY))
    life.silence(30, rings_out=False)
    escalate(life, 60)  # nobody is B
    escalate(life, 80)
    told = [
        kind
        for channel in (WECHAT, SMS, VOICE)
        for kind in kinds(life.dead(f"0.a.0.{channel}.a1", 100))
    ]

    assert told.count("rung_struck") == 2
    assert [words for _, words in milestones(life.wake(100))] == [
        "mark never_rung",
        "task door_knock for head",
    ]


def test_a_button_pressed_twice_climbs_one_rung() -> None:
    life = Life()
    life.silence(30)
    escalate(life, 60)

    assert bar_to_escalate(life.callout, at(69)) is Bar.TOO_SOON
    assert escalate(life, 69) == []
    assert milestones(escalate(life, 70)) == [(70, "rung 2 by word")]


def test_a_rung_without_posts_is_nobody_to_call() -> None:
    mark = replace(RED.rungs[2], posts=(), tries=())
    life = Life(opening(small(own(0, Post.GRID_LEAD), mark, RED.rungs[3])))
    life.silence(30)

    assert next_rung(life.callout) == 2
    assert milestones(escalate(life, 60)) == [(60, "rung 2 by word")]


def test_who_took_over_keeps_his_time_but_own_people_may_be_called() -> None:
    life = Life()
    life.silence(30)
    life.happen(TakenOver(taker="desk", message="m"), 40)

    assert milestones(escalate(life, 60)) == [(60, "rung 1 by word")]
    assert bar_to_escalate(life.callout, at(80)) is Bar.TAKEN
    assert escalate(life, 80) == []


def test_after_a_take_over_that_lapsed_the_ladder_is_climbed_by_time_again() -> None:
    life = Life()
    life.silence(320)
    escalate(life, 330)  # township, called early
    life.happen(TakenOver(taker="head", message="m"), 340)
    life.silence(1240)

    assert milestones(life.facts)[-1] == (1240, "rung 3 by resumed")


@pytest.mark.parametrize(
    ("seconds", "bar"), [(900, Bar.TOP), (1100, Bar.TOP)], ids=["on top", "at the desk"]
)
def test_above_the_last_rung_is_nobody(seconds: int, bar: Bar) -> None:
    life = Life()
    life.silence(seconds)

    assert bar_to_escalate(life.callout, at(seconds)) is bar
    assert escalate(life, seconds) == []


def closed(life: Life) -> None:
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 30)


def answered(life: Life) -> None:
    life.say("a", Meaning.RECEIVED, 30)


def reported(life: Life) -> None:
    life.say("a", Meaning.COMPLETED, 30, people=0)


@pytest.mark.parametrize(
    ("done", "bar"),
    [(closed, Bar.CLOSED), (answered, Bar.ANSWERED), (reported, Bar.ANSWERED)],
)
def test_what_is_over_is_not_urged(done: type, bar: Bar) -> None:
    life = Life()
    life.silence(20)
    done(life)

    assert bar_to_retry(life.callout, at(40)) is bar
    assert bar_to_escalate(life.callout, at(40)) is bar
    assert (retry(life, 40), escalate(life, 40)) == ([], [])


def test_who_is_only_told_is_told_once() -> None:
    life = Life(opening(state=State.NOTIFIED))

    assert bar_to_retry(life.callout, at(0)) is Bar.NOTHING_ASKED
    assert bar_to_escalate(life.callout, at(0)) is Bar.NOTHING_ASKED


def test_before_anybody_was_called_nobody_is_called_again() -> None:
    life = Life()

    assert bar_to_retry(life.callout, at(0)) is Bar.NOT_BEGUN
    assert retry(life, 0) == []


def test_a_level_that_falls_lets_a_retry_be() -> None:
    life = Life()
    life.silence(30)
    retry(life, 40)
    life.happen(
        Replanned(
            alert=AlertId("milder"),
            level=Level.ORANGE,
            policy_level=Level.ORANGE,
            ladder=ORANGE,
        ),
        50,
    )

    assert (life.callout.retries, life.callout.retried_at) == (1, at(40))
    assert next_due(life.callout)


def test_who_can_not_act_is_not_tried_again() -> None:
    life = Life()
    life.silence(200)
    life.say("a", Meaning.CANNOT_ACT, 200)

    assert {name.split(".")[1] for _, name in planned(retry(life, 210))} == {
        PersonId("b")
    }


def test_a_rung_called_early_is_run_in_its_own_tries() -> None:
    life = Life(opening(small(own(0, Post.GRID_LEAD), own(600, Post.GRID_BACKUP))))
    life.silence(30)
    escalate(life, 60)
    life.ring_out(60)
    life.silence(300)

    assert [when for when, name in rings(life.facts) if name.startswith("1.b.")] == [
        60 + one.at for one in URGENT
    ]


def test_the_record_names_who_called_a_rung_early() -> None:
    life = Life()
    life.silence(200)
    escalate(life, 210)
    life.silence(500)

    assert [(since(one.at), one.by) for one in row(life.facts).escalations] == [
        (210, "key:desk"),
        (480, None),
    ]
