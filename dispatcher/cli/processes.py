"""The two processes of a server: one takes requests, one does the calling.

Apart they stay quick: an acknowledgement never waits behind a wave of messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Coroutine, Iterator

import uvicorn
import uvloop
from typing_extensions import override

from config.settings import Settings
from dispatcher.api.app import create_app, farewell
from dispatcher.cli.ground import Inherited, listener, on_signals
from dispatcher.engine.runtime import database_file, running
from dispatcher.engine.schedule import ticking
from dispatcher.store.lock import only_worker

READ_AT_ONCE = 4096
# Streams end by themselves; a request takes less, and who reads nothing is cut off.
GRACE_SECONDS = 2
BELL = b"!"


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
        app = create_app(runtime, _ringer(inherited.bell))
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
        with (
            only_worker(str(database_file(settings))),
            ticking(engine),
            _hearing(inherited.bell, engine.wake),
        ):
            await engine.run()


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
