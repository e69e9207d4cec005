"""The workers of a store that machines share: all of them send, one has the rules.

Each holds a lock of the database on a connection of its own, and a row with its number.
Whoever gets the rules does besides what one must do for all, and buries who died: their
rows go, and then they write nothing any more, for each transaction of a worker begins
with a look at its own (docs/adr/0031).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.engine.clock import Clock, wait_for
from dispatcher.store import workers
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.postgresql import Lifeline

LOOK_SECONDS = 0.5
TELL_SECONDS = 0.1
OFF_MOST = timedelta(seconds=2)
ALONE = 0  # the number of a worker that shares its store with nobody

log = structlog.get_logger()


class OutError(Exception):
    """The worker is counted out; it may not write any more."""


class ClockOffError(Exception):
    """The clocks of this machine and of the database tell different times."""


class Worker(Protocol):
    """What the crew tells a worker."""

    def wake(self) -> None:
        """There is something new."""
        ...

    def share(self, workers: int) -> None:
        """So many are at work."""
        ...

    def rule(self) -> None:
        """The rules are yours."""
        ...

    def stop(self) -> None:
        """You are out."""
        ...


@contextlib.asynccontextmanager
async def joined(
    database: Database, clock: Clock, worker: Worker
) -> AsyncIterator[int]:
    """Belong to the crew while the block runs; gives the worker's number.

    :raises ClockOffError: when the clocks are more than two seconds apart
    """
    if not database.shared:
        worker.rule()
        yield ALONE
        return
    number = await database.write(workers.next_number)
    line = await asyncio.to_thread(database.lifeline, number)
    try:
        _on_time(await asyncio.to_thread(line.now), clock)
        host, now = socket.gethostname(), clock.now()
        await database.write(lambda c: workers.join(c, number, host, now))
        database.require(lambda c: _still_in(c, number))
        ended = asyncio.Event()
        life = _Life(number, line, database, clock)
        watch = asyncio.create_task(life.lived(worker, ended), name="crew")
        try:
            yield number
        finally:
            ended.set()  # its thread is at the connection, which is no place for two
            await watch
            with contextlib.suppress(OutError, *STORE_TROUBLE):
                left_at = clock.now()
                await database.write(lambda c: workers.leave(c, number, left_at))
    finally:
        await asyncio.to_thread(line.close)


@contextlib.asynccontextmanager
async def sending_for(
    database: Database, number: int, worker: Worker
) -> AsyncIterator[None]:
    """Send for a worker that is counted in, as long as it is, while the block runs."""
    if not database.shared:
        yield
        return
    database.require(lambda c: _still_in(c, number))
    ended = asyncio.Event()
    watch = asyncio.create_task(_followed(database, number, worker, ended), name="crew")
    try:
        yield
    finally:
        ended.set()
        await watch


async def _followed(
    database: Database, number: int, worker: Worker, ended: asyncio.Event
) -> None:
    try:
        while not ended.is_set():
            worker.share(await database.read(partial(_counted, number=number)))
            await wait_for(ended, LOOK_SECONDS)
    except (OutError, *STORE_TROUBLE) as error:
        _out(number, error, worker)


def _out(number: int, error: Exception, worker: Worker) -> None:
    log.error("worker.out", number=number, error=str(error))
    worker.stop()


def _counted(connection: Connection, number: int) -> int:
    _still_in(connection, number)
    return workers.count(connection)


def _still_in(connection: Connection, number: int) -> None:
    if not workers.is_in(connection, number):
        message = f"worker {number} is counted out; another one has its messages"
        raise OutError(message)


def _on_time(theirs: datetime, clock: Clock) -> None:
    """See that leases mean the same to everybody.

    :raises ClockOffError: when they do not
    """
    apart = abs(clock.outside(clock.now()) - theirs)
    if apart > OFF_MOST:
        message = (
            f"the clock here is {apart.total_seconds():.1f} s off the database's; "
            "let both machines keep time by the same server, and start again"
        )
        raise ClockOffError(message)


class _Life:
    """One worker's, from when it is counted in until its connection ends."""

    def __init__(
        self, number: int, line: Lifeline, database: Database, clock: Clock
    ) -> None:
        self._number, self._line = number, line
        self._database, self._clock = database, clock
        self._rules = False

    async def lived(self, worker: Worker, ended: asyncio.Event) -> None:
        """Hear what others wrote, ask for the rules; stop the worker when it is out."""
        try:
            await self._look(worker)
            log.info("worker.joined", number=self._number, rules=self._rules)
            while not ended.is_set():
                if await asyncio.to_thread(self._line.hear, LOOK_SECONDS):
                    worker.wake()
                await self._look(worker)
        except (ClockOffError, OutError, *STORE_TROUBLE) as error:
            _out(self._number, error, worker)

    async def _look(self, worker: Worker) -> None:
        _on_time(await asyncio.to_thread(self._line.now), self._clock)
        counted = partial(_counted, number=self._number)
        worker.share(await self._database.read(counted))
        if not self._rules and await asyncio.to_thread(self._line.rule):
            self._rules = True
            worker.rule()


class Teller:
    """Lets the workers of all machines hear that there is something new.

    At once, then ten times a second at most: they look at all there is.
    """

    def __init__(self, database: Database) -> None:
        """Tell those at this database."""
        self._database = database
        self._telling: asyncio.Task[None] | None = None
        self._news = False

    def __call__(self) -> None:
        """Something was committed."""
        self._news = True
        if self._database.shared and self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="tell-workers")

    async def _tell(self) -> None:
        try:
            while self._news:
                self._news = False
                await self._database.tell()
                await wait_for(asyncio.Event(), TELL_SECONDS)
        except SQLAlchemyError as error:
            # They look by themselves once a second.
            log.warning("workers.not_told", error=str(error))
        finally:
            self._telling = None
