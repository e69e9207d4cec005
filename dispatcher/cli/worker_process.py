"""The process that calls. It starts without what only requests need: others wait."""

from __future__ import annotations

import contextlib
from contextlib import AbstractAsyncContextManager

from config.settings import Settings
from dispatcher.cli.bell import hearing
from dispatcher.cli.ground import Inherited, on_signals
from dispatcher.engine import sole
from dispatcher.engine.runtime import Runtime, database_file, running
from dispatcher.engine.schedule import ticking
from dispatcher.store.lock import only_worker


async def work(settings: Settings, inherited: Inherited) -> None:
    """Call until told to stop; what is on the wire lands first.

    :raises WorkerRunningError: when the store has a worker already
    """
    async with running(settings) as runtime, runtime.keeper.watching():
        engine = runtime.engine
        on_signals(engine.stop)
        file = database_file(settings)
        with only_worker(str(file)) if file else contextlib.nullcontext():
            async with _post(runtime) as held:
                with ticking(engine), hearing(inherited.bell, engine.wake):
                    if held:
                        await engine.run()


def _post(runtime: Runtime) -> AbstractAsyncContextManager[bool]:
    """Hold the post that the machines on one database have between them."""
    engine = runtime.engine
    calls = sole.Calls(wake=engine.wake, stop=engine.stop)
    return sole.holding(runtime.database, runtime.clock, engine.stopping, calls)
