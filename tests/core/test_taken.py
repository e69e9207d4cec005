from __future__ import annotations

import pytest

from contacts.model import Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import (
    CloseReason,
    Mark,
    Purpose,
    Rung,
    State,
    Taking,
    Via,
)
from dispatcher.core.due import Due, What, next_due
from dispatcher.core.event import TakenOver, Withdrawn
from tests.core.build import (
    DIGEST,
    HEAD,
    SMS,
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
    small,
)


def taken(life: Life, taker: str, seconds: int) -> tuple[facts.Fact, ...]:
    """Let the ladder climb in silence until somebody takes over."""
    life.silence(seconds)
    return life.happen(TakenOver(taker=taker, message="m1", by="key-3"), seconds)


@pytest.mark.parametrize(
    ("seconds", "taker", "rung"),
    [(320, "head", 2), (700, "county", 4), (900, "leader", 5), (320, "desk", None)],
)
def test_a_taker_stands_where_he_was_called_and_owes_a_result_in_900_s(
    seconds: int, taker: str, rung: int | None
) -> None:
    life = Life()

    followed = taken(life, taker, seconds)

    assert followed == (
        facts.TakenOver(
            at=at(seconds),
            by="key-3",
            taker=taker,
            rung=rung,
            message="m1",
            result_by=at(seconds + 900),
        ),
    )
    assert life.callout.taking == Taking(
        by=taker,
        rung=rung,
        at=at(seconds),
        result_by=at(seconds + 900),
        message="m1",
    )
    assert State.TAKEN is life.callout.state


def test_a_taker_called_on_two_rungs_stands_on_the_higher() -> None:
    twice = called("head", Post.TOWNSHIP_DUTY)
    life = Life(on_duty=duty(A, HEAD, twice))

    taken(life, "head", 500)

    assert life.callout.taking
    assert life.callout.taking.rung == 3


def test_taken_by_the_village_head_red_goes_on_at_1220_1340_1640() -> None:
    life = Life()
    taken(life, "head", 320)

    assert milestones(life.silence(1800)) == [
        (600, "mark must_call"),
        (900, "repeat 1"),
        (1220, "rung 3 by resumed"),
        (1340, "rung 4 by resumed"),
        (1640, "rung 5 by resumed"),
        (1700, "desk of county"),
        (1800, "repeat 2 and ring"),
    ]


def test_a_rung_that_starts_again_calls_its_people_anew() -> None:
    life = Life()
    taken(life, "head", 700)

    told = life.silence(2020)

    assert [one for one in planned(told) if one[1].startswith("3.")] == [
        (1600, "3.town.1x0.wechat.town1"),
        (1600, "3.town.1x0.sms.town1"),
        (1660, "3.town.1x1.voice.town1"),
    ]
    assert [one for one in milestones(told) if "resumed" in one[1]] == [
        (1600, "rung 3 by resumed"),
        (1720, "rung 4 by resumed"),
        (2020, "rung 5 by resumed"),
    ]


def test_a_try_that_a_take_over_stopped_is_over() -> None:
    life = Life()
    taken(life, "head", 320)

    told = life.silence(24 * 3600)

    assert not [name for _, name in planned(told) if name.startswith("2.")]


def test_a_lapse_leaves_the_own_tries_that_are_still_to_come() -> None:
    above = Rung(at=300, posts=(ref(Post.VILLAGE_HEAD),), tries=DIGEST, via=Via.DIGEST)
    late = small(own(0, Post.GRID_LEAD), above, own(950, Post.GRID_BACKUP))
    life = Life(opening(late))
    taken(life, "desk", 100)

    told = life.silence(1150)

    assert [name for _, name in planned(told) if ".b." in name][3:] == [
        "2.b.1.voice.b1",
        "2.b.2.voice.b1",
    ]


def test_a_second_lapse_is_a_new_round() -> None:
    life = Life()
    taken(life, "head", 320)
    taken(life, "town", 1230)

    told = life.silence(2200)

    assert (2130, "4.county.2x0.sms.county1") in planned(told)
    assert [run.round for run in life.callout.runs] == [0, 0, 0, 1, 2, 2]


def test_taken_at_the_top_a_lapse_hands_it_to_the_desk() -> None:
    life = Life()
    taken(life, "leader", 920)

    told = life.silence(1820)

    assert milestones(told) == [(1800, "repeat 2 and ring"), (1820, "desk of county")]
    assert facts.TakingLapsed(at=at(1820), next=None) in told
    assert (life.callout.state, life.callout.taking) == (State.DESK, None)


def test_taken_by_the_desk_a_lapse_starts_the_first_rung_not_reached() -> None:
    life = Life()
    taken(life, "desk", 320)

    told = life.silence(1640)

    assert [one for one in milestones(told) if "rung" in one[1]] == [
        (1220, "rung 3 by resumed"),
        (1340, "rung 4 by resumed"),
        (1640, "rung 5 by resumed"),
    ]


def test_the_desk_is_told_that_its_own_take_over_has_lapsed() -> None:
    life = Life()
    taken(life, "desk", 320)

    told = life.silence(1220)

    assert [one for one in planned(told) if ".d" in one[1]] == [
        (1220, "5.county.d1220.wechat.county1"),
        (1220, "5.county.d1220.sms.county1"),
    ]


def test_the_desk_is_not_told_of_a_superior_s_lapse() -> None:
    life = Life()
    taken(life, "head", 320)

    assert not [one for one in planned(life.silence(1220)) if ".d" in one[1]]


def test_taken_by_the_desk_after_the_top_a_lapse_gives_it_back() -> None:
    life = Life()
    taken(life, "desk", 1000)
    assert life.callout.owner is None

    assert (1900, "desk of county") in milestones(life.silence(1900))


def test_taken_before_anybody_was_called_own_people_are_called_all_the_same() -> None:
    life = Life()
    life.happen(TakenOver(taker="desk", message="m1"), 0)

    told = life.silence(180)

    assert milestones(told) == [(0, "rung 0 by time"), (180, "rung 1 by time")]
    assert State.TAKEN is life.callout.state


def test_while_taken_own_rungs_marks_and_repeats_keep_their_times() -> None:
    life = Life()
    taken(life, "desk", 100)

    told = life.silence(999)

    assert milestones(told) == [
        (180, "rung 1 by time"),
        (300, "mark not_awakened"),
        (300, "task door_knock for head"),
        (600, "mark must_call"),
        (900, "repeat 1"),
    ]
    assert {"a", "b"} == {
        fact.person
        for fact in told
        if isinstance(fact, facts.AttemptPlanned) and fact.purpose is not Purpose.TASK
    }


def test_while_taken_a_dead_number_of_another_unit_calls_nobody() -> None:
    two = called("watchman", Post.VILLAGE_DUTY, numbers=2)
    life = Life(on_duty=duty(A, HEAD, two))
    taken(life, "head", 320)

    followed = life.dead("2.watchman.0.sms.watchman1", 330)

    assert kinds(followed) == ["attempt_reported", "means_struck"]


def test_while_taken_a_dead_own_number_leads_to_the_next() -> None:
    life = Life(on_duty=duty(called("a", Post.GRID_LEAD, numbers=2), HEAD))
    life.silence(199)
    life.silence(320, rings_out=False)
    taken(life, "head", 320)

    followed = life.dead("0.a.2.voice.a1", 330)

    assert planned(followed) == [(330, "0.a.2.voice.a2")]


def test_while_taken_a_struck_rung_moves_nothing() -> None:
    life = Life()
    taken(life, "desk", 100)

    assert kinds(life.say("a", Meaning.CANNOT_ACT, 110)) == ["person_struck"]


def test_a_taker_who_cannot_act_owes_his_result_at_once() -> None:
    life = Life()
    life.silence(310)
    taken(life, "head", 320)
    life.say("head", Meaning.CANNOT_ACT, 330)

    taking = life.callout.taking
    assert taking
    assert taking.result_by == at(330)
    assert [one for one in milestones(life.silence(330)) if "rung" in one[1]] == [
        (330, "rung 3 by resumed")
    ]


def test_a_rung_struck_before_a_lapse_can_be_struck_again_after_it() -> None:
    town = called("town", Post.TOWNSHIP_DUTY, channels=(SMS,))
    life = Life(on_duty=duty(A, HEAD, town))
    life.silence(480)
    for person in ("a", "head", "town"):
        life.say(person, Meaning.CANNOT_ACT, 490)
    assert life.callout.runs[3].struck
    life.silence(495)
    life.happen(TakenOver(taker="head", message="m1"), 500)

    told = life.silence(1400)

    assert [one for one in milestones(told) if "rung" in one[1]] == [
        (1400, "rung 3 by resumed"),
        (1400, "rung 4 by resumed"),
        (1400, "rung 5 by resumed"),
    ]
    assert 3 in {f.rung for f in told if isinstance(f, facts.RungStruck)}


@pytest.mark.parametrize("meaning", [Meaning.RECEIVED, Meaning.NEED_HELP])
def test_an_own_answer_ends_a_take_over(meaning: Meaning) -> None:
    life = Life()
    taken(life, "head", 320)

    life.say("b", meaning, 400)

    assert (life.callout.state, life.callout.taking) == (State.ANSWERED, None)
    assert "taking_lapsed" not in kinds(life.silence(24 * 3600))


def test_a_second_taker_takes_over_nothing() -> None:
    life = Life()
    taken(life, "head", 320)

    assert life.happen(TakenOver(taker="town", message="m2"), 330) == ()


@pytest.mark.parametrize("ended", ["answered", "closed"])
def test_what_is_over_cannot_be_taken_over(ended: str) -> None:
    life = Life()
    life.silence(320)
    if ended == "answered":
        life.say("a", Meaning.RECEIVED, 330)
    else:
        life.happen(Withdrawn(reason=CloseReason.DONE), 330)

    assert life.happen(TakenOver(taker="head", message="m2"), 340) == ()


def test_a_taken_callout_waits_for_its_next_own_try_then_for_the_result() -> None:
    life = Life(opening(small(own(0, Post.GRID_LEAD))), duty(A, B))
    taken(life, "desk", 850)
    life.silence(900)

    assert next_due(life.callout) == Due(at(1750), What.RESULT)


def test_a_lapse_without_rungs_of_other_units_is_the_desk_s() -> None:
    life = Life(opening(small(own(0, Post.GRID_LEAD))), duty(A, B))
    taken(life, "desk", 850)

    told = life.silence(1750)

    assert kinds(told)[-4:-2] == ["taking_lapsed", "handed_to_desk"]


def test_a_bare_rung_between_does_not_end_the_resumption() -> None:
    def above(seconds: int, post: Post) -> Rung:
        return Rung(at=seconds, posts=(ref(post),), tries=DIGEST, via=Via.DIGEST)

    ladder = small(
        own(0, Post.GRID_LEAD),
        above(300, Post.VILLAGE_HEAD),
        Rung(at=400, desk=Mark.WATCH),
        above(500, Post.TOWNSHIP_DUTY),
    )
    life = Life(opening(ladder))
    taken(life, "desk", 100)

    assert milestones(life.silence(1200)) == [
        (400, "mark watch"),
        (900, "repeat 1"),
        (1000, "rung 1 by resumed"),
        (1200, "rung 3 by resumed"),
    ]


CRY = TakenOver(taker="head", message="m1", help=True, by="key-3")


def test_a_taker_who_cries_for_help_alarms_the_desk_once() -> None:
    life = Life()
    life.silence(320)
    first = life.happen(CRY, 320)
    again = life.happen(CRY, 330)

    assert first[:2] == tuple(
        facts.Marked(at=at(320), by="key-3", mark=mark)
        for mark in (Mark.NEED_HELP, Mark.MUST_CALL)
    )
    assert kinds(first[2:]) == ["taken_over"]
    assert again == ()


def test_nobody_is_alarmed_for_what_is_closed() -> None:
    life = Life()
    life.silence(320)
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 321)

    assert life.happen(CRY, 330) == ()
