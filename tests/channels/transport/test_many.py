"""Many requests at a time: no wake-up is lost, no socket, no task, no memory."""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx
import pytest

from channels.transport.own import OwnTransport
from tests.channels.transport import wire
from tests.channels.transport.answering import (
    Answering,
    Whim,
    answer,
    answer_and_leave,
    answer_and_leave_unsaid,
    answered,
    whimsical,
)
from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.wire import tick

LIMIT_SECONDS = 60  # of a test that would else hang for ever


def carrier(most: int) -> OwnTransport:
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    return OwnTransport(ssl.create_default_context(), limits)


async def together(
    once: Callable[[], Awaitable[None]], requests: int, at_a_time: int
) -> None:
    """Do it so often, so many at a time, and not for ever."""
    async with asyncio.timeout(LIMIT_SECONDS):
        await wire.together(once, requests, at_a_time)


@pytest.mark.parametrize("whim", [answer, answer_and_leave])
@pytest.mark.parametrize(("at_a_time", "most"), [(64, 64), (64, 8), (256, 64)])
async def test_without_any_timeout_every_request_comes_back(
    whim: Whim, at_a_time: int, most: int
) -> None:
    transport = carrier(most)
    async with answered(lambda: whim) as server:

        async def once() -> None:
            got = await transport.handle_async_request(
                httpx.Request("POST", server.url, data={"to": "+99900000001"})
            )
            assert await got.aread() == b"ok"

        await together(once, 3000, at_a_time)
        async with asyncio.timeout(LIMIT_SECONDS):
            await transport.aclose()

    assert server.requests == 3000
    assert whim is answer_and_leave or server.accepted <= most


@OWN
@pytest.mark.parametrize("seed", range(4))
async def test_in_a_storm_of_whims_and_cancellations_no_place_is_lost(
    made: Made, seed: int
) -> None:
    random = Random(seed)
    async with (
        answered(whimsical(seed)) as one,
        answered(whimsical(seed + 100)) as other,
        made(8, read=0.05, pool=0.2) as http,
    ):

        async def once() -> None:
            url = random.choice((one, one, other)).url
            task = asyncio.create_task(http.post(url, content=b"x"))
            if random.random() < 0.2:
                delay = random.random() * 0.01
                asyncio.get_running_loop().call_later(delay, task.cancel)
            await asyncio.wait([task])
            if not task.cancelled() and task.exception():
                assert isinstance(task.exception(), httpx.TransportError)

        await together(once, 2000, 32)
        for server in (one, other):
            server.does = lambda: answer
            asked = [http.get(server.url, timeout=10) for _ in range(16)]
            got = await asyncio.gather(*asked)
            assert {"ok"} == {one.text for one in got}
        async with asyncio.timeout(LIMIT_SECONDS):
            await http.aclose()
        await one.settled()
        await other.settled()


def held() -> tuple[int, int]:
    """Sockets and tasks of this process."""
    return len([*Path("/proc/self/fd").iterdir()]), len(asyncio.all_tasks())


def blocks() -> int:
    """Blocks of memory in use."""
    gc.collect()
    return sys.getallocatedblocks()


@OWN
async def test_after_ten_thousand_requests_nothing_is_left(made: Made) -> None:
    turns = iter(range(10**9))

    def mixed() -> Whim:
        return answer_and_leave_unsaid if next(turns) % 50 == 0 else answer

    async with answered(mixed) as server, made(16) as http:

        async def once() -> None:
            asked = http.post(server.url, content=b"x")
            if next(turns) % 20:
                with suppress(httpx.TransportError):
                    await asked
                return
            task = asyncio.create_task(asked)
            await turn_of_the_loop()
            task.cancel()
            await asyncio.wait([task])

        before, used = await _settled(together(once, 2000, 16), server)
        after, using = await _settled(together(once, 10_000, 16), server)

    assert after[0] <= before[0] + 2
    assert after[1] == before[1]
    assert using - used < 500  # of ten thousand, not one block in twenty


async def turn_of_the_loop() -> None:
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


async def _settled(
    work: Awaitable[None], server: Answering
) -> tuple[tuple[int, int], int]:
    await work
    async with asyncio.timeout(5):
        while len(server.lines) > 16:
            await tick()
    sockets, tasks = held()
    # How full the pool is does not matter: its lines are here from both ends.
    return (sockets - 2 * len(server.lines), tasks), blocks()
