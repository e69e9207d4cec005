"""A large launch is planned once for many chunks, and still loses nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from dispatcher.engine import changing, launching
from dispatcher.engine.launching import Plans, launch_due
from dispatcher.store import schema
from tests.api.conftest import opened
from tests.api.hamlet import SETTINGS, Hamlet, alert


@pytest.fixture
async def hamlet() -> AsyncIterator[Hamlet]:
    async with opened(SETTINGS) as found:
        yield found


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Chunks of one callout; how much each plan found."""
    seen: list[int] = []
    plan = changing.outstanding

    def counted(*given: Any) -> Any:
        found = plan(*given)
        seen.append(len(found))
        return found

    monkeypatch.setattr(launching, "CHUNK", 1)
    monkeypatch.setattr(launching, "outstanding", counted)
    return seen


async def chunk(hamlet: Hamlet, plans: Plans, *, fails: bool = False) -> int:
    context, now = await hamlet.runtime.keeper.refresh(), hamlet.clock.now()

    def work(connection: Connection) -> int:
        done = launch_due(connection, context, now, plans)
        if fails:
            raise RuntimeError
        return done

    return await hamlet.runtime.database.write(work)


async def through(hamlet: Hamlet, plans: Plans) -> None:
    while await chunk(hamlet, plans):
        pass


async def opened_for(hamlet: Hamlet) -> tuple[int, int]:
    """How many callouts there are, and for how many posts."""
    table = schema.callout
    post = table.c.unit + table.c.post
    asked = select(func.count(), func.count(post.distinct()))
    found = await hamlet.runtime.database.read(lambda c: c.execute(asked).one())
    return found[0], found[1]


async def test_it_is_planned_at_its_begin_and_at_its_end(
    hamlet: Hamlet, planned: list[int]
) -> None:
    await hamlet.send(alert(), key="officer")
    await through(hamlet, Plans())
    many, posts = await opened_for(hamlet)

    assert planned == [many, 0]
    assert many == posts > 2


async def test_a_chunk_that_was_rolled_back_is_found_again(
    hamlet: Hamlet, planned: list[int]
) -> None:
    await hamlet.send(alert(), key="officer")
    plans = Plans()
    await chunk(hamlet, plans)
    with pytest.raises(RuntimeError):
        await chunk(hamlet, plans, fails=True)
    await through(hamlet, plans)
    many, posts = await opened_for(hamlet)

    assert many == posts == planned[0]
    assert planned[1] == 1


async def test_what_was_cancelled_meanwhile_opens_no_more(
    hamlet: Hamlet, planned: list[int]
) -> None:
    sent = await hamlet.send(alert(), key="officer")
    plans = Plans()
    await chunk(hamlet, plans)
    path = f"/api/v1/alerts/{sent.json()['id']}/cancel"
    cancelled = await hamlet.post(path, {"reason": "误发"})
    await through(hamlet, plans)
    many, _ = await opened_for(hamlet)

    assert cancelled.status_code == 200
    assert many == 1 < planned[0]
