"""The process that sends for a worker, which has the rules and starts it.

So rules and requests each have a core, and neither waits while the other thinks
(docs/adr/0034). All that is sent, and all that came of it, is in the store; the two
only wake one another.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from pydantic import TypeAdapter

from config.settings import Settings
from dispatcher.cli.bell import hearing, ringer
from dispatcher.cli.ground import Inherited, on_signals
from dispatcher.cli.pulse import beating
from dispatcher.engine.crew import sending_for
from dispatcher.engine.runtime import running
from dispatcher.engine.schedule import ticking

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom to send: a worker's number among those that share a store."""

    worker: int
    settings: Settings


ERRAND: TypeAdapter[Errand] = TypeAdapter(Errand)


class Slip:
    """A piece of paper with an errand, for whoever inherits it; it holds secrets."""

    def __init__(self, end: int) -> None:
        """Take it by its file descriptor."""
        self.end = end

    def write(self, errand: Errand) -> None:
        """Put the errand down."""
        os.pwrite(self.end, ERRAND.dump_json(errand), 0)

    def read(self) -> Errand:
        """Take the errand up; others may do so again."""
        return ERRAND.validate_json(os.pread(self.end, os.fstat(self.end).st_size, 0))


@contextlib.contextmanager
def slip() -> Iterator[Slip]:
    """A piece of paper, blank, while the block runs."""
    end = os.memfd_create("errand")
    try:
        yield Slip(end)
    finally:
        os.close(end)


async def work(bell: int, slip: Slip, inherited: Inherited) -> None:
    """Send until told to stop; what is on the wire lands first.

    It is called by the bell, when all is loaded already, and knows its errand then.
    """
    called = asyncio.Event()
    with hearing(os.dup(bell), called.set):
        await called.wait()
    errand = slip.read()
    async with running(errand.settings) as runtime, runtime.keeper.watching():
        engine = runtime.engine
        engine.ring = ringer(os.dup(bell))
        on_signals(engine.stop)
        async with sending_for(runtime.database, errand.worker, engine):
            with ticking(engine), hearing(bell, engine.wake):
                async with beating(inherited.pulse, engine.well):
                    log.info("sender.started", worker=errand.worker)
                    await engine.send(errand.worker)
