"""Erasing somebody: who it is refused for, and what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core.alert import ChainId
from dispatcher.core.journal import HOUSE, PersonErased, RosterChanged
from dispatcher.store import journal, outbox, people, questions, schema
from dispatcher.store.database import Database
from dispatcher.store.erasing import Erasure, Kept, erase
from dispatcher.store.outbox import About, MessageState
from tests.store.stock import CHAIN, after, ask, message, person, question, settle

LI = Erasure(person="li", by="user:office", reason="离任")


def gone(connection: Connection, who: str = "li") -> object:
    """Erase somebody an hour later."""
    return erase(connection, replace(LI, person=who), after(3600))


def sent(connection: Connection, name: str, state: MessageState) -> None:
    outbox.set_state(connection, [{"id": name, "state": state.value}])


async def test_all_versions_of_him_go_by_any_of_them(database: Database) -> None:
    def erased(connection: Connection) -> object:
        settle(connection, person("li"), person("wang"))
        newer = replace(person("li2", "+9992"), first=PersonId("li"))
        settle(connection, newer, person("wang"))
        done = gone(connection, "li2")
        known = people.find_people(connection, ["li", "li2", "wang"])
        shown = sorted((p.name, len(p.addresses)) for p in known.values())
        [holders] = people.holders_of(connection, ["+9992"]).values()
        return done, shown, holders, sorted(people.load_roster(connection).people)

    assert await database.write(erased) == (
        ("li", "li2"),
        [("人wang", 1), ("已删除人员 li", 0), ("已删除人员 li2", 0)],
        [],
        ["wang"],
    )
    left, erased_him = await database.read(lambda c: journal.entries_of(c, HOUSE))
    assert isinstance(left, RosterChanged)
    assert (left.by, left.figures) == (
        "user:office",
        {"people_removed": 1, "posts_changed": 1},
    )
    assert erased_him == PersonErased(
        at=after(3600),
        by="user:office",
        people=(PersonId("li"), PersonId("li2")),
        reason="离任",
    )


async def test_who_is_not_there_or_gone_already_is_told_apart(
    database: Database,
) -> None:
    def twice(connection: Connection) -> list[object]:
        settle(connection, person("li"))
        return [gone(connection, "zhao"), gone(connection), gone(connection)]

    assert await database.write(twice) == [Kept.UNKNOWN, ("li",), Kept.ERASED]


STATES = [(Channel.SMS, state) for state in ("waiting", "sending", "unknown")]
STATES += [(Channel.VOICE, "accepted")]


@pytest.mark.parametrize(("channel", "state"), STATES)
async def test_who_has_something_on_its_way_stays(
    database: Database, channel: Channel, state: str
) -> None:
    def tried(connection: Connection) -> object:
        settle(connection, person("li"))
        outbox.put(connection, [message("a", channel=channel)])
        sent(connection, "a", MessageState(state))
        return gone(connection)

    assert await database.write(tried) is Kept.CALLED


async def test_who_is_asked_stays_until_the_chain_is_over(database: Database) -> None:
    def tried(connection: Connection) -> list[object]:
        settle(connection, person("li"))
        ask(connection, question("q"), "+999-li")
        first = gone(connection)
        questions.close_chain(connection, ChainId(CHAIN), after(60))
        codes = select(schema.code.c.code)
        before = len(connection.scalars(codes).all())
        return [first, gone(connection), before, connection.scalars(codes).all()]

    assert await database.write(tried) == [Kept.CALLED, ("li",), 1, []]


async def test_texts_to_him_and_texts_that_may_name_him_are_emptied(
    database: Database,
) -> None:
    def texts(connection: Connection) -> dict[str, bool]:
        settle(connection, person("li"), person("wang"))
        ask(connection, question("q"), "+999-li")
        questions.close_chain(connection, ChainId(CHAIN), after(60))
        outbox.put(
            connection,
            [
                message("his"),
                message("help", "wang", about=About.INFO),
                message("other", "wang"),
                message("elsewhere", "wang", about=About.INFO, chain=ChainId("x")),
            ],
        )
        for name in ("his", "help", "other", "elsewhere"):
            sent(connection, name, MessageState.DELIVERED)
        gone(connection)
        rows = connection.execute(select(schema.message.c.id, schema.message.c.text))
        return {row.id: bool(row.text) for row in rows}

    assert await database.write(texts) == {
        "his": False,
        "help": False,
        "other": True,
        "elsewhere": True,
    }


async def test_of_an_accepted_text_to_him_nobody_asks_any_more(
    database: Database,
) -> None:
    def silent(connection: Connection) -> tuple[int, int]:
        settle(connection, person("li"))
        outbox.put(connection, [message("a")])
        accepted = {"id": "a", "state": "accepted", "accepted_at": after(1)}
        outbox.set_state(connection, [accepted | {"due_at": after(2)}])
        before = len(outbox.silent(connection, after(9), 9))
        gone(connection)
        return before, len(outbox.silent(connection, after(9), 9))

    assert await database.write(silent) == (1, 0)
