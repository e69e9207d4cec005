"""Journals, and the chains of facts and entries as the store keeps them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial, reduce
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import IntegrityError

from contacts.model import HumanId, PersonId, Post, UnitId
from dispatcher.core.alert import AlertId, AlertState
from dispatcher.core.callout import CalloutId
from dispatcher.core.journal import (
    HOUSE,
    DutyChange,
    DutyChanged,
    DutyForm,
    Ended,
    Entry,
    Exported,
    KeyRotated,
    Launched,
    PersonErased,
    Received,
    RestoredFrom,
    Revealed,
    RosterChange,
    RosterChanged,
)
from dispatcher.core.proof import Head, linked
from dispatcher.store import alerts, callouts, journal, schema
from dispatcher.store.callouts import Change
from dispatcher.store.codec import content_digest
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import Vault
from tests.store.stock import KnownRing, after, begin
from tests.store.test_intake_store import CONTENT, offered
from tests.store.test_migrations import configured

HOUSEHOLD: tuple[Entry, ...] = (
    RosterChanged(
        at=after(0),
        by="key:office",
        how=RosterChange.IMPORT,
        version=2,
        figures={"people_added": 3},
        digest="0" * 64,
    ),
    Revealed(at=after(1), by="key:desk", person=PersonId("li"), what="number"),
    DutyChanged(
        at=after(1),
        by="key:desk",
        how=DutyChange.ADDED,
        number=1,
        form=DutyForm.OVERRIDE,
        unit=UnitId("990421"),
        post=Post.COUNTY_DUTY,
        people=(HumanId("li"),),
        begins=after(1),
        ends=after(2),
    ),
    PersonErased(at=after(2), by="key:office", people=(PersonId("li"),)),
    KeyRotated(at=after(3), name="data"),
    Exported(at=after(4), by="key:office", alert=AlertId("a")),
    RestoredFrom(at=after(5), backup="b1", taken_at=after(0)),
)


def chain_of(connection: Connection, table: Any, subject: Any, name: str) -> list[Head]:
    """The heads that the bodies of a subject make, with those that are kept."""
    rows = connection.execute(
        select(table.c.body, table.c.seq, table.c.hash)
        .where(subject == name)
        .order_by(table.c.seq)
    ).all()
    whole = reduce(linked, (row.body for row in rows), Head(name))
    return [whole, Head(name, rows[-1].seq, rows[-1].hash)]


async def test_the_house_notes_what_happens_in_it(database: Database) -> None:
    for entry in HOUSEHOLD:
        await database.write(partial(journal.note, subject=HOUSE, entries=[entry]))

    assert list(HOUSEHOLD) == await database.read(
        lambda c: journal.entries_of(c, HOUSE)
    )


async def test_entries_noted_together_or_apart_make_the_same_chain(
    database: Database,
) -> None:
    def both(connection: Connection) -> tuple[list[Head], Head]:
        journal.note(connection, HOUSE, HOUSEHOLD[:1])
        journal.note(connection, HOUSE, HOUSEHOLD[1:])
        journal.note(connection, HOUSE, [])
        table = schema.journal
        chain = chain_of(connection, table, table.c.subject, HOUSE)
        return chain, journal.head_of(connection, HOUSE)

    (computed, kept), head = await database.write(both)

    assert computed == kept == head
    assert len(HOUSEHOLD) == head.seq


async def test_journals_are_apart(database: Database) -> None:
    await database.write(lambda c: journal.note(c, HOUSE, HOUSEHOLD))

    assert await database.read(lambda c: journal.entries_of(c, "alert")) == []
    assert Head("alert") == await database.read(lambda c: journal.head_of(c, "alert"))


async def test_no_place_in_a_journal_is_taken_twice(database: Database) -> None:
    def twice(connection: Connection) -> None:
        journal.note(connection, HOUSE, HOUSEHOLD)
        connection.execute(update(schema.journal).values(seq=1))

    with pytest.raises(IntegrityError):
        await database.write(twice)


async def test_an_alert_notes_what_becomes_of_it(database: Database) -> None:
    def live(connection: Connection) -> None:
        alert = alerts.accept(connection, offered()).alert
        alerts.accept(connection, offered())
        launched = replace(alert, launched_at=after(1))
        alerts.save(connection, launched, after(1))
        over = replace(
            launched,
            state=AlertState.CANCELLED,
            ended_at=after(2),
            ended_by="key:desk",
            end_reason="雨停",
        )
        alerts.save(connection, over, after(2))

    await database.write(live)

    first, *rest = await database.read(lambda c: journal.entries_of(c, "first"))
    assert isinstance(first, Received)
    assert content_digest(CONTENT) == first.digest
    assert rest == [
        Launched(at=after(1)),
        Ended(at=after(2), by="key:desk", state=AlertState.CANCELLED, reason="雨停"),
    ]


async def test_the_facts_of_a_callout_are_chained_over_several_turns(
    database: Database,
) -> None:
    def turns(connection: Connection) -> tuple[list[Head], Head]:
        life = begin(connection, "c")["c"]
        before = len(life.facts)
        life.silence(600)
        seen = callouts.load(connection, ["c"])[CalloutId("c")]
        change = Change(seen, life.callout, life.facts[before:])
        callouts.save(connection, [change])
        table = schema.fact
        now = callouts.load(connection, ["c"])[CalloutId("c")]
        chain = chain_of(connection, table, table.c.callout, "c")
        return chain, Head("c", now.facts, now.head)

    (computed, kept), head = await database.write(turns)

    assert computed == kept == head


async def test_facts_of_an_older_file_are_chained_when_it_is_brought_up(
    url: str,
) -> None:
    def chains(connection: Connection) -> list[tuple[Any, ...]]:
        facts = connection.execute(
            text("SELECT callout, seq, hash FROM fact ORDER BY callout, seq")
        )
        heads = connection.execute(
            text("SELECT id, head, origin FROM callout ORDER BY id")
        )
        return [tuple(row) for rows in (facts, heads) for row in rows]

    def there_and_back(connection: Connection) -> tuple[list[Any], list[Any]]:
        migrate(connection)
        lives = begin(connection, "c", "d")
        # What it stands under now is not what it was opened under.
        moved = replace(lives["d"].callout, alert=AlertId("other"))
        seen = callouts.load(connection, ["d"])[CalloutId("d")]
        callouts.save(connection, [Change(seen, moved, ())])
        before = chains(connection)
        command.downgrade(configured(connection), "0006")
        migrate(connection)
        return before, chains(connection)

    async with Database(url, Vault(KnownRing())).running() as database:
        before, again = await database.write(there_and_back)

    assert before == again
    assert {"", "0" * 64}.isdisjoint(row[2] for row in again[:-2])
