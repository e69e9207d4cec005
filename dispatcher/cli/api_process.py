"""The process that takes requests.

Apart from the one that calls, both stay quick: an acknowledgement never waits behind a
wave of messages.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable

import uvicorn
from typing_extensions import override

from config.settings import Settings
from dispatcher.api.app import create_app, farewell
from dispatcher.cli.bell import Ringer, ringer
from dispatcher.cli.ground import Inherited, listener, on_signals
from dispatcher.cli.pulse import beating
from dispatcher.engine.runtime import running

# Streams end by themselves; a request takes less, and who reads nothing is cut off.
GRACE_SECONDS = 2


async def work(settings: Settings, inherited: Inherited) -> None:
    """Take requests until told to stop; those that have begun are finished."""
    given = inherited.listen
    listening = listener(settings) if given is None else socket.socket(fileno=given)
    on_signals(lambda: None)  # uvicorn hands the signal on when it is done
    async with running(settings) as runtime, runtime.keeper.watching():
        ring = Ringer(ringer(inherited.bell), runtime.database)
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
        async with beating(inherited.pulse, lambda: True):
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
