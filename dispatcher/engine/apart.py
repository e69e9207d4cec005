"""Long work in a process of its own, so that nobody who calls people waits for it.

The child opens the store by itself. It ends at once when whoever started it is gone:
its standard input is held open for as long as it is wanted, and tells by its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import Field, TypeAdapter

from config.settings import Security, Settings, Store
from dispatcher.engine.import_orders import Order, Outcome
from dispatcher.engine.importing import carry_out
from dispatcher.engine.runtime import opened
from dispatcher.store.database import Database

AT_ONCE = 2
SECONDS_MOST = 300.0
LENGTH_BYTES = 8
ORPHANED = 1


class AllBusyError(Exception):
    """As many are at work as may be; nothing was begun. Try again later."""


class LostError(Exception):
    """The work took too long, or its process ended before it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order, with where the store and its keys are."""

    url: str
    keys_dir: Path
    order: Annotated[Order, Field(discriminator="kind")]


JOB: TypeAdapter[Job] = TypeAdapter(Job)
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class Apart:
    """Where long work is done, so many at a time.

    :ivar children: ids of the processes that are at work
    """

    def __init__(self, seconds: float = SECONDS_MOST) -> None:
        self.children: set[int] = set()
        self._seconds = seconds
        self._busy = 0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Take one of the places.

        :raises AllBusyError: when there is none
        """
        self.check()
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def check(self) -> None:
        """See that a place is free.

        :raises AllBusyError: when there is none
        """
        if self._busy >= AT_ONCE:
            message = f"{AT_ONCE} imports are at work already"
            raise AllBusyError(message)

    async def do(
        self, database: Database, settings: Settings, order: Order, data: bytes = b""
    ) -> Outcome:
        """Carry out an order, where the store is a file in a process of its own.

        :raises AllBusyError: when as many are at work as may be
        :raises LostError: when it did not come to its end; nothing is applied then
        """
        with self.turn():
            if database.memory:  # no other process can see it
                return await carry_out(database, order, data)
            job = Job(
                url=settings.store.url,
                keys_dir=settings.security.keys_dir,
                order=order,
            )
            return await self._in_child(JOB.dump_json(job), data)

    async def _in_child(self, job: bytes, data: bytes) -> Outcome:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.children.add(child.pid)
        try:
            async with asyncio.timeout(self._seconds):
                told = await _talk(child, job, data)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            message = "the import did not come to its end"
            raise LostError(message) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            self.children.discard(child.pid)
        return OUTCOME.validate_json(told)


async def _talk(child: asyncio.subprocess.Process, job: bytes, data: bytes) -> bytes:
    if child.stdin is None or child.stdout is None:
        message = "a child without its pipes"
        raise ConnectionError(message)
    for part in (job, data):
        child.stdin.write(len(part).to_bytes(LENGTH_BYTES))
        child.stdin.write(part)
        await child.stdin.drain()
    return await child.stdout.readuntil(b"\n")


def main() -> None:
    """Do one job that comes on standard input; tell its outcome in one line."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries say is no answer
    given = sys.stdin.buffer
    job, data = JOB.validate_json(_next(given)), _next(given)
    threading.Thread(target=_watch, args=(given,), name="leash", daemon=True).start()
    outcome = asyncio.run(_done(job, data))
    answer.write(OUTCOME.dump_json(outcome) + b"\n")
    answer.close()
    sys.stdout.flush()
    os._exit(0)  # who waits for standard input would keep the process


def _next(given: BinaryIO) -> bytes:
    return given.read(int.from_bytes(given.read(LENGTH_BYTES)))


def _watch(given: BinaryIO) -> None:
    given.read(1)
    os._exit(ORPHANED)


async def _done(job: Job, data: bytes) -> Outcome:
    settings = Settings(
        store=Store(url=job.url), security=Security(keys_dir=job.keys_dir)
    )
    async with opened(settings) as database:
        return await carry_out(database, job.order, data)


if __name__ == "__main__":
    main()
