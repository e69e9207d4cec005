"""The composition root: settings in, a running house out. Tests and demo use it too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from channels.contract import Channel, Provider
from config.certificates import certificates_of
from config.load import load_policies
from config.settings import Settings
from config.texts import Texts
from dispatcher.engine.broadcasting import Broadcaster
from dispatcher.engine.channels import Channels, channels_of
from dispatcher.engine.clock import Clock, ScaledClock, SystemClock, wait_for
from dispatcher.engine.crew import ALONE, Teller
from dispatcher.engine.feeds import Feeds, Sources
from dispatcher.engine.hangup import HangUp
from dispatcher.engine.inbox import Inbox
from dispatcher.engine.keeper import Fixed, Keeper
from dispatcher.engine.keyring import FileRing, load_or_make, new_key
from dispatcher.engine.links import Links
from dispatcher.engine.reconcile import Reconciler
from dispatcher.engine.retention import Retention
from dispatcher.engine.rules import Rules, next_due_at
from dispatcher.engine.sealing import Sealer, SealFile
from dispatcher.engine.sender import Sender
from dispatcher.engine.signet import Signet
from dispatcher.intake.signature import Signers
from dispatcher.store import workers
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault, check
from dispatcher.store.writer import Work

LINK_KEY = "link"  # file of the key that links are made with
SEAL_KEY = "seal"  # file of the key that seals are signed with
SAFETY_SECONDS = 5.0  # a lost wake-up costs this much at the most
LEAST_SECONDS = 0.02  # what is due and can't be done yet is no reason to spin
SICK_SECONDS = 1.0
DRAIN_SECONDS = 15.0
# Duties that wait for nobody but the store, and how long one turn may take.
STEADY = frozenset({"sender", "rules", "spool", "inbox"})
STUCK_SECONDS = 120.0

log = structlog.get_logger()

Turn = Callable[[], Awaitable[int]]
Sends = Callable[[int], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything wired together."""

    settings: Settings
    clock: Clock
    database: Database
    keeper: Keeper
    links: Links
    providers: Mapping[str, Provider]
    signers: Signers
    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Singletons:
    """Duties that one process in the house may have."""

    feeds: Feeds
    sealer: Sealer


def _nobody() -> None:
    """There is no other process of this worker."""


class Engine:
    """A worker's duties: to send, and the rules. Each goes on when another fails.

    :ivar ring: wakes the process beside this one, where two are one worker
    """

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        singletons: Singletons,
        clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self.sender = Sender(database, keeper, providers, clock)
        self._rules = Rules(database, keeper, clock)
        self._inbox = Inbox(database, keeper, providers, clock)
        self._reconciler = Reconciler(database, keeper, providers, clock)
        self._hang_up = HangUp(database, keeper, providers)
        self._broadcaster = Broadcaster(database, keeper, providers, clock)
        self._retention = Retention(database, keeper, clock)
        self.feeds = singletons.feeds
        self.sealer = singletons.sealer
        names = ("rules", "spool", "inbox", "hang_up", "broadcaster")
        self._woken = {name: asyncio.Event() for name in names}
        self._ticked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ruling = asyncio.Event()
        self._ruled = False
        self._shared = False
        self._tell = Teller(database)
        self.ring: Callable[[], None] = _nobody
        self._turned: dict[str, float] = {}  # when each steady duty began its turn

    async def recover(self) -> int:
        """What a dead worker was sending is in doubt now; returns how much that is."""
        now = self._clock.now()
        return await self._database.write(lambda c: workers.bury(c, now))

    async def doubt(self, number: int) -> int:
        """What a worker was sending is in doubt: the process that did it has died."""
        now = self._clock.now()
        return await self._database.write(lambda c: workers.doubt(c, number, now))

    async def turn(self) -> int:
        """Do every duty once, the sender until nothing waits; returns how much."""
        done = sum([await self.feeds.turn(name) for name in self.feeds.names])
        done += await self._rules.turn() + await self._database.carry_in()
        done += await self._inbox.turn()
        while sent := await self.sender.turn():
            await self.sender.landed()
            done += sent
        done += await self._hang_up.turn() + await self._broadcaster.turn()
        done += await self._reconciler.turn()
        done += await self._retention.turn()
        return done + await self.sealer.turn()

    async def next_due_at(self) -> datetime | None:
        """When something falls due next."""
        rules = await self._database.read(next_due_at)
        messages = await self._database.read(self.sender.due_at)
        broadcasts = await self._database.read(self._broadcaster.due_at)
        moments = (rules, messages, broadcasts)
        return min((at for at in moments if at), default=None)

    def wake(self) -> None:
        """Something was committed: look now."""
        for event in (*self._woken.values(), self.sender.freed):
            event.set()

    def tick(self) -> None:
        """A second has passed: look at everything."""
        self._ticked.set()
        self.wake()

    def share(self, workers: int) -> None:
        """So many workers share what there is to send."""
        self._shared = workers > 1
        ruling = self._ruling.is_set()
        self.sender.share(max(workers, 1), last=self._shared and ruling)

    def rule(self) -> None:
        """Do from now on what one worker does for all."""
        self._ruling.set()

    def stop(self) -> None:
        """Begin nothing new; :meth:`run` ends when what is on the wire has landed."""
        self._stopping.set()
        self._ruling.set()
        self.tick()

    def well(self) -> bool:
        """Whether no duty is stuck: to be started again is all that helps then."""
        if self._stopping.is_set():
            return True
        longest_ago = asyncio.get_running_loop().time() - STUCK_SECONDS
        return all(at > longest_ago for at in self._turned.values())

    async def run(self, number: int = ALONE, send: Sends | None = None) -> None:
        """Send until :meth:`stop`; from :meth:`rule` on, do all duties.

        :param number: the worker's among those that share the store
        :param send: has somebody else send instead, until :meth:`stop`
        """
        if number == ALONE:  # what is held is not this one's: it has sent nothing yet
            await self._take_over()
        async with asyncio.TaskGroup() as group:
            group.create_task((send or self.send)(number))
            group.create_task(self._rule(number))
        if self._ruled:
            await self._last_seal()
        log.info("engine.stopped")

    async def send(self, number: int) -> None:
        """Send until :meth:`stop`, and until what is on the wire has landed.

        :param number: the worker's this process sends for
        """
        self.sender.holder = number
        sender = self.sender
        until_due = partial(self._until, sender.due_at)
        await self._repeat(
            Duty("sender", sender.turn, sender.freed, until_due, lambda: sender.news)
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.sender.drain(), DRAIN_SECONDS)

    async def _take_over(self) -> None:
        recovered = await self.recover()
        log.info("engine.started", in_doubt=recovered)

    async def _rule(self, number: int) -> None:
        """Do what one worker does for all, once that is this one."""
        await self._ruling.wait()
        if self._stopping.is_set():
            return
        self._ruled = True
        if number != ALONE:
            await self._take_over()
        rules, spool, inbox, hang_up, broadcaster = self._woken.values()
        until_due = partial(self._until, next_due_at)
        until_said = partial(self._until, self._broadcaster.due_at)
        duties = (
            Duty("rules", self._rules.turn, rules, until_due),
            Duty("spool", self._database.carry_in, spool, _at_most),
            Duty("inbox", self._inbox.turn, inbox, _at_most),
            Duty("hang_up", self._hang_up.turn, hang_up, _at_most),
            Duty("broadcast", self._broadcaster.turn, broadcaster, until_said),
            Duty("reconcile", self._reconciler.turn, self._ticked, _at_most),
            Duty("seal", self.sealer.turn, self._ticked, _at_most),
            Duty("retention", self._retention.turn, self._ticked, _at_most),
            Duty("bury", self._bury, self._ticked, _at_most),
        )
        async with asyncio.TaskGroup() as group:
            for duty in duties:
                group.create_task(self._repeat(duty))
            fetching = [
                group.create_task(self._repeat(self._fetching(name)))
                for name in self.feeds.names
            ]
            await self._stopping.wait()
            for task in fetching:  # nothing is lost: it is fetched again
                task.cancel()

    async def _bury(self) -> int:
        """What a worker that died held is in doubt; waiting for its lease is slow."""
        gone = await self._database.read(workers.any_gone)
        return await self.recover() if gone else 0

    async def _last_seal(self) -> None:
        """What is not sealed now is sealed by the next process."""
        try:
            await self.sealer.seal()
        except Exception:
            log.exception("engine.duty.failed", duty="seal")

    def _fetching(self, name: str) -> Duty:
        turn = partial(self.feeds.turn, name)
        return Duty(f"feed {name}", turn, self._ticked, _at_most)

    async def _repeat(self, duty: Duty) -> None:
        while not self._stopping.is_set():
            if duty.name in STEADY:
                self._turned[duty.name] = asyncio.get_running_loop().time()
            duty.wake.clear()
            try:
                done = await duty.turn()
                rest = 0.0 if done else await duty.rest()
            except Exception:
                log.exception("engine.duty.failed", duty=duty.name)
                done, rest = 0, SICK_SECONDS
            if done:
                self.wake()
                self._spread(duty)
            else:
                await wait_for(duty.wake, rest)

    def _spread(self, duty: Duty) -> None:
        """Let other processes hear of what a duty has done, if it is any of theirs."""
        if duty.news():
            self.ring()
            if self._shared:
                self._tell()

    async def _until(self, next_due: Work[datetime | None]) -> float:
        """Real seconds until a duty's next work, so that nobody waits for the tick."""
        due_at = await self._database.read(next_due)
        if due_at is None:
            return SAFETY_SECONDS
        left = (due_at - self._clock.now()) / self._clock.span(1)
        return min(max(left, LEAST_SECONDS), SAFETY_SECONDS)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the worker does again and again.

    :ivar wake: set when it may have something to do
    :ivar rest: how long it may sleep when it had nothing to do
    :ivar news: whether what it has done is anything to other duties
    """

    name: str
    turn: Turn
    wake: asyncio.Event
    rest: Callable[[], Awaitable[float]]
    news: Callable[[], bool] = lambda: True


async def _at_most() -> float:
    return SAFETY_SECONDS


IN_MEMORY = frozenset({None, "", ":memory:"})


def clock_of(settings: Settings) -> Clock:
    """Real time, or the scaled time that demos run in."""
    origin = settings.engine.clock_origin
    if origin is None:
        return SystemClock()
    return ScaledClock(settings.engine.speed, origin)


def database_file(settings: Settings) -> Path | None:
    """The file the store lives in; None when it lives elsewhere."""
    url = make_url(settings.store.url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in IN_MEMORY
    return Path(str(url.database)) if is_file else None


def lasting(settings: Settings) -> bool:
    """Whether the store outlives the process, so that others can share it."""
    url = make_url(settings.store.url)
    return url.get_backend_name() != "sqlite" or url.database not in IN_MEMORY


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the store and bring its schema up to date.

    :raises KeyMissingError: when its keys are not those of the installation
    """
    file = database_file(settings)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # names and numbers: SQLite's other files follow it
    kept = lasting(settings)
    keys = FileRing(settings.security.keys_dir) if kept else MemoryRing()
    async with Database(settings.store.url, Vault(keys)).running() as database:
        await database.write(migrate)
        await database.read(check)
        await _carried_in(database)
        yield database
        await _carried_in(database)


async def _carried_in(database: Database) -> None:
    """Carry in what providers told us while nobody read it; what can't be stays."""
    with contextlib.suppress(*STORE_TROUBLE):
        while await database.carry_in():
            pass


@contextlib.asynccontextmanager
async def running(
    settings: Settings, clock: Clock | None = None
) -> AsyncIterator[Runtime]:
    """Wire everything, and give it all back at the end."""
    clock = clock or clock_of(settings)
    channels = channels_of(settings)
    providers = channels.providers
    signers = _signers(settings)
    async with opened(settings) as database:
        links = _links(settings)
        keeper = Keeper(database, _fixed(settings, channels, links))
        sources = Sources(
            feeds=settings.feeds,
            code_system=settings.intake.code_system,
            signers=signers,
        )
        feeds = Feeds(database, keeper, clock, sources)
        sealer = Sealer(database, clock, signet(settings), _seal_file(settings))
        singletons = Singletons(feeds=feeds, sealer=sealer)
        engine = Engine(database, keeper, providers, singletons, clock)
        try:
            yield Runtime(
                settings=settings,
                clock=clock,
                database=database,
                keeper=keeper,
                links=links,
                providers=providers,
                signers=signers,
                engine=engine,
            )
        finally:
            await feeds.aclose()
            await keeper.aclose()
            for provider in providers.values():
                await provider.aclose()


def _signers(settings: Settings) -> Signers:
    patterns = settings.intake.certificates
    return Signers({name: certificates_of(files) for name, files in patterns.items()})


def _links(settings: Settings) -> Links:
    """Links that last as long as the store; all processes have the same key."""
    return Links(_key(settings, LINK_KEY), settings.server.public_base_url)


def signet(settings: Settings) -> Signet:
    """What seals are signed with; it lasts as long as the store."""
    return Signet(_key(settings, SEAL_KEY))


def _key(settings: Settings, name: str) -> bytes:
    folder = settings.security.keys_dir
    return load_or_make(folder, name) if lasting(settings) else new_key()


def _seal_file(settings: Settings) -> SealFile | None:
    return SealFile(settings.security.seals) if lasting(settings) else None


def _fixed(settings: Settings, channels: Channels, links: Links) -> Fixed:
    routes = {
        Channel(channel): tuple(names) for channel, names in settings.routes.items()
    }
    policies = load_policies(settings.policies.dir)
    return Fixed(
        policies=policies,
        texts=Texts.load(),
        routes=routes,
        signature=settings.texts.signature,
        rates={
            channel: sum(channels.rates[name] for name in names)
            for channel, names in routes.items()
        },
        lines=sum(
            channels.lines[name] or policies.voice_lines
            for name in routes.get(Channel.VOICE, ())
        ),
        allow_test_numbers=settings.security.allow_test_numbers,
        link=links.address,
        robots=channels.robots,
        callback_days=settings.security.callback_days,
    )
