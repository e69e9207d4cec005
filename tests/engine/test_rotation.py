"""Keys are replaced while everything goes on, and by whoever was killed over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from channels.contract import HookRequest
from dispatcher.core.journal import HOUSE, KeyRotated
from dispatcher.engine import rotation
from dispatcher.engine.keyring import FileRing
from dispatcher.engine.rotation import rotate
from dispatcher.store import (
    callbacks,
    journal,
    outbox,
    people,
    questions,
    schema,
    vault,
)
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import KeyName, Vault
from tests.core.build import START
from tests.store.stock import after, ask, message, person, question, settle

NUMBERS = {"li": "+999-li", "wang": "+999-wang", "zhao": "+999-zhao"}


class Killed(Exception):  # noqa: N818 - nothing went wrong
    """The process ended here."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with people, messages, a question and a callback."""

    def fill(connection: Connection) -> None:
        settle(connection, *map(person, NUMBERS))
        outbox.put(connection, [message(f"to {who}", who) for who in NUMBERS])
        ask(connection, question("q"), NUMBERS["li"])
        told = HookRequest(url="/hooks", headers={}, form=(("From", "+999-li"),))
        raw = Raw(channel="sms", event_key="SM1", received_at=START, request=told)
        callbacks.keep(connection, [raw])

    url = f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    async with Database(url, Vault(FileRing(tmp_path / "keys"))).running() as opened:
        await opened.write(migrate)
        await opened.write(fill)
        yield opened


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two rows, so that there are several."""
    monkeypatch.setattr(rotation, "PIECE", 2)


def all_of(connection: Connection) -> tuple[object, ...]:
    """Everything that lies encrypted, read."""
    sending = outbox.find(connection, [f"to {who}" for who in NUMBERS])
    [told] = callbacks.unread(connection, after(9), 9)
    return (
        sorted((one.number, one.text) for one in sending),
        {p.name for p in people.load_roster(connection).people.values()},
        people.holders_of(connection, NUMBERS.values()),
        questions.known_codes(connection, [NUMBERS["li"]], START),
        told.request.form,
    )


def key_ids(connection: Connection) -> set[str]:
    """Under which keys anything lies."""
    return {
        *connection.scalars(select(schema.human_key.c.key)),
        *(one.partition(":")[0] for one in connection.scalars(select(TEXT))),
        *(one.partition(":")[0] for one in connection.scalars(select(BODY))),
    }


TEXT, BODY = schema.message.c.text, schema.callback.c.body


async def turned(
    database: Database, name: KeyName, told: Callable[[int], None] = lambda _: None
) -> int:
    return await rotate(database, name, START, "user:office", told)


@pytest.mark.parametrize("name", KeyName)
async def test_everything_is_read_as_before(database: Database, name: KeyName) -> None:
    before = await database.read(all_of)
    [old] = database.vault.ring.keys(name)
    done = await turned(database, name)
    [new] = database.vault.ring.keys(name)

    assert (await database.read(all_of), old == new) == (before, False)
    assert done == {KeyName.DATA: 3 + 3 + 1, KeyName.INDEX: 3}[name]
    assert await database.read(lambda c: vault.present(c, name)) == vault.id_of(new)
    assert await database.read(lambda c: journal.entries_of(c, HOUSE)) == [
        KeyRotated(at=START, by="user:office", name=name.value)
    ]


async def test_nothing_is_left_under_the_old_key(database: Database) -> None:
    await turned(database, KeyName.DATA)
    [new] = database.vault.ring.keys(KeyName.DATA)

    assert await database.read(key_ids) == {vault.id_of(new)}


@pytest.mark.parametrize("name", KeyName)
@pytest.mark.parametrize("piece", range(7))
async def test_who_is_killed_over_it_goes_on(
    database: Database, name: KeyName, piece: int
) -> None:
    before, pieces = await database.read(all_of), iter(range(piece))

    def told(_: int) -> None:
        if next(pieces, None) is None:
            raise Killed

    try:
        await turned(database, name, told)
    except Killed:
        drafted = database.vault.ring.keys(name)
        between = await database.read(all_of)
        await turned(database, name)
        assert (len(drafted), between) == (2, before)
        assert database.vault.ring.keys(name) == drafted[1:]
    entries = await database.read(lambda c: journal.entries_of(c, HOUSE))

    assert await database.read(all_of) == before
    assert [entry.kind for entry in entries] == ["key_rotated"]


async def test_another_process_reads_and_writes_on(
    database: Database, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    server = Database(url, Vault(FileRing(tmp_path / "keys")))
    async with server.running() as other:
        before = await other.read(all_of)
        for name in KeyName:
            await turned(database, name)
        await other.write(lambda c: outbox.put(c, [message("new", "wang")]))
        [new] = database.vault.ring.keys(KeyName.DATA)

        assert await other.read(all_of) == before
        assert await database.read(key_ids) == {vault.id_of(new)}
        [read] = await database.read(lambda c: outbox.find(c, ["new"]))
        assert (read.number, read.text) == ("+999-wang", "text of new")


async def test_what_cannot_be_read_is_left_as_it_is(database: Database) -> None:
    def spoil(connection: Connection) -> None:
        table, texts = schema.human_key, schema.message
        swapped = table.update().where(table.c.human == "li").values(wrapped="x")
        connection.execute(swapped)
        connection.execute(
            texts.update().where(texts.c.id == "to li").values(text="old:x")
        )
        value = schema.address.c.value
        connection.execute(
            schema.address.update().where(value.like("zhao:%")).values(value="zhao:x")
        )

    await database.write(spoil)
    with pytest.raises(vault.KeyMissingError, match="another key"):
        await turned(database, KeyName.DATA)
    await turned(database, KeyName.INDEX)
    names = await database.read(people.load_roster)

    assert sorted(p.name for p in names.people.values()) == [
        "人wang",
        "人zhao",
        "姓名无法核实 li",
    ]
