"""The process that calls. It starts without what only requests need: others wait.

Where there is a second core, it leaves sending to a process of its own, and has the
rules and all other duties. If that one dies whenever it is started, it sends as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from config.settings import Settings
from dispatcher.cli.bell import hearing, ringer
from dispatcher.cli.failure import CommandError
from dispatcher.cli.ground import Inherited, on_signals
from dispatcher.cli.leash import leash
from dispatcher.cli.pulse import beating
from dispatcher.cli.sender_process import Errand, Slip, slip
from dispatcher.cli.supervisor import Child, Supervisor, bell
from dispatcher.engine.crew import ALONE, joined
from dispatcher.engine.runtime import Engine, database_file, running
from dispatcher.engine.schedule import ticking
from dispatcher.store.database import STORE_TROUBLE
from dispatcher.store.lock import only_worker

SENDER = "sender"
HOPELESS = 5  # deaths, none after a long life: in some ten seconds

log = structlog.get_logger()


async def work(settings: Settings, inherited: Inherited) -> None:
    """Call until told to stop; what is on the wire lands first.

    :raises WorkerRunningError: when the store is a file and has a worker already
    """
    async with (
        seconded() as second,
        running(settings) as runtime,
        runtime.keeper.watching(),
    ):
        engine = runtime.engine
        worker = Pair(engine, second, settings) if second else engine
        on_signals(worker.stop)
        file = database_file(settings)
        with only_worker(str(file)) if file else contextlib.nullcontext():
            async with joined(runtime.database, runtime.clock, worker) as number:
                with ticking(engine), hearing(inherited.bell, worker.wake):
                    async with beating(inherited.pulse, engine.well):
                        await worker.run(number)


@contextlib.asynccontextmanager
async def seconded() -> AsyncIterator[Second | None]:
    """Have somebody who sends at hand while the block runs; None: for want of a core.

    He is started at once, for that takes as long as all that comes before he is called.
    """
    if len(os.sched_getaffinity(0)) == 1:
        yield None
        return
    with bell() as (ours, theirs), leash() as held, slip() as errand:
        second = Second(ours, errand)
        fds = {"bell": theirs, "leash": held, "errand": errand.end}
        child = Child(role=SENDER, config=None, inherits=fds)
        keeping = asyncio.create_task(second.keep(child), name="sender")
        try:
            yield second
        finally:
            second.stop()
            await asyncio.wait((keeping,))


class Second:
    """Who sends for this process, called by its bell.

    :ivar ended: set when he is gone and does not come again
    :ivar hopeless: he was not told to stop: he can't live
    :ivar ear: where his ringing is heard; whoever listens closes it
    :ivar ring: wakes him
    """

    def __init__(self, bell: int, slip: Slip) -> None:
        """Call by this end of a bell, with an errand on this slip."""
        self.ended, self.hopeless = asyncio.Event(), False
        self.ear, self._slip = os.dup(bell), slip
        self.ring = ringer(os.dup(bell))
        self._lost: Callable[[], Awaitable[None]] | None = None
        self._supervisor = Supervisor(self._died)

    @property
    def code(self) -> int:
        """The exit code of one that can't run; else 0."""
        return self._supervisor.code

    async def keep(self, child: Child) -> None:
        """Keep him alive until :meth:`stop`."""
        try:
            await self._supervisor.keep([child])
        finally:
            self.ended.set()

    def call(self, errand: Errand, lost: Callable[[], Awaitable[None]]) -> None:
        """Set him to work.

        :param lost: what is done when he has died, before another is called
        """
        self._slip.write(errand)
        self._lost = lost
        self.ring()

    def stop(self) -> None:
        """Let him finish."""
        self._supervisor.stop()

    async def _died(self, deaths: int) -> None:
        if self._lost:
            await self._lost()
            self.ring()
        if deaths == HOPELESS:
            self.hopeless = True
            self.stop()


class Pair:
    """A worker of two processes: the rules here, and who sends beside them."""

    def __init__(self, engine: Engine, second: Second, settings: Settings) -> None:
        """Be a worker with these duties, and with somebody who sends."""
        self._engine, self._second, self._settings = engine, second, settings
        self._number = ALONE

    def wake(self) -> None:
        """Something was committed: let both look."""
        self._engine.wake()
        self._second.ring()

    def share(self, workers: int) -> None:
        """So many workers share what there is to do; who sends sees that himself."""
        self._engine.share(workers)

    def rule(self) -> None:
        """Do from now on what one worker does for all."""
        self._engine.rule()

    def stop(self) -> None:
        """Begin nothing new, here and there."""
        self._engine.stop()
        self._second.stop()

    async def run(self, number: int) -> None:
        """Do all duties until :meth:`stop`, and have it sent.

        :raises CommandError: when the process that sends can't run at all
        """
        await self._engine.run(number, self._sent)
        if self._second.code:
            problem = "the process that sends can't run; what it said stands above"
            raise CommandError([problem], self._second.code)

    async def _sent(self, number: int) -> None:
        """Have it sent until that ends, or send: without it, this is no worker."""
        self._number = number
        self._engine.ring = self._second.ring
        with hearing(self._second.ear, self._engine.wake):
            self._second.call(Errand(number, self._settings), self._doubt)
            await self._second.ended.wait()
        if self._second.hopeless:
            log.error("sender.hopeless", worker=number)
            await self._engine.send(number)
        self._engine.stop()

    async def _doubt(self) -> None:
        """See that it is found out what became of what was being sent."""
        try:
            log.info("sender.lost", in_doubt=await self._engine.doubt(self._number))
        except STORE_TROUBLE as trouble:
            # Their leases end, and then they are in doubt as well.
            log.warning("sender.lost", error=str(trouble))
