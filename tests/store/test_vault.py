"""What lies in the file can be read by its key only, and only where it was written."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from dispatcher.store import callbacks, outbox, people, schema, vault
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.vault import KeyMissingError, KeyName, MemoryRing, Vault
from tests.store.stock import after, lease, message, person, post, settle
from tests.store.test_migrations import TOLD


def swap(connection: Connection, table: str, column: str) -> None:
    """Exchange what two rows hold, as an administrator of the file could."""
    names = f"SELECT id, {column} FROM {table} ORDER BY id"  # noqa: S608 - our own names
    one, other = connection.execute(text(names)).all()
    for name, value in ((one[0], other[1]), (other[0], one[1])):
        connection.execute(
            text(f"UPDATE {table} SET {column} = :value WHERE id = :name"),  # noqa: S608 - as above
            {"name": name, "value": value},
        )


async def test_names_that_are_swapped_are_found(database: Database) -> None:
    def swapped(connection: Connection) -> list[str]:
        settle(connection, person("li"), person("wang"))
        swap(connection, "person", "name")
        return sorted(p.name for p in people.load_roster(connection).people.values())

    assert await database.write(swapped) == ["姓名无法核实 li", "姓名无法核实 wang"]


async def test_numbers_that_are_swapped_reach_nobody(database: Database) -> None:
    def swapped(connection: Connection) -> tuple[list[int], list[str]]:
        post(connection, message("a"), message("b", "wang"))
        swap(connection, "address", "value")
        known = people.load_roster(connection).people.values()
        sending = outbox.claim(connection, after(0), lease(after(30)), 9)
        return [len(p.addresses) for p in known], [one.number for one in sending]

    assert await database.write(swapped) == ([0, 0], ["", ""])


async def test_texts_that_are_swapped_say_nothing(database: Database) -> None:
    def swapped(connection: Connection) -> list[str]:
        post(connection, message("a"), message("b", "wang"))
        swap(connection, "message", "text")
        return [
            one.text for one in outbox.claim(connection, after(0), lease(after(30)), 9)
        ]

    assert await database.write(swapped) == ["", ""]


async def test_a_callback_that_was_changed_tells_nothing(database: Database) -> None:
    def changed(connection: Connection) -> list[str]:
        raw = Raw(channel="sms", event_key="SM1", received_at=after(0), request=TOLD)
        callbacks.keep(connection, [raw])
        connection.execute(schema.callback.update().values(channel="voice"))
        return [one.request.url for one in callbacks.unread(connection, after(1), 9)]

    assert await database.write(changed) == [""]


async def test_nonsense_in_place_of_a_box_is_no_name(database: Database) -> None:
    def spoilt(connection: Connection) -> str:
        settle(connection, person("li"))
        connection.execute(schema.person.update().values(name="li:no base64!"))
        return people.load_roster(connection).people[person("li").id].name

    assert await database.write(spoilt) == "姓名无法核实 li"


async def test_the_same_number_of_two_humans_lies_in_two_ways(
    database: Database,
) -> None:
    def values(connection: Connection) -> tuple[int, int]:
        settle(connection, person("li", "+9991"), person("wang", "+9991"))
        table = schema.address
        rows = connection.execute(table.select()).all()
        boxes = {row.value.rpartition(":")[2] for row in rows}
        return len(boxes), len({row.fingerprint for row in rows})

    assert await database.write(values) == (2, 1)


async def test_a_store_with_other_keys_is_refused(database: Database) -> None:
    def other(connection: Connection) -> None:
        strange = connection.execution_options(vault=Vault(MemoryRing()))
        vault.check(strange)

    await database.read(vault.check)
    with pytest.raises(KeyMissingError, match='with another key "data"'):
        await database.read(other)


async def test_who_was_never_added_has_no_key(database: Database) -> None:
    def encrypt(connection: Connection) -> str:
        return vault.Humans(connection, ["li"]).encrypt("li", "somewhere", "李")

    with pytest.raises(KeyMissingError, match="human li has no data key"):
        await database.read(encrypt)


def test_a_drafted_key_is_the_same_one_until_it_is_settled() -> None:
    ring = MemoryRing()
    [first] = ring.keys(KeyName.DATA)
    draft = ring.draft(KeyName.DATA)

    assert (ring.draft(KeyName.DATA), ring.keys(KeyName.DATA)) == (
        draft,
        (first, draft),
    )
    ring.settle(KeyName.DATA)
    assert ring.keys(KeyName.DATA) == (draft,) != (first,)
