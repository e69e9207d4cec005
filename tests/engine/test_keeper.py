"""The roster at hand: read once, and again when it has changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from shapely.geometry import box
from sqlalchemy import Connection

from contacts.geometry import Shapes
from contacts.model import AddressId, Person, PersonId, Post, PostRef, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.journal import RosterChange
from dispatcher.engine import keeper
from dispatcher.engine.clock import wait_for
from dispatcher.engine.context import Context
from dispatcher.store import (
    batch,
    history,
    people,
    places,
    present,
    rereading,
    schema,
)
from dispatcher.store.rereading import Kept
from dispatcher.store.roster_edits import Described, Editing, put_person
from dispatcher.store.writer import Work
from tests.engine.office import GRIDS, Office, village


def renamed(roster: Roster) -> Roster:
    """The same village, where everybody has a new name and a new version."""
    new = {
        person.id: Person(
            id=type(person.id)(f"{person.id}2"), name="新", addresses=person.addresses
        )
        for person in roster.people.values()
    }
    holdings = [
        type(holding)(ref=holding.ref, person=new[holding.person].id)
        for holding in roster.holdings
    ]
    return Roster.build(roster.units.values(), new.values(), holdings)


async def leads(office: Office) -> list[str]:
    context = await office.context()
    ref = PostRef(GRIDS[0], Post.GRID_LEAD)
    return [person.id for person in context.roster.holders(ref, office.now)]


async def test_the_same_roster_is_not_read_twice(office: Office) -> None:
    first = await office.keeper.refresh()

    assert await office.keeper.refresh() is first
    assert await office.keeper.context() is first


async def test_a_new_roster_is_seen_at_the_next_refresh(office: Office) -> None:
    assert await leads(office) == ["lead"]

    await office.database.write(lambda c: people.save_roster(c, renamed(village())))

    assert await leads(office) == ["lead"]

    await office.keeper.refresh()

    assert await leads(office) == ["lead2"]


async def test_a_wrong_number_changes_whom_we_can_call(office: Office) -> None:
    ref = PostRef(GRIDS[0], Post.GRID_LEAD)
    context = await office.context()
    [person] = context.roster.holders(ref, office.now)

    assert len(context.called(person, ref.post, frozenset()).means) == 1

    await office.database.write(lambda c: people.flag_wrong(c, ["lead0"]))
    context = await office.keeper.refresh()
    [person] = context.roster.holders(ref, office.now)

    assert context.called(person, ref.post, frozenset()).means == ()


async def test_who_was_replaced_keeps_his_messages(office: Office) -> None:
    await office.warn()
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    await office.keeper.refresh()
    await office.engine.turn()

    assert "accepted" in await office.states("lead")


async def test_new_outlines_are_seen_at_the_next_refresh(office: Office) -> None:
    rain = Shapes(circles=(((30.0, 110.0), 1.0),))
    before = (await office.context()).atlas
    land = {UnitId(GRIDS[0]): box(109.9, 29.9, 110.1, 30.1)}
    await office.database.write(lambda c: places.save_outlines(c, land))
    after = (await office.keeper.refresh()).atlas
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    later = (await office.keeper.refresh()).atlas
    found = [
        atlas.covered(rain) for atlas in (before, after, later) if atlas is not None
    ]

    assert found == [frozenset(), {GRIDS[0]}, {GRIDS[0]}]


def edited(office: Office, name: str) -> Work[object]:
    """The lead under another name."""
    wanted = Described(name=name, addresses=(AddressId("lead0"),))
    editing = Editing(by="key:desk", at=office.now)

    def edit(connection: Connection) -> object:
        newest = present.newest_version(connection, PersonId("lead"))
        assert newest is not None
        return put_person(connection, newest, wanted, editing)

    return edit


async def names(context: Context, office: Office) -> list[str]:
    ref = PostRef(GRIDS[0], Post.GRID_LEAD)
    return [person.name for person in context.roster.holders(ref, office.now)]


def never(_: Connection) -> Kept:
    message = "all was read"
    raise AssertionError(message)


async def test_after_an_edit_only_what_has_changed_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.keeper.refresh()
    monkeypatch.setattr(rereading, "read_whole", never)
    await office.database.write(edited(office, "新名"))
    await office.database.write(lambda c: people.flag_wrong(c, ["lead0"]))
    context = await office.keeper.refresh()
    [person] = context.roster.holders(PostRef(GRIDS[0], Post.GRID_LEAD), office.now)

    assert (person.name, person.addresses[0].wrong) == ("新名", True)
    assert await office.keeper.refresh() is context


async def test_a_new_name_leaves_the_map_as_it_was(office: Office) -> None:
    before = await office.keeper.refresh()
    await office.database.write(edited(office, "新名"))

    assert (await office.keeper.refresh()).atlas is before.atlas


async def test_more_edits_than_it_pays_to_follow_are_read_with_all_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.keeper.refresh()
    monkeypatch.setattr(rereading, "LINES_MOST", 1)
    await office.database.write(edited(office, "新名"))

    assert await names(await office.keeper.refresh(), office) == ["新名"]


async def test_what_was_written_past_the_history_is_read_with_all_else(
    office: Office,
) -> None:
    await office.keeper.refresh()

    def past(connection: Connection) -> None:
        grid = village().units[GRIDS[0]]
        above = replace(grid, id=UnitId("new"), kind=UnitKind.VILLAGE, parent=None)
        below = replace(grid, id=UnitId("below"), parent=above.id)
        rows = [people.unit_row(one) for one in (above, below)]
        batch.insert(connection, schema.unit, rows)
        line = history.Line.of_unit(None, below)
        changed = history.Changed(
            at=office.now,
            by="key:desk",
            how=RosterChange.EDIT,
            lines=[line],
            figures={},
        )
        history.record(connection, changed)

    await office.database.write(past)

    assert {"new", "below"} <= (await office.keeper.refresh()).roster.units.keys()


async def test_no_warning_waits_until_all_of_a_large_roster_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await office.keeper.refresh()
    monkeypatch.setattr(keeper, "LARGE", 1)
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    at_hand = [await office.keeper.refresh(), await office.keeper.refresh()]
    new = await office.keeper.renewed()

    assert at_hand == [old, old]
    assert await names(new, office) == ["新"]
    assert await office.keeper.refresh() is new


async def test_a_roster_that_was_replaced_long_ago_is_not_at_hand(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.keeper.refresh()
    monkeypatch.setattr(keeper, "LARGE", 1)
    monkeypatch.setattr(keeper, "RIGHT_SECONDS", 0.0)
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))

    assert await names(await office.keeper.refresh(), office) == ["新"]


async def test_what_was_written_while_all_is_read_is_seen_by_who_wants_the_newest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.keeper.refresh()
    monkeypatch.setattr(keeper, "LARGE", 1)
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    await office.keeper.refresh()
    await office.database.write(lambda c: people.save_roster(c, village()))

    assert await names(await office.keeper.renewed(), office) == await names(
        await office.keeper.refresh(), office
    )
    assert await leads(office) == ["lead"]


async def test_a_reading_that_fails_is_told_once_and_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.keeper.refresh()
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    with monkeypatch.context() as broken:
        broken.setattr(rereading, "read_whole", never)
        with pytest.raises(AssertionError, match="all was read"):
            await office.keeper.refresh()

    assert await names(await office.keeper.refresh(), office) == ["新"]


async def test_who_watches_is_up_to_date_without_being_asked(office: Office) -> None:
    await office.keeper.refresh()
    await office.database.write(edited(office, "新名"))
    async with office.keeper.watching(), asyncio.timeout(5):
        while await names(await office.keeper.context(), office) != ["新名"]:
            await wait_for(asyncio.Event(), 0.01)


async def test_who_watches_goes_on_when_a_reading_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "WATCH_SECONDS", 0.01)
    failures = 0

    def fails(_: Connection) -> Kept:
        nonlocal failures
        failures += 1
        message = "the disk is gone"
        raise OSError(message)

    await office.keeper.refresh()
    monkeypatch.setattr(rereading, "read_whole", fails)
    await office.database.write(lambda c: people.save_roster(c, renamed(village())))
    async with office.keeper.watching(), asyncio.timeout(5):
        while failures < 2:
            await wait_for(asyncio.Event(), 0.01)
