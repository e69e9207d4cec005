from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.cutting import cancelled_at
from tests.channels.transport.proxy import Proxy, relaying
from tests.channels.transport.wire import (
    Act,
    Reader,
    Wire,
    Writer,
    certified,
    listening,
    settled,
    tick,
)

AWAITS_MOST = 200
PARTS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: ",
    b"chunked\r\n\r\n3\r\nfoo\r\n",
    b"0\r\n\r\n",
)


async def in_parts(_wire: Wire, _reader: Reader, writer: Writer) -> None:
    """Answer so that there is something to wait for within head and body."""
    for part in PARTS:
        if writer.is_closing():  # uvloop would not let us write
            raise ConnectionResetError
        writer.write(part)
        await tick()


async def last(_wire: Wire, _reader: Reader, writer: Writer) -> None:
    """Answer, and say that there is no second answer here."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    await tick()
    if writer.is_closing():
        raise ConnectionResetError
    writer.write(b"Content-Length: 3\r\n\r\nfoo")
    writer.close()


@dataclass
class Course:
    """How requests go in one test."""

    http: Callable[[], httpx.AsyncClient]
    url: str
    wires: tuple[Wire, ...]


@pytest.fixture(params=["http", "https", "proxy", "tunnel"])
async def course(
    request: pytest.FixtureRequest, made: Made, tmp_path: Path
) -> AsyncIterator[Course]:
    pem, server = certified(tmp_path)
    over_tls = request.param in {"https", "tunnel"}
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(
            listening(Wire(in_parts), server if over_tls else None)
        )
        wires: tuple[Wire, ...] = (wire,)
        proxy = None
        if request.param in {"proxy", "tunnel"}:
            relay = await stack.enter_async_context(relaying(Proxy()))
            wires, proxy = (wire, relay), httpx.Proxy(relay.url)
        ours = ssl.create_default_context(cafile=str(pem))
        yield Course(
            lambda: made(1, trusted=ours, proxy=proxy, pool=2.0), wire.url, wires
        )


async def read(http: httpx.AsyncClient, url: str) -> None:
    got = await http.post(url, content=b"x")
    assert got.content == b"foo"


async def streamed(http: httpx.AsyncClient, url: str) -> None:
    async with http.stream("GET", url) as got:
        assert b"".join([part async for part in got.aiter_bytes()]) == b"foo"


@OWN  # the pool of stock httpx loses places here: PoolTimeout
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("ask", [read, streamed])
async def test_cancelled_anywhere_a_request_gives_its_place_back(
    course: Course,
    ask: Callable[[httpx.AsyncClient, str], Coroutine[Any, Any, None]],
    *,
    late: bool,
) -> None:
    for at in count():
        assert at < AWAITS_MOST
        async with course.http() as http:
            cut = await cancelled_at(ask(http, course.url), at, late=late)
            await read(http, course.url)  # the only place there is
            await one_left(course)
        for wire in course.wires:
            await settled(wire)
        if not cut:
            break

    assert at >= 2


async def one_left(course: Course) -> None:
    """Wait until what was given up is closed; the server has to see it first."""
    async with asyncio.timeout(5):
        while any(wire.open > 1 for wire in course.wires):
            await tick()


@OWN  # the pool of stock httpx loses places here: PoolTimeout
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("act", [in_parts, last])
async def test_cancelled_while_it_waits_for_a_place_it_loses_none(
    made: Made, act: Act, *, late: bool
) -> None:
    for at in count():
        async with listening(Wire(act)) as wire, made(1, pool=2.0) as http:
            first = asyncio.create_task(read(http, wire.url))
            while not wire.seen:
                await tick()
            third = asyncio.create_task(tick_then_read(http, wire.url))
            cut = await cancelled_at(read(http, wire.url), at, late=late)
            await asyncio.gather(first, third)
            await read(http, wire.url)
        if not cut:
            break

    assert 2 <= at < AWAITS_MOST


async def tick_then_read(http: httpx.AsyncClient, url: str) -> None:
    await tick()
    await read(http, url)
