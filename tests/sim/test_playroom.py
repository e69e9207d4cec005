"""Playing with the virtual people by hand: what is seen, and what habits then do."""

from __future__ import annotations

import httpx
import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.control import ExchangeProcess
from dispatcher.sim.crowd import Crowd, swayed
from dispatcher.sim.diary import Diary
from dispatcher.sim.playroom import Kind
from dispatcher.sim.switchboard import NetworkMode
from dispatcher.sim.world import Habit, Phone, populate
from tests.sim.callplay import CallPlay
from tests.sim.play import QUESTION, Play

NUMBERS = tuple(f"+9991{n:07d}" for n in range(2000))


async def test_a_phone_shows_its_texts_and_replies_in_order(
    play: Play, to: str
) -> None:
    await play.person(to, Habit.ANSWER)
    await play.send(to)
    await play.exchange.settle()
    screen = await play.exchange.screen(to)

    assert [(item.kind, item.text) for item in screen.items] == [
        (Kind.TEXT, QUESTION),
        (Kind.REPLY, "1"),
    ]
    assert (screen.line.texts, screen.line.replies, screen.line.last) == (1, 1, "1")


async def test_only_what_has_changed_since_the_cursor_is_told(
    play: Play, to: str
) -> None:
    before = await play.exchange.playing()
    await play.send(to)
    after = await play.exchange.playing(*before.cursor)
    still = await play.exchange.playing(*after.cursor)

    assert [line.number for line in after.lines] == [to]
    assert (still.lines, still.cursor) == ((), after.cursor)
    assert after.figures.sent == before.figures.sent + 1


async def test_a_phone_in_hand_is_not_answered_by_its_habit_until_put_down(
    play: Play, to: str
) -> None:
    await play.person(to, Habit.ANSWER)
    await play.exchange.hand(to, held=True)
    await play.send(to)
    await play.exchange.settle()
    held = await play.exchange.screen(to)
    await play.exchange.hand(to, held=False)
    await play.send(to)
    await play.exchange.settle()
    free = await play.exchange.screen(to)

    assert (held.line.in_hand, held.line.texts, held.line.replies) == (True, 1, 0)
    assert (free.line.in_hand, free.line.texts, free.line.replies) == (False, 2, 1)


async def test_a_reply_that_is_on_its_way_is_kept_back_when_the_phone_is_taken(
    play: Play, to: str
) -> None:
    await play.person(to, Habit.ANSWER, delay_seconds=60)  # of the play: 0.6 s
    await play.send(to)
    await play.exchange.hand(to, held=True)
    await play.exchange.reply(to, "3")
    await play.person("+99900000042", Habit.ANSWER, delay_seconds=70)
    await play.send("+99900000042")
    await play.inbox.wait(6)  # both texts' receipts, the hand's reply, the other's
    screen = await play.exchange.screen(to)

    assert [item.text for item in screen.items] == [QUESTION, "3"]


async def test_a_call_that_rings_waits_for_the_hand_that_takes_the_phone(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.ANSWER)
    await calls.call(to)
    await calls.exchange.hand(to, held=True)
    await calls.until(10)
    ringing = await calls.exchange.screen(to)
    await calls.exchange.pick_up(to)
    talking = await calls.exchange.screen(to)
    await calls.exchange.hang_up(to)
    over = await calls.exchange.screen(to)
    await calls.exchange.hand(to, held=False)

    assert [one.line.call for one in (ringing, talking, over)] == [
        "ringing",
        "in-progress",
        "",
    ]


async def test_a_crowd_that_sleeps_answers_nothing_and_one_that_answers_all(
    play: Play, to: str
) -> None:
    await play.person(to, Habit.ANSWER)
    await play.exchange.sway(Crowd(asleep=100))
    await play.send(to)
    await play.exchange.settle()
    asleep = await play.exchange.screen(to)
    await play.person(to, Habit.IGNORE)
    await play.exchange.sway(Crowd(answering=100))
    await play.send(to)
    await play.exchange.settle()
    awake = await play.exchange.screen(to)
    await play.exchange.sway(Crowd())

    assert (asleep.line.replies, awake.line.replies) == (0, 1)


@pytest.mark.parametrize("share", [0, 25, 80, 100])
def test_so_many_in_a_hundred_answer_as_was_said(share: int) -> None:
    crowd = Crowd(answering=share)
    sleepers = populate(NUMBERS, 1, {Habit.IGNORE: 1})
    awake = [one for one in sleepers if swayed(one, crowd).habit is Habit.ANSWER]

    assert len(awake) == pytest.approx(len(NUMBERS) * share / 100, abs=60)


def test_a_dead_number_is_not_woken_by_any_crowd() -> None:
    dead = Phone(number="+9991", habit=Habit.IGNORE, ring=Ring.DEAD)

    assert swayed(dead, Crowd(answering=100)) == dead


def test_a_diary_tells_a_bounded_part_and_goes_on_from_there() -> None:
    diary = Diary()
    for name in ("a", "b", "c", "a"):
        diary.note(name)
    first, cursor = diary.since(0, 2)

    assert first == ["b", "c"]
    assert diary.since(cursor, 2) == (["a"], 4)


async def test_the_network_is_told_as_it_is(play: Play) -> None:
    await play.exchange.network(NetworkMode.ERROR500)
    out = await play.exchange.playing()
    await play.exchange.network(NetworkMode.OK)
    well = await play.exchange.playing()

    assert (out.network, well.network) == (NetworkMode.ERROR500, NetworkMode.OK)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("crowd", {"answering": 101}),
        ("crowd", {"asleep": -1}),
        ("phones/+9991/hand", {"held": "yes"}),
    ],
)
async def test_what_cannot_be_is_refused(
    process: ExchangeProcess, path: str, body: dict[str, object]
) -> None:
    async with httpx.AsyncClient(trust_env=False) as hand:
        answer = await hand.put(f"{process.url}/control/{path}", json=body)

    assert answer.status_code == 422
