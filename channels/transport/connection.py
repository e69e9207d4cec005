"""One connection: asyncio tells it what happens, one exchange at a time waits on it."""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import httpx
from typing_extensions import override

from channels.transport.reading import Reading

BUFFERED_MOST = 256 * 1024  # bytes of a body nobody takes before the server must wait

Wrong = type[httpx.TimeoutException]


class Origin(NamedTuple):
    """Where a connection goes."""

    scheme: str
    host: str
    port: int


class Connection(asyncio.Protocol):
    """Carries one request and its answer, then perhaps the next.

    :ivar usable: nothing has ended or spoilt it
    :ivar idle_at: loop time of its last release
    """

    __slots__ = (
        "_gone",
        "_loop",
        "_paused",
        "_reading",
        "_stopped",
        "_transport",
        "_waiter",
        "idle_at",
        "origin",
        "usable",
    )

    def __init__(self, origin: Origin, gone: Callable[[Connection], None]) -> None:
        self.origin = origin
        self.usable = True
        self.idle_at = 0.0
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._paused = self._stopped = False
        self._reading: Reading | None = None
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        reading = self._reading
        if reading is None:  # what nobody asked for
            self.abort()
            return
        reading.feed(data)
        if reading.buffered > BUFFERED_MOST and self._transport and not self._stopped:
            self._stopped = True
            self._transport.pause_reading()
        self._wake()

    @override
    def eof_received(self) -> None:
        self._end(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        self._gone(self)

    @override
    def pause_writing(self) -> None:
        self._paused = True

    @override
    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    async def secure(self, trusted: ssl.SSLContext) -> None:
        """Speak TLS from now on, with whom the proxy has connected us to."""
        self._reading = None
        if self._transport is None or not self.usable:
            return
        self._transport = await self._loop.start_tls(
            self._transport, self, trusted, server_hostname=self.origin.host
        )

    def begin(self, reading: Reading) -> None:
        """Expect an answer from now on."""
        self._reading = reading

    def finish(self) -> None:
        """Expect nothing any more; only a clean connection stays open."""
        reading, self._reading = self._reading, None
        if reading is None or not reading.reusable:
            self.abort()
        self._go_on()  # or the next answer would never be read

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self.usable = False
        if self._transport:
            self._transport.abort()

    def stale(self) -> bool:
        """Whether the other end has closed it while it was idle, or has spoken.

        The loop may not have read that yet: it is asked of the system.
        """
        if not self.usable or self._transport is None or self._transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def write(self, data: bytes, seconds: float | None) -> None:
        """Write; waits while the other end is slow. A loss shows when reading."""
        if self.usable and self._transport:
            self._transport.write(data)
        while self._paused and self.usable:
            await self._happens(seconds, httpx.WriteTimeout)

    async def head(self, seconds: float | None) -> Reading:
        """Wait for status and headers."""
        reading = self._expected()
        while not reading.started:
            if reading.error:
                raise reading.error
            await self._happens(seconds, httpx.ReadTimeout)
        return reading

    async def part(self, seconds: float | None) -> bytes:
        """Wait for the next part of the body; b"" after the last."""
        reading = self._expected()
        while not reading.buffered and not reading.complete:
            if reading.error:
                raise reading.error
            self._go_on()
            await self._happens(seconds, httpx.ReadTimeout)
        return reading.take()

    def _expected(self) -> Reading:
        if self._reading is None:
            what = "the answer is closed"
            raise httpx.ReadError(what)
        return self._reading

    def _go_on(self) -> None:
        if self._stopped and self._transport and self.usable:
            self._stopped = False
            self._transport.resume_reading()

    def _end(self, why: Exception | None) -> None:
        self.usable = False
        if self._reading:
            self._reading.end(why)
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def _happens(self, seconds: float | None, wrong: Wrong) -> None:
        """Wait until anything happens; one timer, no task."""
        self._waiter = waiter = self._loop.create_future()
        timer = None
        if seconds is not None:
            timer = self._loop.call_later(seconds, expire, waiter, wrong)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer:
                timer.cancel()


def expire(waiter: asyncio.Future[Any], wrong: Wrong) -> None:
    """Tell who waits that the time is over."""
    if not waiter.done():
        waiter.set_exception(wrong("no answer within the time allowed"))
