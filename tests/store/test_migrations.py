"""From one version of the file to the next and back, with rows inside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from channels.contract import Channel, HookRequest
from dispatcher.core.alert import ChainId
from dispatcher.store import (
    callbacks,
    calls,
    outbox,
    people,
    questions,
    schema,
    strikes,
)
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.migrate import STEPS, migrate
from dispatcher.store.vault import MemoryRing, Vault
from dispatcher.store.writer import Work
from tests.store.stock import (
    CHAIN,
    after,
    ask,
    column,
    lease,
    message,
    person,
    question,
    settle,
)

FIRST = "0001"


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    """An open database without a schema."""
    async with Database(url, Vault(MemoryRing())).running() as database:
        yield database


def configured(connection: Connection) -> Config:
    """Where the steps are, and on which connection they run."""
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    config.attributes["connection"] = connection
    return config


def shape(connection: Connection) -> dict[str, Any]:
    """The columns of every table, and how every index was made."""
    found = inspect(connection)
    columns = {
        name: [
            (one["name"], str(one["type"]), one["nullable"], one["default"])
            for one in found.get_columns(name)
        ]
        for name in found.get_table_names()
    }
    made = MADE[connection.dialect.name]
    return columns | {row.name: row.sql for row in connection.execute(text(made))}


MADE = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes "
    "WHERE schemaname = 'public'",
}


def fill(connection: Connection) -> None:
    """Put in messages and a question, as they are kept now."""
    outbox.put(connection, [message("text"), message("call", channel=Channel.VOICE)])
    ask(connection, question("q"), "+999-li")
    told = HookRequest(url="/hooks/sms/reply", headers={}, form=(("From", "+999-li"),))
    raw = Raw(channel="sms", event_key="SM1", received_at=after(0), request=told)
    callbacks.keep(connection, [raw])


def first_with_rows(connection: Connection) -> None:
    """A file as the first version kept it, with people, messages and a callback."""
    migrate(connection)
    settle(connection, person("li"))
    fill(connection)
    command.downgrade(configured(connection), FIRST)


async def test_a_file_of_the_first_version_is_brought_up_with_all_it_holds(
    empty: Database,
) -> None:
    def up(connection: Connection) -> list[str]:
        first_with_rows(connection)
        migrate(connection)
        placed = calls.claim(connection, [["call"]], after(0), lease(after(30)))
        strikes.woke(connection, ChainId(CHAIN), "li", after(0))
        return [f"{one.first.id} {one.first.number}" for one in placed]

    def read(connection: Connection) -> tuple[Any, ...]:
        return (
            questions.by_id(connection, ["q"]),
            people.find_people(connection, ["li"]),
            people.holders_of(connection, ["+999-LI"])["+999-LI"],
            questions.known_codes(connection, ["+999-LI"], after(0))["+999-LI"].keys(),
            [one.text for one in outbox.find(connection, ["text"])],
            [one.request.form for one in callbacks.unread(connection, after(0), 9)],
        )

    assert await empty.write(up) == ["call +999-li"]
    assert await empty.read(lambda c: column(c, schema.message, "hang_up")) == {
        "text": False,
        "call": False,
    }
    assert await empty.read(read) == (
        {"q": question("q")},
        {"li": person("li")},
        [("li0", "li")],
        {"60"},
        ["text of text"],
        [[("From", "+999-li")]],
    )


TOLD = HookRequest(url="/hooks/sms/reply", headers={}, form=(("From", "+999-li"),))
PRIVATE = ("+999-li", "人li", "text of text", "text of call")


def test_nothing_private_is_left_in_a_file_that_was_brought_up(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    vault = Vault(MemoryRing())

    async def done(work: Work[None]) -> None:
        async with Database(url, vault).running() as database:
            await database.write(work)

    def after_doing(work: Work[None]) -> bytes:
        asyncio.run(done(work))
        return b"".join(part.read_bytes() for part in tmp_path.iterdir())

    before = after_doing(first_with_rows)
    then = after_doing(migrate)

    assert [one for one in PRIVATE if one.encode() in before] == [*PRIVATE]
    assert [one for one in PRIVATE if one.encode() in then] == []


async def test_a_file_can_be_given_back_to_the_first_version(empty: Database) -> None:
    def there_and_back(connection: Connection) -> tuple[Any, Any]:
        command.upgrade(configured(connection), FIRST)
        before = shape(connection)
        migrate(connection)
        settle(connection, person("li"))
        fill(connection)
        calls.claim(connection, [["call"]], after(0), lease(after(30)))
        command.downgrade(configured(connection), FIRST)
        return before, shape(connection)

    def kept(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        queries = {
            "message": "SELECT id, state, text FROM message ORDER BY id",
            "person": "SELECT id, name FROM person",
            "address": "SELECT id, value FROM address",
            "code": "SELECT number, code FROM code",
        }
        return {
            name: [tuple(row) for row in connection.execute(text(query))]
            for name, query in queries.items()
        }

    before, then = await empty.write(there_and_back)

    assert before == then
    assert await empty.read(kept) == {
        "message": [
            ("call", "sending", "text of call"),
            ("text", "waiting", "text of text"),
        ],
        "person": [("li", "人li")],
        "address": [("li0", "+999-li")],
        "code": [("+999-li", "60")],
    }


async def test_going_back_and_forth_changes_nothing(empty: Database) -> None:
    def there_and_back(connection: Connection) -> tuple[Any, Any]:
        migrate(connection)
        before = shape(connection)
        command.downgrade(configured(connection), FIRST)
        migrate(connection)
        return before, shape(connection)

    before, then = await empty.write(there_and_back)

    assert before == then
