from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.model import Post
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.board import Display, display, face, playback, shown
from dispatcher.core.callout import Callout, CloseReason, Progress, State
from dispatcher.core.due import What
from dispatcher.core.event import TakenOver, Withdrawn
from dispatcher.core.evolve import course
from dispatcher.core.report import tally
from tests.core.build import (
    HEAD,
    RED,
    A,
    B,
    Life,
    at,
    duty,
    lone_lead,
    opening,
    own,
    small,
)

LIMIT = RED.received_by


def calling() -> Life:
    """The lead is being texted and rung; nothing has left the house."""
    life = Life()
    life.wake(0)
    return life


def texted(progress: Progress) -> Life:
    """His text has come so far."""
    life = calling()
    life.report("0.a.0.sms.a1", progress, 1)
    return life


accepted = partial(texted, Progress.ACCEPTED)
in_doubt = partial(texted, Progress.UNKNOWN)
delivered = partial(texted, Progress.DELIVERED)


def rung_in_vain() -> Life:
    life = calling()
    life.placed("0.a.0.voice.a1", 1)
    life.unreached("0.a.0.voice.a1", 30)
    return life


def escalated() -> Life:
    """The village is called before the own people's time is over."""
    ladder = small(own(0, Post.GRID_LEAD), replace(RED.rungs[2], at=60, mark=None))
    life = Life(opening(ladder), duty(A, HEAD))
    life.wake(0)
    life.wake(60)
    return life


def at_the_desk() -> Life:
    ladder = small(own(0, Post.GRID_LEAD, do=RED.rungs[0].tries[:1]))
    life = Life(opening(ladder), duty(A))
    life.wake(0)
    life.wake(60)
    return life


def not_awakened() -> Life:
    life = Life(opening(replace(RED, received_by=3600)))
    life.silence(LIMIT)
    return life


def dead() -> Life:
    life = lone_lead()
    for name in ("0.a.0.wechat.a1", "0.a.0.sms.a1", "0.a.0.voice.a1"):
        life.dead(name, 1)
    return life


def half_dead() -> Life:
    """The lead can't be reached, his deputy can."""
    ladder = small(own(0, Post.GRID_LEAD), own(180, Post.GRID_BACKUP))
    life = Life(opening(ladder), duty(A, B))
    life.wake(0)
    for name in ("0.a.0.wechat.a1", "0.a.0.sms.a1", "0.a.0.voice.a1"):
        life.dead(name, 1)
    return life


def answered() -> Life:
    life = calling()
    life.say("a", Meaning.RECEIVED, 60)
    return life


def answered_and_over() -> Life:
    life = answered()
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 90)
    return life


def taken() -> Life:
    life = calling()
    life.happen(TakenOver(taker="key:desk", message=""), 30)
    return life


def over() -> Life:
    life = taken()
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 90)
    return life


def to_be_told() -> Life:
    life = Life(opening(state=State.NOTIFIED))
    life.wake(0)
    return life


def merely_told() -> Life:
    life = to_be_told()
    life.report("0.a.0.sms.a1", Progress.DELIVERED, 1)
    return life


@pytest.mark.parametrize(
    ("lived", "words"),
    [
        pytest.param(Life, Display.PENDING, id="life"),
        pytest.param(calling, Display.PENDING, id="calling"),
        pytest.param(accepted, Display.SENT, id="accepted"),
        pytest.param(in_doubt, Display.SENT, id="in_doubt"),
        pytest.param(delivered, Display.DELIVERED, id="delivered"),
        pytest.param(rung_in_vain, Display.SENT, id="rung_in_vain"),
        pytest.param(escalated, Display.ESCALATED, id="escalated"),
        pytest.param(not_awakened, Display.OVERDUE, id="not_awakened"),
        pytest.param(dead, Display.FAILED, id="dead"),
        pytest.param(half_dead, Display.PENDING, id="half_dead"),
        pytest.param(answered, Display.ACKED, id="answered"),
        pytest.param(answered_and_over, Display.ACKED, id="answered_and_over"),
        pytest.param(taken, Display.TAKEN, id="taken"),
        pytest.param(over, Display.CLOSED, id="over"),
        pytest.param(to_be_told, Display.PENDING, id="to_be_told"),
        pytest.param(merely_told, Display.DELIVERED, id="merely_told"),
    ],
)
def test_the_board_has_one_word_for_a_callout(
    lived: Callable[[], Life], words: Display
) -> None:
    life = lived()
    last = life.facts[-1].at

    assert display(life.callout, last) is words


def test_the_desk_has_it_before_its_limit() -> None:
    callout = replace(calling().callout, state=State.DESK)

    assert display(callout, at(10)) is Display.ESCALATED


@pytest.mark.parametrize("seconds", [0, LIMIT])
def test_up_to_its_limit_it_is_not_overdue(seconds: int) -> None:
    assert display(calling().callout, at(seconds)) is Display.PENDING


@pytest.mark.parametrize(
    ("lived", "words"),
    [
        pytest.param(calling, Display.OVERDUE, id="calling"),
        pytest.param(delivered, Display.OVERDUE, id="delivered"),
        pytest.param(escalated, Display.OVERDUE, id="escalated"),
        pytest.param(dead, Display.FAILED, id="dead"),
        pytest.param(answered, Display.ACKED, id="answered"),
        pytest.param(taken, Display.TAKEN, id="taken"),
        pytest.param(over, Display.CLOSED, id="over"),
        pytest.param(merely_told, Display.DELIVERED, id="merely_told"),
    ],
)
def test_past_its_limit_the_clock_makes_it_overdue_if_it_waits(
    lived: Callable[[], Life], words: Display
) -> None:
    past = at(LIMIT) + timedelta(microseconds=1)

    assert display(lived().callout, past) is words


def test_a_face_tells_who_is_called_and_what_comes_next() -> None:
    one = face(calling().callout)

    assert (one.person, one.rung) == ("a", 0)
    assert (one.next_at, one.next_what) == (at(90), What.TRY)
    assert one.deadline_at == at(LIMIT)
    assert (one.answered_at, one.evidence) == (None, None)


def test_a_face_tells_of_the_answer() -> None:
    one = face(answered().callout)

    assert (one.answered_at, one.evidence) == (at(60), Evidence.SMS_CODE)
    assert one.deadline_at is None


def test_who_is_rung_in_vain_keeps_his_limit() -> None:
    one = face(not_awakened().callout)

    assert (one.word, one.deadline_at) == (Display.OVERDUE, at(3600))


def test_before_the_first_rung_nobody_is_called() -> None:
    one = face(Life().callout)

    assert (one.person, one.rung) == (None, None)


def test_on_an_empty_rung_nobody_is_called() -> None:
    callout = calling().callout
    empty = replace(callout.runs[0], people=())

    assert face(replace(callout, runs=(empty, *callout.runs[1:]))).person is None


def test_a_night_is_played_again_as_it_was_shown() -> None:
    life = calling()
    life.report("0.a.0.sms.a1", Progress.DELIVERED, 2)
    life.say("a", Meaning.RECEIVED, 400)

    assert list(playback(life.facts, at(1000))) == [
        (at(0), Display.PENDING),
        (at(2), Display.DELIVERED),
        (at(LIMIT), Display.OVERDUE),
        (at(400), Display.ACKED),
    ]


def test_what_is_silent_turns_overdue_in_a_replay_too() -> None:
    life = calling()

    assert list(playback(life.facts, at(LIMIT + 1)))[-1] == (
        at(LIMIT),
        Display.OVERDUE,
    )
    assert list(playback(life.facts, at(LIMIT)))[-1] == (at(0), Display.PENDING)


def test_a_receipt_taken_down_before_an_older_cancelling_does_not_outlast_it() -> None:
    life = calling()
    life.report("0.a.0.sms.a1", Progress.DELIVERED, 12)
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 10)

    assert list(playback(life.facts, at(LIMIT))) == [
        (at(0), Display.PENDING),
        (at(12), Display.DELIVERED),
        (at(12), Display.CLOSED),
    ]


def test_a_replay_begins_with_an_opening() -> None:
    with pytest.raises(ValueError, match="begin with 'opened'"):
        list(course(calling().facts[1:]))


SECONDS = st.integers(0, 1200)
THINGS = st.sampled_from(("wake", "deliver", "fail", "answer", "take", "cancel"))


def happened(life: Life, thing: str, seconds: int) -> None:
    """Let one of the things happen that change what is shown."""
    texts = [one for one in life.callout.attempts if one.under_way]
    name = texts[0].id.partition(".")[2] if texts else "none"
    match thing:
        case "wake":
            life.wake(seconds)
        case "deliver":
            life.report(name, Progress.DELIVERED, seconds)
        case "fail":
            life.dead(name, seconds)
        case "answer":
            life.say("a", Meaning.RECEIVED, seconds)
        case "take":
            life.happen(TakenOver(taker="key:d", message=""), seconds)
        case _:
            life.happen(Withdrawn(reason=CloseReason.CANCELLED), seconds)


def lives() -> st.SearchStrategy[Life]:
    """Callouts that have lived through anything."""

    def lived(things: list[tuple[int, str]]) -> Life:
        life = Life()
        life.wake(0)
        for seconds, thing in sorted(things):
            happened(life, thing, seconds)
        return life

    return st.lists(st.tuples(SECONDS, THINGS), max_size=12).map(lived)


@given(lives(), SECONDS)
def test_a_replay_ends_in_what_the_board_shows(life: Life, later: int) -> None:
    now = life.facts[-1].at + timedelta(seconds=later)
    *_, (_, last) = playback(life.facts, now)

    assert last is display(life.callout, now) is shown(face(life.callout), now)


@given(lives())
def test_words_and_figures_agree(life: Life) -> None:
    for callout, told in _faces(life):
        assert (told is Display.ACKED) == (tally(callout).seconds is not None)
        assert (told is Display.TAKEN) <= tally(callout).stood(State.TAKEN)


def _faces(life: Life) -> Iterator[tuple[Callout, Display]]:
    for moment, callout in course(life.facts):
        yield callout, display(callout, moment)
