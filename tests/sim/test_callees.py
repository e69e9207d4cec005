"""What people do with calls, by themselves and by the hand of a test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from dispatcher.sim.callee import Ring
from tests.sim.callplay import (
    CALLS,
    FLOW,
    OPENING,
    OPENING_SECONDS,
    TEXT,
    TEXT_SECONDS,
    THANKS,
    CallPlay,
    flow,
    gather,
    one,
)
from tests.sim.play import SENDER, Play

# People

PICKED_UP = 4.0
HEARD = OPENING_SECONDS + 1 + 2.0  # until he presses, two seconds into the text
NUMBER_HEARD = 1.667  # half of a text shorter than four seconds
THANKED = 1.333
MOVED = PICKED_UP + HEARD + NUMBER_HEARD + THANKED
WHOLE = OPENING_SECONDS + 1 + 2 * (TEXT_SECONDS + 1)


@pytest.mark.parametrize(
    ("ring", "told", "ended"),
    [
        (Ring.ANSWER, ["text 1"], PICKED_UP + HEARD + THANKED),
        (Ring.HELP, ["text 3"], PICKED_UP + HEARD + THANKED),
        (Ring.DECLINE, ["text 4"], PICKED_UP + HEARD + THANKED),
        (Ring.WRONG_PERSON, ["text 5"], PICKED_UP + HEARD + THANKED),
        (Ring.EARLY, ["opening 1", "text 1"], PICKED_UP + 3 + HEARD + THANKED),
        (Ring.AGAIN, ["text 9", "text 1"], PICKED_UP + HEARD + HEARD + THANKED),
        (Ring.EVACUATE, ["text 2", "number 35"], MOVED),
        (Ring.MACHINE, [], 20 + WHOLE),
        (Ring.HANG_UP, [], PICKED_UP + 5),
    ],
)
async def test_who_picks_up_does_as_he_does(
    calls: CallPlay, to: str, ring: Ring, told: list[str], ended: float
) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, ring, PICKED_UP)
    await calls.call(to)
    await calls.until(120)
    entry = await calls.entry(to)

    pressed = [f"{path.partition('p=')[2]} {keys}" for path, keys in calls.digits()]
    assert (told, "completed") == (pressed, entry.status)
    assert ended == pytest.approx(calls.since(entry.ended_at), abs=0.002)


async def test_who_answers_has_heard_the_opening_to_its_end(
    calls: CallPlay, to: str
) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.ANSWER)
    await calls.call(to)
    await calls.until(60)

    assert (await calls.entry(to)).said == (OPENING, f"…{TEXT}", THANKS)


async def test_who_is_early_has_to_hear_it_again(calls: CallPlay, to: str) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.EARLY)
    await calls.call(to)
    await calls.until(60)

    assert (await calls.entry(to)).said == (
        f"…{OPENING}",
        OPENING,
        f"…{TEXT}",
        THANKS,
    )


async def test_who_moves_people_says_how_many(calls: CallPlay, to: str) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.EVACUATE)
    await calls.call(to)
    await calls.until(60)

    assert (await calls.entry(to)).keys == ("2", "35#")


async def test_a_key_that_was_lost_is_pressed_again(calls: CallPlay, to: str) -> None:
    calls.says(
        "/answer", f"<Say>{OPENING}</Say><Say>{OPENING}</Say>" + gather("text", TEXT)
    )
    await calls.person(to, Ring.ANSWER)
    await calls.call(to)
    await calls.until(60)

    assert (await calls.entry(to)).keys == ("1", "1")
    assert calls.digits() == [("/keys?p=text", "1")]


async def test_who_missed_a_call_calls_back_and_answers(
    calls: CallPlay, to: str
) -> None:
    calls.says("/inbound", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.RING_BACK)
    await calls.call(to, Timeout="20")
    await calls.until(79)
    before = await calls.entries(to)
    await calls.until(120)
    missed, back = await calls.entries(to)

    [asked] = calls.at("/inbound")
    expected = {"From": to, "To": SENDER, "Direction": "inbound"}
    assert (len(before), missed.status) == (1, "no-answer")
    assert calls.since(back.placed_at) == 80
    assert (back.to, back.sender, back.direction) == (SENDER, to, "inbound")
    assert (back.keys, back.status) == (("1",), "completed")
    assert expected | {"CallStatus": "ringing"} == {
        name: asked.form[name] for name in (*expected, "CallStatus")
    }


async def test_only_a_missed_call_is_called_back(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.RING_BACK)
    sid = (await calls.call(to)).json()["sid"]
    await calls.account.post(one(sid), data={"Status": "canceled"})
    await calls.until(600)

    assert len(await calls.entries(to)) == 1


async def test_who_is_on_the_telephone_does_not_call_back(
    calls: CallPlay, to: str
) -> None:
    calls.says("/inbound", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.RING_BACK)
    await calls.call(to, Timeout="20")
    await calls.until(75)
    await calls.exchange.ring(to)
    await calls.until(600)

    assert len(await calls.entries(to)) == 2


async def test_who_has_fallen_asleep_does_not_call_back(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.RING_BACK)
    await calls.call(to, Timeout="20")
    await calls.until(75)
    await calls.person(to, Ring.RING_OUT)
    await calls.until(600)

    assert len(await calls.entries(to)) == 1


# By hand


async def test_a_test_picks_up_presses_and_hangs_up(calls: CallPlay, to: str) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.MANUAL)
    await calls.call(to)
    await calls.until(7)
    await calls.exchange.pick_up(to)
    await calls.until(8)
    await calls.exchange.press(to, "1")
    await calls.until(12)
    await calls.exchange.hang_up(to)
    entry = await calls.entry(to)

    times = (entry.placed_at, entry.picked_up_at, entry.ended_at)
    assert [calls.since(time) for time in times] == [0, 7, 12]
    assert entry.said == (f"…{OPENING}", f"…{OPENING}")
    assert entry.status == "completed"


async def test_a_call_is_turned_away(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.MANUAL)
    await calls.call(to)
    await calls.exchange.hang_up(to)
    await calls.exchange.settle()

    assert calls.told() == ["initiated", "ringing", "busy"]


async def test_a_test_calls_the_account(calls: CallPlay, to: str) -> None:
    calls.says("/inbound", gather("text", TEXT))
    await calls.person(to, Ring.MANUAL)
    sid = await calls.exchange.ring(to, to="+9995550000767")
    await calls.exchange.settle()
    await calls.exchange.press(to, "1")
    await calls.exchange.settle()

    entry = await calls.entry(to)
    assert (sid, "+9995550000767", "in-progress") == (entry.sid, entry.to, entry.status)
    assert calls.digits() == [("/keys?p=text", "1")]


async def test_who_calls_without_a_number_calls_whoever_wrote_last(
    calls: CallPlay, to: str
) -> None:
    form = {"To": to, "From": "+99955500008", "Body": "收到回1"}
    await calls.account.post(CALLS.replace("Calls", "Messages"), data=form)
    await calls.exchange.ring(to)

    assert (await calls.entry(to)).to == "+99955500008"


Hand = Callable[[CallPlay, str], Awaitable[object]]
HANDS: dict[str, Hand] = {
    "pick_up": lambda calls, to: calls.exchange.pick_up(to),
    "press": lambda calls, to: calls.exchange.press(to, "1"),
    "hang_up": lambda calls, to: calls.exchange.hang_up(to),
    "ring": lambda calls, to: calls.exchange.ring(to),
}


@pytest.mark.parametrize("hand", HANDS)
async def test_a_number_without_a_call_has_nothing_to_do(
    calls: CallPlay, to: str, hand: str
) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await HANDS[hand](calls, to)


async def test_a_call_that_rings_has_no_keys(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.MANUAL)
    await calls.call(to)

    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await calls.exchange.press(to, "1")


@pytest.mark.parametrize("keys", ["", "a", "1" * 33])
async def test_only_keys_of_a_telephone_can_be_pressed(
    calls: CallPlay, to: str, keys: str
) -> None:
    await calls.answered(to, FLOW)

    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await calls.exchange.press(to, keys)


async def test_without_a_voice_url_nobody_gets_through(play: Play, to: str) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await play.exchange.ring(to, SENDER)
    [entry] = [entry for entry in await play.exchange.calls() if entry.sender == to]

    assert (entry.status, entry.direction) == ("failed", "inbound")
