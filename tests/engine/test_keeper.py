"""The roster at hand: read once, and again when it has changed."""

from __future__ import annotations

from shapely.geometry import box

from contacts.geometry import Shapes
from contacts.model import Person, Post, PostRef, UnitId
from contacts.roster import Roster
from dispatcher.store import people, places
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
