"""The process that calls. It starts without what only requests need: others wait."""

from __future__ import annotations

import contextlib

from config.settings import Settings
from dispatcher.cli.bell import hearing
from dispatcher.cli.ground import Inherited, on_signals
from dispatcher.cli.pulse import beating
from dispatcher.engine.crew import joined
from dispatcher.engine.runtime import database_file, running
from dispatcher.engine.schedule import ticking
from dispatcher.store.lock import only_worker


async def work(settings: Settings, inherited: Inherited) -> None:
    """Call until told to stop; what is on the wire lands first.

    :raises WorkerRunningError: when the store is a file and has a worker already
    """
    async with running(settings) as runtime, runtime.keeper.watching():
        engine = runtime.engine
        on_signals(engine.stop)
        file = database_file(settings)
        with only_worker(str(file)) if file else contextlib.nullcontext():
            async with joined(runtime.database, runtime.clock, engine) as number:
                with ticking(engine), hearing(inherited.bell, engine.wake):
                    async with beating(inherited.pulse, engine.well):
                        await engine.run(number)
