"""The composition root: settings in, a running house out. Tests and demo use it too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from channels import registry
from channels.contract import Channel, Provider
from config.load import load_policies
from config.settings import Settings
from config.texts import Texts
from dispatcher.engine.clock import Clock, ScaledClock, SystemClock, wait_for
from dispatcher.engine.inbox import Inbox
from dispatcher.engine.keeper import Fixed, Keeper
from dispatcher.engine.reconcile import Reconciler
from dispatcher.engine.rules import Rules, next_due_at
from dispatcher.engine.sender import Sender
from dispatcher.store import outbox
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate

RATE_KEY = "rate_per_second"
RATE_DEFAULT = 100.0
SAFETY_SECONDS = 5.0  # a lost wake-up costs this much at the most
LEAST_SECONDS = 0.02  # what is due and can't be done yet is no reason to spin
SICK_SECONDS = 1.0
DRAIN_SECONDS = 15.0

log = structlog.get_logger()

Turn = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything wired together."""

    settings: Settings
    clock: Clock
    database: Database
    keeper: Keeper
    providers: Mapping[str, Provider]
    engine: Engine


class Engine:
    """The worker's duties. Each goes on when another one fails."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self.sender = Sender(database, keeper, providers, clock)
        self._rules = Rules(database, keeper, clock)
        self._inbox = Inbox(database, keeper, providers, clock)
        self._reconciler = Reconciler(database, keeper, providers, clock)
        self._woken = {name: asyncio.Event() for name in ("rules", "inbox")}
        self._ticked = asyncio.Event()
        self._stopping = asyncio.Event()

    async def recover(self) -> int:
        """At start: what a dead worker was sending is in doubt now."""
        now = self._clock.now()
        return await self._database.write(lambda c: outbox.take_over_leases(c, now))

    async def turn(self) -> int:
        """Do every duty once, the sender until nothing waits; returns how much."""
        done = await self._rules.turn() + await self._inbox.turn()
        while sent := await self.sender.turn():
            await self.sender.landed()
            done += sent
        return done + await self._reconciler.turn()

    async def next_due_at(self) -> datetime | None:
        """When something falls due next."""
        rules = await self._database.read(next_due_at)
        messages = await self._database.read(outbox.next_due_at)
        if messages:
            messages = max(messages, self.sender.ready_at())
        return min((at for at in (rules, messages) if at), default=None)

    def wake(self) -> None:
        """Something was committed: look now."""
        for event in (*self._woken.values(), self.sender.freed):
            event.set()

    def tick(self) -> None:
        """A second has passed: look at everything."""
        self._ticked.set()
        self.wake()

    def stop(self) -> None:
        """Begin nothing new; :meth:`run` ends when what is on the wire has landed."""
        self._stopping.set()
        self.tick()

    async def run(self) -> None:
        """Do all duties until :meth:`stop`."""
        recovered = await self.recover()
        log.info("engine.started", in_doubt=recovered)
        rules, inbox = self._woken["rules"], self._woken["inbox"]
        duties = (
            Duty("rules", self._rules.turn, rules, self._until_due),
            Duty("inbox", self._inbox.turn, inbox, _at_most),
            Duty("sender", self.sender.turn, self.sender.freed, self._until_due),
            Duty("reconcile", self._reconciler.turn, self._ticked, _at_most),
        )
        async with asyncio.TaskGroup() as group:
            for duty in duties:
                group.create_task(self._repeat(duty))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.sender.drain(), DRAIN_SECONDS)
        log.info("engine.stopped")

    async def _repeat(self, duty: Duty) -> None:
        while not self._stopping.is_set():
            duty.wake.clear()
            try:
                done = await duty.turn()
                rest = await duty.rest()
            except Exception:
                log.exception("engine.duty.failed", duty=duty.name)
                done, rest = 0, SICK_SECONDS
            if done:
                self.wake()
            else:
                await wait_for(duty.wake, rest)

    async def _until_due(self) -> float:
        """Real seconds until something falls due, so that nobody waits for the tick."""
        due_at = await self.next_due_at()
        if due_at is None:
            return SAFETY_SECONDS
        left = (due_at - self._clock.now()) / self._clock.span(1)
        return min(max(left, LEAST_SECONDS), SAFETY_SECONDS)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the worker does again and again.

    :ivar wake: set when it may have something to do
    :ivar rest: how long it may sleep when it had nothing to do
    """

    name: str
    turn: Turn
    wake: asyncio.Event
    rest: Callable[[], Awaitable[float]]


async def _at_most() -> float:
    return SAFETY_SECONDS


def clock_of(settings: Settings) -> Clock:
    """Real time, or the scaled time that demos run in."""
    origin = settings.engine.clock_origin
    if origin is None:
        return SystemClock()
    return ScaledClock(settings.engine.speed, origin)


def database_file(settings: Settings) -> Path | None:
    """The file the store lives in; None when it lives in memory."""
    name = make_url(settings.store.url).database
    return Path(name) if name and name != ":memory:" else None


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the store and bring its schema up to date."""
    file = database_file(settings)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
    async with Database(settings.store.url).running() as database:
        await database.write(migrate)
        yield database


@contextlib.asynccontextmanager
async def running(
    settings: Settings, clock: Clock | None = None
) -> AsyncIterator[Runtime]:
    """Wire everything, and give it all back at the end."""
    clock = clock or clock_of(settings)
    providers, rates = _channels(settings)
    async with opened(settings) as database:
        keeper = Keeper(database, _fixed(settings, rates))
        engine = Engine(database, keeper, providers, clock)
        try:
            yield Runtime(
                settings=settings,
                clock=clock,
                database=database,
                keeper=keeper,
                providers=providers,
                engine=engine,
            )
        finally:
            for provider in providers.values():
                await provider.aclose()


def _channels(settings: Settings) -> tuple[dict[str, Provider], dict[str, float]]:
    providers, rates = {}, {}
    for name, given in settings.channels.items():
        own = dict(given)
        rates[name] = float(own.pop(RATE_KEY, RATE_DEFAULT))
        providers[name] = registry.build(
            name, own, public_base_url=settings.server.public_base_url
        )
    return providers, rates


def _fixed(settings: Settings, rates: Mapping[str, float]) -> Fixed:
    routes = {
        Channel(channel): tuple(names) for channel, names in settings.routes.items()
    }
    return Fixed(
        policies=load_policies(settings.policies.dir),
        texts=Texts.load(),
        routes=routes,
        signature=settings.texts.signature,
        rates={
            channel: sum(rates[name] for name in names)
            for channel, names in routes.items()
        },
        allow_test_numbers=settings.security.allow_test_numbers,
    )
