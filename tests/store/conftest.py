"""Fixtures of the store: one suite, every kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import Vault
from tests.store.stock import KnownRing

# Another database (a server, say) is one more name here and one more case in `url`.
KINDS = ("memory", "file")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "memory":
        return "sqlite+aiosqlite://"
    return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open database with the present schema and nothing in it."""
    async with Database(url, Vault(KnownRing())).running() as database:
        await database.write(migrate)
        yield database
