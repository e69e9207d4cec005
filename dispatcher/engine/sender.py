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

from channels import http
from channels.contract import (
    Channel,
    Failed,
    FailureKind,
    Outcome,
    Provider,
    Unknown,
)
from dispatcher.core.callout import Progress
from dispatcher.engine import ringing
from dispatcher.engine.clock import Clock
from dispatcher.engine.context import Context
from dispatcher.engine.envelope import outgoing_of
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import Sent, record, reported, route_of, tell
from dispatcher.store import outbox
from dispatcher.store.calls import Call
from dispatcher.store.database import Database
from dispatcher.store.flags import DIAL_GUARD
from dispatcher.store.outbox import Lease, Sending

WINDOW = 128  # messages claimed at a time
REFILL = WINDOW // 2  # so many must have landed before more are claimed: no dribs
LEASE_SECONDS = 30.0
OTHERS_FIRST_SECONDS = 0.2
START_SECONDS = 10.0  # who waits longer for a line might outlive the lease on it
TEXTS = frozenset(set(Channel) - {Channel.VOICE})
CALLS = frozenset({Channel.VOICE})
TOO_LATE = reported(Progress.FAILED, FailureKind.HELD_BACK, "not_after")

log = structlog.get_logger()


class Sender:
    """Sends what waits; :meth:`turn` starts sending, :meth:`landed` waits for it.

    :ivar holder: the number of this worker, where there are several
    :ivar news: whether callouts have heard of what the last turn wrote down
    """

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
        # A route has a client of its own. What it may have on the wire waits here for
        # what the transport bears; how fast it may go is the rate of its channel.
        most = http.connections_most()
        self._lines = {name: asyncio.Semaphore(most) for name in providers}
        now = clock.now()
        self._buckets = {c: Bucket(keeper.rate(c), now) for c in keeper.channels}
        self._flying: set[asyncio.Task[None]] = set()
        self._results: list[Sent] = []
        self.holder = 0
        self.news = False
        self._after = timedelta()  # how long others may be quicker at a text
        self.freed = asyncio.Event()

    async def turn(self) -> int:
        """Write down what has landed and claim as much again; returns how much."""
        room = self._room()
        claimable = room and await self._waiting()
        results, self._results = self._results, []
        if not (results or claimable):
            return 0
        try:
            claimed = await self._exchange(results, room if claimable else 0)
        except BaseException:
            self._results = results + self._results
            raise
        context = await self._keeper.context()
        for flight in claimed:
            self._buckets[flight.first.channel].spend()
            task = asyncio.create_task(self._send(flight, context))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return len(results) + len(claimed)

    def _room(self) -> int:
        free = WINDOW - len(self._flying)
        return free if free >= REFILL else 0

    async def _waiting(self) -> bool:
        due_at = await self._database.read(self.due_at)
        return due_at is not None and due_at <= self._clock.now()

    def due_at(self, connection: Connection) -> datetime | None:
        """When something may be sent next, as far as lines and rates go.

        None while the window is full: ``freed`` tells when it is not, and to name what
        is overdue would have the worker look without a rest.
        """
        if not self._room():
            return None
        texts = outbox.next_due_at(connection)
        calls = ringing.next_due_at(connection, self._keeper.lines)
        texts = texts and texts + self._after
        moments = (
            max(due_at, self._ready_at(channels))
            for due_at, channels in ((texts, TEXTS), (calls, CALLS))
            if due_at
        )
        return min(moments, default=None)

    async def _exchange(self, results: list[Sent], room: int) -> list[Call]:
        """One transaction: results in, new claims out."""
        now = self._clock.now()
        until = now + self._clock.span(LEASE_SECONDS)
        lease = Lease(holder=self.holder, until=until)
        context = await self._keeper.context()
        texts = min(room, self._allowed(TEXTS))
        calls = min(room, self._allowed(CALLS))

        def exchange(connection: Connection) -> tuple[list[Call], bool]:
            heard = record(connection, context, results, now)
            dropped = outbox.drop_late(connection, now)
            tell(connection, context, dict.fromkeys(dropped, TOO_LATE), now)
            claimed = (
                outbox.claim(connection, now, lease, texts, after=self._after)
                if texts
                else []
            )
            placed = (
                ringing.place(connection, context, now, lease, calls) if calls else []
            )
            texted = (Call(first=one, messages=(one,)) for one in claimed)
            return [*placed, *texted], bool(heard or dropped)

        found, self.news = await self._database.write(exchange)
        return found

    def share(self, workers: int, *, last: bool) -> None:
        """Go as fast as each of so many workers may, so that all keep to the rates.

        :param last: take only what the others leave: this one has other work as well
        """
        self._after = self._clock.span(OTHERS_FIRST_SECONDS if last else 0)
        for channel, bucket in self._buckets.items():
            bucket.rate = self._keeper.rate(channel) / workers

    def _allowed(self, channels: frozenset[Channel]) -> int:
        """How many may go now; what has no rate has no bound."""
        now = self._clock.now()
        buckets = [self._buckets[c] for c in channels if c in self._buckets]
        return max((bucket.allowed(now) for bucket in buckets), default=0)

    def _ready_at(self, channels: frozenset[Channel]) -> datetime:
        """From when on something may be sent, as far as the rates go."""
        now = self._clock.now()
        buckets = [self._buckets[c] for c in channels if c in self._buckets]
        return min((bucket.ready_at(now) for bucket in buckets), default=now)

    async def _send(self, flight: Call, context: Context) -> None:
        route = route_of(context, flight.first)
        async with self._lines[route]:
            outcome = await self._said(flight.first, route, context)
        receipts = self._providers[route].capabilities.receipts
        self._results += [
            Sent(message=message, route=route, outcome=outcome, receipts=receipts)
            for message in flight.messages
        ]

    async def _said(
        self, message: Sending, route: str, context: Context
    ) -> Outcome | None:
        """What the provider says; None: it was not asked, the lease is too short."""
        now = self._clock.now()
        waited = now - (message.sent_at or now)
        if waited > self._clock.span(START_SECONDS):
            return None
        by_number = message.channel is not Channel.WECHAT
        unreadable = not message.number or not message.text
        if unreadable or (by_number and self._keeper.refuses(message.number)):
            log.error("sender.number.refused", message=message.id)
            return Failed(kind=FailureKind.PERMANENT_ADDRESS, code=DIAL_GUARD)
        try:
            outgoing = outgoing_of(context, message, now)
            return await self._providers[route].send(outgoing)
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


class Bucket:
    """A token bucket: so many a second, and a second's worth saved, or a single one."""

    def __init__(self, rate: float, now: datetime) -> None:
        self.rate = rate
        self._tokens = max(rate, 1.0)
        self._at = now

    def allowed(self, now: datetime) -> int:
        """How many may go now."""
        passed = (now - self._at).total_seconds()
        self._tokens = min(max(self.rate, 1.0), self._tokens + passed * self.rate)
        self._at = now
        return int(self._tokens)

    def ready_at(self, now: datetime) -> datetime:
        """When the next one may go."""
        missing = max(0.0, 1 - self._tokens) if self.allowed(now) < 1 else 0.0
        return now + timedelta(seconds=math.ceil(missing / self.rate * 1e6) / 1e6)

    def spend(self) -> None:
        """One goes."""
        self._tokens -= 1
