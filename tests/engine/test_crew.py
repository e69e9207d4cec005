"""Workers on a database of many machines: who has the rules, who is out."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection

from dispatcher.engine.clock import Clock, ManualClock, SystemClock
from dispatcher.engine.crew import (
    ALONE,
    ClockOffError,
    OutError,
    Teller,
    joined,
    sending_for,
)
from dispatcher.store import outbox, people, postgresql, workers
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault, appoint_settled
from tests.store.stock import after, lease, message, person, post, settle

OUT = f"""
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = {postgresql.LIVES}
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - our own
PATIENCE = 20
RING = MemoryRing()


def opened(url: str) -> AbstractAsyncContextManager[Database]:
    return Database(url, Vault(RING)).running()


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE)


class Hand:
    """A worker, and what it was told."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database, self._clock = database, clock or SystemClock()
        self.woken, self.stopped = asyncio.Event(), asyncio.Event()
        self.rules, self.told = asyncio.Event(), asyncio.Event()
        self.shares: list[int] = []

    def wake(self) -> None:
        self.woken.set()

    def share(self, workers: int) -> None:
        self.shares.append(workers)
        self.told.set()

    def rule(self) -> None:
        self.rules.set()

    def stop(self) -> None:
        self.stopped.set()

    def at_work(self) -> AbstractAsyncContextManager[int]:
        return joined(self.database, self._clock, self)

    async def write(self) -> None:
        await self.database.write(lambda c: people.raise_version(c, "written"))

    async def shares_with(self, others: int) -> None:
        """Wait until it is told that so many others are at work."""
        while self.shares[-1:] != [others + 1]:
            self.told.clear()
            await soon(self.told)


def written(connection: Connection) -> int:
    return people.version_of(connection, "written")


async def test_both_are_at_work_and_one_has_the_rules(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        first, second = Hand(here), Hand(there)
        async with first.at_work() as one:
            await soon(first.rules)
            async with second.at_work() as other:
                await first.shares_with(1)
                await second.shares_with(1)
                await second.write()

                assert one < other
                assert not second.rules.is_set()
            await first.shares_with(0)


async def test_the_rules_go_to_another_when_who_has_them_leaves(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        first, second = Hand(here), Hand(there)
        async with first.at_work():
            await soon(first.rules)
            waiting = second.at_work()
            await waiting.__aenter__()
        await soon(second.rules)
        await waiting.__aexit__(None, None, None)


def held(connection: Connection, holder: int) -> None:
    """Let a worker have a message on the wire."""
    appoint_settled(connection)
    settle(connection, person("li"))
    post(connection, message("on_the_wire"))
    outbox.claim(connection, after(0), lease(after(30), holder), 1)


def doubtful(connection: Connection) -> list[str]:
    return [one.id for one in outbox.doubtful(connection, after(1), 9)]


async def test_who_lost_its_connection_is_buried_and_writes_no_more(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        old, new = Hand(here), Hand(there)
        async with old.at_work() as number:
            await here.write(lambda c: held(c, number))
            await old.write()
            assert not await there.read(workers.any_gone)
            with psycopg.connect(ready, autocommit=True) as admin:
                admin.execute(OUT.encode())
            await soon(old.stopped)
            async with new.at_work():
                await soon(new.rules)
                assert await there.read(workers.any_gone)

                assert await there.write(lambda c: workers.bury(c, after(0))) == 1

                with pytest.raises(OutError, match="counted out; another one has"):
                    await old.write()
                await new.write()
        assert await there.read(written) == 2


async def test_who_sends_for_a_worker_is_out_with_it(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        rules, sends = Hand(here), Hand(there)
        async with rules.at_work() as number:
            async with sending_for(there, number, sends):
                await soon(sends.told)
                await sends.write()
                await here.write(workers.retire)

                await soon(sends.stopped)
                with pytest.raises(OutError):
                    await sends.write()
            await soon(rules.stopped)


async def test_what_the_living_hold_is_theirs(ready: str) -> None:
    async with (
        opened(ready) as here,
        opened(ready) as there,
        Hand(here).at_work() as number,
        Hand(there).at_work(),
    ):
        await here.write(lambda c: held(c, number))

        assert await there.write(lambda c: workers.bury(c, after(0))) == 0
        assert await there.read(doubtful) == []


async def test_who_knows_an_older_schema_is_out(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        old = Hand(here)
        async with old.at_work():
            await there.write(lambda c: c.exec_driver_sql(BEHIND))
            await there.write(migrate)
            await soon(old.stopped)
            with pytest.raises(OutError):
                await old.write()


BEHIND = """
DROP FUNCTION alert_unstamped CASCADE;
ALTER TABLE alert DROP COLUMN launched, DROP COLUMN stamp;
DROP INDEX question_person, message_person;
CREATE INDEX ix_message_chain ON message (chain);
DROP INDEX callout_marked, callout_state, alert_newest;
DROP INDEX message_late, message_call_waiting, callout_desk;
ALTER TABLE message DROP COLUMN holder;
ALTER TABLE worker RENAME TO others;
UPDATE alembic_version SET version_num = '0020';
"""


async def test_who_writes_elsewhere_is_heard_at_once(ready: str) -> None:
    async with opened(ready) as here, opened(ready) as there:
        hand = Hand(here)
        async with hand.at_work():
            Teller(there)()
            await soon(hand.woken)


async def test_a_clock_that_is_off_is_no_clock_to_work_by(ready: str) -> None:
    slow = ManualClock(SystemClock().now() - timedelta(seconds=3))
    async with opened(ready) as database:
        with pytest.raises(ClockOffError, match=r"the clock here is 3\.\d s off"):
            async with Hand(database, slow).at_work():
                pass


@pytest.mark.sqlite  # of what SQLite does in place of the crew
async def test_on_a_file_there_is_one_and_it_has_the_rules() -> None:
    async with opened("sqlite://") as database:
        hand = Hand(database)
        async with hand.at_work() as number:
            assert number == ALONE
            assert hand.rules.is_set()
        with pytest.raises(TypeError, match="only a shared database"):
            database.lifeline(ALONE)
