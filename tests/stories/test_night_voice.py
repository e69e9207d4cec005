"""Yellow fog at night writes and does not ring; in the morning it rings and marks."""

from __future__ import annotations

from tests.stories.conftest import Build

MORNING = 8940  # 06:30, in seconds after 04:01


async def test_a_warning_that_may_not_ring_at_night_rings_in_the_morning(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        alert = await town.warn(level="orange", event_code="11B25", event="森林火险")
        await town.until(MORNING - 1)
        grid = await town.grid(alert["id"], 1)

        assert await town.calls() == []
        assert "not_awakened" not in grid["marks"]
        assert "never_rung" not in grid["marks"]
        assert (0, "lead-1", "own") in town.texts("lead-1")

        await town.until(MORNING + 1300)
        grid = await town.grid(alert["id"], 1)

        rung = [at - MORNING for at, *_ in await town.calls("lead-1")]
        assert rung == [180, 300, 420]
        assert "not_awakened" in grid["marks"]


async def test_red_rings_at_any_hour(ringing: Build) -> None:
    async with ringing(1) as town:
        await town.warn(event_code="11B25", event="森林火险")
        await town.until(100)

        assert [at for at, *_ in await town.calls("lead-1")] == [0, 90]
