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

from channels.contract import Channel, Outgoing, Provider, Unknown
from dispatcher.engine.clock import Clock
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import Sent, record, route_of
from dispatcher.store import outbox
from dispatcher.store.database import Database
from dispatcher.store.outbox import Sending

WINDOW = 64  # messages claimed at a time
REFILL = WINDOW // 2  # so few must be left before more are claimed: not one by one
CONNECTIONS = 8  # requests on the wire at a time, for each route
LEASE_SECONDS = 30.0
VALID_SECONDS = 3600  # how long a provider may keep trying a text without an end

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
        self._buckets: dict[Channel, Bucket] = {}
        self._flying: set[asyncio.Task[None]] = set()
        self._results: list[Sent] = []
        self._flushing = asyncio.Lock()
        self.freed = asyncio.Event()

    async def turn(self) -> int:
        """Claim as much as the window and the rates allow, and start sending it."""
        if len(self._flying) > REFILL:
            return 0
        room = min(WINDOW - len(self._flying), self._allowed())
        if room <= 0:
            return 0
        now = self._clock.now()
        lease_until = now + self._clock.span(LEASE_SECONDS)
        context = await self._keeper.context()

        def claim(connection: Connection) -> list[Sending]:
            outbox.drop_late(connection, now)
            return outbox.claim(connection, now, lease_until, room)

        claimed = await self._database.write(claim)
        for message in claimed:
            self._bucket(message.channel).spend()
            route = route_of(context, message)
            task = asyncio.create_task(self._send(message, route))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return len(claimed)

    def _allowed(self) -> int:
        now = self._clock.now()
        return max((b.allowed(now) for b in self._buckets.values()), default=WINDOW)

    def ready_at(self) -> datetime:
        """From when on something may be sent, as far as the rates go."""
        now = self._clock.now()
        return min((b.ready_at(now) for b in self._buckets.values()), default=now)

    def _bucket(self, channel: Channel) -> Bucket:
        if channel not in self._buckets:
            rate = self._keeper.rate(channel)
            self._buckets[channel] = Bucket(rate, self._clock.now())
        return self._buckets[channel]

    async def _send(self, message: Sending, route: str) -> None:
        provider = self._providers[route]
        outgoing = outgoing_of(message, self._clock.now())
        async with self._lines[route]:
            try:
                outcome = await provider.send(outgoing)
            except Exception as failure:
                log.exception("sender.provider.crashed", route=route)
                outcome = Unknown(code=type(failure).__name__)
        self._results.append(Sent(message=message, route=route, outcome=outcome))
        await self._flush()

    async def _flush(self) -> None:
        """Write what has landed; results that land meanwhile go with the next flush."""
        async with self._flushing:
            results, self._results = self._results, []
            if not results:
                return
            now = self._clock.now()
            context = await self._keeper.context()
            await self._database.write(
                lambda connection: record(connection, context, results, now)
            )

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self.freed.set()
        if not task.cancelled() and task.exception():
            log.error("sender.result.lost", error=repr(task.exception()))

    async def landed(self) -> None:
        """Wait until nothing is on the wire and every result is on disk."""
        while self._flying:
            await asyncio.wait(self._flying)


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
    """A token bucket: so many a second, and a second's worth saved at the most."""

    def __init__(self, rate: float, now: datetime) -> None:
        self._rate = rate
        self._tokens = rate
        self._at = now

    def allowed(self, now: datetime) -> int:
        """How many may go now."""
        passed = (now - self._at).total_seconds()
        self._tokens = min(self._rate, self._tokens + passed * self._rate)
        self._at = now
        return int(self._tokens)

    def ready_at(self, now: datetime) -> datetime:
        """When the next one may go."""
        missing = max(0.0, 1 - self._tokens) if self.allowed(now) < 1 else 0.0
        return now + timedelta(seconds=math.ceil(missing / self._rate * 1e6) / 1e6)

    def spend(self) -> None:
        """One goes."""
        self._tokens -= 1
