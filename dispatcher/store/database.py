"""The store, wherever it is: who writes waits his turn, who reads does not.

What providers call back is kept beside those who wait, for a call or a text is to be
answered at once; see :mod:`dispatcher.store.spool`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.store import dialect, postgresql, spool, sqlite
from dispatcher.store.backend import Backend, UnfitStoreError
from dispatcher.store.vault import Vault
from dispatcher.store.writer import Result, StoreBusyError, Work, Writer

READERS = 4
CARRIED_MOST = 500  # callbacks at a time, from beside the store into it

# What goes by: the work is sound, and done again later.
STORE_TROUBLE = (SQLAlchemyError, StoreBusyError)


class Database:
    """A database by its URL, with one writer thread: a file, memory, or a server's."""

    def __init__(self, url: str, vault: Vault) -> None:
        """Open it, with the keys to what is private in it."""
        self.vault = vault
        self._backend = backend_at(make_url(url), vault)
        self.memory = self._backend.memory
        self._writer = Writer(self._backend, "store-writer")
        self._beside = beside(self._backend, make_url(url), vault)
        self._besides = (
            Writer(self._beside, "store-beside") if self._beside else self._writer
        )
        # One connection can't serve two transactions: in memory, reads take turns.
        self._readers = (
            self._writer.thread
            if self.memory
            else ThreadPoolExecutor(READERS, "store-reader")
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Database]:
        """Take work until the block ends; what was queued by then is still done."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(self._writer.running())
                if self._besides is not self._writer:
                    await stack.enter_async_context(self._besides.running())
                yield self
        finally:
            self._readers.shutdown()
            for backend in filter(None, (self._beside, self._backend)):
                backend.close()

    @property
    def committed(self) -> int:
        """How many groups were written."""
        return self._writer.committed

    def require(self, condition: Work[object]) -> None:
        """Let no group begin of which this does not hold; see the engine's crew."""
        self._writer.condition = condition

    async def write(self, work: Work[Result], *, aside: bool = False) -> Result:
        """Do it in the next transaction; returns when that is on disk.

        :param aside: long work that goes alone, after what waits; nobody waits for it
            in his own transaction
        :raises StoreBusyError: when the queue is full
        """
        return await self._writer.write(work, aside=aside)

    async def put_down(self, work: Work[Result]) -> Result:
        """Keep callbacks, whoever else is writing; returns when they are on disk.

        The work may read keys and insert callbacks, and nothing else: a file has them
        beside the store, until :meth:`carry_in`.

        :raises StoreBusyError: when the queue is full
        """
        return await self._besides.write(work)

    async def carry_in(self) -> int:
        """Carry into the store what was put down beside it; returns how much."""
        if not isinstance(self._beside, spool.Spool):
            return 0
        loop = asyncio.get_running_loop()
        first = self._beside.first
        arrived = await loop.run_in_executor(self._readers, first, CARRIED_MOST)
        if arrived:
            await self.write(lambda c: spool.carry(c, arrived))
            await self.put_down(lambda c: spool.drop(c, arrived))
        return len(arrived)

    async def lying(self) -> int:
        """How much lies beside the store, put down and not carried in yet."""
        if not isinstance(self._beside, spool.Spool):
            return 0
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._beside.count)

    async def settle(self) -> None:
        """Wait for whoever is putting something down; then carry in all of it."""
        await self.put_down(lambda _: None)
        while await self.carry_in():
            pass

    async def fold(self) -> bool:
        """Write the log into the file and cut it off, so that neither keeps what was.

        False: somebody was reading all the time; his next commit will do it.
        """
        return await self._writer.fold() and await self._besides.fold()

    def lifeline(self, number: int) -> postgresql.Lifeline:
        """What a worker lives by where others may be; blocks, so it is for a thread.

        :raises TypeError: on a file, whose lock is enough
        """
        if isinstance(self._backend, postgresql.Postgresql):
            return postgresql.Lifeline(self._backend.engine, number)
        message = "only a shared database has several workers"
        raise TypeError(message)

    @property
    def shared(self) -> bool:
        """Whether other machines may be at it."""
        return isinstance(self._backend, postgresql.Postgresql)

    async def tell(self) -> None:
        """Let its workers hear, on whatever machine, that there is something new."""
        if self.shared:
            await self.read(lambda c: c.exec_driver_sql(postgresql.NOTIFY))

    async def read(self, work: Work[Result]) -> Result:
        """Look at what is committed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, work)

    def _read(self, work: Work[Result]) -> Result:
        with self._backend.engine.connect() as connection:
            return work(connection)


def backend_at(url: URL, vault: Vault) -> Backend:
    """The database a URL names; any driver of PostgreSQL stands for the one we have.

    :raises UnfitStoreError: for one of another kind
    """
    match url.get_backend_name():
        case "sqlite":
            return sqlite.Sqlite(url, vault)
        case dialect.POSTGRESQL:
            return postgresql.Postgresql(url, vault)
        case other:
            message = f"[store] url begins with {other}; use sqlite or postgresql"
            raise UnfitStoreError(message)


def beside(backend: Backend, url: URL, vault: Vault) -> Backend | None:
    """Where callbacks are put down while others write; None: among all the rest."""
    match backend:
        case postgresql.Postgresql():
            return postgresql.Beside(backend.engine)
        case sqlite.Sqlite(memory=False):
            return spool.Spool(url, vault)
        case _:
            return None


def alone(file: Path, vault: Vault, work: Work[Result]) -> Result:
    """Do one piece of work on a store that nobody else has open, all in its file."""
    engine = sqlite.opened(make_url(f"sqlite:///{file}"), vault, memory=False)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            done = work(connection)
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(sqlite.FOLD)
            return done
    finally:
        engine.dispose()


@contextlib.contextmanager
def one_state(connection: Connection) -> Iterator[None]:
    """Let everything that is read in the block be of one commit."""
    connection.exec_driver_sql(dialect.look(connection))
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")
