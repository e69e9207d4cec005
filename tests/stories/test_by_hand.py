"""An officer urges: tried once more, called early; nothing planned moves."""

from __future__ import annotations

from tests.stories.conftest import Build
from tests.stories.town import Town


async def order(town: Town, alert: str, verb: str, **body: str) -> int:
    """Order something for the first grid; gives the status."""
    name = (await town.grid(alert, 1))["id"]
    answer = await town.api.post(f"/api/v1/callouts/{name}/{verb}", json=body)
    await town.settle()
    return answer.status_code


async def test_a_retry_rings_and_writes_now_and_moves_nothing(ringing: Build) -> None:
    async with ringing(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(60)
        assert await order(town, alert, "retry") == 200
        await town.until(299)

        assert [at for at, *_ in town.texts("lead-1")] == [0, 60]
        # His telephone rests for 45 s after a call; the try of 90 s finds it ringing.
        assert [at for at, *_ in await town.calls("lead-1")] == [0, 80, 200]
        assert [at for at, *_ in await town.calls("backup-1")] == [180, 270]


async def test_no_second_call_while_one_rings(ringing: Build) -> None:
    async with ringing(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(10)  # it rings for 30 s
        assert await order(town, alert, "retry", channel="voice") == 409
        assert await order(town, alert, "retry") == 200
        await town.until(80)

        assert [at for at, *_ in await town.calls("lead-1")] == [0]
        assert [at for at, *_ in town.texts("lead-1")] == [0, 10]


async def test_an_escalation_calls_the_village_early_and_the_door_waits(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(40)
        assert await order(town, alert, "escalate", reason="水位猛涨") == 200
        assert await order(town, alert, "escalate", reason="再按") == 409
        await town.until(60)
        assert await order(town, alert, "escalate", reason="水位猛涨") == 200
        await town.until(299)

        assert next(at for at, *_ in await town.calls("backup-1")) == 40
        assert (70, "head", "digest") in town.texts("head")
        assert (await town.grid(alert, 1))["marks"] == []

        await town.until(490)
        assert (await town.grid(alert, 1))["marks"] == ["not_awakened"]
        assert (490, "township_duty", "digest") in town.texts("township_duty")


async def test_the_retry_of_a_superior_keeps_the_pace_of_his_digest(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(330)  # the village was written to at 310
        assert await order(town, alert, "retry", channel="sms") == 200
        await town.until(470)

        assert [at for at, *_ in town.texts("head") if at > 300] == [310, 430]
        assert [at for at, *_ in town.texts("lead-1")] == [0, 330]
