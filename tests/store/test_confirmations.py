"""Who was confirmed, called and heard, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from contacts.model import PersonId
from dispatcher.core.alert import ChainId
from dispatcher.store import confirmations, outbox, strikes
from dispatcher.store.database import Database
from dispatcher.store.outbox import About
from tests.store.stock import after, lease, message, person, post, settle

LI, WANG = person("li"), person("wang")


async def test_who_is_in_the_roster_is_confirmed_and_who_left_is_not(
    database: Database,
) -> None:
    def twice(connection: Connection) -> list[object]:
        settle(connection, LI, WANG)
        seen: list[object] = [confirmations.confirmed(connection)]
        confirmations.confirm(connection, after(1))
        settle(connection, WANG)
        confirmations.confirm(connection, after(2))
        seen.append(confirmations.confirmed(connection))
        settle(connection, LI, WANG)
        return [*seen, confirmations.confirmed(connection)]

    assert await database.write(twice) == [
        {},
        {"wang": after(2)},
        {"li": after(1), "wang": after(2)},
    ]


async def test_who_was_asked_of_late_was_called(database: Database) -> None:
    def called(connection: Connection) -> list[frozenset[PersonId]]:
        post(connection, message("early", "li"))
        leave(connection, 50)
        told = message("told", "zhou", about=About.INFO)
        outbox.put(connection, [message("late", "wang"), told])
        leave(connection, 100)
        outbox.put(connection, [message("waits", "zhao")])
        moments = (after(50), after(100), after(101))
        return [confirmations.called_since(connection, one) for one in moments]

    assert await database.write(called) == [{"li", "wang"}, {"wang"}, set()]


def leave(connection: Connection, seconds: float) -> None:
    """Take everything that waits to the wire."""
    now = after(seconds)
    outbox.claim(connection, now, lease(now + timedelta(seconds=30)), 9)


async def test_who_answered_of_late_is_heard_in_every_version(
    database: Database,
) -> None:
    newer = replace(LI, id=PersonId("li2"), name="李新")

    def heard(connection: Connection) -> list[frozenset[PersonId]]:
        settle(connection, LI, WANG)
        settle(connection, newer, WANG)
        strikes.woke(connection, ChainId("a"), "li", after(10))
        strikes.woke(connection, ChainId("a"), "wang", after(5))
        moments = (after(0), after(10), after(11))
        return [confirmations.answered_since(connection, one) for one in moments]

    assert await database.write(heard) == [{"li", "li2", "wang"}, {"li", "li2"}, set()]
