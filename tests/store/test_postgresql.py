"""What only a server shows: connections that break, others who write, who sorts how."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    closing,
    suppress,
)

import psycopg
import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError
from structlog.testing import capture_logs

from config.settings import Settings
from dispatcher.store import batch, dialect, postgresql, schema
from dispatcher.store.backend import UnfitStoreError
from dispatcher.store.database import STORE_TROUBLE, Database, backend_at
from dispatcher.store.durability import Durability, durability
from dispatcher.store.migrate import SchemaError, migrate
from dispatcher.store.vault import MemoryRing, Vault
from dispatcher.store.writer import TRIES, Work
from tests.postgres import Server

END = text("SELECT pg_terminate_backend(pg_backend_pid())")
RACED = 40


def opened(url: str) -> AbstractAsyncContextManager[Database]:
    return Database(url, Vault(MemoryRing())).running()


def noting(name: str) -> Work[object]:
    row = {"name": name, "value": "-"}
    return lambda c: c.execute(schema.setting.insert().values(row))


def noted(connection: Connection) -> set[str]:
    return set(connection.scalars(select(schema.setting.c.name)))


async def test_a_text_with_what_it_can_t_hold_is_kept_without(ready: str) -> None:
    ended, nested = "收到\x00", json.dumps({"said": "收到\x00", "path": "\\u0000"})
    async with opened(ready) as database:
        await database.write(noting(ended))
        rows = [{"name": name, "value": name} for name in (f"多{ended}", nested)]
        await database.write(lambda c: batch.insert(c, schema.setting, rows))
        kept = await database.read(noted)
        wanted = select(dialect.each([ended]).c.value)
        asked = await database.read(lambda c: set(c.scalars(wanted)))

    assert kept == {"收到\ufffd", "多收到\ufffd", nested}
    assert asked == {"收到\ufffd"}


async def test_any_driver_in_the_address_stands_for_ours(ready: str) -> None:
    for driver in ("postgresql", "postgresql+asyncpg", "postgresql+psycopg"):
        named = make_url(ready).set(drivername=driver)
        async with opened(named.render_as_string(hide_password=False)) as database:
            assert await database.read(noted) == set()


def test_an_address_of_asyncpg_asks_for_tls_as_ours_does() -> None:
    url = postgresql.address(make_url("postgresql+asyncpg://a@b/c?ssl=require"))

    assert url.query["sslmode"] == "require"
    assert url.query["target_session_attrs"] == "read-write"


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(UnfitStoreError, match="begins with mysql; use sqlite or"):
        backend_at(make_url("mysql://a@b/c"), Vault(MemoryRing()))
    with pytest.raises(ValueError, match=r"store\.url"):
        Settings.model_validate({"store": {"url": "mysql://a@b/c"}})


async def test_a_database_that_sorts_by_a_language_is_refused(
    postgresql: Server,
) -> None:
    order = "LOCALE_PROVIDER icu ICU_LOCALE 'zh' LOCALE 'C'"
    async with opened(postgresql.sorted_by(order)) as database:
        with pytest.raises(SchemaError, match="sorts text by a language of ICU; make"):
            await database.write(migrate)


async def test_a_connection_that_breaks_fails_its_group_and_nothing_else(
    ready: str,
) -> None:
    async with opened(ready) as database:
        await database.write(noting("before"))
        outcomes = await asyncio.gather(
            database.write(noting("beside")),
            database.write(lambda c: c.execute(END)),
            return_exceptions=True,
        )

        assert [type(one) for one in outcomes] == [OperationalError] * 2
        assert isinstance(outcomes[0], STORE_TROUBLE)

        await database.write(noting("beside"))  # who is in doubt does it again
        assert await database.read(noted) == {"before", "beside"}


async def test_readers_go_on_after_the_server_has_put_everybody_out(
    ready: str, postgresql: Server
) -> None:
    async with opened(ready) as database:
        await database.write(noting("before"))
        await asyncio.gather(*(database.read(noted) for _ in range(4)))
        name = str(make_url(ready).database)
        postgresql.put_out(name)

        assert await database.read(noted) == {"before"}
        await database.write(noting("after"))


class Cut:
    """Stands between a client and the server, and cuts the line behind a COMMIT.

    The server has it; the client never hears.
    """

    def __init__(self, socket_of_server: str) -> None:
        self._there = socket_of_server
        self.armed = False
        self.lines: list[asyncio.Task[None]] = []

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        theirs, ours = await asyncio.open_unix_connection(self._there)
        back = asyncio.create_task(self._hand(theirs, writer))
        while said := await reader.read(65_536):
            cuts = self.armed and b"COMMIT\0" in said
            if cuts:
                back.cancel()
                await asyncio.wait([back])
            ours.write(said)
            if cuts:
                self.armed = False
                await theirs.readuntil(b"COMMIT\0")  # it is done there
                break
        back.cancel()
        await asyncio.wait([back])
        for line in (ours, writer):
            line.close()
            with suppress(ConnectionError):
                await line.wait_closed()

    async def _hand(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while said := await reader.read(65_536):
            writer.write(said)


@asynccontextmanager
async def between(url: str) -> AsyncIterator[tuple[Cut, str]]:
    """A line to a database that can be cut, and its address."""
    query = make_url(url).query
    cut = Cut(f"{query['host']}/.s.PGSQL.{query['port']}")
    server = await asyncio.start_server(cut.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    changed = {"host": "127.0.0.1", "port": str(port), "gssencmode": "disable"}
    through = make_url(url).set(query={**query, **changed, "sslmode": "disable"})
    async with server:
        yield cut, through.render_as_string(hide_password=False)
        await asyncio.gather(*cut.lines)


async def test_a_line_that_is_cut_behind_a_commit_leaves_doubt_that_reading_ends(
    ready: str,
) -> None:
    async with between(ready) as (cut, url), opened(url) as database:
        await database.write(noting("before"))
        cut.armed = True
        with pytest.raises(OperationalError):
            await database.write(noting("in doubt"))

        assert await database.read(noted) == {"before", "in doubt"}
        await database.write(noting("after"))


async def test_who_writes_on_two_machines_takes_turns(ready: str) -> None:
    """Reading and then writing is safe without a lock on any row."""

    def count(connection: Connection) -> None:
        table = schema.setting
        many = connection.execute(select(func.count()).select_from(table)).scalar_one()
        connection.execute(table.insert().values(name=f"{many}", value="-"))

    async with opened(ready) as one, opened(ready) as other:
        turns = (machine.write(count) for _ in range(RACED) for machine in (one, other))
        await asyncio.gather(*turns)

        assert await one.read(noted) == {f"{n}" for n in range(2 * RACED)}


def touch(connection: Connection, name: str) -> None:
    table = schema.setting
    sets = table.update().where(table.c.name == name).values(value="ours")
    assert connection.execute(sets).rowcount == 1


THEIRS = "UPDATE setting SET value = 'theirs' WHERE name = %s"


class Stranger:
    """Somebody at his prompt, who takes what we have while we want what he has."""

    def __init__(self, url: str, rounds: int) -> None:
        """Clash as many times as there are rounds."""
        self._raw = psycopg.connect(url)
        self._raw.execute("SET deadlock_timeout = '10s'")  # so it is ours that ends
        self._raw.commit()
        self._rounds = rounds
        self._waiting: list[threading.Thread] = []
        self.tried = 0

    def crossed(self, connection: Connection) -> None:
        """Take a, and then b; he takes b, and then a."""
        self.tried += 1
        for one in self._waiting:
            one.join()  # our rollback let him go on
        if self.tried <= self._rounds:
            self._raw.execute(THEIRS, ("b",))
        touch(connection, "a")
        if self.tried <= self._rounds:
            self._waiting = [threading.Thread(target=self._want)]
            self._waiting[0].start()
        touch(connection, "b")

    def _want(self) -> None:
        self._raw.execute(THEIRS, ("a",))
        self._raw.commit()

    def close(self) -> None:
        for one in self._waiting:
            one.join()
        self._raw.close()


@asynccontextmanager
async def crossing(url: str, rounds: int) -> AsyncIterator[tuple[Database, Stranger]]:
    """A store with somebody who deadlocks with it."""
    async with opened(url) as database:
        await database.write(noting("a"))
        await database.write(noting("b"))
        with closing(Stranger(url, rounds)) as stranger:
            yield database, stranger


def values(connection: Connection) -> dict[str, str]:
    query = select(schema.setting.c.name, schema.setting.c.value)
    return {row.name: row.value for row in connection.execute(query)}


async def test_a_deadlock_with_a_stranger_is_tried_again(ready: str) -> None:
    async with crossing(ready, 1) as (database, stranger):
        with capture_logs() as logs:
            await asyncio.gather(
                database.write(noting("beside")), database.write(stranger.crossed)
            )

        assert stranger.tried == 2
        found = await database.read(values)
        assert found == {"a": "ours", "b": "ours", "beside": "-"}
        assert [log for log in logs if log["event"] == "store.again"] == [
            {
                "event": "store.again",
                "log_level": "warning",
                "reason": "deadlock",
                "attempt": 1,
                "pieces": 2,
            }
        ]


async def test_who_clashes_each_time_fails_alone(ready: str) -> None:
    async with crossing(ready, TRIES) as (database, stranger):
        outcomes = await asyncio.gather(
            database.write(noting("beside")),
            database.write(stranger.crossed),
            return_exceptions=True,
        )

        assert stranger.tried == TRIES
        assert isinstance(outcomes[1], STORE_TROUBLE)
        assert not isinstance(outcomes[0], BaseException)
        found = await database.read(values)
        assert found == {"a": "theirs", "b": "theirs", "beside": "-"}


@pytest.mark.parametrize("state", postgresql.CLASHES)
async def test_each_kind_of_clash_is_tried_again(ready: str, state: str) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'clash' USING ERRCODE = '{state}'; END $$"
    tried = []

    def once(connection: Connection) -> None:
        tried.append(state)
        if len(tried) == 1:
            connection.exec_driver_sql(raised)

    async with opened(ready) as database:
        await database.write(once)

    assert tried == [state] * 2


async def test_what_clashes_with_nobody_is_tried_once(ready: str) -> None:
    tried = []

    def wrong(connection: Connection) -> None:
        tried.append(1)
        connection.exec_driver_sql("SELECT 1 / 0")

    async with opened(ready) as database:
        with pytest.raises(DataError):
            await database.write(wrong)

    assert tried == [1]


def asking(query: str) -> Work[object]:
    return lambda c: c.exec_driver_sql(query)


async def test_a_table_that_is_gone_is_told_as_on_sqlite(ready: str) -> None:
    async with opened(ready) as database:
        for missing in ("SELECT 1 FROM nowhere", "SELECT nothing FROM setting"):
            with pytest.raises(OperationalError, match="does not exist"):
                await database.read(asking(missing))
        with pytest.raises(ProgrammingError):  # that is a mistake of ours
            await database.read(asking("SELECT FROM WHERE"))


async def test_a_server_that_became_a_standby_is_left_for_the_one_that_is_not(
    ready: str,
) -> None:
    def demoted(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        noting("lost")(connection)

    async with opened(ready) as database:
        before = await database.read(backend_of)
        with pytest.raises(OperationalError, match="read-only"):
            await database.write(demoted)

        await database.write(noting("after"))
        assert await database.read(noted) == {"after"}
        assert await database.read(backend_of) != before


def backend_of(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


async def test_a_server_without_a_standby_keeps_it_on_one_disk(ready: str) -> None:
    async with opened(ready) as database:
        assert await database.read(durability) is Durability.LOCAL


async def test_it_is_on_the_disk_whatever_the_server_thinks_enough(ready: str) -> None:
    with psycopg.connect(ready, autocommit=True) as admin:
        name = make_url(ready).database
        admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    async with opened(ready) as database:
        shown = text("SHOW synchronous_commit")
        assert await database.read(lambda c: c.execute(shown).scalar()) == "on"
