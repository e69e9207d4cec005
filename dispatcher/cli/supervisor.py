"""Keeps the processes of a server alive, and ends them together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from config.settings import Role, Settings
from dispatcher.cli.ground import handed_on, listener, on_signals
from dispatcher.cli.leash import leash
from dispatcher.cli.pulse import Pulse, pulse
from dispatcher.engine.clock import wait_for

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between a death and the next life
STEADY_SECONDS = 60.0  # who lived so long is no longer suspected
PATIENCE_SECONDS = 20.0  # longer than a child takes to drain
BAD_INPUT = 2  # a child that ends so would end so again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to keep alive.

    :ivar role: what it does, a worker's sender besides those of the settings
    :ivar inherits: file descriptors, by name
    """

    role: str
    config: Path | None
    inherits: dict[str, int]

    @property
    def command(self) -> list[str]:
        """The command line that starts it."""
        config = ["--config", str(self.config)] if self.config else []
        module = [sys.executable, "-m", "dispatcher.cli"]
        lines = handed_on(self.inherits)
        return [*module, "serve", "--role", self.role, *config, *lines]


async def _unmourned(_: int) -> None:
    """A death asks for nothing but another life."""


class Supervisor:
    """Starts children, starts them again when they die, and stops them all."""

    def __init__(self, died: Callable[[int], Awaitable[None]] = _unmourned) -> None:
        """Keep nobody yet.

        :param died: what is done after each death, before the next life; it is told
            how many there were since one lived long
        """
        self._died = died
        self._alive: dict[str, Process] = {}
        self._stopping = asyncio.Event()
        self.code = 0

    def stop(self) -> None:
        """Tell every child to finish; who takes too long is killed."""
        self._stopping.set()
        for process in self._alive.values():
            _end(process)
        asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._kill)

    async def keep(self, children: Sequence[Child]) -> None:
        """Keep children alive until :meth:`stop`."""
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(self._keep(child))

    async def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        deaths = 0
        while not self._stopping.is_set():
            born = loop.time()
            code = await self._live(child)
            if self._stopping.is_set():
                return
            if code == BAD_INPUT:
                self.code = code
                self.stop()
                return
            deaths = 0 if loop.time() - born > STEADY_SECONDS else deaths
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            deaths += 1
            log.error("server.child.died", role=child.role, code=code, again_in=pause)
            await self._died(deaths)
            await wait_for(self._stopping, pause)

    async def _live(self, child: Child) -> int:
        with pulse() as felt:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                *handed_on({"pulse": felt.theirs}),
                pass_fds=(*child.inherits.values(), felt.theirs),
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
            self._alive[child.role] = process
            log.info("server.child.started", role=child.role, pid=process.pid)
            if self._stopping.is_set():
                _end(process)
            watch = asyncio.create_task(self._watch(process, felt), name="pulse")
            code = await process.wait()
            watch.cancel()
        del self._alive[child.role]
        return code

    async def _watch(self, process: Process, felt: Pulse) -> None:
        """End a child that does nothing any more; who is told to stop has his time."""
        await felt.stops()
        if not self._stopping.is_set():
            log.error("server.child.stuck", pid=process.pid)
            process.kill()

    def _kill(self) -> None:
        for process in self._alive.values():
            log.error("server.child.killed", pid=process.pid)
            process.kill()


def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


async def supervise(settings: Settings, config: Path | None, listen: int | None) -> int:
    """Run the API and the worker until told to stop; returns the exit code.

    The supervisor holds the listening socket, so while the API starts again
    connections wait instead of being refused.
    """
    supervisor = Supervisor()
    on_signals(supervisor.stop)
    with (
        listener(settings) if listen is None else socket.socket(fileno=listen) as front,
        leash() as held,
        bell() as (ours, theirs),
    ):
        log.info("server.started", url="http://{}:{}".format(*front.getsockname()[:2]))
        common = {"leash": held}
        await supervisor.keep(
            [
                Child(
                    role=Role.API,
                    config=config,
                    inherits={**common, "listen": front.fileno(), "bell": ours},
                ),
                Child(
                    role=Role.WORKER, config=config, inherits={**common, "bell": theirs}
                ),
            ]
        )
    log.info("server.stopped")
    return supervisor.code


@contextlib.contextmanager
def bell() -> Iterator[tuple[int, int]]:
    """A line between two processes, which wake one another by it; gives its ends."""
    one, other = socket.socketpair()
    with one, other:
        yield one.fileno(), other.fileno()
