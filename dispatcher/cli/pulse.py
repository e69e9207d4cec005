"""A pulse: a process that runs and does nothing any more is ended, and started again.

A child writes a byte a second to a pipe from its event loop, as long as its duties go
on. The supervisor looks no further than that: whoever has beaten once and is silent
for half a minute hangs, whatever the cause, and a crash is what all here is made for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator

from dispatcher.engine.clock import wait_for

BEAT = b"."
BEAT_SECONDS = 1.0
SILENT_SECONDS = 30.0
READ_AT_ONCE = 4096


@contextlib.asynccontextmanager
async def beating(end: int | None, well: Callable[[], bool]) -> AsyncIterator[None]:
    """Beat while the block runs and all is well.

    :param end: where the supervisor feels it; None: there is nobody who does
    """
    if end is None:
        yield
        return
    ended = asyncio.Event()
    task = asyncio.create_task(_beat(end, well, ended), name="pulse")
    try:
        yield
    finally:
        ended.set()
        await task


async def _beat(end: int, well: Callable[[], bool], ended: asyncio.Event) -> None:
    os.set_blocking(end, False)
    while not ended.is_set():
        if well():
            # Nobody reads it fast enough, or at all any more: that is not our trouble.
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(end, BEAT)
        await wait_for(ended, BEAT_SECONDS)


class Pulse:
    """A child's, as its supervisor feels it.

    :ivar theirs: the end that the child inherits
    """

    def __init__(self, ours: int, theirs: int) -> None:
        """Feel it at our end of a pipe."""
        self.theirs = theirs
        self._ours = ours
        self._felt = asyncio.Event()

    async def stops(self) -> None:
        """Return when it has stopped; never, if it does not begin."""
        await self._felt.wait()
        while self._felt.is_set():
            self._felt.clear()
            await wait_for(self._felt, SILENT_SECONDS)

    def feel(self) -> None:
        """Take up what has come."""
        os.read(self._ours, READ_AT_ONCE)
        self._felt.set()


@contextlib.contextmanager
def pulse() -> Iterator[Pulse]:
    """Feel a child's pulse while the block runs."""
    loop = asyncio.get_running_loop()
    ours, theirs = os.pipe()
    felt = Pulse(ours, theirs)
    loop.add_reader(ours, felt.feel)
    try:
        yield felt
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
