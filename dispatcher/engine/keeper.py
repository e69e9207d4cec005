"""Keeps the context at hand: the roster in memory, read again when it has changed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from channels.contract import Channel
from config.policy import PolicySet
from config.texts import Texts
from contacts.numbers import guard
from dispatcher.engine.channels import Robots
from dispatcher.engine.clock import wait_for
from dispatcher.engine.context import Context, no_link
from dispatcher.store import rereading
from dispatcher.store.database import Database
from dispatcher.store.rereading import Kept

LARGE = 5_000  # people: what is read in a fraction of a second is waited for
WATCH_SECONDS = 1.0
RIGHT_SECONDS = 5.0  # for longer nobody is called by a roster that was replaced

log = structlog.get_logger()


def _seconds() -> float:
    return asyncio.get_running_loop().time()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Look for no garbage: among 100,000 new people that stalls a process for 0.3 s."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What does not change while the process runs.

    :ivar allow_test_numbers: whether +999 may be dialled
    :ivar callback_days: how long callbacks are kept as they came in
    """

    policies: PolicySet
    texts: Texts
    routes: Mapping[Channel, tuple[str, ...]]
    signature: str
    rates: Mapping[Channel, float]
    lines: int
    allow_test_numbers: bool
    link: Callable[[str], str] = no_link
    robots: Robots = field(default_factory=dict)
    callback_days: int = 180


class Keeper:
    """Hands out the present context."""

    def __init__(self, database: Database, fixed: Fixed) -> None:
        self._database = database
        self._fixed = fixed
        self._context: Context | None = None
        self._kept: Kept | None = None
        self._reading: asyncio.Task[Context] | None = None
        self._right_at = 0.0
        self._lock = asyncio.Lock()

    @property
    def lines(self) -> int:
        """How many calls may go on at a time."""
        return self._fixed.lines

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels with a rate."""
        return tuple(self._fixed.rates)

    @property
    def robots(self) -> tuple[str, ...]:
        """Channels that speak to groups."""
        return tuple(self._fixed.robots)

    @property
    def callback_span(self) -> timedelta:
        """How long callbacks are kept as they came in."""
        return timedelta(days=self._fixed.callback_days)

    def rate(self, channel: Channel) -> float:
        """Messages a second a channel may carry."""
        return self._fixed.rates[channel]

    def refuses(self, number: str) -> str | None:
        """Why a number must never be dialled, whatever the roster says of it."""
        return guard(number, allow_test_numbers=self._fixed.allow_test_numbers)

    async def context(self) -> Context:
        """The context as it was at the last refresh."""
        return self._context or await self.refresh()

    async def refresh(self) -> Context:
        """Look whether the roster has changed, and read what has.

        Where all of a large roster has just become another, the one before is at hand
        until it is read: no warning waits for that.
        """
        async with self._lock:
            if self._context and self._reading and not self._reading.done():
                return self._context
            await self._read()
            return await self._catch_up() or await self._begin()

    async def renewed(self) -> Context:
        """The context as the store has it now, however long it takes to read it."""
        context = await self.refresh()
        while self._reading:
            await self._read()
            context = await self.refresh()
        return context

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look every second, so that there is never much to catch up with."""
        task = asyncio.create_task(self._watch(), name="roster-watch")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self) -> None:
        never = asyncio.Event()
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("roster.read.failed")
            await wait_for(never, WATCH_SECONDS)

    async def aclose(self) -> None:
        """Read no more."""
        if self._reading:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _catch_up(self) -> Context | None:
        """Read what has changed; None: too much for that."""
        if self._kept is None:
            return None
        work = partial(rereading.caught_up, kept=self._kept)
        kept = await self._database.read(work)
        return self._keep(kept) if kept else None

    async def _begin(self) -> Context:
        """Begin to read all; wait for it, unless the old one will do so long."""
        old = self._context if self._will_do() else None
        reading = asyncio.create_task(self._read_whole(), name="roster")
        self._reading = reading
        if old:
            return old
        await self._read()
        return reading.result()

    def _will_do(self) -> bool:
        """Whether there is much to read, and what we have was right a moment ago."""
        return self._large and _seconds() - self._right_at < RIGHT_SECONDS

    @property
    def _large(self) -> bool:
        return self._kept is not None and len(self._kept.roster.people) > LARGE

    async def _read(self) -> None:
        """Wait for what is being read; its failure is told once."""
        if reading := self._reading:
            await asyncio.wait([reading])
            if self._reading is reading:
                self._reading = None
            reading.result()

    async def _read_whole(self) -> Context:
        with _undisturbed():
            context = self._keep(await self._database.read(rereading.read_whole))
            if self._large:
                gc.freeze()  # it stays: to look it through later costs as much
        return context

    def _keep(self, kept: Kept) -> Context:
        self._right_at = _seconds()
        if self._context and kept is self._kept:
            return self._context
        fixed = self._fixed
        self._kept = kept
        self._context = Context(
            roster=kept.roster,
            atlas=kept.atlas,
            outlines=kept.lands,
            policies=fixed.policies,
            texts=fixed.texts,
            routes=fixed.routes,
            signature=fixed.signature,
            rates=fixed.rates,
            lines=fixed.lines,
            link=fixed.link,
            robots=fixed.robots,
        )
        return self._context
