"""How the process that takes requests wakes those that call."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from dispatcher.engine.crew import Teller
from dispatcher.store.database import Database

READ_AT_ONCE = 4096
BELL = b"!"


class Ringer:
    """Wakes the workers: by the bell of this machine, and through the database."""

    def __init__(self, bell: Callable[[], None], database: Database) -> None:
        """Ring this bell, and tell those at this database."""
        self._bell, self._tell = bell, Teller(database)

    def __call__(self) -> None:
        """Something was committed."""
        self._bell()
        self._tell()


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
