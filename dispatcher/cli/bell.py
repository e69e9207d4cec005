"""How the process that takes requests wakes the one that calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.engine.clock import wait_for
from dispatcher.store.database import Database

READ_AT_ONCE = 4096
BELL = b"!"
TELL_SECONDS = 0.1

log = structlog.get_logger()


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


def ringer(bell: int | None) -> Callable[[], None]:
    """What rings a bell; None: there is none, the worker looks by itself."""
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
def hearing(bell: int | None, wake: Callable[[], None]) -> Iterator[None]:
    """Wake whenever a bell rings, while the block runs."""
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
