"""People live, timing frozen: a handover and a new number while a warning runs."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from contacts.duty import Leave, Rotation, Span, TimeBound
from contacts.model import HumanId, Post, PostRef, UnitId
from dispatcher.core.callout import CalloutId
from dispatcher.core.fact import (
    Fact,
    PeopleChanged,
    RungFlagged,
    RungReached,
    TryStarted,
)
from dispatcher.store import callouts, duty, people
from tests.stories.conftest import Build
from tests.stories.town import START, TOWNSHIP, VILLAGE, Town, load_sheet, roster_file

WATCH = PostRef(UnitId(TOWNSHIP), Post.TOWNSHIP_DUTY)
LEAD = PostRef(UnitId(f"{VILLAGE}001"), Post.GRID_LEAD)
TO_0829 = 4 * 3600 + 28 * 60  # seconds from the start, 04:01
OLD, NEW = "township_duty", "village_duty"  # whom the ladder calls by 180 only


async def human(town: Town, name: str) -> HumanId:
    roster = await town.runtime.database.read(people.load_roster)
    found = (one.human for one in roster.people.values() if one.name == f"人{name}")
    return next(found)


async def planned(town: Town, *made: TimeBound) -> None:
    await town.runtime.database.write(lambda c: duty.add(c, made))


async def two_take_turns(town: Town) -> None:
    """The old one until 08:30 of the story's day, then the new one."""
    turns = Rotation(
        ref=WATCH,
        members=(await human(town, OLD), await human(town, NEW)),
        starts_on=START.date().replace(day=START.day - 1),
        handover=time(8, 30),
    )
    await planned(town, turns)


def after(second: int, texts: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Those from so many seconds after 08:29 on, counted from there."""
    moved = [(at - TO_0829, who, what) for at, who, what in texts]
    return [one for one in moved if one[0] >= second]


async def test_who_comes_at_half_past_eight_is_called_from_then_on(
    ringing: Build,
) -> None:
    async with ringing(1, lines=30) as town:
        await two_take_turns(town)
        await town.until(TO_0829)
        alert = await town.warn()
        await town.until(TO_0829 + 1000)

        relieved = await town.calls(OLD)
        assert [at for at, _, _ in after(0, relieved)] == [0]
        assert after(60, town.texts(OLD)) == []
        come = [at for at, _, _ in after(0, await town.calls(NEW))]
        assert come[0] == 90  # a try of the ladder, at its old time
        assert (900, NEW, "own") in after(60, town.texts(NEW))
        own = await town.callout(alert["id"], TOWNSHIP, "township_duty")
        changes = [
            fact.at
            for fact in await facts_of(town, own)
            if isinstance(fact, PeopleChanged)
        ]
        assert changes == [START + timedelta(seconds=TO_0829 + 90)]


async def test_a_late_answer_of_who_was_relieved_is_an_own_answer(
    ringing: Build,
) -> None:
    async with ringing(1, lines=30) as town:
        await two_take_turns(town)
        await town.until(TO_0829)
        alert = await town.warn()
        await town.until(TO_0829 + 95)
        await town.replies(OLD, "1")
        await town.until(TO_0829 + 250)
        own = await town.callout(alert["id"], TOWNSHIP, "township_duty")

        assert own["state"] == "answered"
        assert await town.lost() == 0


async def test_a_substitute_is_called_instead_and_the_vacant_post_is_told_of(
    ringing: Build,
) -> None:
    async with ringing(2, lines=30) as town:
        away = Span(begins=START, ends=START.replace(hour=20))
        lead = await human(town, "lead-1")
        stand_in = await human(town, "lead-2")
        gone = await human(town, "head")
        head = PostRef(UnitId(VILLAGE), Post.VILLAGE_HEAD)
        await planned(
            town,
            Leave(ref=LEAD, human=lead, span=away, substitute=stand_in),
            Leave(ref=head, human=gone, span=away),
        )
        alert = await town.warn()
        await town.until(120)

        assert (town.texts("lead-1"), await town.calls("lead-1")) == ([], [])
        assert [name for _, name, _ in town.texts("lead-2")] == ["lead-2"]
        assert town.texts("head") == []
        missing = await town.get(f"/api/v1/alerts/{alert['id']}")
        assert [one["unit"] for one in missing["missing"]] == [VILLAGE]


async def test_a_new_number_is_called_at_the_next_try_and_no_time_moves(
    ringing: Build,
) -> None:
    async with ringing(2, lines=30) as town:
        alert = await town.warn()
        await town.until(45)
        old = town.numbers["lead-1"]
        fresh = f"+{int(old) + 500}"
        corrected = roster_file(town.numbers).decode().replace(old, fresh)
        await load_sheet(town.runtime, corrected.encode())
        town.numbers["lead-1 now"] = fresh
        await town.until(1000)
        first = await town.grid(alert["id"], 1)
        second = await town.grid(alert["id"], 2)

        assert [at for at, _, _ in await town.calls("lead-1")] == [0]
        assert [at for at, _, _ in await town.calls("lead-1 now")][:2] == [90, 200]
        assert [at for at, _, _ in await town.calls("lead-2")][:3] == [0, 90, 200]
        assert (900, "lead-1 now", "own") in town.texts("lead-1 now")
        assert [text for text in town.texts("lead-1") if text[0] > 45] == []
        assert await timing(town, first) == await timing(town, second) != []


async def facts_of(town: Town, callout: dict[str, Any]) -> list[Fact]:
    name = CalloutId(callout["id"])
    return await town.runtime.database.read(lambda c: callouts.facts_of(c, name))


async def timing(town: Town, callout: dict[str, Any]) -> list[tuple[int, str, int]]:
    """What was done at its time, in seconds after the start."""
    return [
        (round((fact.at - START).total_seconds()), fact.kind, fact.rung)
        for fact in await facts_of(town, callout)
        if isinstance(fact, RungReached | TryStarted | RungFlagged)
    ]
