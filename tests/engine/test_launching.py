"""Big launches: planned once, done in pieces, whatever happens between the pieces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from contacts.model import Holding, PersonId, Post, PostRef, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, AlertState, Area, ChainId, Level
from dispatcher.core.change import Change
from dispatcher.core.fact import Opened
from dispatcher.engine import launching
from dispatcher.engine.changing import Cause, drafts_of, outstanding
from dispatcher.engine.compose import Desk
from dispatcher.engine.launching import Ground, Launch, Launches
from dispatcher.engine.roles import in_pieces
from dispatcher.engine.step import Drafted
from dispatcher.engine.step import drafted as drafted_in
from dispatcher.store import alerts, people, schema, strikes
from tests.core.county import unit
from tests.engine.office import NUMBERS, RED_RAIN, Office, opened
from tests.engine.office import person as anybody

PEOPLE = st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=3), max_size=60)


@given(items=PEOPLE, most=st.integers(1, 7))
def test_pieces_hold_everything_once_and_nobody_is_in_two(
    items: list[set[str]], most: int
) -> None:
    def people(place: int) -> Collection[PersonId]:
        return {PersonId(name) for name in items[place]}

    pieces = [*in_pieces(range(len(items)), repeat(most), people)]

    assert sorted(p for piece in pieces for p in piece) == [*range(len(items))]
    firsts = [piece[0] for piece in pieces]
    assert firsts == sorted(firsts)
    for number, piece in enumerate(pieces):
        later = {who for some in pieces[number + 1 :] for p in some for who in items[p]}
        first = {who for place in piece[:most] for who in items[place]}
        assert not first & later


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(launching, "FIRST", 1)
    monkeypatch.setattr(launching, "PIECE", 1)
    async with opened() as office:
        yield office


async def accept(office: Office, **changes: Any) -> str:
    """Take a warning in, and open nothing."""
    return await office._accept(replace(RED_RAIN, **changes))  # noqa: SLF001


async def turn(office: Office, launches: Launches, *, commits: bool = True) -> int:
    """Do the next piece, as the rules do; without a commit it is all undone."""
    context, now = await office.context(), office.now
    await office.database.read(lambda c: launches.plan(c, context, now))

    def piece(connection: Connection) -> int:
        done = launches.due(connection, context, now)
        if not commits:
            raise InterruptedError
        return done

    done = await office.database.write(piece)
    launches.committed()
    return done


async def count(office: Office) -> int:
    query = select(func.count()).select_from(schema.callout)
    return await office.database.read(lambda c: c.execute(query).scalar_one())


async def test_a_plan_is_made_once_and_done_piece_by_piece(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[str] = []

    def counted(
        desk: Desk, chain: ChainId, cause: Cause, within: Any = None
    ) -> list[Change]:
        if within is None:  # what comes first was looked for before
            planned.append(chain)
        return outstanding(desk, chain, cause, within)

    monkeypatch.setattr("dispatcher.engine.launching.outstanding", counted)
    await accept(office)
    launches, seen = Launches(), []
    while await turn(office, launches):
        seen.append(await count(office))

    assert seen == sorted(set(seen))
    assert len(seen) > 2
    assert len(planned) == 1


FIRE = {"event_code": "11B25", "event": "森林火险"}  # its rangers sit in villages
POSTS = {
    UnitKind.COUNTY: [Post.COUNTY_DUTY, Post.COUNTY_LEADER],
    UnitKind.TOWNSHIP: [Post.TOWNSHIP_DUTY, Post.TOWNSHIP_LEADER],
    UnitKind.VILLAGE: [Post.VILLAGE_HEAD, Post.FOREST_RANGER],
    UnitKind.GRID: [Post.GRID_LEAD, Post.GRID_BACKUP],
}


def any_county(seed: int) -> Roster:
    """Twelve villages of five grids, of any risk; few people hold all posts."""
    dice = Random(seed)
    units = [unit("c", UnitKind.COUNTY, None)]
    for kind, often in (
        (UnitKind.TOWNSHIP, 4),
        (UnitKind.VILLAGE, 3),
        (UnitKind.GRID, 5),
    ):
        above = [one for one in units if one.kind is units[-1].kind]
        units += [
            unit(f"{up.id}{n}", kind, up.id, dice.randint(1, 4))
            for up in above
            for n in range(often)
        ]
    everybody = [anybody(name) for name in NUMBERS]
    refs = [PostRef(one.id, post) for one in units for post in POSTS[one.kind]]
    filled = dice.sample(refs, k=len(refs) * 3 // 4)
    held = [
        Holding(ref=ref, person=dice.choice(everybody).id) for ref in sorted(filled)
    ]
    return Roster.build(units, everybody, held)


@pytest.mark.parametrize("said", [{}, FIRE, {"level": Level.YELLOW}])
@pytest.mark.parametrize("seed", range(5))
async def test_the_first_of_a_large_warning_are_found_without_all_others(
    office: Office, monkeypatch: pytest.MonkeyPatch, seed: int, said: dict[str, Any]
) -> None:
    monkeypatch.setattr(launching, "FIRST", 1 + 3 * seed)
    await office.database.write(lambda c: people.save_roster(c, any_county(seed)))
    await office.keeper.refresh()
    area = Area(units=("c0", "c10", "c210"))
    name = await accept(office, **said, areas=(area,))

    def planned(desk: Desk, piece: int) -> tuple[list[PostRef], bool]:
        monkeypatch.setattr(launching, "PIECE", piece)
        found = alerts.find(desk.connection, AlertId(name))
        assert found
        launch = Launch.of(desk, found, Ground.of(desk, found))
        return [one.post for one in launch.left[-1].work], launch.whole

    head, alone = await office.desk(lambda desk: planned(desk, 1))
    first, whole = await office.desk(lambda desk: planned(desk, 1000))
    assert (alone, whole) == (False, True)
    most = launching.FIRST
    assert len(head) >= most
    assert (head[:most], sorted(head)) == (first[:most], sorted(first))


async def test_what_was_not_committed_is_done_again(office: Office) -> None:
    await accept(office)
    launches = Launches()
    await turn(office, launches)
    before = await count(office)
    with pytest.raises(InterruptedError):
        await turn(office, launches, commits=False)
    while await turn(office, launches):
        pass
    once = await count(office)
    async with opened() as other:
        await accept(other)
        while await turn(other, Launches()):
            pass

        assert before < once == await count(other)


async def test_a_warning_that_comes_between_the_pieces_is_heeded(
    office: Office,
) -> None:
    name = await accept(office)
    launches = Launches()
    await turn(office, launches)
    context, now = await office.context(), office.now

    def lift(connection: Connection) -> None:
        found = alerts.find(connection, AlertId(name))
        assert found
        ended = replace(found, state=AlertState.CANCELLED, due_at=None)
        alerts.save(connection, ended, now)

    opened_before = await count(office)
    await office.database.write(lift)
    await office.database.read(lambda c: launches.plan(c, context, now))

    assert await turn(office, launches) == 0
    assert await count(office) == opened_before


async def test_what_opens_is_drafted_before_it_is_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, late = [False], []

    def noted(desk: Desk, work: Collection[Change], cause: Cause) -> Any:
        late.append(writing[0])
        return drafts_of(desk, work, cause)

    monkeypatch.setattr("dispatcher.engine.launching.drafts_of", noted)
    monkeypatch.setattr("dispatcher.engine.changing.drafts_of", noted)
    await accept(office)
    context, launches = await office.context(), Launches()

    def written(connection: Connection) -> int:
        writing[0] = True
        return launches.due(connection, context, office.now)

    await office.database.read(lambda c: launches.plan(c, context, office.now))
    await office.database.write(written)

    assert late == [False]
    assert await count(office)


async def drafted(office: Office) -> tuple[ChainId, Launches]:
    """Take a warning in, and draft what opens first."""
    name = await accept(office)
    context, launches = await office.context(), Launches()
    await office.database.read(lambda c: launches.plan(c, context, office.now))
    found = await office.database.read(lambda c: alerts.find(c, AlertId(name)))
    assert found
    return found.chain, launches


async def test_who_cannot_act_is_not_called_by_what_was_drafted_before(
    office: Office,
) -> None:
    chain, launches = await drafted(office)
    people = (await office.context()).roster.people

    def all_struck(connection: Connection) -> None:
        for person in people:
            strikes.add(connection, chain, person, office.now)

    await office.database.write(all_struck)
    while await turn(office, launches):
        pass

    assert await count(office)
    assert await office.messages() == []


async def test_an_old_draft_is_none(office: Office) -> None:
    _, launches = await drafted(office)
    office.later(2)
    await turn(office, launches)
    first = select(func.min(schema.fact.c.at))

    opened_at = await office.database.read(lambda c: c.execute(first).scalar_one())
    assert opened_at == office.now


async def test_a_warning_that_cannot_be_launched_holds_no_other_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = await accept(office)
    well = await accept(office, identifier="W-2", event_code="11B15")

    def spoilt(desk: Desk, first: Sequence[Opened]) -> Drafted:
        if first[0].alert == sick:
            message = "it can't be thought of"
            raise ValueError(message)
        return drafted_in(desk, first)

    async def launched(name: str) -> bool:
        found = await office.database.read(lambda c: alerts.find(c, AlertId(name)))
        return bool(found and found.launched_at)

    monkeypatch.setattr("dispatcher.engine.changing.drafted", spoilt)
    while await office.engine.turn():
        pass
    assert (await launched(sick), await launched(well)) == (False, True)

    monkeypatch.setattr("dispatcher.engine.changing.drafted", drafted_in)
    office.later(61)
    while await office.engine.turn():
        pass
    assert await launched(sick)


async def test_a_warning_that_cannot_be_read_holds_no_other_up(office: Office) -> None:
    sick = await accept(office)
    well = await accept(office, identifier="W-2", event_code="11B15")
    climbing = await office.warn(identifier="W-3", event_code="11B17")
    table = schema.alert

    def spoil(connection: Connection) -> None:
        spoilt = table.update().where(table.c.id == sick).values(body="{}")
        connection.execute(spoilt)

    async def texts() -> int:
        query = select(func.count()).select_from(schema.message)
        found = query.where(schema.message.c.alert == climbing)
        return await office.database.read(lambda c: c.execute(found).scalar_one())

    await office.database.write(spoil)
    before = await texts()
    office.later(600)
    while await office.engine.turn():
        pass

    found = await office.database.read(lambda c: alerts.find(c, AlertId(well)))
    assert found
    assert found.launched_at
    assert await texts() > before
