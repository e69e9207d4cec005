"""One worker on a database of many machines: who waits, who takes over, who is out."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection

from dispatcher.engine.clock import Clock, ManualClock, SystemClock
from dispatcher.engine.sole import Calls, ClockOffError, PostLostError, holding
from dispatcher.store import people, postgresql
from dispatcher.store.database import Database
from dispatcher.store.vault import MemoryRing, Vault

OUT = f"""
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = {postgresql.KIN}
  AND objid = {postgresql.Lock.WORKER} AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - our own


def opened(url: str) -> AbstractAsyncContextManager[Database]:
    return Database(url, Vault(MemoryRing())).running()


class Worker:
    """A worker, and what it was told."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database, self._clock = database, clock or SystemClock()
        self.woken, self.stopped = asyncio.Event(), asyncio.Event()

    def at_work(self) -> AbstractAsyncContextManager[bool]:
        calls = Calls(wake=self.woken.set, stop=self.stopped.set)
        return holding(self.database, self._clock, self.stopped, calls)

    async def wait(self, ends: asyncio.Event) -> bool:
        async with self.at_work() as held:
            if held:
                await ends.wait()
            return held

    async def write(self) -> None:
        await self.database.write(lambda c: people.raise_version(c, "written"))


def written(connection: Connection) -> int:
    return people.version_of(connection, "written")


async def held(database: Database, *, by_somebody: bool = True) -> None:
    """Wait until the post is held, or free."""
    while await database.read(postgresql.has_worker) is not by_somebody:
        pass


async def test_a_second_one_stands_by_until_the_first_leaves(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        ends = asyncio.Event()
        first = asyncio.create_task(Worker(here).wait(ends))
        await held(here)
        second = Worker(there)
        async with asyncio.timeout(20):
            waiting = asyncio.create_task(second.wait(ends))
            ends.set()

            assert await first
            assert await waiting


async def test_who_stands_by_can_be_told_to_stop(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        ends, second = asyncio.Event(), Worker(there)
        first = asyncio.create_task(Worker(here).wait(ends))
        await held(here)
        second.stopped.set()

        assert not await second.wait(ends)

        ends.set()
        await first


async def test_who_lost_the_post_writes_nothing_any_more(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        old, new = Worker(here), Worker(there)
        async with old.at_work():
            await old.write()
            with psycopg.connect(ready, autocommit=True) as admin:
                admin.execute(OUT.encode())
            await old.stopped.wait()
            async with new.at_work() as taken:
                assert taken
                with pytest.raises(PostLostError, match="another worker has taken"):
                    await old.write()
                await new.write()

        assert await there.read(written) == 2


async def test_who_writes_elsewhere_is_heard_at_once(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        worker = Worker(here)
        async with worker.at_work():
            await there.tell()
            await asyncio.wait_for(worker.woken.wait(), 10)


async def test_a_clock_that_is_off_is_no_clock_to_work_by(ready: str) -> None:
    slow = ManualClock(SystemClock().now() - timedelta(seconds=3))
    async with opened(ready) as database:
        with pytest.raises(ClockOffError, match=r"the clock here is 3\.\d s off"):
            async with Worker(database, slow).at_work():
                pass


@pytest.mark.sqlite  # of what SQLite does in place of the post
async def test_a_file_has_a_lock_of_its_own() -> None:
    async with opened("sqlite://") as database:
        assert not database.shared
        async with Worker(database).at_work() as taken:
            assert taken
