"""Flags of addresses on disk: set once, cleared by an officer, never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text

from channels.contract import FailureKind
from contacts.model import AddressId, AddressKind, Flag
from dispatcher.core.alert import ChainId
from dispatcher.store import flags, outbox, people
from dispatcher.store.database import Database
from dispatcher.store.flags import DIAL_GUARD, Flagging, Owner
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import Vault
from tests.store.stock import KnownRing, after, message, person, settle
from tests.store.test_migrations import configured

LI, WANG = person("li", "+9991", "+9992"), person("wang", "+9991")


def flagging(address: str, flag: Flag = Flag.DEAD, seconds: float = 0) -> Flagging:
    return Flagging(
        address=AddressId(address),
        flag=flag,
        at=after(seconds),
        by="person:li",
        callout="callout",
        message="message",
    )


async def there(database: Database, work: Callable[[Connection], Any]) -> Any:
    """Let Li and Wang be the roster, and do something."""

    def done(connection: Connection) -> Any:
        settle(connection, LI, WANG)
        return work(connection)

    return await database.write(done)


async def test_a_flag_stands_with_who_set_it_when_and_where(
    database: Database,
) -> None:
    await there(database, lambda c: flags.add(c, [flagging("li0")]))

    assert await database.read(flags.standing) == {"li0": {Flag.DEAD}}
    assert await database.read(lambda c: flags.trail(c, cleared=False)) == [
        flagging("li0")
    ]


async def test_a_flag_that_stands_is_not_set_again(database: Database) -> None:
    def twice(connection: Connection) -> None:
        flags.add(connection, [flagging("li0"), flagging("li0", seconds=1)])
        flags.add(connection, [flagging("li0", seconds=2), flagging("li1", seconds=2)])

    await there(database, twice)
    trail = await database.read(lambda c: flags.trail(c, cleared=True))

    assert [(one.address, one.at) for one in trail] == [
        ("li0", after(1)),
        ("li1", after(2)),
    ]


async def test_what_was_cleared_stays_as_the_trail_and_can_be_set_again(
    database: Database,
) -> None:
    def cleared(connection: Connection) -> list[bool]:
        flags.add(connection, [flagging("li0")])
        done = [
            flags.clear(connection, "li0", flag, "officer:zhao", after(9))
            for flag in (Flag.DEAD, Flag.DEAD, Flag.OPTED_OUT)
        ]
        flags.add(connection, [flagging("li0", seconds=20)])
        return done

    done = await there(database, cleared)
    trail = await database.read(lambda c: flags.trail(c, cleared=True))
    standing = await database.read(lambda c: flags.trail(c, cleared=False))

    assert done == [True, False, False]
    assert [(one.cleared_at, one.cleared_by) for one in trail] == [
        (after(9), "officer:zhao"),
        (None, None),
    ]
    assert standing == [flagging("li0", seconds=20)]


async def test_a_wrong_number_is_wrong_until_it_is_cleared(database: Database) -> None:
    def wrong(connection: Connection) -> list[Any]:
        seen = [_wrong(connection)]
        flags.add(connection, [flagging("li1", Flag.WRONG_PERSON)])
        seen.append(_wrong(connection))
        flags.clear(connection, "li1", Flag.WRONG_PERSON, "officer:zhao", after(9))
        return [*seen, _wrong(connection)]

    versions = [({"li0": False, "li1": wrong}, n) for wrong, n in FLAGGED_AND_CLEARED]

    assert await there(database, wrong) == versions


FLAGGED_AND_CLEARED = ((False, 1), (True, 2), (False, 3))


def _wrong(connection: Connection) -> tuple[dict[str, bool], int]:
    """Which of Li's addresses are wrong, and how often the roster has changed."""
    [li] = people.find_people(connection, ["li"]).values()
    wrong = {str(one.id): one.wrong for one in li.addresses}
    return wrong, people.roster_version(connection)


@pytest.mark.parametrize("flag", [Flag.DEAD, Flag.OPTED_OUT])
async def test_other_flags_leave_the_address_to_be_called(
    database: Database, flag: Flag
) -> None:
    def flagged(connection: Connection) -> Any:
        flags.add(connection, [flagging("li1", flag)])
        seen = [_wrong(connection)]
        flags.clear(connection, "li1", flag, "officer:zhao", after(9))
        return [*seen, _wrong(connection)]

    assert await there(database, flagged) == [({"li0": False, "li1": False}, 1)] * 2


async def test_owners_and_bearers_are_known_after_they_left(
    database: Database,
) -> None:
    def left(connection: Connection) -> Any:
        flags.add(connection, [flagging("li0"), flagging("wang0")])
        flags.clear(connection, "wang0", Flag.DEAD, "officer:zhao", after(1))
        settle(connection, WANG)
        return flags.owners(connection, ["li0", "li9"]), flags.bearers(connection)

    owner = Owner(name="人li", kind=AddressKind.MOBILE, value="+9991")

    assert await there(database, left) == ({"li0": owner}, [LI])


def tried(
    connection: Connection, name: str, chain: str, seconds: float, **state: Any
) -> None:
    """A message to Li's first number was sent in a warning, and this became of it."""
    sent = message(name, chain=ChainId(chain), created_at=after(seconds))
    outbox.put(connection, [sent])
    row = {"delivered_at": None, "failure": None, "failure_code": None, **state}
    outbox.set_state(connection, [{"id": name, "state": "failed", **row}])


GONE = {"failure": FailureKind.PERMANENT_ADDRESS.value, "failure_code": "30005"}
OURS = {**GONE, "failure_code": DIAL_GUARD}
RANG = {"failure": FailureKind.UNREACHED.value, "failure_code": "busy"}
BUSY = {"failure": FailureKind.TRANSIENT.value, "failure_code": "30003"}
Story = list[tuple[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("story", "dead"),
    [
        ([("a", GONE), ("b", GONE)], True),
        ([("a", GONE), ("b", BUSY), ("c", GONE)], True),
        ([("a", GONE), ("a", GONE)], False),
        ([("a", GONE)], False),
        ([("a", OURS), ("b", OURS)], False),
        ([("a", BUSY), ("b", BUSY)], False),
        ([("a", GONE), ("b", {"delivered_at": after(2)}), ("c", GONE)], False),
        ([("a", GONE), ("b", RANG), ("c", GONE)], False),
        ([("a", GONE), ("b", {**BUSY, "picked_up_at": after(2)}), ("c", GONE)], False),
        ([("a", RANG), ("b", GONE), ("c", GONE)], True),
        ([], False),
    ],
)
async def test_a_number_is_dead_after_two_warnings_in_a_row(
    database: Database, story: Story, *, dead: bool
) -> None:
    def lived(connection: Connection) -> list[AddressId]:
        for place, (chain, state) in enumerate(story):
            tried(connection, f"m{place}", chain, place, **state)
        return flags.dead_among(connection, ["li0", "li1"])

    assert await there(database, lived) == (["li0"] if dead else [])


async def test_what_an_officer_cleared_is_dead_only_after_two_more(
    database: Database,
) -> None:
    def lived(connection: Connection) -> list[list[AddressId]]:
        for place in range(2):
            tried(connection, f"m{place}", f"c{place}", place, **GONE)
        flags.add(connection, [flagging("li0", seconds=1)])
        flags.clear(connection, "li0", Flag.DEAD, "officer:zhao", after(5))
        seen = [flags.dead_among(connection, ["li0"])]
        for place in range(10, 12):
            tried(connection, f"m{place}", f"c{place}", place, **GONE)
            seen.append(flags.dead_among(connection, ["li0"]))
        return seen

    assert await there(database, lived) == [[], [], ["li0"]]


async def test_what_was_wrong_before_there_was_a_trail_has_one(
    url: str,
) -> None:
    def up(connection: Connection) -> list[Flagging]:
        command.upgrade(configured(connection), "0006")
        at = round(after(0).timestamp() * 1e6)
        for order in OF_OLD:
            connection.execute(text(order), {"at": at} if ":at" in order else {})
        migrate(connection)
        return flags.trail(connection, cleared=True)

    async with Database(url, Vault(KnownRing())).running() as database:
        trail = await database.write(up)

    assert trail == [
        Flagging(
            address=AddressId("li1"),
            flag=Flag.WRONG_PERSON,
            at=after(0),
            by="system",
        )
    ]


PEOPLE_OF_OLD = "INSERT INTO person (id, name) VALUES ('li', 'Li'), ('li2', 'Li')"
ADDRESSES_OF_OLD = """
INSERT INTO address (id, person, position, kind, value, wrong) VALUES
('li0', 'li', 0, 'mobile', '+9991', FALSE),
('li1', 'li', 1, 'mobile', '+9992', TRUE),
('li1', 'li2', 0, 'mobile', '+9992', TRUE)
"""
FACT_OF_OLD = """
INSERT INTO fact (callout, seq, at, kind, body)
VALUES ('c', 1, :at, 'means_struck', '{}')
"""
OF_OLD = (PEOPLE_OF_OLD, ADDRESSES_OF_OLD, FACT_OF_OLD)
