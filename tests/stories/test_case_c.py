"""Case C: a red forest fire while our SMS account is suspended."""

from __future__ import annotations

from dispatcher.sim.callee import Ring
from tests.stories.conftest import Build

FIRE = {"event_code": "11B25", "event": "森林火险", "headline": "森林火险红色预警"}


async def test_a_suspended_account_moves_no_rung_and_telephones_ring_as_ever(
    ringing: Build,
) -> None:
    async with ringing(3, suspended=True, lines=30) as town:
        await town.habit("lead-1", ring=Ring.ANSWER)
        alert = str((await town.warn(**FIRE))["id"])
        await town.until(299)
        before = [await town.grid(alert, n) for n in (2, 3)]
        await town.until(301)
        after = [await town.grid(alert, n) for n in (2, 3)]
        held = (await town.get(f"/api/v1/alerts/{alert}/summary"))["held_back"]

        assert town.texts() == []
        assert (await town.grid(alert, 1))["state"] == "answered"
        assert [at for at, *_ in await town.calls("lead-2")] == [0, 90, 200]
        # the door comes by silence at 300 s, none before
        assert [_tasks(grid) for grid in before] == [[], []]
        assert [_tasks(grid) for grid in after] == [["door_knock"], ["door_knock"]]
        # one reason for the route, not one for each person
        assert [one["reason"] for one in held] == ["config:20003"]


def _tasks(grid: dict[str, object]) -> list[str]:
    timeline = grid["timeline"]
    assert isinstance(timeline, list)
    return [fact["task"] for fact in timeline if fact["kind"] == "task_raised"]
