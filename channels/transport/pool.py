"""The connections of one client: each is lent to one request at a time.

What was used last is lent first, so that the rest can grow old; who waits is served in
order. Every step costs the same however many connections there are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf

import httpx

from channels.transport.connection import Connection, Origin, expire
from channels.transport.dialling import Dialler

CLOSED = "the client is closed"

Lent = Connection | None  # None: a place, to open a connection of one's own


class Pool:
    """Lends connections, at most so many, and keeps some of them open."""

    def __init__(self, dialler: Dialler, limits: httpx.Limits) -> None:
        most, kept = limits.max_connections, limits.max_keepalive_connections
        self._most = inf if most is None else most
        self._kept_most = inf if kept is None else kept
        self._kept_seconds = limits.keepalive_expiry
        self._dialler = dialler
        self._closed = False
        self._taken = 0  # places: connections open, and opening
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._kept = 0
        self._waiting: deque[tuple[Origin, asyncio.Future[Lent]]] = deque()
        self._empty = asyncio.Event()

    async def borrow(
        self, origin: Origin, wait: float | None, connect: float | None
    ) -> Connection:
        """Lend a connection: one that is idle, a new one, or the next to come back.

        :raises httpx.PoolTimeout: nothing has come back in time
        :raises httpx.ConnectError: or ConnectTimeout, when no connection can be had
        """
        while True:
            if lent := self._rested(origin):
                return lent
            if self._taken < self._most:
                self._taken += 1
            elif lent := await self._next(origin, wait):
                if not lent.stale():
                    return lent
                lent.abort()
                continue  # lost on its way to us
            return await self._opened(origin, connect)

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, for who waits or for later."""
        connection.finish()
        self._pass_on(connection)

    async def aclose(self) -> None:
        """Close all, also those in use; returns when the system has them back."""
        self._closed = True
        while first := self._first():
            self._waiting.popleft()
            first[1].set_exception(httpx.ConnectError(CLOSED))
        for connection in (*self._open,):
            connection.abort()
        while self._open:
            self._empty.clear()
            await self._empty.wait()

    def _rested(self, origin: Origin) -> Connection | None:
        """The idle connection used last, if it is still good."""
        idle = self._idle.get(origin)
        now = asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            self._kept -= 1
            if not self._old(connection, now) and not connection.stale():
                return connection
            connection.abort()
        return None

    def _keep(self, connection: Connection) -> None:
        idle = self._idle.setdefault(connection.origin, [])
        now = connection.idle_at = asyncio.get_running_loop().time()
        if idle and self._old(idle[0], now):
            self._drop_oldest(idle)
        if self._kept >= self._kept_most:
            connection.abort()
            return
        idle.append(connection)
        self._kept += 1

    def _old(self, connection: Connection, now: float) -> bool:
        seconds = self._kept_seconds
        return seconds is not None and now - connection.idle_at > seconds

    def _drop_oldest(self, idle: list[Connection]) -> None:
        self._kept -= 1
        idle.pop(0).abort()

    async def _next(self, origin: Origin, seconds: float | None) -> Lent:
        """Wait for our turn; an idle connection to elsewhere makes room for us."""
        if self._kept:
            self._drop_oldest(next(idle for idle in self._idle.values() if idle))
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Lent] = loop.create_future()
        self._waiting.append((origin, waiter))
        timer = seconds is not None and loop.call_later(
            seconds, expire, waiter, httpx.PoolTimeout
        )
        try:
            return await waiter
        except asyncio.CancelledError:
            self._decline(waiter)
            raise
        finally:
            if timer:
                timer.cancel()

    def _decline(self, waiter: asyncio.Future[Lent]) -> None:
        """Pass on what was lent to somebody who has been cancelled meanwhile."""
        if waiter.cancelled() or not waiter.done() or waiter.exception():
            return
        if lent := waiter.result():
            self._pass_on(lent)
        else:
            self._free()

    def _pass_on(self, connection: Connection) -> None:
        if self._closed or not connection.usable:
            connection.abort()
        elif first := self._first():
            self._hand(connection, *first)
        else:
            self._keep(connection)

    def _first(self) -> tuple[Origin, asyncio.Future[Lent]] | None:
        """Who waits longest."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def _hand(
        self, connection: Connection, origin: Origin, waiter: asyncio.Future[Lent]
    ) -> None:
        if origin == connection.origin:
            self._waiting.popleft()
            waiter.set_result(connection)
        else:
            connection.abort()  # its place is his, once it is free

    async def _opened(self, origin: Origin, seconds: float | None) -> Connection:
        """Open a connection on a place that is already taken."""
        try:
            connection = await self._connect(origin, seconds)
        except BaseException:
            self._free()
            raise
        self._open.add(connection)
        return connection

    async def _connect(self, origin: Origin, seconds: float | None) -> Connection:
        connection = Connection(origin, self._gone)
        await self._dialler.dial(connection, seconds)
        if self._closed:
            connection.abort()
            raise httpx.ConnectError(CLOSED)
        return connection

    def _gone(self, connection: Connection) -> None:
        """Free the place of a connection that has ended."""
        idle = self._idle.get(connection.origin, [])
        if connection in idle:
            idle.remove(connection)
            self._kept -= 1
        if connection in self._open:
            self._open.remove(connection)
            self._free()
        if not self._open:
            self._empty.set()

    def _free(self) -> None:
        """Give a place to who waits longest."""
        if first := self._first():
            self._waiting.popleft()
            first[1].set_result(None)
        else:
            self._taken -= 1
