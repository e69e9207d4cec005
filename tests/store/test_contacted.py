"""Who was reached in a chain, by what, and where he can't be any more."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from channels.contract import Channel, FailureKind
from dispatcher.store import outbox
from dispatcher.store.contacted import contacts
from dispatcher.store.database import Database
from dispatcher.store.outbox import About, MessageState
from tests.store.stock import CHAIN, after, message, post

REACHED = [(state, True) for state in ("sending", "unknown", "accepted", "delivered")]
REACHED += [(state, False) for state in ("waiting", "failed", "dropped")]


def reported(
    connection: Connection, name: str, state: MessageState, **more: object
) -> None:
    outbox.set_state(connection, [{"id": name, "state": state.value, **more}])


@pytest.mark.parametrize(("state", "expected"), REACHED)
async def test_who_may_have_been_reached_counts(
    database: Database, state: str, *, expected: bool
) -> None:
    def sent(connection: Connection) -> None:
        post(connection, message("a"), message("b", about=About.REPLY))
        for name in ("a", "b"):
            reported(connection, name, MessageState(state))

    await database.write(sent)
    found = await database.read(lambda c: contacts(c, CHAIN))

    assert expected == bool(found)


async def test_a_telephone_that_rang_counts_and_tells_whether_somebody_heard(
    database: Database,
) -> None:
    def rang(connection: Connection) -> None:
        post(connection, message("a", channel=Channel.VOICE), message("b"))
        times = {"accepted_at": after(0), "picked_up_at": after(4)}
        reported(connection, "a", MessageState.FAILED, **times)
        dead = FailureKind.PERMANENT_ADDRESS.value
        reported(connection, "b", MessageState.FAILED, failure=dead)

    await database.write(rang)
    found = await database.read(lambda c: contacts(c, CHAIN))

    assert {(Channel.VOICE, True, False), (Channel.SMS, False, True)} == {
        (one.channel, one.heard, one.dead) for one in found
    }
