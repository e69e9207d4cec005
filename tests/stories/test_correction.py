"""A warning that was sent by mistake: exactly who was reached hears so, once."""

from __future__ import annotations

from tests.stories.conftest import Build
from tests.stories.town import VILLAGE, Town


async def corrected(town: Town, alert: object) -> int:
    """Correct a warning; gives the status."""
    path = f"/api/v1/alerts/{alert}/correct"
    answer = await town.api.post(path, json={"reason": "误选红色"})
    await town.settle()
    return answer.status_code


async def test_who_was_reached_hears_that_it_was_a_mistake_once(town: Town) -> None:
    alert = (await town.warn())["id"]
    await town.until(60)
    reached = {who for _, who, _ in town.texts()}

    assert await corrected(town, alert) == 200
    assert await corrected(town, alert) == 409
    await town.until(4000)

    told = [one for one in town.texts() if one[0] >= 60]
    assert told == sorted((60, who, "correction") for who in reached)
    assert "backup-1" not in reached
    assert town.last("lead-1") == (
        "【澄溪应急】澄溪县气象台更正:刚才的暴雨红色预警系误发,请勿按其行动,不需回复"
    )
    shown = await town.get(f"/api/v1/alerts/{alert}")
    assert (shown["state"], await town.lost()) == ("cancelled", 0)


async def test_taken_back_before_it_was_launched_nobody_hears(build: Build) -> None:
    async with build(1) as town:
        alert = (await town.warn(hold_seconds=10))["id"]
        assert await corrected(town, alert) == 200
        await town.until(60)

        assert town.texts() == []


async def test_where_another_warning_goes_on_the_mistake_is_told_beside_it(
    build: Build,
) -> None:
    async with build(1) as town:
        first = await town.warn(level="orange")
        await town.until(60)
        second = await town.warn(identifier="W-2")
        assert second["chain"] == first["chain"]
        await town.until(80)
        assert await corrected(town, second["id"]) == 200
        await town.until(100)

        said = [kind for at, _, kind in town.texts("lead-1") if at >= 80]
        assert said.count("correction") == 1
        unit = f"{VILLAGE}001"
        path = f"/api/v1/alerts/{first['id']}/callouts"
        lines = (await town.get(path, unit=unit))["items"]
        going = [one["id"] for one in lines if one["state"] == "calling"]
        shown = [await town.get(f"/api/v1/callouts/{name}") for name in going]
        assert [(one["post"], one["alert"]) for one in shown] == [
            ("grid_lead", first["id"])
        ]
        assert "replanned" in {fact["kind"] for fact in shown[0]["timeline"]}


async def test_a_cancelled_warning_is_no_mistake_any_more(build: Build) -> None:
    async with build(1) as town:
        alert = (await town.warn())["id"]
        await town.until(20)
        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"})
        await town.settle()

        assert await corrected(town, alert) == 409
        assert [kind for _, _, kind in town.texts("lead-1")] == ["own", "cancel"]
