"""Big launches: planned once, done in pieces, whatever happens between the pieces."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from contacts.model import PersonId
from dispatcher.core.alert import AlertId, AlertState, ChainId
from dispatcher.core.change import Change
from dispatcher.engine import launching
from dispatcher.engine.changing import Cause, outstanding
from dispatcher.engine.compose import Desk
from dispatcher.engine.launching import Launches
from dispatcher.engine.roles import in_pieces
from dispatcher.store import alerts, schema
from tests.engine.office import RED_RAIN, Office, opened

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

    def counted(desk: Desk, chain: ChainId, cause: Cause) -> list[Change]:
        planned.append(chain)
        return outstanding(desk, chain, cause)

    monkeypatch.setattr("dispatcher.engine.launching.outstanding", counted)
    await accept(office)
    launches, seen = Launches(), []
    while await turn(office, launches):
        seen.append(await count(office))

    assert seen == sorted(set(seen))
    assert len(seen) > 2
    assert len(planned) == 1


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
