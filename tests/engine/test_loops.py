"""The worker's duties side by side: one that fails stops nobody, an end is an end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest
import structlog
from anyio.lowlevel import checkpoint

from channels.contract import Unknown
from dispatcher.engine import runtime
from dispatcher.engine.clock import wait_for
from dispatcher.engine.schedule import ticking
from dispatcher.store.database import READERS
from tests.engine.office import Office
from tests.store.test_group_commit import Closed


@contextlib.asynccontextmanager
async def working(
    office: Office, *, rules: bool = True
) -> AsyncIterator[asyncio.Task[None]]:
    """The engine's own loops, woken by a quick alarm clock."""
    with ticking(office.engine, seconds=0.05):
        if rules:
            office.engine.rule()
        task = asyncio.create_task(office.engine.run())
        try:
            yield task
        finally:
            office.engine.stop()
            await asyncio.wait_for(task, 20)


async def until(office: Office, state: str, who: str = "lead") -> None:
    """Wait for the loops to bring a message there."""
    async with asyncio.timeout(40):
        while await office.states(who) != [state]:
            await checkpoint()


def failed(logs: Iterable[Mapping[str, Any]]) -> set[str]:
    """The duties that failed."""
    return {log["duty"] for log in logs if log["event"] == "engine.duty.failed"}


async def test_a_warning_goes_out_by_itself(office: Office) -> None:
    async with working(office):
        await office.warn()
        await until(office, "accepted")

    assert await office.states("lead") == ["accepted"]


async def test_who_has_not_the_rules_sends_and_does_nothing_else(
    office: Office,
) -> None:
    await office.warn()
    async with working(office, rules=False):
        await until(office, "accepted")
        await office.warn_later("W-2")
        await wait_for(asyncio.Event(), 0.5)  # ten ticks
        waits = (await office.messages("lead"))[1:]
        office.engine.rule()
        async with asyncio.timeout(40):
            while await office.states("lead") != ["accepted", "accepted"]:
                await checkpoint()

    assert waits == []


async def test_who_has_the_rules_rests_while_another_process_sends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.warn()  # its texts wait, and are none of this process's business
    database, looks, stopped = office.database, [], asyncio.Event()
    read = database.read

    async def counted(work: Any) -> Any:
        looks.append(work)
        return await read(work)

    async def elsewhere(_number: int) -> None:
        await stopped.wait()

    monkeypatch.setattr(database, "read", counted)
    office.engine.rule()
    working = asyncio.create_task(office.engine.run(send=elsewhere))
    await wait_for(asyncio.Event(), 0.5)  # one that finds something overdue: 100 looks
    office.engine.stop()
    stopped.set()
    await working

    assert await office.states("lead") == ["waiting"]
    assert len(looks) < 40


async def test_nothing_is_sent_before_what_the_dead_held_is_in_doubt(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.warn()
    recover, before = office.engine.recover, []

    async def late() -> int:
        await wait_for(asyncio.Event(), 0.3)
        before.append(len(office.provider.sent))
        return await recover()

    monkeypatch.setattr(office.engine, "recover", late)
    async with working(office):
        await until(office, "accepted")

    assert before == [0]
    assert len(office.provider.sent) == len(await office.states())


async def test_a_duty_that_fails_does_not_stop_the_others(office: Office) -> None:
    await office.hide("callback")  # the inbox fails at each turn, as does retention
    with structlog.testing.capture_logs() as logs:
        async with working(office):
            await office.warn()
            await until(office, "accepted")
            while {"inbox", "retention"} - failed(logs):
                await checkpoint()
        await office.hide("callback", back=True)

    assert failed(logs) == {"inbox", "retention"}


async def test_a_duty_that_failed_is_done_when_it_can_be(office: Office) -> None:
    async with working(office):
        await office.warn()
        await until(office, "accepted")
        await office.hide("message")
        await office.warn_later("W-2")
        await office.hide("message", back=True)
        async with asyncio.timeout(40):
            while await office.states("lead") != ["accepted", "accepted"]:
                await checkpoint()

    assert len(await office.messages("lead")) == 2


async def test_doubt_is_settled_at_the_next_tick(office: Office) -> None:
    async with working(office):
        office.provider.outcomes.append(Unknown(code="ReadTimeout"))
        await office.warn()
        async with asyncio.timeout(40):
            while "unknown" not in await office.states():
                await checkpoint()
        office.clock.move_to(office.now + timedelta(seconds=3))
        async with asyncio.timeout(4):  # without ticks it would rest for five
            while set(await office.states()) != {"accepted"}:
                await checkpoint()

    assert len(office.provider.asked) == 1


async def test_stopping_waits_for_what_is_on_the_wire(office: Office) -> None:
    held, started = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        started.set()
        await held.wait()

    office.provider.sending = hold
    async with working(office) as task:
        await office.warn()
        await asyncio.wait_for(started.wait(), 10)
        office.engine.stop()
        await checkpoint()

        assert not task.done()

        held.set()
        await asyncio.wait_for(task, 10)

    assert set(await office.states()) == {"accepted"}


async def test_after_the_stop_nothing_new_is_begun(office: Office) -> None:
    async with working(office):
        pass
    await office.warn()

    assert set(await office.states()) == {"waiting"}
    assert office.provider.sent == []


async def test_a_duty_that_hangs_is_no_good_sign(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "STUCK_SECONDS", 0.5)
    monkeypatch.setattr(runtime, "SAFETY_SECONDS", 0.1)
    async with working(office):
        await wait_for(asyncio.Event(), 1.0)
        assert office.engine.well()
        door = Closed()
        reads = [office.database.read(door) for _ in range(READERS)]
        reading = asyncio.gather(*reads)
        await door.reached()
        await wait_for(asyncio.Event(), 1.0)
        hung = not office.engine.well()
        door.open()
        await reading
        await wait_for(asyncio.Event(), 1.0)

        assert (hung, office.engine.well()) == (True, True)
