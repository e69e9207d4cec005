"""The two processes of a server: one takes requests, one does the calling.

Apart they stay quick: an acknowledgement never waits behind a wave of messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager

import structlog
import uvicorn
import uvloop
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from config.settings import Settings
from dispatcher.api.app import create_app, farewell
from dispatcher.cli.ground import Inherited, listener, on_signals
from dispatcher.engine import sole
from dispatcher.engine.clock import wait_for
from dispatcher.engine.runtime import Runtime, database_file, running
from dispatcher.engine.schedule import ticking
from dispatcher.store.database import Database
from dispatcher.store.lock import only_worker

READ_AT_ONCE = 4096
# Streams end by themselves; a request takes less, and who reads nothing is cut off.
GRACE_SECONDS = 2
BELL = b"!"
TELL_SECONDS = 0.1

log = structlog.get_logger()


def run(work: Coroutine[None, None, None]) -> None:
    """Run a process's work on the fast loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def api(settings: Settings, inherited: Inherited) -> None:
    """Take requests until told to stop; those that have begun are finished."""
    given = inherited.listen
    listening = listener(settings) if given is None else socket.socket(fileno=given)
    on_signals(lambda: None)  # uvicorn hands the signal on when it is done
    async with running(settings) as runtime, runtime.keeper.watching():
        ring = Ringer(_ringer(inherited.bell), runtime.database)
        app = create_app(runtime, ring)
        config = uvicorn.Config(
            app,
            http="httptools",
            access_log=False,  # it would hold keys and numbers of query strings
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        gc.collect()
        gc.freeze()  # what is there now stays; to look it through again costs 0.1 s
        with listening:
            await _Server(config, farewell(app)).serve(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says it stops before it waits for those it serves to go."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


async def worker(settings: Settings, inherited: Inherited) -> None:
    """Call until told to stop; what is on the wire lands first.

    :raises WorkerRunningError: when the store has a worker already
    """
    async with running(settings) as runtime, runtime.keeper.watching():
        engine = runtime.engine
        on_signals(engine.stop)
        file = database_file(settings)
        with only_worker(str(file)) if file else contextlib.nullcontext():
            async with _post(runtime) as held:
                with ticking(engine), _hearing(inherited.bell, engine.wake):
                    if held:
                        await engine.run()


def _post(runtime: Runtime) -> AbstractAsyncContextManager[bool]:
    """Hold the post that the machines on one database have between them."""
    engine = runtime.engine
    calls = sole.Calls(wake=engine.wake, stop=engine.stop)
    return sole.holding(runtime.database, runtime.clock, engine.stopping, calls)


class Ringer:
    """Wakes the worker: by the bell of this machine, or through the database.

    Ten times a second is enough for the database: the worker looks at all there is.
    """

    def __init__(self, bell: Callable[[], None], database: Database) -> None:
        """Ring this bell, and tell this database."""
        self._bell, self._database = bell, database
        self._telling: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        """Something was committed."""
        self._bell()
        if not self._database.shared or self._telling:
            return
        self._telling = asyncio.create_task(self._tell(), name="tell-worker")

    async def _tell(self) -> None:
        # Who commits in the meantime is heard with this one.
        await wait_for(asyncio.Event(), TELL_SECONDS)
        self._telling = None
        try:
            await self._database.tell()
        except SQLAlchemyError as error:
            # The worker looks by itself once a second.
            log.warning("server.worker.not_told", error=str(error))


def _ringer(bell: int | None) -> Callable[[], None]:
    if bell is None:
        return lambda: None
    line = socket.socket(fileno=bell)
    line.settimeout(0.0)

    def ring() -> None:
        # A full line means that the worker has much to hear already.
        with contextlib.suppress(BlockingIOError):
            line.send(BELL)

    return ring


@contextlib.contextmanager
def _hearing(bell: int | None, wake: Callable[[], None]) -> Iterator[None]:
    if bell is None:
        yield
        return
    loop = asyncio.get_running_loop()
    with socket.socket(fileno=bell) as line:
        line.settimeout(0.0)

        def heard() -> None:
            line.recv(READ_AT_ONCE)
            wake()

        loop.add_reader(line, heard)
        try:
            yield
        finally:
            loop.remove_reader(line)
