"""A key is replaced in the middle of a night; somebody is erased, his record stays."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from config.settings import Security, Store
from dispatcher.core.alert import AlertId
from dispatcher.core.evolve import replay
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.rotation import rotate
from dispatcher.store import callouts, people
from dispatcher.store.erasing import Erasure, Kept, erase
from dispatcher.store.vault import KeyName
from tests.stories.conftest import Line
from tests.stories.town import START, Town, people_of, settings_of, town_of

# Not round: an instant in microseconds may well end in eight and nine noughts.
NUMBERS = itertools.count(8_642_097_531, 1_000)


@contextlib.asynccontextmanager
async def lasting(line: Line, folder: Path) -> AsyncIterator[Town]:
    """A town of two grids whose store is a file."""
    settings = settings_of(
        line.port,
        line.url,
        store=Store(url=f"sqlite+aiosqlite:///{folder / 'store.db'}"),
        security=Security(allow_test_numbers=True, keys_dir=folder / "keys"),
    )
    numbers = people_of(2, next(NUMBERS))
    async with town_of(settings, line.url, numbers, ManualClock(START)) as town:
        yield town


def kept(folder: Path) -> bytes:
    """Everything the store has on disk, its log too."""
    return b"".join(file.read_bytes() for file in folder.glob("store.db*"))


async def record(town: Town, alert: str) -> dict[str, Any]:
    return dict(await town.get(f"/api/v1/alerts/{alert}/record"))


async def test_a_key_is_replaced_while_people_are_called(
    line: Line, tmp_path: Path
) -> None:
    async with lasting(line, tmp_path) as town:
        alert = str((await town.warn())["id"])
        await town.until(60)
        for name in KeyName:
            await rotate(
                town.runtime.database, name, town.now, "user:office", lambda _: None
            )
        await town.replies("lead-1", "1")
        await town.until(200)
        grids = [await town.grid(alert, number) for number in (1, 2)]

        assert [grid["state"] for grid in grids] == ["answered", "calling"]
        assert grids[0]["answered"]["evidence"] == "sms_bare"
        assert (180, "backup-2", "own") in town.texts("backup-2")


async def test_who_is_erased_is_in_the_record_without_his_name(
    line: Line, tmp_path: Path
) -> None:
    async with lasting(line, tmp_path) as town:
        database, number = town.runtime.database, town.numbers["lead-1"]
        alert = str((await town.warn())["id"])
        await town.until(60)
        await town.replies("lead-1", "1")
        held = await database.read(lambda c: people.holders_of(c, [number]))
        [(_, person)] = held[number]
        wanted = Erasure(person=person, by="user:office", reason="离任")
        early = await database.write(lambda c: erase(c, wanted, town.now))
        answer = await town.api.post(
            f"/api/v1/alerts/{alert}/cancel", json={"reason": "误报"}
        )
        await town.settle()
        before = await record(town, alert)
        done = await database.write(lambda c: erase(c, wanted, town.now))
        folded = await database.fold()
        after = await record(town, alert)
        on_disk = kept(tmp_path)
        pages = [
            (await town.api.get(path)).status_code
            for path in (
                f"/api/v1/alerts/{alert}",
                f"/api/v1/alerts/{alert}/summary?by=township",
                f"/api/v1/alerts/{alert}/record?format=html",
                f"/api/v1/alerts/{alert}/record?format=xlsx",
                f"/api/v1/callouts/{before['rows'][-1]['callout']}",
            )
        ]

        def both(c: Connection) -> bool:
            facts = dict(callouts.each_facts(c, AlertId(alert)))
            stored = {name: s.callout for name, s in callouts.load(c, facts).items()}
            return {name: replay(told) for name, told in facts.items()} == stored

        assert (early, done, folded) == (Kept.CALLED, (person,), True)
        assert (answer.status_code, await database.read(both)) == (200, True)
        assert before["summary"] == after["summary"]
        assert pages == [200] * len(pages)
    assert answered_by(before) == ["人lead-1"]
    assert answered_by(after) == [f"已删除人员 {person[:6]}"]
    private = ("人lead-1", number, number.removeprefix("+999"))
    assert [one for one in private if one.encode() in on_disk] == []


def answered_by(told: dict[str, Any]) -> list[str]:
    """Who is named in a record as having answered."""
    return [line["answered_by"] for line in told["rows"] if line["answered_by"]]
