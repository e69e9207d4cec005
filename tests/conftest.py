"""What all tests share: plain tracebacks in the log, and a PostgreSQL for who asks.

structlog draws tracebacks with rich where that is installed, with every local variable;
a test that lets things fail a hundred times would spend its time on that.

``JIAOYING_TEST_STORE=postgresql`` puts a database of PostgreSQL under every test that
opens the store in its own process, whatever it asks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from sqlalchemy.engine import URL, make_url

from dispatcher.store import database
from dispatcher.store.backend import Backend
from dispatcher.store.postgresql import Postgresql
from dispatcher.store.vault import Vault, appoint_settled
from tests.postgres import Server, serving

STORE = "JIAOYING_TEST_STORE"


def pytest_configure() -> None:
    # How long one example takes says something of the machine, not of the code.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    renderer = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback
    )
    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[*processors[:-1], renderer])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    with serving() as server:
        yield server


@pytest.fixture
def ready(postgresql: Server) -> Iterator[str]:
    """Where a database on it is that has the present schema and no rows."""
    yield postgresql.ready()
    postgresql.put_back()


@pytest.fixture(autouse=True)
def _on_the_store_that_is_named(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    if os.environ.get(STORE) != "postgresql":
        yield
        return
    if request.node.get_closest_marker("sqlite"):
        pytest.skip("not run: it looks into SQLite's own file")
    server: Server = request.getfixturevalue("postgresql")
    monkeypatch.setattr(database, "backend_at", Instead(server))
    yield
    server.put_back()


class Instead:
    """Opens a database of a server for every file, and one for each in memory."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._places: dict[str, str] = {}

    def __call__(self, url: URL, vault: Vault) -> Backend:
        if url.get_backend_name() != "sqlite":
            return Postgresql(url, vault)
        memory = url.database in {None, "", ":memory:"}
        place = f"{len(self._places)}" if memory else str(url.database)
        new = place not in self._places
        if new:
            self._places[place] = self._server.ready()
        found = Postgresql(make_url(self._places[place]), vault)
        found.memory = memory
        if new:
            with found.engine.begin() as connection:
                appoint_settled(connection)
        return found
