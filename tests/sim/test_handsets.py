"""Telephones that somebody takes in hand, over the real exchange process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.switchboard import NetworkMode
from dispatcher.sim.twilio_calls import Status
from dispatcher.sim.world import Habit, Phone
from tests.sim.callplay import FLOW, CallPlay
from tests.sim.play import QUESTION, Play

HANDSETS = "/control/handsets"


async def overview(account: httpx.AsyncClient, q: str = "") -> Any:
    return (await account.get(HANDSETS, params={"q": q})).json()


async def held(account: httpx.AsyncClient, number: str) -> Any:
    return (await account.get(f"{HANDSETS}/{number}")).json()


async def take(account: httpx.AsyncClient, number: str, *, taken: bool) -> None:
    answer = await account.put(f"{HANDSETS}/{number}/hand", json={"taken": taken})
    assert answer.status_code == 204


async def test_who_got_something_last_lies_on_top(play: Play, to: str) -> None:
    other = f"+7{to[2:]}"
    for number in (to, other, to):
        await play.send(number)
    found = await overview(play.account, to[2:])

    assert [one["number"] for one in found["handsets"]] == [to, other]
    assert found["handsets"][0]["last"] == QUESTION
    assert (found["more"], found["network"]) == (0, "ok")


async def test_what_a_hand_writes_goes_the_way_of_every_reply(
    play: Play, to: str
) -> None:
    await play.exchange.phones([Phone(number=to, habit=Habit.ANSWER)])
    await take(play.account, to, taken=True)
    await play.send(to)
    await play.exchange.settle()
    before = [one for one in play.inbox.posted if one.page == "/reply"]
    await play.exchange.reply(to, "2 35")
    seen = await held(play.account, to)

    assert before == []
    assert [one.form["Body"] for one in play.inbox.posted if one.page == "/reply"] == [
        "2 35"
    ]
    assert [(one["ours"], one["text"]) for one in seen["said"]] == [
        (False, QUESTION),
        (True, "2 35"),
    ]
    assert seen["in_hand"] is True


async def test_a_telephone_put_back_answers_by_itself_again(
    play: Play, to: str
) -> None:
    await play.exchange.phones([Phone(number=to, habit=Habit.ANSWER)])
    await take(play.account, to, taken=True)
    await take(play.account, to, taken=False)
    await play.send(to)
    await play.exchange.settle()
    seen = await held(play.account, to)

    assert (seen["in_hand"], seen["said"][-1]["text"]) == (False, "1")


async def test_a_call_that_rings_waits_for_the_hand(calls: CallPlay, to: str) -> None:
    calls.says("/answer", FLOW)
    await calls.person(to, Ring.ANSWER)
    await calls.call(to)
    await take(calls.account, to, taken=True)
    await calls.until(25)
    ringing = await held(calls.account, to)
    counted = await overview(calls.account, to)
    await calls.exchange.pick_up(to)
    await calls.until(45)
    talking = await held(calls.account, to)

    assert ringing["call"]["status"] == Status.RINGING
    assert (counted["ringing"], counted["talking"]) == (1, 0)
    assert counted["handsets"][0]["call"] == Status.RINGING
    assert (talking["call"]["status"], talking["call"]["keys"]) == (
        Status.IN_PROGRESS,
        [],
    )


@pytest.mark.parametrize(
    ("crowd", "status"),
    [
        ({"answer": 100, "dead": 0}, 204),
        ({"answer": 60, "dead": 41}, 422),
        ({"answer": -1, "dead": 0}, 422),
    ],
)
async def test_a_crowd_is_a_hundred_in_a_hundred(
    play: Play, to: str, crowd: dict[str, int], status: int
) -> None:
    await play.exchange.phones([Phone(number=to, habit=Habit.IGNORE)])
    answer = await play.account.put("/control/crowd", json=crowd)
    await play.send(to)
    await play.inbox.wait(3 if status == 204 else 2)
    said = [one["text"] for one in (await held(play.account, to))["said"]]

    assert answer.status_code == status
    assert said[1:] == (["1"] if status == 204 else [])


async def test_how_the_line_fares_is_shown_until_it_is_used_up(play: Play) -> None:
    await play.exchange.network(NetworkMode.ERROR500)
    bad = await overview(play.account)
    await play.exchange.network(NetworkMode.ERROR500, for_next=0)
    good = await overview(play.account)

    assert (bad["network"], good["network"]) == ("error500", "ok")


async def test_the_page_is_served_with_its_own_policy(play: Play) -> None:
    page = await play.account.get("/sim/")

    assert page.status_code in {200, 503}  # not built: it says so
    assert "script-src 'self'" in page.headers["content-security-policy"]
