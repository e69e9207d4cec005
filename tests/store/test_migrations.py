"""From one version of the file to the next and back, with rows inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from channels.contract import Channel
from dispatcher.core.alert import ChainId
from dispatcher.store import calls, outbox, people, questions, schema, strikes
from dispatcher.store.database import Database
from dispatcher.store.migrate import STEPS, migrate
from tests.store.stock import (
    CHAIN,
    after,
    ask,
    column,
    ids,
    message,
    person,
    question,
    settle,
)

FIRST = "0001"


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    """An open database without a schema."""
    async with Database(url).running() as database:
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
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    return columns | {row.name: row.sql for row in connection.execute(text(made))}


PERSON_OF_THE_FIRST = "INSERT INTO person (id, name) VALUES ('li', '人li')"
ADDRESS_OF_THE_FIRST = """
    INSERT INTO address (id, person, position, kind, value, wrong)
    VALUES ('li0', 'li', 0, 'mobile', '+999-li', FALSE)
"""


def people_of_the_first(connection: Connection) -> None:
    """Somebody as the first version of the file kept him."""
    connection.execute(text(PERSON_OF_THE_FIRST))
    connection.execute(text(ADDRESS_OF_THE_FIRST))


def fill(connection: Connection) -> None:
    """Put in what every version can hold."""
    outbox.put(connection, [message("text"), message("call", channel=Channel.VOICE)])
    ask(connection, question("q"), "+9991")


async def test_a_file_of_the_first_version_is_brought_up_with_all_it_holds(
    empty: Database,
) -> None:
    def up(connection: Connection) -> list[str]:
        command.upgrade(configured(connection), FIRST)
        people_of_the_first(connection)
        fill(connection)
        migrate(connection)
        placed = calls.claim(connection, [["call"]], after(0), after(30))
        strikes.woke(connection, ChainId(CHAIN), "li", after(0))
        return ids(one.first for one in placed)

    assert await empty.write(up) == ["call"]
    assert await empty.read(lambda c: column(c, schema.message, "hang_up")) == {
        "text": False,
        "call": False,
    }
    found = await empty.read(lambda c: questions.by_id(c, ["q"]))
    assert found == {"q": question("q")}
    known = await empty.read(lambda c: people.find_people(c, ["li"]))
    assert known == {"li": person("li")}


async def test_a_file_can_be_given_back_to_the_first_version(empty: Database) -> None:
    def there_and_back(connection: Connection) -> tuple[Any, Any]:
        command.upgrade(configured(connection), FIRST)
        before = shape(connection)
        migrate(connection)
        settle(connection, person("li"))
        fill(connection)
        calls.claim(connection, [["call"]], after(0), after(30))
        command.downgrade(configured(connection), FIRST)
        return before, shape(connection)

    def kept(connection: Connection) -> list[tuple[str, str]]:
        rows = connection.execute(text("SELECT id, state FROM message ORDER BY id"))
        return [tuple(row) for row in rows]

    before, then = await empty.write(there_and_back)

    assert before == then
    assert await empty.read(kept) == [("call", "sending"), ("text", "waiting")]


async def test_going_back_and_forth_changes_nothing(empty: Database) -> None:
    def there_and_back(connection: Connection) -> tuple[Any, Any]:
        migrate(connection)
        before = shape(connection)
        command.downgrade(configured(connection), FIRST)
        migrate(connection)
        return before, shape(connection)

    before, then = await empty.write(there_and_back)

    assert before == then
