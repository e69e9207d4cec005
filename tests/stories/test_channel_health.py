"""How a channel is can be seen from what it has carried."""

from __future__ import annotations

from typing import Any

from dispatcher.sim.world import Habit
from tests.stories.conftest import Build
from tests.stories.town import Town


async def channels(town: Town) -> dict[str, dict[str, Any]]:
    """Give the channels by name."""
    shown = await town.get("/api/v1/channels")
    return {one["name"]: one for one in shown["channels"]}


async def test_a_channel_that_carries_is_well_and_tells_how_much(
    build: Build,
) -> None:
    async with build(2) as town:
        before = (await channels(town))["sms"]
        await town.warn()
        after = (await channels(town))["sms"]

        assert (before["health"], before["today"]) == ("idle", 0)
        assert (before["last_success_at"], before["receipt_within"]) == (None, None)
        assert (after["health"], after["today"]) == ("ok", len(town.log))
        assert after["receipt_within"] == 1
        assert (after["provider"], after["kind"], after["order"]) == (
            "twilio_sms",
            "sms",
            1,
        )
        assert {*after} & {"auth_token", "account_sid", "from"} == set()


async def test_a_suspended_account_is_seen_with_what_it_holds_back(
    ringing: Build,
) -> None:
    async with ringing(1, suspended=True) as town:
        await town.warn()
        shown = await town.get("/api/v1/channels")
        sms = next(one for one in shown["channels"] if one["name"] == "sms")
        await town.until(10)
        waits = await town.get("/api/v1/channels")
        five, sixty = sms["failures"]

        assert (sms["health"], sms["today"]) == ("failing", 0)
        assert (five["minutes"], sixty["minutes"]) == (5, 60)
        assert five["kinds"].keys() == {"config"}
        assert five["kinds"] == sixty["kinds"]
        assert waits["queue"] == []  # it backs off: nothing is due
        await town.advance(minutes=10)
        later = (await channels(town))["sms"]
        assert later["last_failure_at"] > sms["last_failure_at"]


async def test_a_dead_number_is_no_failure_of_the_channel(build: Build) -> None:
    async with build(1) as town:
        await town.habit("lead-1", Habit.DEAD)
        await town.warn()
        sms = (await channels(town))["sms"]

        assert sms["failures"][0]["kinds"] == {"permanent_address": 1}
        assert sms["health"] == "ok"
