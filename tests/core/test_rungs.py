from __future__ import annotations

import pytest

from channels.contract import Channel, FailureKind
from contacts.model import Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    Cause,
    Mark,
    Progress,
    Rung,
    Via,
)
from dispatcher.core.event import TakenOver
from tests.core.build import (
    DIGEST,
    HEAD,
    LEADER,
    SMS,
    TOWN,
    URGENT,
    VOICE,
    WATCHMAN,
    A,
    B,
    Life,
    at,
    called,
    duty,
    kinds,
    milestones,
    opening,
    own,
    planned,
    ref,
    skipped,
    small,
)

Told = list[tuple[int, str]]


def test_a_rung_names_the_people_who_fill_its_posts_when_it_is_reached() -> None:
    life = Life()

    reached = life.silence(300)[-6]

    assert (
        facts.RungReached(at=at(300), rung=2, cause=Cause.TIME, people=(HEAD, WATCHMAN))
        == reached
    )


def test_a_channel_without_a_route_is_skipped_and_strikes_nothing() -> None:
    life = Life(on_duty=duty(routes=(SMS,)))

    told = life.silence(90)

    assert planned(told) == [(0, "0.a.0.sms.a1")]
    assert skipped(told) == [
        (0, "a wechat no_route"),
        (0, "a voice no_route"),
        (90, "a voice no_route"),
    ]
    assert frozenset() == life.callout.struck_means


def test_a_repeat_without_a_route_is_skipped_with_its_reason() -> None:
    life = Life(on_duty=duty(A, routes=(SMS,)))
    life.silence(1799)

    assert skipped(life.silence(1800)) == [(1800, "a voice no_route")]


def test_a_person_without_an_address_on_a_channel_is_skipped_there() -> None:
    deaf = called("a", Post.GRID_LEAD, channels=(SMS,))
    life = Life(on_duty=duty(deaf, B))

    told = life.silence(0)

    assert planned(told) == [(0, "0.a.0.sms.a1")]
    assert skipped(told) == [(0, "a wechat no_address"), (0, "a voice no_address")]


def test_a_superior_who_holds_the_post_himself_is_not_called_as_superior() -> None:
    himself = called("a", Post.VILLAGE_HEAD)
    life = Life(on_duty=duty(A, himself, WATCHMAN))

    told = life.silence(360)

    assert skipped(told) == [
        (300, "a wechat own_part"),
        (300, "a sms own_part"),
        (360, "a voice own_part"),
    ]
    assert [name for _, name in planned(told) if name.startswith("2.")] == [
        "2.watchman.0.wechat.watchman1",
        "2.watchman.0.sms.watchman1",
        "2.watchman.1.voice.watchman1",
    ]


def test_a_b_post_held_by_the_lead_calls_him_on_both_own_rungs() -> None:
    both = called("a", Post.GRID_BACKUP)
    told = Life(on_duty=duty(A, both)).silence(180)

    assert (180, "1.a.0.sms.a1") in planned(told)


def test_a_vacant_lead_starts_the_backup_at_once_and_nothing_else() -> None:
    life = Life(on_duty=duty(B, HEAD, TOWN))

    told = life.silence(480)

    assert milestones(told) == [
        (0, "rung 0 by time"),
        (0, "rung 1 by struck"),
        (300, "mark not_awakened"),
        (300, "task door_knock for head"),
        (300, "rung 2 by time"),
        (480, "rung 3 by time"),
    ]
    assert (90, "1.b.1.voice.b1") in planned(told)


def test_a_person_without_any_address_counts_as_nobody_on_duty() -> None:
    mute = called("a", Post.GRID_LEAD, channels=())
    told = Life(on_duty=duty(mute, B)).silence(0)

    assert facts.RungStruck(at=at(0), rung=0, next=1) in told


def test_struck_own_rungs_bring_the_next_with_its_marks_and_later_ones_wait() -> None:
    life = Life(on_duty=duty(HEAD, WATCHMAN, TOWN, LEADER))

    assert milestones(life.silence(960)) == [
        (0, "rung 0 by time"),
        (0, "rung 1 by struck"),
        (0, "mark never_rung"),
        (0, "task door_knock for head"),
        (0, "rung 2 by struck"),
        (480, "rung 3 by time"),
        (600, "mark must_call"),
        (600, "rung 4 by time"),
        (900, "rung 5 by time"),
        (900, "repeat 1"),
        (960, "desk of county"),
    ]


def test_with_nobody_on_duty_the_desk_has_it_60_s_after_the_last_try() -> None:
    life = Life(on_duty=duty(called("x", Post.FOREST_RANGER)))

    told = life.silence(960)

    assert milestones(told) == [
        (0, "rung 0 by time"),
        (0, "rung 1 by struck"),
        (0, "mark never_rung"),
        (0, "task door_knock for None"),
        (0, "rung 2 by struck"),
        (0, "rung 3 by struck"),
        (0, "mark must_call"),
        (0, "rung 4 by struck"),
        (0, "rung 5 by struck"),
        (260, "desk of county"),
        (900, "repeat 1"),
    ]
    assert facts.RungStruck(at=at(0), rung=5, next=None) in told


BARE = small(
    own(0, Post.GRID_LEAD),
    Rung(at=120, desk=Mark.WATCH),
    Rung(at=300, posts=(ref(Post.COUNTY_DUTY),), tries=DIGEST, via=Via.DIGEST),
    Rung(at=600, desk=Mark.MUST_CALL),
)


def test_a_rung_without_posts_is_never_struck_and_keeps_its_time() -> None:
    life = Life(opening(BARE), duty(called("county", Post.COUNTY_DUTY)))

    told = life.silence(660)

    assert milestones(told) == [
        (0, "rung 0 by time"),
        (0, "rung 2 by struck"),
        (120, "mark watch"),
        (600, "mark must_call"),
        (660, "desk of county"),
    ]
    assert [facts.RungStruck(at=at(0), rung=0, next=2)] == [
        fact for fact in told if isinstance(fact, facts.RungStruck)
    ]


@pytest.mark.parametrize(
    ("attempt", "progress", "mark"),
    [
        ("0.a.0.voice.a1", Progress.ACCEPTED, Mark.NOT_AWAKENED),
        ("0.a.0.voice.a1", Progress.DELIVERED, Mark.NOT_AWAKENED),
        ("0.a.0.voice.a1", Progress.UNKNOWN, Mark.NEVER_RUNG),
        ("1.b.0.voice.b1", Progress.ACCEPTED, Mark.NOT_AWAKENED),
        ("0.a.0.sms.a1", Progress.DELIVERED, Mark.NEVER_RUNG),
        ("0.a.0.voice.a1", Progress.FAILED, Mark.NEVER_RUNG),
        ("0.a.0.voice.a1", Progress.PLANNED, Mark.NEVER_RUNG),
    ],
)
def test_only_who_was_rung_can_have_slept_through_it(
    attempt: str, progress: Progress, mark: Mark
) -> None:
    life = Life()
    life.silence(250, rings_out=False)

    life.report(attempt, progress, 250)
    life.silence(300, rings_out=False)

    assert (mark,) == life.callout.marks


def test_who_was_rung_at_a_number_that_died_since_was_rung_all_the_same() -> None:
    life = Life()
    life.silence(250, rings_out=False)
    life.placed("0.a.0.voice.a1", 251)
    life.dead("0.a.0.voice.a1", 260)

    life.silence(300, rings_out=False)

    assert life.callout.marks == (Mark.NOT_AWAKENED,)


@pytest.mark.parametrize(
    ("failure", "mark"),
    [
        (FailureKind.UNREACHED, Mark.NOT_AWAKENED),
        (FailureKind.HELD_BACK, Mark.NEVER_RUNG),
        (FailureKind.PERMANENT_ADDRESS, Mark.NEVER_RUNG),
    ],
)
def test_who_was_busy_was_rung_and_who_was_held_back_was_not(
    failure: FailureKind, mark: Mark
) -> None:
    life = Life()
    life.silence(250, rings_out=False)

    life.report("0.a.0.voice.a1", Progress.FAILED, 250, failure)
    life.silence(300, rings_out=False)

    assert (mark,) == life.callout.marks


def test_a_call_to_a_superior_does_not_count_as_having_rung_the_unit() -> None:
    asleep = Rung(at=300, mark=Mark.NOT_AWAKENED)
    above = Rung(at=0, posts=(ref(Post.TOWNSHIP_DUTY),), tries=URGENT, via=Via.DIGEST)
    life = Life(opening(small(own(0, Post.GRID_LEAD), above, asleep)))
    life.silence(0, rings_out=False)

    life.report("1.town.0.voice.town1", Progress.ACCEPTED, 5)
    life.silence(300, rings_out=False)

    assert life.callout.marks == (Mark.NEVER_RUNG,)


def test_a_repeat_calls_who_fills_the_post_by_then() -> None:
    life = Life()
    life.silence(899)
    new = called("new", Post.GRID_LEAD)
    life.duty = duty(new, B)

    told = life.silence(900)

    assert facts.PeopleChanged(at=at(900), rung=0, people=(new,)) in told
    assert planned(told) == [(900, "0.new.r1.sms.new1"), (900, "1.b.r1.sms.b1")]
    assert (A, new) == life.callout.runs[0].people


def test_a_newcomer_is_put_down_once() -> None:
    life = Life()
    life.silence(899)
    life.duty = duty(called("new", Post.GRID_LEAD), B)
    life.silence(900)

    assert "people_changed" not in kinds(life.silence(1800))


def test_a_repeat_leaves_out_rungs_not_reached_and_who_cannot_act() -> None:
    slow = small(own(0, Post.GRID_LEAD), own(1000, Post.GRID_BACKUP))
    life = Life(opening(slow))
    life.silence(0)
    life.say("a", Meaning.CANNOT_ACT, 10)
    life.callout = Life(opening(slow)).callout
    life.silence(899)

    assert [name for _, name in planned(life.silence(900))] == ["0.a.r1.sms.a1"]


def test_who_cannot_act_is_left_out_of_repeats() -> None:
    life = Life()
    life.silence(200)
    life.say("a", Meaning.CANNOT_ACT, 210)

    told = life.silence(900)

    assert not [name for _, name in planned(told) if ".a." in name]
    assert (900, "1.b.r1.sms.b1") in planned(told)


def test_calling_a_rung_over_two_posts_names_each_person_once() -> None:
    lead = called("a", Post.GRID_LEAD, channels=(VOICE,))
    also = called("a", Post.GRID_BACKUP, channels=(SMS,))
    both = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP))
    life = Life(opening(both), duty(lead, also))

    life.silence(0)

    assert (lead,) == life.callout.runs[0].people


def test_a_mark_of_another_kind_is_put_as_the_policy_says() -> None:
    ladder = small(own(0, Post.GRID_LEAD), Rung(at=60, mark=Mark.WATCH))
    life = Life(opening(ladder))

    life.silence(60)

    assert life.callout.marks == (Mark.WATCH,)


def test_a_flag_is_raised_once_at_its_time_though_its_rung_starts_again() -> None:
    life = Life(opening(BARE))
    life.silence(100)
    life.happen(TakenOver(taker="desk", message="m1"), 100)

    assert milestones(life.silence(1400)) == [
        (120, "mark watch"),
        (600, "mark must_call"),
        (900, "repeat 1"),
        (1000, "rung 2 by resumed"),
        (1120, "desk of county"),
    ]


def test_a_mark_put_twice_is_shown_once() -> None:
    twice = [Rung(at=seconds, desk=Mark.MUST_CALL) for seconds in (60, 120)]
    life = Life(opening(small(own(0, Post.GRID_LEAD), *twice)))

    told = life.silence(120)

    assert milestones(told)[1:] == [(60, "mark must_call"), (120, "mark must_call")]
    assert life.callout.marks == (Mark.MUST_CALL,)


def test_a_rung_struck_in_the_second_of_the_next_moves_nothing() -> None:
    life = Life()
    life.silence(179)

    life.say("a", Meaning.CANNOT_ACT, 180)

    assert milestones(life.silence(180)) == [(180, "rung 1 by time")]


def test_a_skip_names_the_rung_it_belongs_to() -> None:
    life = Life(on_duty=duty(routes=(SMS, Channel.WECHAT)))

    told = life.silence(270)

    assert [
        (fact.rung, fact.person)
        for fact in told
        if isinstance(fact, facts.AttemptSkipped)
    ] == [(0, "a"), (0, "a"), (1, "b"), (0, "a"), (1, "b")]
