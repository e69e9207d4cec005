"""Callbacks that come together are kept together, and fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from anyio.lowlevel import checkpoint
from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from channels.contract import HookRequest
from dispatcher.api import letterbox
from dispatcher.api.letterbox import Letterbox
from dispatcher.engine.clock import SystemClock
from dispatcher.store import callbacks
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault
from dispatcher.store.writer import StoreBusyError

FULL = OperationalError("COMMIT", None, Exception("the disk is full"))
UNSPEAKABLE = "\ud800"  # half of a character: nothing that can be written


def raw(event: str) -> Raw:
    request = HookRequest(url=f"/{event}", headers={}, form=(), body="")
    now = SystemClock().now()
    return Raw(
        channel="sms", event_key="e" + event[-1:], received_at=now, request=request
    )


@pytest.fixture
async def house() -> AsyncIterator[Database]:
    async with Database("sqlite://", Vault(MemoryRing())).running() as database:
        await database.write(migrate)
        yield database


async def kept(house: Database) -> list[str]:
    now = SystemClock().now()
    found = await house.read(lambda c: callbacks.unread(c, now, 99))
    return [one.request.url for one in found]


async def test_those_that_wait_go_in_one_transaction(house: Database) -> None:
    box, before = Letterbox(house), house.committed

    await asyncio.gather(*(box.keep(raw(str(number))) for number in range(9)))

    assert house.committed - before == 1
    assert await kept(house) == [f"/{number}" for number in range(9)]


async def test_who_comes_later_is_kept_as_well(house: Database) -> None:
    box = Letterbox(house)

    await box.keep(raw("1"))
    await box.keep(raw("2"))

    assert await kept(house) == ["/1", "/2"]


async def test_one_that_cannot_be_kept_costs_the_others_nothing(
    house: Database,
) -> None:
    box = Letterbox(house)
    outcomes = await asyncio.gather(
        *(box.keep(raw(event)) for event in ("1", UNSPEAKABLE, "3")),
        return_exceptions=True,
    )

    assert [outcomes[0], outcomes[2]] == [None, None]
    assert isinstance(outcomes[1], (PydanticSerializationError, UnicodeError))
    assert await kept(house) == ["/1", "/3"]


async def test_a_store_in_trouble_is_told_to_all_and_asked_once(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def trouble(_: Connection, __: object) -> None:
        nonlocal asked
        asked += 1
        raise FULL

    monkeypatch.setattr(callbacks, "keep", trouble)
    box = Letterbox(house)
    outcomes = await asyncio.gather(
        *(box.keep(raw(str(number))) for number in range(3)), return_exceptions=True
    )

    assert {type(one) for one in outcomes} == {OperationalError}
    assert asked == 1


async def test_who_hangs_up_takes_nobody_with_him(house: Database) -> None:
    box = Letterbox(house)
    gone = asyncio.create_task(box.keep(raw("1")))
    stays = asyncio.create_task(box.keep(raw("2")))
    await checkpoint()
    gone.cancel()
    await stays

    assert await kept(house) == ["/1", "/2"]  # his was there already, and is no loss


async def test_too_many_are_turned_away(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letterbox, "QUEUE_MOST", 1)
    box = Letterbox(house)
    first = asyncio.create_task(box.keep(raw("1")))
    await checkpoint()
    await checkpoint()
    second = asyncio.create_task(box.keep(raw("2")))
    outcomes = await asyncio.gather(
        first, second, box.keep(raw("3")), return_exceptions=True
    )

    assert StoreBusyError in map(type, outcomes)
    assert outcomes[0] is None
