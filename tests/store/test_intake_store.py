"""What comes in from outside: warnings, keys and callbacks, each kept once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from channels.contract import HookRequest
from contacts.model import PersonId
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    ChainId,
    Content,
    Level,
    MsgType,
    Status,
)
from dispatcher.store import alerts, callbacks, keys, schema, strikes
from dispatcher.store.alerts import Stored, Submission
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import Database
from dispatcher.store.keys import ApiKey
from dispatcher.store.stamps import Known, stamped
from tests.store.stock import after, ids

CONTENT = Content(
    sender="rain@chengxi",
    identifier="W-1",
    sent=after(0),
    status=Status.ACTUAL,
    msg_type=MsgType.ALERT,
)


def offered(
    name: str = "first",
    identifier: str = "W-1",
    digest: str = "content",
    key: str | None = None,
    **changes: Any,
) -> Submission:
    """A warning as it is handed in."""
    alert = Alert(
        id=AlertId(name),
        chain=ChainId(name),
        content=replace(CONTENT, identifier=identifier),
        state=AlertState.ACTIVE,
        received_at=after(0),
        received_by="key:gauge",
        policy_level=Level.RED,
    )
    return Submission(
        alert=replace(alert, **changes),
        digest=digest,
        api_key="gauge",
        idempotency_key=key,
    )


@pytest.mark.parametrize(
    ("second", "fresh", "same", "kept"),
    [
        (offered("second"), False, True, "first"),
        (offered("second", digest="other"), False, False, "first"),
        (offered("second", identifier="W-2"), True, True, "second"),
        (offered("second", identifier="W-2", key="k"), False, True, "first"),
        (offered("second", "W-2", key="k", digest="other"), False, False, "first"),
        (replace(offered("second", "W-2", key="k"), api_key="x"), True, True, "second"),
    ],
    ids=[
        "the same again",
        "same name, other content",
        "another warning",
        "same key, same content",
        "same key, other content",
        "another sender's key",
    ],
)
async def test_a_warning_is_kept_once(
    database: Database, second: Submission, kept: str, *, fresh: bool, same: bool
) -> None:
    def both(connection: Connection) -> tuple[Stored, Stored]:
        first = alerts.accept(connection, offered(key="k"))
        return first, alerts.accept(connection, second)

    first, then = await database.write(both)

    assert Stored(offered().alert, fresh=True, same=True) == first
    assert (kept, fresh, same) == (then.alert.id, then.fresh, then.same)


async def test_a_key_given_later_stands_for_the_warning_too(
    database: Database,
) -> None:
    def repeated(connection: Connection) -> Stored:
        alerts.accept(connection, offered())
        alerts.accept(connection, offered(key="k"))
        return alerts.accept(connection, offered("other", "W-2", key="k"))

    assert (await database.write(repeated)).alert.id == "first"


async def test_warnings_are_launched_in_the_order_they_fell_due(
    database: Database,
) -> None:
    def three(connection: Connection) -> list[AlertId]:
        for name, second in (("b", 2), ("a", 1), ("not yet", 9)):
            alerts.accept(connection, offered(name, name, due_at=after(second)))
        alerts.accept(connection, offered("parked", "parked"))
        return alerts.to_launch(connection, after(5), 9)

    assert await database.write(three) == ["a", "b"]
    assert after(1) == await database.read(alerts.next_due_at)


async def test_a_warning_moves_on(database: Database) -> None:
    def launched(connection: Connection) -> Alert | None:
        alert = alerts.accept(connection, offered(due_at=after(0))).alert
        launched = replace(alert, due_at=None, launched_at=after(1))
        alerts.save(connection, launched, after(1))
        return alerts.find(connection, alert.id)

    assert replace(offered().alert, launched_at=after(1)) == await database.write(
        launched
    )
    assert await database.read(alerts.next_due_at) is None


async def test_the_end_of_a_warning_is_looked_after_when_it_is_launched(
    database: Database,
) -> None:
    def two(connection: Connection) -> tuple[list[AlertId], list[AlertId]]:
        alerts.accept(connection, offered("new", "new", due_at=after(1)))
        launched = offered("out", "out", due_at=after(2), launched_at=after(0))
        alerts.accept(connection, launched)
        waiting = alerts.to_launch(connection, after(5), 9)
        return waiting, alerts.to_tend(connection, after(5), 9)

    assert await database.write(two) == (["new"], ["out"])


@pytest.mark.parametrize(("due", "then"), [(1, 99), (5, 99), (6, 6)])
async def test_only_what_is_due_is_postponed(
    database: Database, due: int, then: int
) -> None:
    def postponed(connection: Connection) -> None:
        alerts.accept(connection, offered(due_at=after(due)))
        alerts.postpone(connection, AlertId("first"), after(5), after(99))

    await database.write(postponed)

    assert after(then) == await database.read(alerts.next_due_at)


async def test_a_warning_kept_before_there_were_renewals_can_be_read(
    database: Database,
) -> None:
    def reread(connection: Connection) -> Alert | None:
        alerts.accept(connection, offered())
        body = json.loads(connection.scalars(select(schema.alert.c.body)).one())
        del body["asked_at"], body["renewals"]
        shorter = json.dumps(body)
        connection.execute(schema.alert.update().values(body=shorter))
        return alerts.find(connection, AlertId("first"))

    assert offered().alert == await database.write(reread)


async def test_a_warning_is_read_once(database: Database) -> None:
    await database.write(lambda c: alerts.accept(c, offered()))

    def found(connection: Connection) -> Alert | None:
        return alerts.find(connection, AlertId("first"))

    assert await database.read(found) is await database.read(found)


@pytest.mark.parametrize("moved_on", [after(1), None])
async def test_what_who_knows_no_stamps_writes_is_read_again(
    database: Database, moved_on: datetime | None
) -> None:
    def read(connection: Connection) -> tuple[list[AlertId], Alert | None]:
        due = alerts.to_tend if moved_on else alerts.to_launch
        found = alerts.find(connection, AlertId("first"))
        return due(connection, after(5), 9), found

    def by_an_older_program(connection: Connection) -> None:
        body = stamped(then)["body"]
        connection.execute(schema.alert.update().values(body=body))

    one = offered(due_at=after(0), launched_at=None if moved_on else after(1))
    then = replace(one.alert, launched_at=moved_on)
    await database.write(lambda c: alerts.accept(c, one))
    before = await database.read(read)

    await database.write(by_an_older_program)

    assert before == ([], one.alert)
    assert await database.read(read) == (["first"], then)


def test_the_oldest_that_is_known_makes_room() -> None:
    known = Known(2)

    for stamp in "abc":
        known.keep(stamp, offered().alert)

    assert known.find("abcd").keys() == {"b", "c"}


async def test_warnings_are_paged_newest_first(database: Database) -> None:
    def three(connection: Connection) -> None:
        for name, second in (("old", 1), ("b", 2), ("a", 2)):
            alerts.accept(connection, offered(name, name, received_at=after(second)))

    await database.write(three)

    def page(connection: Connection, cursor: str | None) -> list[str]:
        return ids(alerts.page(connection, AlertState.ACTIVE, cursor, 2))

    assert await database.read(lambda c: page(c, None)) == ["a", "b"]
    assert await database.read(lambda c: page(c, "b")) == ["old"]
    assert await database.read(lambda c: page(c, "gone")) == []


async def test_a_warning_is_found_by_what_refers_to_it(database: Database) -> None:
    await database.write(lambda c: alerts.accept(c, offered()))

    found = await database.read(lambda c: alerts.referred(c, "rain@chengxi", "W-1"))
    foreign = await database.read(lambda c: alerts.referred(c, "snow@chengxi", "W-1"))

    assert (offered().alert, None) == (found, foreign)


def raw(event: str, channel: str = "sms") -> Raw:
    request = HookRequest(
        url="https://jiaoying.example.org/hooks/sms/sms/reply",
        headers={"x-signature": "s"},
        form=[("Body", "收到"), ("Body", "")],
    )
    return Raw(channel=channel, event_key=event, received_at=after(3), request=request)


async def test_a_callback_told_twice_is_read_once(database: Database) -> None:
    def told(connection: Connection) -> list[tuple[str, HookRequest]]:
        callbacks.keep(connection, [raw("e1"), raw("e1"), raw("e2")])
        callbacks.keep(connection, [raw("e1"), raw("e1", "other")])
        unread = callbacks.unread(connection, after(9), 9)
        return [(one.channel, one.request) for one in unread]

    request = raw("e").request

    assert [("sms", request), ("sms", request), ("other", request)] == (
        await database.write(told)
    )


async def test_what_was_read_does_not_come_back(database: Database) -> None:
    def told(connection: Connection) -> int:
        for event in ("e1", "e2", "e3"):
            callbacks.keep(connection, [raw(event)])
        [first] = callbacks.unread(connection, after(9), 1)
        callbacks.read(connection, {first.id: "receipt"}, after(5))
        callbacks.keep(connection, [raw("e1")])
        return callbacks.count_unread(connection)

    assert await database.write(told) == 2


KEY = ApiKey(name="gauge", scopes=("alerts:write",), senders=("rain-*",))


async def test_a_key_opens_what_it_was_made_for(database: Database) -> None:
    assert await database.write(lambda c: keys.add(c, KEY, "secret", after(0)))

    assert await database.read(lambda c: keys.find(c, "secret")) == KEY
    assert await database.read(lambda c: keys.find(c, "guess")) is None


async def test_the_name_of_a_key_is_given_once(database: Database) -> None:
    def twice(connection: Connection) -> tuple[bool, bool]:
        first = keys.add(connection, KEY, "secret", after(0))
        return first, keys.add(connection, KEY, "other", after(0))

    assert await database.write(twice) == (True, False)
    assert await database.read(lambda c: keys.find(c, "other")) is None


async def test_who_cannot_act_is_struck_in_his_chain_only(database: Database) -> None:
    chain, other, li = ChainId("chain"), ChainId("other"), PersonId("li")

    def struck(connection: Connection) -> object:
        for _ in range(2):
            strikes.add(connection, chain, li, after(0))
        return strikes.of_chains(connection, [chain, other])

    assert {chain: frozenset({li})} == await database.write(struck)


async def test_of_the_active_alerts_only_those_of_chains_that_spoke_of_late_are_read(
    database: Database,
) -> None:
    chain = {"chain": ChainId("old")}
    made = [
        offered("old", "W-1", **chain),
        offered("later", "W-2", **chain, received_at=after(100)),
        offered("silent", "W-3", received_at=after(50)),
        offered("over", "W-4", state=AlertState.CLOSED, received_at=after(100)),
    ]

    def read(connection: Connection) -> list[str]:
        for one in made:
            alerts.save_new(connection, one)
        return [alert.id for alert in alerts.live(connection, after(100))]

    assert await database.write(read) == ["old", "later"]
