"""Few lines and many people: who is rung first, and what the board says of the rest."""

from __future__ import annotations

from collections import Counter

import pytest

from dispatcher.sim.callee import Ring
from tests.stories.conftest import Build

RINGING = 35  # seconds, when nobody answers


@pytest.mark.timeout(300)
async def test_a_thousand_people_on_ten_lines_are_rung_ten_every_35_seconds(
    ringing: Build,
) -> None:
    async with ringing(500, lines=10, rate=10_000) as town:
        alert = await town.warn()
        capacity = alert["capacity"]["voice"]
        await town.until(1800)
        calls = await town.calls()
        summary = await town.get(f"/api/v1/alerts/{alert['id']}/summary")

        # six people above the grids and 500 leads, ten at a time
        assert [RINGING * (n // 10) for n in range(506)] == [at for at, *_ in calls][
            :506
        ]
        above = {who for _, who, _ in calls[:10] if "-" not in who}
        assert {
            "county_duty",
            "county_leader",
            "township_duty",
            "township_leader",
        } <= above
        leads = Counter(who for _, who, _ in calls[:506] if who.startswith("lead-"))
        assert set(leads.values()) == {1}
        # a call begun at 280 s is the last before the mark; the village head waits too
        rung = sum(at < 300 for at, who, _ in calls if who.startswith("lead-"))
        marks = (summary["not_awakened"], summary["never_rung"])
        assert (rung, 501 - rung) == marks
        assert capacity["never_rung"] > 900


async def test_seven_of_ten_lines_are_the_most_that_orange_may_take(
    ringing: Build,
) -> None:
    async with ringing(20) as town:
        await town.warn(level="orange")
        await town.until(181)

        assert sum(at == 180 for at, *_ in await town.calls()) == 7


async def test_red_goes_before_orange_that_waits_already(ringing: Build) -> None:
    async with ringing(12, lines=2) as town:
        await town.warn(level="orange")
        await town.until(190)
        await town.warn(event_code="11A51", event="山洪")
        await town.until(500)
        calls = await town.calls()

        # one line is kept for red: orange has had only the other one
        assert [at for at, *_ in calls][:3] == [180, 190, 215]
        red = {who for at, who, _ in calls if at in {190, 215}}
        assert [who for who in red if "-" in who] == []


async def test_a_number_is_rung_four_times_an_hour_by_orange_and_once_more_by_red(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.BUSY)
        await town.warn(level="orange", identifier="O-1")
        await town.until(600)
        await town.warn(level="orange", identifier="O-2", event_code="11B01")
        await town.until(2000)
        await town.warn(identifier="R", event_code="11A51")
        await town.until(3500)

        assert [at for at, *_ in await town.calls("lead-1")] == [
            180,
            300,
            420,
            780,
            2000,
        ]
