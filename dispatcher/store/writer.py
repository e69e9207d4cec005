"""One writer, group commit: everything that waits goes into the next transaction.

Work is a function of a connection, and changes nothing else: it may be done twice. Each
piece runs in a savepoint of its own, so one bad piece fails alone, and no caller hears
"done" before the commit. Groups close when nothing more waits or at 500 pieces, so a
lone red warning never waits for company. A group that clashes with somebody who writes
beside us is rolled back and done again (docs/adr/0030).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from dispatcher.store import dialect
from dispatcher.store.backend import Backend

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Connection], Result]

GROUP_MOST = 500
QUEUE_MOST = 10_000
TRIES = 4  # of a group that clashes each time; then who clashes fails alone

log = structlog.get_logger()


class StoreBusyError(Exception):
    """Too much work waits already; nothing was begun. Try again in a moment."""


@dataclass(slots=True)
class _Waiting(Generic[Result]):
    work: Work[Result]
    done: asyncio.Future[Result]
    aside: bool


class Writer:
    """A thread in which groups are written, one after the other.

    :ivar thread: where whoever has to keep out of a group's way does his work
    :ivar committed: how many groups were
    :ivar condition: what has to hold when a group begins; see the engine's crew
    """

    def __init__(self, backend: Backend, name: str) -> None:
        """Write to a database, in a thread of this name."""
        self.thread = ThreadPoolExecutor(1, name)
        self.committed = 0
        self.condition: Work[object] | None = None
        self._backend = backend
        self._queue: asyncio.Queue[_Waiting[Any]] = asyncio.Queue(QUEUE_MOST)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take work until the block ends; what was queued by then is still done."""
        task = asyncio.create_task(self._write_groups(), name="store-writer")
        try:
            yield
        finally:
            await self._queue.join()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.thread.shutdown()

    async def write(self, work: Work[Result], *, aside: bool = False) -> Result:
        """Do it in the next transaction; returns when that is on disk.

        :param aside: long work that goes alone, after what waits
        :raises StoreBusyError: when the queue is full
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(work, done, aside))
        except asyncio.QueueFull as full:
            message = f"{QUEUE_MOST} pieces of work wait for the store already"
            raise StoreBusyError(message) from full
        return await done

    async def fold(self) -> bool:
        """Cut the log off between two groups; see :meth:`Backend.fold`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.thread, self._fold)

    def _fold(self) -> bool:
        backend = self._backend
        with backend.turn(), backend.engine.connect() as connection:
            return backend.fold(connection)

    async def _write_groups(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < GROUP_MOST and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            together = [one for one in waiting if not one.aside]
            for group in (together, *([one] for one in waiting if one.aside)):
                await self._write_group(group)

    async def _write_group(self, group: list[_Waiting[Any]]) -> None:
        if not group:
            return
        loop = asyncio.get_running_loop()
        works = [waiting.work for waiting in group]
        try:
            outcomes = await loop.run_in_executor(self.thread, self._commit, works)
        except Exception as failure:  # noqa: BLE001 - every waiter is told, whatever it is
            outcomes = [failure] * len(group)
        for waiting, outcome in zip(group, outcomes, strict=True):
            tell(waiting.done, outcome)
            self._queue.task_done()
        self.committed += 1

    def _commit(self, works: list[Work[Any]]) -> list[Any]:
        for attempt in range(1, TRIES):
            try:
                return self._transact(works, self._unless_clashed)
            except DBAPIError as failure:
                reason = self._backend.clash(failure)
                if reason is None:
                    raise
                pieces = len(works)
                log.warning(
                    "store.again", reason=reason, attempt=attempt, pieces=pieces
                )
        return self._transact(works, apart)

    def _transact(
        self, works: list[Work[Any]], do: Callable[[Connection, Work[Any]], Any]
    ) -> list[Any]:
        backend = self._backend
        with backend.turn(), backend.engine.connect() as connection:
            backend.begin(connection)
            try:
                if self.condition:
                    self.condition(connection)
                outcomes = [do(connection, work) for work in works]
                connection.exec_driver_sql("COMMIT")
            except BaseException as failure:
                if connection.invalidated:
                    raise _lost(failure) from failure
                connection.exec_driver_sql("ROLLBACK")
                raise
            return outcomes

    def _unless_clashed(self, connection: Connection, work: Work[Result]) -> object:
        """Run one piece; a clash is the whole group's, whose locks are part of it.

        :raises DBAPIError: the clash
        """
        outcome = apart(connection, work)
        if isinstance(outcome, DBAPIError) and self._backend.clash(outcome):
            raise outcome
        return outcome


def _lost(failure: BaseException) -> OperationalError:
    """What waiters are told of a lost connection, whoever noticed it first.

    Behind a COMMIT nobody knows whether it was done: who is in doubt looks, or does it
    once more; all that comes from outside has a key by which that is told.
    """
    if isinstance(failure, OperationalError):
        return failure
    return OperationalError("COMMIT", None, failure)


def apart(connection: Connection, work: Work[Result]) -> Result | Exception:
    """Run one piece in its savepoint; its failure is its own outcome."""
    quick = dialect.quick(connection)
    quick("SAVEPOINT piece")
    outcome: Result | Exception
    try:
        outcome = work(connection)
        quick("RELEASE piece")
    except Exception as failure:
        if connection.invalidated:
            raise  # with the connection, all of the transaction is lost
        connection.exec_driver_sql("ROLLBACK TO piece")
        quick("RELEASE piece")
        outcome = failure
    return outcome


def parted(
    connection: Connection,
    items: Sequence[Item],
    work: Callable[[Connection, Sequence[Item]], Result],
) -> Iterator[tuple[Sequence[Item], Result | Exception]]:
    """Do something to all together; where it fails, to each apart: a bad one alone.

    Gives what became of them, and of which.

    :raises SQLAlchemyError: when it is the store that fails
    """
    outcome = apart(connection, lambda c: work(c, items))
    if isinstance(outcome, SQLAlchemyError):
        raise outcome
    if isinstance(outcome, Exception) and len(items) > 1:
        for item in items:
            yield from parted(connection, [item], work)
    else:
        yield items, outcome


def tell(done: asyncio.Future[Any], outcome: object) -> None:
    """Let who waits have what came of his work, or its failure, if he waits still."""
    if done.cancelled():
        return
    if isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
