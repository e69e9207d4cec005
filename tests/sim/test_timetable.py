from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

from dispatcher.sim.timetable import ManualTime, Moment, RunningTime, Time
from dispatcher.sim.world import Habit
from tests.sim.callplay import CALLS, CallPlay
from tests.sim.play import QUESTION, SENDER, Play

BEGAN = datetime(2026, 7, 12, 4, 1, tzinfo=UTC)
FAST = 100


@pytest.fixture
def still_time() -> ManualTime:
    return ManualTime(BEGAN)


async def nothing() -> None:
    """Settle where nothing is on its way."""


# Manual time


async def test_what_is_due_is_done_in_order(still_time: ManualTime) -> None:
    done: list[str] = []
    for name, seconds in (("late", 3.0), ("soon", 1.0), ("soon too", 1.0)):
        still_time.later(partial(done.append, name), seconds)
    await still_time.move_to(2, nothing)

    assert done == ["soon", "soon too"]
    assert still_time.time() == Time(now=2, next_due=3)


async def test_time_stands_at_what_is_being_done(still_time: ManualTime) -> None:
    seen: list[float] = []
    still_time.later(lambda: seen.append(still_time.now()), 1.5)
    await still_time.move_to(10, nothing)

    assert (seen, still_time.now()) == ([1.5], 10)


async def test_what_one_thing_leads_to_is_done_on_the_way(
    still_time: ManualTime,
) -> None:
    seen: list[float] = []

    def again() -> None:
        seen.append(still_time.now())
        still_time.later(again, 2)

    still_time.later(again, 1)
    await still_time.move_to(6, nothing)

    assert seen == [1, 3, 5]
    assert still_time.next_due() == 7


async def test_everything_is_settled_before_the_next(still_time: ManualTime) -> None:
    done: list[str] = []

    async def settle() -> None:
        done.append("settled")

    for name in ("first", "second"):
        still_time.later(partial(done.append, name), 1)
    await still_time.move_to(1, settle)

    assert done == ["settled", "first", "settled", "second", "settled"]


async def test_without_a_wait_things_are_done_at_once(still_time: ManualTime) -> None:
    done: list[str] = []
    still_time.later(lambda: done.append("now"), 0)

    assert (done, still_time.next_due()) == (["now"], None)


async def test_what_is_cancelled_is_not_done(still_time: ManualTime) -> None:
    done: list[str] = []
    first = still_time.later(lambda: done.append("first"), 1)
    still_time.later(lambda: done.append("second"), 2)
    still_time.cancel(first)
    next_due = still_time.next_due()
    await still_time.move_to(5, nothing)
    still_time.cancel(first)

    assert (done, next_due) == (["second"], 2)


async def test_fractions_meet_where_they_should(still_time: ManualTime) -> None:
    done: list[float] = []
    for _ in range(3):
        still_time.later(lambda: done.append(still_time.now()), 0.1)
        await still_time.move_to(still_time.now() + 0.1, nothing)
    await still_time.move_to(0.1 + 0.1 + 0.1 - 1e-9, nothing)

    assert done == [0.1, 0.2, 0.3]


async def test_time_does_not_run_backwards(still_time: ManualTime) -> None:
    await still_time.move_to(5, nothing)

    with pytest.raises(ValueError, match=r"time stands at 5 s; 4.5 s is over"):
        await still_time.move_to(4.5, nothing)


async def test_the_date_goes_with_manual_time(still_time: ManualTime) -> None:
    await still_time.move_to(90, nothing)

    expected = Moment(seconds=90, at=BEGAN + timedelta(seconds=90))
    assert expected == still_time.moment()


# Running time


async def test_running_time_does_things_in_order_by_itself() -> None:
    time = RunningTime(BEGAN, FAST)
    done: list[str] = []
    over = asyncio.Event()
    time.later(over.set, 20)
    dropped = time.later(lambda: done.append("never"), 5)
    time.later(lambda: done.append("soon"), 5)
    time.cancel(dropped)
    due = time.next_due()
    await over.wait()

    assert done == ["soon"]
    assert due == pytest.approx(5, abs=1)
    assert time.time().next_due is None
    assert time.now() >= 20


async def test_the_date_of_running_time_is_the_machines() -> None:
    time = RunningTime(BEGAN, FAST)
    over = asyncio.Event()
    time.later(over.set, 10)
    await over.wait()
    moment = time.moment()

    assert moment.at == BEGAN + timedelta(seconds=moment.seconds / FAST)


# Over the control API


async def test_an_answer_in_manual_time_waits_to_be_due(
    calls: CallPlay, to: str
) -> None:
    sms = Play(inbox=calls.inbox, exchange=calls.exchange, account=calls.account)
    await sms.person(to, Habit.ANSWER, delay_seconds=30)
    await sms.send(to)
    await calls.until(29)
    before = calls.at("/reply")
    await calls.until(30)

    assert before == []
    assert [posted.form["Body"] for posted in calls.at("/reply")] == ["1"]


async def test_an_answer_without_delay_needs_no_time(calls: CallPlay, to: str) -> None:
    sms = Play(inbox=calls.inbox, exchange=calls.exchange, account=calls.account)
    await sms.person(to, Habit.ANSWER)
    await calls.account.post(
        CALLS.replace("Calls", "Messages"),
        data={"To": to, "From": SENDER, "Body": QUESTION},
    )
    await calls.exchange.settle()

    assert len(calls.at("/reply")) == 1


async def test_the_control_api_moves_no_time_backwards(calls: CallPlay) -> None:
    await calls.until(5)

    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await calls.until(4)


async def test_running_time_is_not_moved(play: Play) -> None:
    now = (await play.exchange.time()).now

    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await play.exchange.move_time(now + 1_000)


@pytest.mark.parametrize("to", [-1, 1e9])
async def test_time_has_its_bounds(calls: CallPlay, to: float) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await calls.exchange.move_time(to)
