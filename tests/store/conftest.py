"""Fixtures of the store: one suite, every kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import Vault, appoint_settled
from tests.postgres import Server
from tests.store.stock import KnownRing

KINDS = ("memory", "file", "postgresql")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """What kind of database."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if kind == "memory":
        return "sqlite+aiosqlite://"
    if kind == "file":
        return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.bare()


@pytest.fixture
async def database(
    kind: str, request: pytest.FixtureRequest
) -> AsyncIterator[Database]:
    """An open database with the present schema and nothing in it."""
    where = "url" if kind != "postgresql" else "ready"
    url = request.getfixturevalue(where)
    async with Database(url, Vault(KnownRing())).running() as database:
        await database.write(migrate)
        await database.write(appoint_settled)
        yield database
