"""The same rules against the real clock, with a policy scaled to seconds.

Nothing is moved by hand here: the engine's own loops run, woken by the alarm clock and
by commits, while the exchange's people answer over real HTTP.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Policies
from dispatcher.engine.clock import SystemClock
from dispatcher.engine.schedule import ticking
from dispatcher.sim.world import Habit
from tests.stories.conftest import NUMBERS, Line
from tests.stories.town import Town, people_of, settings_of, town_of

SCALE = 30
POLICY = Path("config/policies/default.yaml")
TIMES = {
    "at",
    "every",
    "taken_result",
    "received",
    "first_feedback",
    "household_reach",
    "report_every",
    "final_after_cancel",
}


def scaled(node: Any) -> Any:
    """The policy with every time divided."""
    if isinstance(node, list):
        return [scaled(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: -(-value // SCALE)
        if key in TIMES and isinstance(value, int)
        else scaled(value)
        for key, value in node.items()
    }


def scaled_policy(folder: Path) -> Path:
    """The shipped policy, thirty times as fast."""
    policy = scaled(yaml.safe_load(POLICY.read_text(encoding="utf-8")))
    file = folder / "scaled.yaml"
    file.write_text(yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8")
    return file


async def wait_until(town: Town, seconds: float) -> None:
    """Wait in real time; the outside world has no due times to jump to."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)
    await town.collect()


@pytest.mark.realtime
@pytest.mark.timeout(90)
async def test_the_ladder_climbs_in_real_time(line: Line, tmp_path: Path) -> None:
    file = scaled_policy(tmp_path)
    settings = settings_of(line.port, line.url, policies=Policies(dir=file))
    numbers = people_of(3, next(NUMBERS))
    async with town_of(
        settings,
        line.url,
        numbers,
        SystemClock(),
        committed=lambda runtime: runtime.engine.wake(),
    ) as town:
        engine = town.runtime.engine
        with ticking(engine):
            engine.rule()
            running = asyncio.create_task(engine.run())
            await town.habit("lead-1", Habit.ANSWER)
            await town.habit("lead-2", Habit.DEAD)
            answer = await town.post()
            alert = str(answer.json()["id"])
            await wait_until(town, 2)

            # called in the first seconds; the dead number's stand-in at once
            assert (await town.grid(alert, 1))["state"] == "answered"
            assert len(town.texts("backup-2")) == 1
            assert len(town.texts("backup-3")) == 0

            await wait_until(town, 5)

            # 7 s after the start: 180 s is scaled to 6
            assert len(town.texts("backup-3")) == 1
            assert len([t for t in town.texts("head") if t[2] == "digest"]) == 0

            await wait_until(town, 15)

            # 22 s: 300 s is scaled to 10, and a digest gathers for ten more
            assert len([t for t in town.texts("head") if t[2] == "digest"]) == 1
            assert "2个网格(村)未应答" in town.last("head")
            assert "never_rung" in (await town.grid(alert, 3))["marks"]

            engine.stop()
            await running
        assert await town.lost() == 0


@pytest.mark.realtime
@pytest.mark.timeout(60)
async def test_a_hold_and_a_retry_in_real_time(line: Line, tmp_path: Path) -> None:
    file = scaled_policy(tmp_path)
    settings = settings_of(line.port, line.url, policies=Policies(dir=file))
    async with town_of(
        settings,
        line.url,
        people_of(1, next(NUMBERS)),
        SystemClock(),
        committed=lambda runtime: runtime.engine.wake(),
    ) as town:
        engine = town.runtime.engine
        with ticking(engine):
            engine.rule()
            running = asyncio.create_task(engine.run())
            answer = await town.post(hold_seconds=2)
            alert = str(answer.json()["id"])
            await wait_until(town, 1)
            assert town.texts() == []

            await wait_until(town, 2.5)
            name = (await town.grid(alert, 1))["id"]
            assert len(town.texts("lead-1")) == 1

            path = f"/api/v1/callouts/{name}/retry"
            assert (await town.api.post(path, json={})).status_code == 200
            await wait_until(town, 1)
            assert len(town.texts("lead-1")) == 2

            engine.stop()
            await running
