"""A server that costs little, for many requests; now and then it misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httptools
from typing_extensions import override

from tests.channels.transport.wire import OK, tick

LAST = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

Whim = Callable[["Line"], None]


def answer(line: Line) -> None:
    line.say(OK)


def answer_and_leave(line: Line) -> None:
    line.say(LAST)
    line.hang_up()


def answer_and_leave_unsaid(line: Line) -> None:
    line.say(OK)
    line.hang_up()


def answer_later(line: Line) -> None:
    asyncio.get_running_loop().call_later(0.003, line.say, OK)


def answer_in_halves(line: Line) -> None:
    line.say(OK[:-1])
    asyncio.get_running_loop().call_later(0.001, line.say, OK[-1:])


def answer_twice(line: Line) -> None:
    line.say(OK + OK)


def leave(line: Line) -> None:
    line.hang_up()


def reset(line: Line) -> None:
    line.transport.abort()


def ignore(_line: Line) -> None:
    """The client has to lose patience."""


WHIMS: tuple[Whim, ...] = (
    *[answer] * 10,
    answer_and_leave,
    answer_and_leave_unsaid,
    *[answer_later] * 3,
    answer_in_halves,
    answer_twice,
    leave,
    reset,
    ignore,
)


@dataclass
class Answering:
    """What one server does and has seen.

    :ivar does: with the next request
    :ivar lines: connections open
    :ivar accepted: connections there ever were
    """

    does: Callable[[], Whim]
    lines: set[Line] = field(default_factory=set)
    accepted: int = 0
    requests: int = 0
    url: str = ""

    async def settled(self) -> None:
        """Wait until nobody has a connection open."""
        async with asyncio.timeout(5):
            while self.lines:
                await tick()


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Answering) -> None:
        self.server = server
        self.transport: Any = None
        self._parser = httptools.HttpRequestParser(self)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.server.lines.add(self)
        self.server.accepted += 1

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.server.lines.discard(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.server.requests += 1
        self.server.does()(self)

    def say(self, what: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(what)

    def hang_up(self) -> None:
        self.transport.close()


def whimsical(seed: int) -> Callable[[], Whim]:
    """Whims at random, the same for the same seed."""
    random = Random(seed)
    return lambda: random.choice(WHIMS)


@asynccontextmanager
async def answered(does: Callable[[], Whim]) -> AsyncIterator[Answering]:
    """Run the server."""
    server, loop = Answering(does), asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Line(server), "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listener.close()
        for line in [*server.lines]:
            line.transport.abort()
        await server.settled()
