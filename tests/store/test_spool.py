"""Callbacks beside a file that somebody else is writing: none waits, none is lost."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url

from channels.contract import HookRequest
from dispatcher.core.journal import HOUSE
from dispatcher.engine.rotation import rotate
from dispatcher.store import callbacks, journal, schema, spool
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import KeyName, MemoryRing, Vault, id_of, present
from tests.store.stock import after
from tests.store.test_group_commit import Closed


def raw(event: str) -> Raw:
    """Something a provider told, by its name."""
    request = HookRequest(url=f"/{event}", headers={}, form=(), body="")
    return Raw(channel="sms", event_key=event, received_at=after(1), request=request)


@pytest.fixture
def ring() -> MemoryRing:
    return MemoryRing()


@asynccontextmanager
async def opened(folder: Path, ring: MemoryRing) -> AsyncIterator[Database]:
    """A process of its own would open the file so."""
    url = f"sqlite:///{folder / 'jiaoying.db'}"
    async with Database(url, Vault(ring)).running() as database:
        await database.write(migrate)
        yield database


@pytest.fixture
async def house(tmp_path: Path, ring: MemoryRing) -> AsyncIterator[Database]:
    async with opened(tmp_path, ring) as database:
        yield database


async def put_down(database: Database, *events: str) -> None:
    """All in one group, as they come when many answer."""
    works = [partial(callbacks.keep, raws=[raw(event)]) for event in events]
    await asyncio.gather(*map(database.put_down, works))


async def unread(database: Database) -> list[str]:
    """What the worker would read."""
    found = await database.read(lambda c: callbacks.unread(c, after(9), 99))
    return [one.request.url for one in found]


async def test_it_is_put_down_while_somebody_writes(house: Database) -> None:
    door = Closed()
    writing = asyncio.create_task(house.write(door))
    await door.reached()

    await put_down(house, "a")

    assert await house.lying() == 1
    assert not writing.done()
    door.open()
    await writing


async def test_what_lies_there_is_carried_in_the_order_it_came(house: Database) -> None:
    for event in ("a", "b", "c"):
        await put_down(house, event)

    assert await unread(house) == []
    assert await house.carry_in() == 3
    assert await unread(house) == ["/a", "/b", "/c"]
    assert await house.lying() == 0
    assert await house.carry_in() == 0


@pytest.mark.parametrize("gathered", [True, False])
async def test_what_is_told_twice_is_kept_once(
    house: Database, *, gathered: bool
) -> None:
    await put_down(house, "a")
    if gathered:
        await house.carry_in()
    await put_down(house, "a", "b")
    await house.carry_in()

    assert await unread(house) == ["/a", "/b"]


async def test_who_dies_between_the_two_commits_leaves_nothing_double(
    house: Database, tmp_path: Path, ring: MemoryRing
) -> None:
    await put_down(house, "a", "b")
    beside = spool_of(tmp_path, ring)
    arrived = beside.first(9)
    await house.write(lambda c: spool.carry(c, arrived))  # and now it dies
    await put_down(house, "c")

    await house.carry_in()

    assert await unread(house) == ["/a", "/b", "/c"]
    beside.close()


async def test_who_carries_late_drops_nothing_that_came_since(
    house: Database, tmp_path: Path, ring: MemoryRing
) -> None:
    await put_down(house, "a")
    beside = spool_of(tmp_path, ring)
    seen_by_another = beside.first(9)
    await house.carry_in()
    await put_down(house, "b")  # under a number of its own, although it is the first

    await house.write(lambda c: spool.carry(c, seen_by_another))
    await house.put_down(lambda c: spool.drop(c, seen_by_another))
    await house.carry_in()

    assert await unread(house) == ["/a", "/b"]
    beside.close()


async def test_what_was_put_down_outlives_its_process(
    tmp_path: Path, ring: MemoryRing
) -> None:
    async with opened(tmp_path, ring) as first:
        await put_down(first, "a")

    async with opened(tmp_path, ring) as second:
        await second.carry_in()
        assert await unread(second) == ["/a"]


async def test_nobody_else_may_read_the_file(house: Database, tmp_path: Path) -> None:
    await put_down(house, "a")

    file = tmp_path / "jiaoying.db.spool"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"/a" not in file.read_bytes()


async def test_a_key_is_replaced_under_what_is_being_put_down(
    house: Database, tmp_path: Path, ring: MemoryRing
) -> None:
    """It takes the key that was there, and is written anew with all the rest."""
    old = ring.keys(KeyName.DATA)[0]
    door = Closed()

    def slow(connection: Connection) -> None:
        assert present(connection, KeyName.DATA) == id_of(old)
        door(connection)
        callbacks.keep(connection, [raw("a")])

    putting = asyncio.create_task(house.put_down(slow))
    await door.reached()
    async with opened(tmp_path, ring) as operator:
        rotating = asyncio.create_task(
            rotate(operator, KeyName.DATA, after(2), "cli:root", lambda _: None)
        )
        while not await house.read(lambda c: journal.entries_of(c, HOUSE)):
            await checkpoint()
        door.open()
        await asyncio.gather(putting, rotating)

    assert ring.keys(KeyName.DATA)[0] != old
    bodies = await house.read(lambda c: [*c.scalars(select(schema.callback.c.body))])
    assert [body.partition(":")[0] for body in bodies] == [
        id_of(ring.keys(KeyName.DATA)[0])
    ]
    assert await unread(house) == ["/a"]


def spool_of(folder: Path, ring: MemoryRing) -> spool.Spool:
    """The spool as another process has it."""
    return spool.Spool(make_url(f"sqlite:///{folder / 'jiaoying.db'}"), Vault(ring))
