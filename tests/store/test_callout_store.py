"""Callouts and their facts: both or neither, and the newest version wins."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, func, select

from channels.contract import FailureKind
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId, Mark, Progress, State
from dispatcher.core.decide import decide
from dispatcher.core.evolve import evolve, replay
from dispatcher.core.fact import AttemptPlanned
from dispatcher.store import callouts, outbox, schema
from dispatcher.store.callouts import Change, Filter, Seen
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault
from tests.core.build import EVERYBODY, START, Life, opening, said
from tests.store.stock import after, begin, carrying, ids, message, post

NAME = CalloutId("c")


def rows(connection: Connection) -> tuple[int, ...]:
    tables = (schema.callout, schema.fact, schema.message, schema.carried)
    return tuple(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
    )


def load(connection: Connection) -> Seen:
    return callouts.load(connection, [NAME])[NAME]


def remark(connection: Connection, seen: Seen) -> set[CalloutId]:
    """Decide on what was seen, and write it: somebody said something unclear."""
    facts = decide(seen.callout, said("a", Meaning.UNCLEAR), START)
    callout = seen.callout
    for fact in facts:
        callout = evolve(callout, fact)
    return callouts.save(connection, [Change(seen, callout, facts)])


async def insist(database: Database) -> None:
    """What was seen may be old by the time it is written: look and decide again."""
    lost = {NAME}
    while lost:
        seen = await database.read(load)
        lost = await database.write(partial(remark, seen=seen))


async def test_facts_and_messages_are_written_together_or_not_at_all(
    database: Database,
) -> None:
    def broken(connection: Connection) -> None:
        begin(connection, "c")
        post(connection, message("m", carries=carrying("c")))
        message_of_nobody = "the machine stops here"
        raise OSError(message_of_nobody)

    with pytest.raises(OSError, match="stops here"):
        await database.write(broken)

    assert await database.read(rows) == (0, 0, 0, 0)


async def test_what_was_seen_too_long_ago_changes_nothing(database: Database) -> None:
    await database.write(lambda c: begin(c, "c"))
    old = await database.read(load)

    assert set() == await database.write(lambda c: remark(c, old))
    assert {NAME} == await database.write(lambda c: remark(c, old))

    new = await database.read(load)
    facts = await database.read(lambda c: callouts.facts_of(c, NAME))

    assert (old.version + 1, old.facts + 1) == (new.version, len(facts))
    assert set() == await database.write(lambda c: remark(c, new))


async def test_one_stale_change_does_not_hold_up_the_others(
    database: Database,
) -> None:
    def both(connection: Connection) -> set[CalloutId]:
        begin(connection, "c", "d")
        seen = callouts.load(connection, ["c", "d"])
        remark(connection, seen[NAME])
        changes = [Change(one, one.callout, ()) for one in seen.values()]
        return callouts.save(connection, changes)

    assert {NAME} == await database.write(both)


def test_two_processes_that_change_one_callout_lose_no_fact(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    turns, start = 25, threading.Barrier(2)
    vault = Vault(MemoryRing())

    async def open_it() -> None:
        async with Database(url, vault).running() as database:
            await database.write(migrate)
            await database.write(lambda c: begin(c, "c"))

    async def contend() -> None:
        async with Database(url, vault).running() as database:
            start.wait(10)
            for _ in range(turns):
                await insist(database)

    asyncio.run(open_it())
    before = len(Life().wake(0)) + 1
    threads = [threading.Thread(target=asyncio.run, args=(contend(),)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    async def ended() -> tuple[Seen, Seen, int]:
        async with Database(url, vault).running() as database:
            facts = await database.read(lambda c: callouts.facts_of(c, NAME))
            seen = await database.read(load)
            return seen, replace(seen, callout=replay(facts)), len(facts)

    stored, replayed, facts = asyncio.run(ended())

    assert before + 2 * turns == facts
    assert 1 + 2 * turns == stored.version
    assert replayed == stored


def at_random(life: Life, rng: Random, second: int) -> None:
    """Let any one thing happen that can happen to a callout."""
    planned = [f for f in life.facts if isinstance(f, AttemptPlanned)]
    name = rng.choice(planned).attempt.partition(".")[2]
    match rng.randrange(4):
        case 0:
            life.wake(second)
        case 1:
            life.report(name, rng.choice(list(Progress)), second)
        case 2:
            kind = FailureKind.PERMANENT_ADDRESS
            life.report(name, Progress.FAILED, second, kind)
        case _:
            who = rng.choice(EVERYBODY).person
            meaning = rng.choice(list(Meaning))
            life.say(who, meaning, second, people=rng.choice([None, 35]))


@pytest.mark.parametrize("seed", range(12))
async def test_facts_add_up_to_what_is_stored_after_whatever_happened(
    database: Database, seed: int
) -> None:
    rng, second = Random(seed), 0
    lives = await database.write(lambda c: begin(c, "c"))
    life = lives["c"]
    for _ in range(40):
        second += rng.choice([0, 1, 20, 200])
        seen, before = await database.read(load), len(life.facts)
        at_random(life, rng, second)
        change = Change(seen, life.callout, life.facts[before:])
        await database.write(partial(callouts.save, changes=[change]))

    stored = await database.read(load)
    facts = await database.read(lambda c: callouts.facts_of(c, NAME))

    assert life.facts == facts
    assert life.callout == stored.callout == replay(facts)
    assert len(facts) == stored.facts


async def test_the_most_overdue_come_first(database: Database) -> None:
    def opened(connection: Connection) -> None:
        for name, second in (("late", 0), ("later", 60), ("not yet", 600)):
            life = Life(opening(name=name))
            if second:
                life.wake(0)
            if second == 600:
                life.silence(300)
            callouts.save(connection, [Change(None, life.callout, life.facts)])

    await database.write(opened)

    due = await database.read(lambda c: callouts.due(c, after(299), 10))
    first = await database.read(lambda c: callouts.due(c, after(299), 1))
    assert [name for name, _ in due] == ["late", "later"]
    assert [name for name, _ in first] == ["late"]


async def test_red_comes_before_what_is_more_overdue(database: Database) -> None:
    def opened(connection: Connection) -> None:
        begin(connection, "red", "blue", "drill")
        table = schema.callout
        for name, lane, second in (("blue", 3, -9), ("drill", 4, -99), ("red", 0, 0)):
            moved = {"lane": lane, "due_at": after(second)}
            connection.execute(table.update().where(table.c.id == name).values(moved))

    await database.write(opened)

    due = await database.read(lambda c: callouts.due(c, after(1), 2))
    assert [name for name, _ in due] == ["red", "blue"]
    assert await database.read(callouts.next_due_at) == after(-99)
    assert await database.read(lambda c: callouts.overdue(c, after(-9))) == 2


async def test_an_open_callout_without_a_time_and_an_owner_is_counted(
    database: Database,
) -> None:
    await database.write(lambda c: begin(c, "c", "d"))

    def forget(connection: Connection) -> int:
        connection.execute(
            schema.callout.update()
            .where(schema.callout.c.id == "c")
            .values(due_at=None)
        )
        return callouts.ownerless(connection)

    assert await database.read(callouts.ownerless) == 0
    assert await database.write(forget) == 1


async def test_a_page_follows_the_last_one(database: Database) -> None:
    await database.write(lambda c: begin(c, "c", "d", "e"))

    def two(connection: Connection, cursor: str | None) -> list[str]:
        return ids(callouts.page(connection, Filter(cursor=cursor, limit=2)))

    assert await database.read(lambda c: two(c, None)) == ["c", "d"]
    assert await database.read(lambda c: two(c, "d")) == ["e"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(state="calling"), ["c", "d"]),
        (Filter(state="answered"), []),
        (Filter(alert="alert", unit="grid"), ["c", "d"]),
        (Filter(unit="elsewhere"), []),
        (Filter(mark=Mark.MUST_CALL), ["d"]),
    ],
)
async def test_callouts_are_found_by_what_they_are(
    database: Database, wanted: Filter, expected: list[str]
) -> None:
    def marked(connection: Connection) -> None:
        begin(connection, "c", "d")
        connection.execute(
            schema.callout.update()
            .where(schema.callout.c.id == "d")
            .values(marks=json.dumps([Mark.MUST_CALL]))
        )

    await database.write(marked)

    assert expected == ids(await database.read(lambda c: callouts.page(c, wanted)))


async def test_facts_of_an_alert_are_sorted_to_their_callouts(
    database: Database,
) -> None:
    lives = await database.write(lambda c: begin(c, "c", "d"))

    found = await database.read(
        lambda c: callouts.facts_by_callout(c, AlertId("alert"))
    )

    assert {name: life.facts for name, life in lives.items()} == found


async def test_closed_callouts_are_not_open(database: Database) -> None:
    def closed(connection: Connection) -> list[CalloutId]:
        begin(connection, "c", "d")
        seen = callouts.load(connection, ["d"])[CalloutId("d")]
        life = Life(opening(name="d"))
        life.callout = seen.callout
        facts = life.say("a", Meaning.RECEIVED, 5)
        callouts.save(connection, [Change(seen, life.callout, facts)])
        connection.execute(
            schema.callout.update()
            .where(schema.callout.c.id == "c")
            .values(state=State.CLOSED.value)
        )
        return callouts.open_of_chain(connection, life.callout.chain)

    assert await database.write(closed) == ["d"]
    assert await database.read(outbox.next_due_at) is None
