from __future__ import annotations

import pytest

from contacts.model import Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    Called,
    Ladder,
    Purpose,
    Rung,
    State,
    Via,
)
from dispatcher.core.due import Due, What, next_due
from tests.core.build import (
    EVERYBODY,
    ORANGE,
    RED,
    WECHAT,
    A,
    B,
    Life,
    at,
    duty,
    kinds,
    milestones,
    opening,
    own,
    planned,
    ref,
    since,
    skipped,
    small,
    tries,
)

Told = list[tuple[int, str]]


RED_SILENCE: Told = [
    (0, "rung 0 by time"),
    (180, "rung 1 by time"),
    (300, "mark not_awakened"),
    (300, "task door_knock for head"),
    (300, "rung 2 by time"),
    (480, "rung 3 by time"),
    (600, "mark must_call"),
    (600, "rung 4 by time"),
    (900, "rung 5 by time"),
    (900, "repeat 1"),
    (960, "desk of county"),
    (1800, "repeat 2 and ring"),
    (2700, "repeat 3"),
    (3600, "repeat 4 and ring"),
    (4500, "repeat 5"),
    (5400, "repeat 6 and ring"),
    (6300, "repeat 7"),
    (7200, "repeat 8 and ring"),
    (8100, "repeat 9"),
    (9000, "repeat 10 and ring"),
    (9900, "repeat 11"),
    (10800, "repeat 12 and ring"),
    (11700, "repeat 13"),
    (12600, "repeat 14"),
    (13500, "repeat 15"),
    (14400, "repeat 16"),
    (18000, "repeat 17"),
    (21600, "repeat 18"),
]


ORANGE_SILENCE: Told = [
    (0, "rung 0 by time"),
    (300, "rung 1 by time"),
    (600, "mark not_awakened"),
    (600, "task door_knock for head"),
    (600, "rung 2 by time"),
    (900, "rung 3 by time"),
    (1200, "mark must_call"),
    (1200, "rung 4 by time"),
    (1320, "desk of county"),
    (1800, "repeat 1"),
    (3600, "repeat 2 and ring"),
    (5400, "repeat 3"),
    (7200, "repeat 4 and ring"),
    (9000, "repeat 5"),
    (10800, "repeat 6 and ring"),
    (12600, "repeat 7"),
    (14400, "repeat 8 and ring"),
    (18000, "repeat 9"),
]


RED_ATTEMPTS: Told = [
    (0, "0.a.0.wechat.a1"),
    (0, "0.a.0.sms.a1"),
    (0, "0.a.0.voice.a1"),
    (90, "0.a.1.voice.a1"),
    (180, "1.b.0.wechat.b1"),
    (180, "1.b.0.sms.b1"),
    (180, "1.b.0.voice.b1"),
    (200, "0.a.2.voice.a1"),
    (270, "1.b.1.voice.b1"),
    (300, "2.head.0.wechat.head1"),
    (300, "2.head.0.sms.head1"),
    (300, "2.watchman.0.wechat.watchman1"),
    (300, "2.watchman.0.sms.watchman1"),
    (360, "2.head.1.voice.head1"),
    (360, "2.watchman.1.voice.watchman1"),
    (380, "1.b.2.voice.b1"),
    (480, "3.town.0.wechat.town1"),
    (480, "3.town.0.sms.town1"),
    (540, "3.town.1.voice.town1"),
    (600, "4.county.0.wechat.county1"),
    (600, "4.county.0.sms.county1"),
    (660, "4.county.1.voice.county1"),
    (900, "5.leader.0.wechat.leader1"),
    (900, "5.leader.0.sms.leader1"),
    (900, "0.a.r1.sms.a1"),
    (900, "1.b.r1.sms.b1"),
    (960, "5.county.d960.wechat.county1"),
    (960, "5.county.d960.sms.county1"),
    (1800, "0.a.r2.sms.a1"),
    (1800, "0.a.r2.voice.a1"),
    (1800, "1.b.r2.sms.b1"),
    (1800, "1.b.r2.voice.b1"),
]


@pytest.mark.parametrize(
    ("ladder", "expected"), [(RED, RED_SILENCE), (ORANGE, ORANGE_SILENCE)]
)
def test_silence_climbs_in_exactly_the_time_of_the_policy(
    ladder: Ladder, expected: Told
) -> None:
    told = Life(opening(ladder)).silence(expected[-1][0])

    assert expected == milestones(told)


def test_every_try_of_red_falls_in_its_second() -> None:
    told = Life().silence(1800)

    assert planned(told) == RED_ATTEMPTS


def test_a_silent_night_plans_no_attempt_twice() -> None:
    attempts = [attempt for _, attempt in planned(Life().silence(48 * 3600))]

    assert len(attempts) == len(set(attempts))


@pytest.mark.parametrize(
    ("seconds", "due"),
    [
        (0, Due(at(90), What.TRY, 0)),
        (90, Due(at(180), What.RUNG, 1)),
        (299, Due(at(300), What.FLAGS, 2)),
        (899, Due(at(900), What.RUNG, 5)),
        (900, Due(at(960), What.RUN_OUT)),
        (960, Due(at(1800), What.REPEAT)),
        (1800, Due(at(1860), What.DESK_REMINDER)),
    ],
)
def test_a_silent_callout_always_knows_its_next_second(seconds: int, due: Due) -> None:
    life = Life()
    life.silence(seconds)

    assert due == next_due(life.callout)


def test_the_first_thing_falls_due_at_the_opening() -> None:
    assert Due(at(0), What.RUNG, 0) == next_due(Life().callout)


def test_a_later_try_is_worthless_once_the_next_one_or_a_repeat_falls_due() -> None:
    told = Life().silence(200)

    limits = {
        fact.attempt: fact.not_after
        for fact in told
        if isinstance(fact, facts.AttemptPlanned) and fact.person == "a"
    }
    assert {
        "c.0.a.0.wechat.a1": None,
        "c.0.a.0.sms.a1": None,
        "c.0.a.0.voice.a1": None,
        "c.0.a.1.voice.a1": at(200),
        "c.0.a.2.voice.a1": at(900),
    } == limits


@pytest.mark.parametrize(
    ("rung", "via", "purpose"),
    [
        (0, Via.OWN, Purpose.TRY),
        (2, Via.DIGEST, Purpose.TRY),
        (5, Via.INFO, Purpose.TRY),
    ],
)
def test_tries_travel_as_their_rung_says(rung: int, via: Via, purpose: Purpose) -> None:
    told = Life().silence(900)

    assert {(via, purpose)} == {
        (fact.via, fact.purpose)
        for fact in told
        if isinstance(fact, facts.AttemptPlanned)
        and fact.rung == rung
        and fact.purpose is not Purpose.REPEAT
    }


def test_repeats_and_reminders_of_the_desk_say_what_they_are() -> None:
    told = Life().silence(960)

    assert [
        (fact.attempt.partition(".")[2], fact.via, fact.purpose)
        for fact in told
        if isinstance(fact, facts.AttemptPlanned) and fact.attempt.startswith("c.0.a.r")
    ] == [("0.a.r1.sms.a1", Via.OWN, Purpose.REPEAT)]
    assert [
        (fact.via, fact.purpose)
        for fact in told
        if isinstance(fact, facts.AttemptPlanned) and fact.person == "county"
    ][-2:] == [(Via.INFO, Purpose.REMINDER)] * 2


def test_an_overtaken_try_calls_nobody_and_says_so() -> None:
    life = Life()
    life.silence(0)

    woken = life.wake(250)

    assert skipped(woken) == [(250, "a voice overtaken")]
    assert planned(woken)[:2] == [(250, "0.a.2.voice.a1"), (250, "1.b.0.wechat.b1")]


def test_a_try_due_in_the_very_second_of_the_next_is_overtaken() -> None:
    life = Life()
    life.silence(0)

    assert skipped(life.wake(200)) == [(200, "a voice overtaken")]


def test_a_text_is_overtaken_by_no_call() -> None:
    do = tries((0, "wechat"), (60, "sms voice"), (120, "voice"))
    life = Life(opening(small(own(0, Post.GRID_LEAD, do=do))))
    life.silence(0)

    woken = life.wake(130)

    assert skipped(woken) == [(130, "a voice overtaken")]
    assert planned(woken) == [(130, "0.a.1.sms.a1"), (130, "0.a.2.voice.a1")]


def test_a_rung_reached_late_keeps_the_distances_of_its_tries() -> None:
    life = Life()

    life.wake(100)
    told = life.silence(300)

    assert [one for one in planned(told) if ".a." in one[1]] == [
        (190, "0.a.1.voice.a1"),
        (300, "0.a.2.voice.a1"),
    ]


def test_of_several_overdue_repeats_only_the_last_one_calls() -> None:
    life = Life()
    life.silence(960)

    woken = life.wake(4000)

    assert milestones(woken) == [
        (4000, "repeat 2"),
        (4000, "repeat 3"),
        (4000, "repeat 4 and ring"),
    ]
    assert [one for one in planned(woken) if ".r" in one[1]] == [
        (4000, "0.a.r4.sms.a1"),
        (4000, "0.a.r4.voice.a1"),
        (4000, "1.b.r4.sms.b1"),
        (4000, "1.b.r4.voice.b1"),
    ]
    assert [words for _, words in skipped(woken)] == [
        "a sms overtaken",
        "a voice overtaken",
        "b sms overtaken",
        "b voice overtaken",
        "a sms overtaken",
        "b sms overtaken",
    ]
    assert life.callout.voice_repeats == 1


def test_a_repeat_due_in_the_very_second_of_the_next_is_overtaken() -> None:
    life = Life()
    life.silence(960)

    assert milestones(life.wake(2700)) == [(2700, "repeat 2"), (2700, "repeat 3")]


def test_the_desk_is_reminded_once_after_an_outage_and_then_every_900_s() -> None:
    life = Life()
    life.silence(960)

    assert kinds(life.wake(9000)).count("desk_reminded") == 1
    assert kinds(life.silence(9899)).count("desk_reminded") == 0
    assert [name for _, name in planned(life.silence(9900)) if ".d" in name] == [
        "5.county.d9900.wechat.county1",
        "5.county.d9900.sms.county1",
    ]


def test_the_desk_is_told_nothing_where_nobody_owns_it() -> None:
    life = Life(on_duty=duty(A, desk=None))

    life.silence(1900)

    assert (life.callout.state, life.callout.owner) == (State.DESK, None)
    assert not [name for _, name in planned(life.facts) if ".d" in name]


def test_a_vacant_backup_beside_a_silent_lead_moves_nothing() -> None:
    without_b = [one for one in EVERYBODY if one is not B]
    life = Life(on_duty=duty(*without_b))

    assert milestones(life.silence(21600)) == RED_SILENCE


def test_voice_repeats_end_with_their_number_and_texts_go_on_hourly() -> None:
    life = Life()

    told = life.silence(24 * 3600)

    rings = [f for f in told if isinstance(f, facts.Repeated) and f.voice]
    assert [int((fact.at - at(0)).total_seconds()) for fact in rings] == [
        1800,
        3600,
        5400,
        7200,
        9000,
        10800,
    ]
    assert (life.callout.repeats, life.callout.voice_repeats) == (16 + 20, 6)


def test_a_policy_without_voice_repeats_only_writes() -> None:
    quiet = Ladder(
        policy="quiet",
        rungs=(own(0, Post.GRID_LEAD),),
        repeat=type(RED.repeat)(every=900, do=(WECHAT,), most=2),
        taken_result=900,
        received_by=300,
    )
    told = Life(opening(quiet), duty(A, desk=None)).silence(9000)

    assert [one for one in planned(told) if ".r" in one[1]] == [
        (900, "0.a.r1.wechat.a1"),
        (1800, "0.a.r2.wechat.a1"),
        (5400, "0.a.r3.wechat.a1"),
        (9000, "0.a.r4.wechat.a1"),
    ]


def test_a_notice_is_told_once_and_nothing_more_falls_due() -> None:
    tell = Rung(
        at=0,
        posts=(ref(Post.GRID_LEAD),),
        tries=tries((0, "wechat sms")),
        via=Via.INFO,
        own=True,
    )
    life = Life(opening(small(tell), state=State.NOTIFIED), duty(A))

    told = life.silence(24 * 3600)

    assert (kinds(told)) == [
        "rung_reached",
        "try_started",
        "attempt_planned",
        "attempt_planned",
    ]
    assert State.NOTIFIED is life.callout.state
    assert None is next_due(life.callout)


@pytest.mark.parametrize("said", [None, Meaning.RECEIVED, Meaning.NEED_HELP])
@pytest.mark.parametrize("people", [(), (A,)])
def test_every_fact_carries_the_second_it_happened_in(
    said: Meaning | None, people: tuple[Called, ...]
) -> None:
    life = Life(on_duty=duty(*people))
    life.silence(0)
    if said:
        life.say("a", said, 40)

    while (due := next_due(life.callout)) and due.at <= at(7200):
        assert {due.at} == {fact.at for fact in life.wake(since(due.at))}
