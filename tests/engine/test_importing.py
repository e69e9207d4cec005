"""Importing: in place over a store in memory, in processes of its own over a file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from config.settings import Security, Settings, Store
from contacts.importers.columns import Column
from contacts.model import Person, Post, PostRef, UnitId
from dispatcher.engine.apart import AllBusyError, Apart, LostError
from dispatcher.engine.import_orders import Apply, Obstacle, Outcome, Try, Undo
from dispatcher.engine.runtime import opened
from dispatcher.store import erasing, history, imports, people, present, schema
from dispatcher.store.database import Database
from dispatcher.store.erasing import Erasure
from dispatcher.store.import_schema import import_piece
from dispatcher.store.imports import ImportState, Part
from dispatcher.store.roster_edits import Editing, put_post
from tests.contacts.offices import HEADER, Row, Tab, as_xlsx, row, second

NOW = datetime(2026, 4, 1, 8, tzinfo=UTC)
BY = "key:editor"
GRID = UnitId("990421100200001")
LEAD = PostRef(GRID, Post.GRID_LEAD)
NEW_NUMBER = {Column.MOBILE: "13700137000"}


class House:
    """A store in a file, and who works on it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.apart = Apart()

    async def trial(self, *rows: Row) -> Outcome:
        order = Try(
            file="C:\\名册\\四月.xlsx",
            by=BY,
            at=NOW,
            code_system="DEMO",
            allow_test_numbers=True,
        )
        data = as_xlsx(Tab(rows=[HEADER, *rows]))
        return await self.apart.do(self.database, self.settings, order, data)

    async def apply(self, number: int, *, force: bool = False) -> Outcome:
        order = Apply(number=number, by=BY, at=NOW, force=force)
        return await self.apart.do(self.database, self.settings, order)

    async def undo(self, number: int, *, force: bool = False) -> Outcome:
        order = Undo(number=number, by=BY, at=NOW, force=force)
        return await self.apart.do(self.database, self.settings, order)

    async def applied(self, *rows: Row) -> Outcome:
        tried = await self.trial(*rows)
        done = await self.apply(tried.number)
        assert done.obstacle is None
        return done

    async def holders(self) -> dict[PostRef, list[str]]:
        """Name and numbers of whoever holds each post."""
        roster = await self.database.read(people.load_roster)
        return {
            one.ref: [shown(person) for person in roster.appointed(one.ref)]
            for one in roster.holdings
        }

    async def lead(self) -> Person:
        roster = await self.database.read(people.load_roster)
        [person] = roster.appointed(LEAD)
        return person


def shown(person: Person) -> str:
    return " ".join([person.name, *(one.value for one in person.addresses)])


@pytest.fixture
async def house() -> AsyncIterator[House]:
    settings = Settings(store=Store(url="sqlite+aiosqlite://"))
    async with opened(settings) as database:
        yield House(database, settings)


@pytest.fixture
async def filed(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(
        store=Store(url=f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"),
        security=Security(keys_dir=tmp_path / "keys"),
    )
    async with opened(settings) as database:
        yield House(database, settings)


def edit(
    change: Callable[[Connection, Editing], object],
) -> Callable[[Connection], object]:
    return lambda connection: change(connection, Editing(by=BY, at=NOW))


async def test_an_undo_brings_back_exactly_what_was_there(house: House) -> None:
    await house.applied(row(), second())
    before = await house.database.read(people.load_roster)
    done = await house.applied(row(NEW_NUMBER))
    changed = await house.holders()
    undone = await house.undo(done.number)
    after = await house.database.read(people.load_roster)

    assert changed == {LEAD: ["李秀英 +8613700137000"]}
    assert (undone.obstacle, undone.edition) == (None, 3)
    assert (after.units, after.people) == (before.units, before.people)
    assert set(after.holdings) == set(before.holdings)


async def test_what_was_found_is_deleted_when_it_is_applied(house: House) -> None:
    done = await house.applied(row())
    count = select(func.count()).select_from(import_piece)
    left = await house.database.read(lambda c: c.execute(count).scalar_one())
    kept = await house.database.read(lambda c: imports.find(c, done.number))
    change = await house.database.read(lambda c: history.change(c, 1))

    assert kept is not None
    assert change is not None
    assert (left, kept.state, kept.file) == (0, ImportState.APPLIED, "四月.xlsx")
    assert (change.how.value, change.source, change.by) == ("import", "四月.xlsx", BY)
    assert (await house.apply(done.number)).obstacle is Obstacle.APPLIED
    assert (await house.apply(99)).obstacle is Obstacle.UNKNOWN


async def test_a_try_against_an_older_edition_is_applied_by_force_only(
    house: House,
) -> None:
    await house.applied(row())
    tried = await house.trial(row(NEW_NUMBER))
    await house.applied(row(), second())
    refused = await house.apply(tried.number)
    forced = await house.apply(tried.number, force=True)

    assert (refused.obstacle, refused.edition) == (Obstacle.MOVED, 2)
    assert (forced.obstacle, await house.holders()) == (
        None,
        {LEAD: ["李秀英 +8613700137000"]},
    )


async def test_what_was_edited_after_an_import_outlives_its_forced_undo(
    house: House,
) -> None:
    await house.applied(row(), second())
    done = await house.applied(row(NEW_NUMBER), second())
    lead = await house.lead()
    other = PostRef(UnitId("990421100200002"), Post.GRID_LEAD)

    def give(connection: Connection, editing: Editing) -> object:
        there = present.holders(connection, other)
        both = (*there, replace(there[0], person=lead.id))
        return put_post(connection, other, both, editing)

    await house.database.write(edit(give))
    refused = await house.undo(done.number)
    forced = await house.undo(done.number, force=True)

    assert (refused.obstacle, forced.obstacle) == (Obstacle.MOVED, None)
    assert await house.holders() == {
        LEAD: ["李秀英 +8613800138000"],
        other: ["王建国 +8613900139000", "李秀英 +8613800138000"],
    }
    assert (await house.undo(done.number)).obstacle is Obstacle.UNDONE


async def test_who_was_erased_does_not_come_back(house: House) -> None:
    await house.applied(row(), second())
    lead = await house.lead()
    done = await house.applied(second())
    tried = await house.trial(row(), second())
    wanted = Erasure(person=lead.id, by=BY, reason="本人要求")
    await house.database.write(lambda c: erasing.erase(c, wanted, NOW))
    undone = await house.undo(done.number, force=True)

    assert undone.obstacle is None
    assert [*await house.holders()] == [
        PostRef(UnitId(f"{GRID[:-1]}2"), Post.GRID_LEAD)
    ]
    assert (await house.apply(tried.number)).obstacle is Obstacle.LAPSED
    assert (
        await house.database.read(lambda c: imports.read(c, tried.number, Part.CHANGES))
        == []
    )


async def test_of_a_refused_import_nobody_new_is_left(house: House) -> None:
    await house.applied(row())
    tried = await house.trial(row(NEW_NUMBER))
    await house.applied(row(), second())
    count = select(func.count()).select_from(schema.person)
    before = await house.database.read(lambda c: c.execute(count).scalar_one())
    await house.apply(tried.number)

    assert await house.database.read(lambda c: c.execute(count).scalar_one()) == before


async def test_a_third_at_once_is_sent_away(filed: House) -> None:
    with filed.apart.turn(), filed.apart.turn(), pytest.raises(AllBusyError):
        await filed.trial(row())

    assert (await filed.trial(row())).obstacle is None


async def test_a_child_that_takes_too_long_is_ended(filed: House) -> None:
    filed.apart = Apart(seconds=0.05)
    with pytest.raises(LostError):
        await filed.trial(row())

    assert (filed.apart.children, importing_processes()) == (set(), [])


def importing_processes() -> list[str]:
    """Children of ours that still run our module."""
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in mine.split()]
    return [one for one in commands if "dispatcher.engine.apart" in one]


@pytest.mark.sqlite  # of its own processes, which know nothing of another store
async def test_in_processes_of_its_own_it_goes_as_in_place(filed: House) -> None:
    await filed.applied(row(), second())
    done = await filed.applied(row(NEW_NUMBER))
    there = await filed.holders()
    undone = await filed.undo(done.number)

    assert there == {LEAD: ["李秀英 +8613700137000"]}
    assert (undone.obstacle, undone.edition) == (None, 3)
    assert (await filed.lead()).addresses[0].value == "+8613800138000"


async def test_a_try_lapses_after_its_time(house: House) -> None:
    tried = await house.trial(row())
    later = NOW + timedelta(seconds=1)
    done = await house.database.write(lambda c: imports.lapse(c, later, 500))

    assert (done, (await house.apply(tried.number)).obstacle) == (1, Obstacle.LAPSED)
