"""A PostgreSQL server of the tests' own, and empty databases on it.

``JIAOYING_TEST_POSTGRESQL`` names the address of one that runs already (without a
database at its end: ``postgresql://user@/?host=/folder&port=5433``). The tests make and
drop databases called ``jiaoying_test_...`` there.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url

from dispatcher.store import postgresql
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import OPTION, MemoryRing, Vault

GIVEN = "JIAOYING_TEST_POSTGRESQL"
SUPER = "jiaoying"
SQLITE = "sqlite"
STORES = (SQLITE, "postgresql")
# Nothing that the tests keep has to outlive the machine.
QUICK = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "shared_buffers": "64MB",
}
# What benches measure on: a commit is on the disk, and who sweeps, sweeps.
AS_IT_COMES = {"listen_addresses": "''"}
WIPE = """
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT tablename FROM pg_tables
             WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %I', one); END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
  LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', one); END LOOP;
END $$
"""
SHAPE = """
SELECT md5(string_agg(format('%I.%I', relname, attname), ',' ORDER BY relname, attnum))
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND NOT attisdropped
WHERE relnamespace = 'public'::regnamespace
"""
VERSION = "UPDATE alembic_version SET version_num = "
PUT_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def missing(what: str) -> None:
    """Skip a test for want of something, or fail it where all has to be there."""
    message = f"not run: {what} is not installed"
    if os.environ.get("JIAOYING_REQUIRE_PEERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that is installed, 15 or newer."""
    beside = shutil.which("initdb")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("[1-9][0-9]/bin"),
        key=lambda folder: int(folder.parent.name),
    )
    fit = [one for one in folders if int(one.parent.name) >= postgresql.OLDEST]
    if fit:
        return fit[-1]
    return Path(beside).parent if beside else None


def obtainable() -> Sequence[str]:
    """The stores that can be had here."""
    return STORES if os.environ.get(GIVEN) or programs() else (SQLITE,)


def as_its_user(*command: str | Path) -> list[str]:
    """A command as somebody whom PostgreSQL will serve: never root."""
    plain = list(map(str, command))
    return plain if os.geteuid() else ["runuser", "-u", "postgres", "--", *plain]


class Server:
    """A running server; databases of it are handed out empty.

    :ivar address: without a database
    """

    def __init__(self, address: URL) -> None:
        self.address = address
        self._mark = f"jiaoying_test_{os.getpid()}"
        self._made = 0
        self._free: list[str] = []
        self._taken: list[str] = []
        self._template = self._create(f"{self._mark}_template")
        engine = create_engine(
            postgresql.address(make_url(self.url(self._template))),
            isolation_level="AUTOCOMMIT",
            execution_options={OPTION: Vault(MemoryRing())},
        )
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN")
            migrate(connection)
            connection.exec_driver_sql("COMMIT")
            version = connection.exec_driver_sql("SELECT * FROM alembic_version")
            self._version = str(version.scalar_one())
        engine.dispose()
        self.do(self._template, WIPE)  # the keys are each test's own
        self._shape = self.told(self._template, SHAPE)

    def url(self, name: str) -> str:
        """Where a database is."""
        whole = self.address.set(database=name)
        return whole.render_as_string(hide_password=False)

    def bare(self) -> str:
        """A database with nothing in it, not even a schema."""
        self._made += 1
        name = self._create(f"{self._mark}_bare_{self._made}")
        return self.url(name)

    def ready(self) -> str:
        """A database with the present schema and no rows; until :meth:`put_back`."""
        if self._free:
            name = self._free.pop()
            self.do(name, PUT_OUT, WIPE, f"{VERSION}'{self._version}'")
        else:
            self._made += 1
            name = f"{self._mark}_{self._made}"
            self._create(name, self._template)
        if self.told(name, SHAPE) != self._shape:  # a test took some of it away
            self._create(name, self._template)
        self._taken.append(name)
        return self.url(name)

    def apart(self, *statements: str) -> str:
        """A database with the present schema for some tests alone, filled so."""
        self._made += 1
        name = self._create(f"{self._mark}_apart_{self._made}", self._template)
        self.do(name, *statements)
        return self.url(name)

    def put_back(self) -> None:
        """All that were handed out are of no use any more."""
        self._free += self._taken
        self._taken.clear()

    def put_out(self, name: str) -> None:
        """End every connection to a database."""
        self.do(name, PUT_OUT)

    def do(self, name: str, *statements: str) -> None:
        """Say something in a database, each statement by itself."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            for one in statements:
                connection.execute(one.encode())

    def told(self, name: str, query: str) -> object:
        """What a database answers with one row."""
        with psycopg.connect(self.url(name)) as connection:
            return connection.execute(query.encode()).fetchone()

    def sorted_by(self, order: str) -> str:
        """A database with nothing in it that sorts text so."""
        return self.url(self._create(f"{self._mark}_sorted", "template0", order))

    def _create(
        self, name: str, template: str = "template0", order: str = "LOCALE 'C'"
    ) -> str:
        how = f"{order} ENCODING 'UTF8'" if template == "template0" else ""
        make = f'CREATE DATABASE "{name}" TEMPLATE "{template}" {how}'
        self.do("postgres", f'DROP DATABASE IF EXISTS "{name}"', make)
        return name

    def close(self) -> None:
        """Drop what was made here."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            find = "SELECT datname FROM pg_database WHERE datname LIKE %s"
            names = connection.execute(find, (f"{self._mark}_%",)).fetchall()
            for (name,) in names:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def serving(settings: Mapping[str, str] = QUICK) -> Iterator[Server]:
    """Give the server that is named, or start one with some settings."""
    given = os.environ.get(GIVEN)
    if given:
        server = Server(make_url(given))
        try:
            yield server
        finally:
            server.close()
        return
    # Not where pytest's are: the path of a socket may not be long.
    with (
        tempfile.TemporaryDirectory(prefix="jy-pg-") as folder,
        started(Path(folder), settings) as address,
    ):
        yield Server(address)


@contextlib.contextmanager
def places(store: str, file: str) -> Iterator[Callable[[], str]]:
    """Where a store of one kind has room, a new place each time; durable, as it is run.

    A server is started for the time, with the settings it comes with.

    :param store: one of :data:`STORES`
    :param file: the place on a file
    """
    if store == SQLITE:
        yield lambda: file
        return
    with serving(AS_IT_COMES) as server:
        yield server.bare


@contextlib.contextmanager
def started(folder: Path, settings: Mapping[str, str] = QUICK) -> Iterator[URL]:
    """Start a server in an empty folder; it is gone at the end.

    It takes a moment to start, so whoever needs it shares one for all his tests.
    """
    there = programs()
    if there is None:
        missing("PostgreSQL")
        raise AssertionError
    if not os.geteuid():
        shutil.chown(folder, "postgres")
    data, port = folder / "data", _free_port()
    make = (there / "initdb", "-D", data, "-U", SUPER, "--auth=trust", "--no-sync")
    _done(as_its_user(*make, "-E", "UTF8", "--locale=C"))
    options = [f"-c{name}={value}" for name, value in settings.items()]
    options = [option.replace("''", "") for option in options]
    command = as_its_user(
        there / "postgres", "-D", data, "-k", folder, "-p", str(port), *options
    )
    with (folder / "log").open("wb") as log, _running(command, log):
        yield _answering(
            URL.create(
                "postgresql",
                username=SUPER,
                query={"host": str(folder), "port": str(port)},
            )
        )


def restarted(folder: Path) -> None:
    """Let the server in a folder die as if its power was cut, and start again."""
    _controlled(folder, "restart", "-m", "immediate", "-l", folder / "again.log")


def ended(folder: Path) -> None:
    """End a server that was started again: it is nobody's child any more."""
    _controlled(folder, "stop", "-m", "fast")


def _controlled(folder: Path, *words: str | Path) -> None:
    there = programs()
    assert there
    _done(as_its_user(there / "pg_ctl", "-D", folder / "data", "-w", *words))


@contextlib.contextmanager
def _running(command: list[str], log: Any) -> Iterator[None]:
    with subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()  # runuser hands it on
            process.wait(20)


def _done(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def _answering(address: URL) -> URL:
    """Wait until a server takes connections."""
    end = time.monotonic() + 30
    where = address.set(database="postgres").render_as_string()
    while True:
        try:
            psycopg.connect(where).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end, f"{getpass.getuser()}: no answer at {where}"
        else:
            return address
