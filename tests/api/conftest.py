from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import Connection

from config.settings import Settings
from dispatcher.api.app import create_app
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.runtime import running
from dispatcher.store import keys, people
from dispatcher.store.keys import ApiKey
from tests.api.hamlet import KEYS, NOON, SETTINGS, Hamlet, roster
from tests.api.watcher import Desk, served


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _furnish(connection: Connection) -> None:
    people.save_roster(connection, roster())
    for name, (scopes, senders) in KEYS.items():
        key = ApiKey(name=name, scopes=scopes, senders=senders)
        keys.add(connection, key, f"key-of-{name}", NOON)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Hamlet]:
    """Open the hamlet under other settings."""
    clock = ManualClock(NOON)
    async with running(settings, clock) as runtime:
        await runtime.database.write(_furnish)
        wakes: list[None] = []
        app = create_app(runtime, lambda: wakes.append(None))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api"
        ) as http:
            yield Hamlet(runtime=runtime, clock=clock, http=http, wakes=wakes)


@pytest.fixture
async def hamlet() -> AsyncIterator[Hamlet]:
    async with opened(SETTINGS) as found:
        yield found


@pytest.fixture
async def desk(hamlet: Hamlet) -> AsyncIterator[Desk]:
    async with served(hamlet) as found:
        yield found
