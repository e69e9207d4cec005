"""Takes the outbox to the wire: by lane, in small batches, under leases and rates.

A message is ``sending`` with a lease on disk before its request starts. What is claimed
is never more than the window, so a crash leaves at most a window of doubt, and doubt is
settled by asking the provider (:mod:`dispatcher.engine.reconcile`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from channels.contract import (
    Failed,
    FailureKind,
    Outcome,
    Outgoing,
    Provider,
    Unknown,
)
from dispatcher.engine.clock import Clock
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import Sent, record, route_of
from dispatcher.store import outbox
from dispatcher.store.database import Database
from dispatcher.store.outbox import Sending

WINDOW = 128  # messages claimed at a time
REFILL = WINDOW // 2  # so many must have landed before more are claimed: no dribs
CONNECTIONS = 8  # requests on the wire at a time, for each route
LEASE_SECONDS = 30.0
START_SECONDS = 10.0  # who waits longer for a line might outlive the lease on it
VALID_SECONDS = 3600  # how long a provider may keep trying a text without an end

REFUSED = "dial_guard"

log = structlog.get_logger()


class Sender:
    """Sends what waits; :meth:`turn` starts sending, :meth:`landed` waits for it."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        clock: Clock,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._providers = providers
        self._clock = clock
        self._lines = {name: asyncio.Semaphore(CONNECTIONS) for name in providers}
        now = clock.now()
        self._buckets = {c: Bucket(keeper.rate(c), now) for c in keeper.channels}
        self._flying: set[asyncio.Task[None]] = set()
        self._results: list[Sent] = []
        self.freed = asyncio.Event()

    async def turn(self) -> int:
        """Write down what has landed and claim as much again; returns how much."""
        free = WINDOW - len(self._flying)
        room = max(0, min(free, self._allowed())) if free >= REFILL else 0
        claimable = room and await self._waiting()
        results, self._results = self._results, []
        if not (results or claimable):
            return 0
        try:
            claimed = await self._exchange(results, room)
        except BaseException:
            self._results = results + self._results
            raise
        context = await self._keeper.context()
        for message in claimed:
            self._buckets[message.channel].spend()
            task = asyncio.create_task(self._send(message, route_of(context, message)))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return len(results) + len(claimed)

    async def _waiting(self) -> bool:
        due_at = await self._database.read(outbox.next_due_at)
        return due_at is not None and due_at <= self._clock.now()

    async def _exchange(self, results: list[Sent], room: int) -> list[Sending]:
        """One transaction: results in, new claims out."""
        now = self._clock.now()
        lease_until = now + self._clock.span(LEASE_SECONDS)
        context = await self._keeper.context()

        def exchange(connection: Connection) -> list[Sending]:
            record(connection, context, results, now)
            outbox.drop_late(connection, now)
            return outbox.claim(connection, now, lease_until, room) if room else []

        return await self._database.write(exchange)

    def _allowed(self) -> int:
        now = self._clock.now()
        return max((b.allowed(now) for b in self._buckets.values()), default=WINDOW)

    def ready_at(self) -> datetime:
        """From when on something may be sent, as far as the rates go."""
        now = self._clock.now()
        return min((b.ready_at(now) for b in self._buckets.values()), default=now)

    async def _send(self, message: Sending, route: str) -> None:
        async with self._lines[route]:
            outcome = await self._said(message, route)
        self._results.append(
            Sent(
                message=message,
                route=route,
                outcome=outcome,
                receipts=self._providers[route].capabilities.receipts,
            )
        )

    async def _said(self, message: Sending, route: str) -> Outcome | None:
        """What the provider says; None: it was not asked, the lease is too short."""
        now = self._clock.now()
        waited = now - (message.sent_at or now)
        if waited > self._clock.span(START_SECONDS):
            return None
        if self._keeper.refuses(message.number):
            log.error("sender.number.refused", message=message.id)
            return Failed(kind=FailureKind.PERMANENT_ADDRESS, code=REFUSED)
        try:
            return await self._providers[route].send(outgoing_of(message, now))
        except Exception as failure:
            log.exception("sender.provider.crashed", route=route)
            return Unknown(code=type(failure).__name__)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self.freed.set()
        if not task.cancelled() and task.exception():
            log.error("sender.result.lost", error=repr(task.exception()))

    async def landed(self) -> None:
        """Wait until nothing is on the wire."""
        while self._flying:
            await asyncio.wait(self._flying)

    async def drain(self) -> None:
        """Claim nothing more; wait for what is on the wire and write it down."""
        await self.landed()
        results, self._results = self._results, []
        if results:
            await self._exchange(results, 0)


def outgoing_of(message: Sending, now: datetime) -> Outgoing:
    """A message as its provider takes it."""
    left = message.not_after - now if message.not_after else None
    return Outgoing(
        id=message.id,
        to=message.number,
        text=message.text,
        valid_seconds=int(left.total_seconds()) if left else VALID_SECONDS,
    )


class Bucket:
    """A token bucket: so many a second, and a second's worth saved, or a single one."""

    def __init__(self, rate: float, now: datetime) -> None:
        self._rate = rate
        self._most = max(rate, 1.0)
        self._tokens = self._most
        self._at = now

    def allowed(self, now: datetime) -> int:
        """How many may go now."""
        passed = (now - self._at).total_seconds()
        self._tokens = min(self._most, self._tokens + passed * self._rate)
        self._at = now
        return int(self._tokens)

    def ready_at(self, now: datetime) -> datetime:
        """When the next one may go."""
        missing = max(0.0, 1 - self._tokens) if self.allowed(now) < 1 else 0.0
        return now + timedelta(seconds=math.ceil(missing / self._rate * 1e6) / 1e6)

    def spend(self) -> None:
        """One goes."""
        self._tokens -= 1
