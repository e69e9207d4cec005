from __future__ import annotations

from sqlalchemy import Connection, text, update

from contacts.model import PersonId
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Meaning
from dispatcher.core.board import face
from dispatcher.core.callout import CalloutId
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.core.report import tally
from dispatcher.store import callouts, faces, journal, schema
from dispatcher.store.callouts import Change
from dispatcher.store.database import Database
from tests.core.build import Life
from tests.store.stock import ON_SQLITE, after, begin

ALERT = AlertId("alert")


def save(connection: Connection, life: Life, before: int) -> None:
    """Write down what has happened to a life since it had so many facts."""
    name = life.callout.id
    seen = callouts.load(connection, [name])[name]
    callouts.save(connection, [Change(seen, life.callout, life.facts[before:])])


async def test_what_is_kept_is_the_face_of_its_callout(
    database: Database,
) -> None:

    def story(connection: Connection) -> None:
        lives = begin(connection, "c1", "c2")
        life = lives["c1"]
        before = len(life.facts)
        life.say("a", Meaning.RECEIVED, 60)
        save(connection, life, before)
        found = {at.id: at for at in faces.of_alert(connection, ALERT)}
        at = found[CalloutId("c1")]

        assert found.keys() == {"c1", "c2"}
        assert (at.face, at.tally) == (face(life.callout), tally(life.callout))
        assert (at.changed_at, at.alert, at.chain) == (after(60), ALERT, "chain")
        assert found[CalloutId("c2")].changed_at == after(0)

    await database.write(story)


async def test_only_what_has_changed_since_is_read(database: Database) -> None:

    def story(connection: Connection) -> None:
        lives = begin(connection, "c1", "c2")
        read = faces.newest_fact(connection)
        nothing = faces.since(connection, read)
        before = len(lives["c2"].facts)
        lives["c2"].say("a", Meaning.RECEIVED, 60)
        save(connection, lives["c2"], before)

        assert nothing == ()
        assert [at.id for at in faces.since(connection, read)] == ["c2"]
        assert {at.id for at in faces.since(connection, 0)} == {"c1", "c2"}
        assert faces.newest_fact(connection) > read

    await database.write(story)


async def test_a_board_has_one_order_whatever_was_written_last(
    database: Database,
) -> None:

    def story(connection: Connection) -> None:
        lives = begin(connection, "c2", "c3", "c1")
        before = len(lives["c1"].facts)
        lives["c1"].say("a", Meaning.RECEIVED, 60)
        save(connection, lives["c1"], before)

        found = [at.id for at in faces.of_alert(connection, ALERT)]
        assert found == ["c1", "c2", "c3"]

    await database.write(story)


async def test_what_was_kept_before_there_were_faces_has_one(
    database: Database,
) -> None:

    def story(connection: Connection) -> None:
        begin(connection, "c1", "c2")
        kept = faces.of_alert(connection, ALERT)
        connection.execute(update(schema.callout).values(face=""))

        assert faces.of_alert(connection, ALERT) == kept

    await database.write(story)


@ON_SQLITE
async def test_a_look_costs_as_much_as_has_changed(
    database: Database,
) -> None:
    """No statement walks through all callouts, or all facts."""

    def story(connection: Connection) -> None:
        begin(connection, "c1")
        seen: list[str] = []
        raw = connection.connection.dbapi_connection
        assert raw
        raw.set_trace_callback(seen.append)
        faces.since(connection, faces.newest_fact(connection) - 1)
        raw.set_trace_callback(None)
        plans = [
            str(row)
            for statement in seen
            for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))
        ]

        assert plans
        assert not [
            step for step in plans if "SCAN callout" in step or "SCAN fact" in step
        ]

    await database.write(story)


async def test_whose_journal_went_on(database: Database) -> None:

    def story(connection: Connection) -> None:
        entry = faces.newest_entry(connection)
        shown = Revealed(
            at=after(0), by="key:officer", person=PersonId("p1"), what="sheet"
        )
        journal.note(connection, HOUSE, [shown])

        assert faces.alerts_since(connection, entry) == [HOUSE]
        assert faces.alerts_since(connection, faces.newest_entry(connection)) == []

    await database.write(story)
