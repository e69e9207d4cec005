"""Broadcasts: kept until they are said, the most urgent warning's first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from contacts.model import AddressKind, Post, UnitId
from dispatcher.core.alert import AlertId, ChainId, Lane
from dispatcher.core.callout import State
from dispatcher.store import broadcasts, callouts, people, schema, vault
from dispatcher.store.broadcasts import Broadcast, BroadcastState, Occasion, Settled
from dispatcher.store.callouts import Change
from dispatcher.store.database import Database
from tests.core.build import Life, opening
from tests.store.stock import CHAIN, ON_SQLITE, after, column, ids, person, roster

RED, BLUE = AlertId("red"), AlertId("blue")


def broadcast(name: str, robot: str = "group", **changes: Any) -> Broadcast:
    """A broadcast about the red warning, due at once."""
    plain = Broadcast(
        id=name,
        chain=CHAIN,
        alert=RED,
        robot=robot,
        occasion=Occasion.OPENING,
        text=f"text of {name}",
        created_at=after(0),
        due_at=after(0),
    )
    return replace(plain, **changes)


def put(connection: Connection, *these: Broadcast) -> None:
    """Two warnings, a red one and a blue one, and what is said about them."""
    for alert, lane in ((RED, Lane.RED), (BLUE, Lane.BLUE)):
        connection.execute(
            schema.alert.insert().values(
                id=alert,
                chain=alert,
                sender="rain",
                identifier=alert,
                digest="",
                state="active",
                received_at=after(0),
                received_by="key",
                lane=lane.order,
                body="{}",
            )
        )
    broadcasts.put(connection, these)


def waiting(
    connection: Connection, second: float = 0, *robots: str, most: int = 9
) -> list[str]:
    """Who is to say something now, by the ids of the broadcasts."""
    due = broadcasts.due(connection, robots or ["group"], after(second), most)
    return ids(due)


async def test_a_broadcast_is_read_as_it_was_written(database: Database) -> None:
    one = broadcast("a", occasion=Occasion.END)
    await database.write(lambda c: put(c, one))

    assert await database.read(lambda c: broadcasts.due(c, ["group"], after(0), 9)) == [
        one
    ]


async def test_a_broadcast_made_twice_is_one(database: Database) -> None:
    def twice(connection: Connection) -> list[str]:
        put(connection, broadcast("a"))
        broadcasts.put(connection, [broadcast("a", text="other")])
        return [one.text for one in broadcasts.due(connection, ["group"], after(0), 9)]

    assert await database.write(twice) == ["text of a"]


async def test_red_is_said_before_blue_and_nothing_before_its_time(
    database: Database,
) -> None:
    these = (
        broadcast("blue", alert=BLUE),
        broadcast("late", due_at=after(61)),
        broadcast("red", due_at=after(5)),
        broadcast("other", "other"),
    )
    await database.write(lambda c: put(c, *these))

    assert await database.read(lambda c: waiting(c, 60)) == ["red", "blue"]
    assert await database.read(lambda c: waiting(c, 60, most=1)) == ["red"]
    assert await database.read(lambda c: waiting(c, 60, "other")) == ["other"]
    assert await database.read(broadcasts.due_by_robot) == {
        "group": after(0),
        "other": after(0),
    }


async def test_what_is_on_the_wire_is_said_again_when_nobody_hears_of_it(
    database: Database,
) -> None:
    taken = broadcast("a", text="with figures", tries=1)

    def claim(connection: Connection) -> None:
        put(connection, broadcast("a", text=""))
        broadcasts.claim(connection, [taken], after(0), after(30))

    await database.write(claim)

    assert await database.read(lambda c: waiting(c, 29)) == []
    assert await database.read(
        lambda c: broadcasts.due(c, ["group"], after(30), 9)
    ) == [replace(taken, due_at=after(30))]


@pytest.mark.parametrize(
    ("settled", "due", "heard"),
    [
        (Settled(id="a", state=BroadcastState.SENT, sent_at=after(1)), {}, 1),
        (
            Settled(
                id="a",
                state=BroadcastState.WAITING,
                due_at=after(9),
                failure_code="-1",
            ),
            {"group": after(9)},
            None,
        ),
        (Settled(id="a", state=BroadcastState.FAILED, failure_code="93000"), {}, None),
    ],
)
async def test_what_became_of_it_is_written_down(
    database: Database, settled: Settled, due: dict[str, Any], heard: int | None
) -> None:
    def said(connection: Connection) -> None:
        put(connection, broadcast("a"))
        broadcasts.claim(connection, [broadcast("a", tries=1)], after(0), after(30))
        broadcasts.settle(connection, [settled])

    await database.write(said)
    codes = await database.read(lambda c: column(c, schema.broadcast, "failure_code"))

    assert await database.read(broadcasts.due_by_robot) == due
    assert await database.read(lambda c: broadcasts.heard(c, CHAIN)) == (
        {} if heard is None else {"group": after(heard)}
    )
    assert codes == {"a": settled.failure_code}


async def test_a_chain_that_ends_drops_what_is_not_on_the_wire(
    database: Database,
) -> None:
    def dropped(connection: Connection) -> dict[str, Any]:
        put(
            connection,
            broadcast("waits"),
            broadcast("flies"),
            broadcast("foreign", chain=ChainId("other")),
        )
        broadcasts.claim(connection, [broadcast("flies")], after(0), after(30))
        broadcasts.drop_chain(connection, CHAIN)
        return column(connection, schema.broadcast, "state")

    assert await database.write(dropped) == {
        "waits": "dropped",
        "flies": "sending",
        "foreign": "waiting",
    }


async def test_callouts_are_counted_by_post_and_state(database: Database) -> None:
    states = (State.ANSWERED, State.CALLING, State.CALLING)

    def counted(connection: Connection) -> tuple[Any, Any]:
        lives = [Life(opening(name=f"c{i}")) for i in range(len(states))]
        opened = [
            replace(life.callout, state=state)
            for life, state in zip(lives, states, strict=True)
        ]
        callouts.save(connection, [Change(None, one, ()) for one in opened])
        chain, unit = opened[0].chain, opened[0].unit
        here = broadcasts.states(connection, chain, [unit])
        return here, broadcasts.states(connection, chain, [UnitId("elsewhere")])

    lead = Post.GRID_LEAD
    assert await database.write(counted) == (
        {(lead, State.ANSWERED): 1, (lead, State.CALLING): 2},
        {},
    )


@pytest.mark.parametrize("written", ["wang.jg", "Wang.JG", "WANG.JG"])
async def test_an_account_is_found_whatever_its_case(
    database: Database, written: str
) -> None:
    wang = person("wang", "Wang.JG")
    account = replace(wang.addresses[0], kind=AddressKind.WECOM)
    known = replace(wang, addresses=(account,))
    await database.write(lambda c: people.save_roster(c, roster(known)))

    held = await database.read(lambda c: people.holders_of(c, [written]))
    assert held == {written: [("wang0", "wang")]}


@ON_SQLITE
async def test_an_account_is_found_by_its_index(database: Database) -> None:
    def plan(connection: Connection) -> str:
        account = vault.fingerprint(connection, "wang.jg")
        table = schema.address
        query = select(table.c.id).where(table.c.fingerprint == account)
        sql = query.compile(connection, compile_kwargs={"literal_binds": True})
        found = connection.execute(text(f"EXPLAIN QUERY PLAN {sql}")).one()
        return str(found.detail)

    assert "USING INDEX ix_address_fingerprint" in await database.read(plan)
