"""The writer: everything that waits goes into one transaction, and fails apart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import Connection, func, select

from dispatcher.store import schema
from dispatcher.store.database import Database
from dispatcher.store.vault import MemoryRing, Vault
from dispatcher.store.writer import QUEUE_MOST, StoreBusyError

Work = Callable[[Connection], str]


def noting(name: str) -> Work:
    """Work that writes one row and gives its name back."""

    def work(connection: Connection) -> str:
        connection.execute(schema.setting.insert().values(name=name, value="x"))
        return name

    return work


def failing(name: str) -> Work:
    """Work that writes one row and then fails."""

    def work(connection: Connection) -> str:
        noting(name)(connection)
        raise RuntimeError(name)

    return work


async def written(database: Database) -> int:
    return await database.read(
        lambda c: (
            c.execute(select(func.count()).select_from(schema.setting)).scalar() or 0
        )
    )


class Closed:
    """Work that stops the writer at a door until it is opened."""

    def __init__(self) -> None:
        self._entered, self._open = threading.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self._entered.set()
        self._open.wait(10)

    async def reached(self) -> None:
        await asyncio.to_thread(self._entered.wait, 10)

    def open(self) -> None:
        self._open.set()


async def test_a_bad_piece_fails_alone(database: Database) -> None:
    outcomes = await asyncio.gather(
        database.write(noting("first")),
        database.write(failing("second")),
        database.write(noting("third")),
        return_exceptions=True,
    )

    assert [str(one) for one in outcomes] == ["first", "second", "third"]
    assert isinstance(outcomes[1], RuntimeError)
    assert await written(database) == 2


async def test_every_waiter_gets_the_outcome_of_its_own_piece(
    database: Database,
) -> None:
    names = [f"piece {number}" for number in range(50)]

    outcomes = await asyncio.gather(*(database.write(noting(name)) for name in names))

    assert names == outcomes


async def test_what_waits_together_is_committed_together(database: Database) -> None:
    before = database.committed
    door = Closed()
    first = asyncio.create_task(database.write(door))
    await door.reached()
    rest = [asyncio.create_task(database.write(noting(f"{n}"))) for n in range(100)]
    await checkpoint()
    door.open()
    await asyncio.gather(first, *rest)

    assert (database.committed - before, await written(database)) == (2, 100)


async def test_a_full_queue_refuses_before_anything_is_begun(
    database: Database,
) -> None:
    door = Closed()
    first = asyncio.create_task(database.write(door))
    await door.reached()
    nothing = [
        asyncio.create_task(database.write(lambda _: None)) for _ in range(QUEUE_MOST)
    ]
    await checkpoint()

    with pytest.raises(StoreBusyError, match=f"{QUEUE_MOST} pieces of work wait"):
        await database.write(noting("one too many"))

    door.open()
    await asyncio.gather(first, *nothing)

    assert await written(database) == 0


async def test_a_waiter_that_gave_up_harms_nobody(database: Database) -> None:
    door = Closed()
    first = asyncio.create_task(database.write(door))
    await door.reached()
    gone = asyncio.create_task(database.write(noting("gone")))
    stays = asyncio.create_task(database.write(noting("stays")))
    await checkpoint()
    gone.cancel()
    door.open()
    await first

    assert await stays == "stays"
    assert gone.cancelled()
    assert await database.write(noting("later")) == "later"


async def test_what_was_queued_is_still_written_at_the_end(url: str) -> None:
    async with Database(url, Vault(MemoryRing())).running() as database:
        await database.write(schema.setting.create)
        late = [asyncio.create_task(database.write(noting(f"{n}"))) for n in range(9)]
        await checkpoint()

    assert [f"{n}" for n in range(9)] == [await task for task in late]
