"""Somebody above takes silent grids over, brings no result, and the ladder goes on."""

from __future__ import annotations

from dispatcher.sim.callee import Ring
from tests.stories.conftest import Build


async def test_the_ladder_goes_on_above_the_taker_at_its_old_distances(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(320)
        await town.replies("head", "1")
        await town.until(1219)

        assert (await town.grid(alert, 1))["state"] == "taken"

        await town.until(2000)
        texts = town.texts("township_duty", "county_duty", "county_leader")
        digests = [
            (at, who)
            for at, who, kind in texts
            if at > 1220 and kind in {"digest", "info"}
        ]

        assert digests == [
            (1230, "township_duty"),
            (1350, "county_duty"),
            (1650, "county_leader"),
        ]


async def test_a_taker_is_not_rung_again_when_his_time_is_over(ringing: Build) -> None:
    async with ringing(1) as town:
        await town.warn()
        await town.until(312)
        await town.replies("head", "1")
        await town.replies("village_duty", "1")
        await town.until(1700)

        assert [
            at for at, *_ in await town.calls("head", "village_duty") if at > 312
        ] == []


async def test_while_taken_the_grid_itself_is_still_called(ringing: Build) -> None:
    async with ringing(1) as town:
        await town.warn()
        await town.until(312)
        await town.replies("head", "1")
        await town.until(1000)

        assert (900, "lead-1", "own") in town.texts("lead-1")
        assert [at for at, *_ in await town.calls("lead-1")] == [0, 90, 200]


async def test_the_head_takes_over_by_a_key(ringing: Build) -> None:
    async with ringing(3, lines=20) as town:
        alert = str((await town.warn())["id"])
        await town.until(300)
        await town.habit("head", ring=Ring.ANSWER)
        await town.until(420)

        states = [(await town.grid(alert, n))["state"] for n in (1, 2, 3)]
        assert states == ["taken", "taken", "taken"]
        assert [at for at, *_ in await town.calls("head")] == [0, 90, 200, 370]
