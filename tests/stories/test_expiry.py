"""A warning that runs out: the desk is asked, red goes on once, nothing ends unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.stories.conftest import Build
from tests.stories.town import START, Town

HOUR = 3600
STARTED = ("head", "township_duty", "township_leader", "county_duty", "county_leader")
KINDS = {"expiry", "renewed", "expired", "silent"}


def after(**span: float) -> str:
    """A time after the start, as a warning gives it."""
    return (START + timedelta(**span)).isoformat()


def spoken(town: Town, *who: str) -> list[tuple[int, str, str]]:
    """What was said about the end of the warning."""
    return [text for text in town.texts(*who) if text[2] in KINDS]


def saying(town: Town, kind: str) -> list[str]:
    """The texts of a kind, in the order they came."""
    return [sms.text for sms in town.log if sms.short[2] == kind]


async def lasting(town: Town, level: str, **span: float) -> str:
    """A warning that ends so long after the start; gives its id."""
    alert = await town.warn(level=level, expires=after(**span))
    return str(alert["id"])


async def renewed(town: Town, alert: str, **span: float) -> dict[str, Any]:
    """The desk lets it go on."""
    body = {"reason": "雨还在下", "expires": after(**span)}
    answer = await town.api.post(f"/api/v1/alerts/{alert}/renew", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_desk_is_asked_30_and_10_minutes_before_the_end(
    build: Build,
) -> None:
    async with build(2) as town:
        await lasting(town, "orange", hours=2)
        await town.replies("lead-1", "1")
        await town.until(2 * HOUR - 1)

        assert spoken(town) == [
            (2 * HOUR - 1800, "county_duty", "expiry"),
            (2 * HOUR - 600, "county_duty", "expiry"),
        ]
        assert saying(town, "expiry")[1] == (
            "【澄溪应急】暴雨橙色预警06:01到期,1个网格未应答,请在值班台续发或解除"
        )


async def test_orange_ends_in_its_very_second_and_everybody_reached_hears_once(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = await lasting(town, "orange", hours=1)
        await town.until(HOUR - 1)
        reached = {who for _, who, kind in town.texts() if kind == "own"}

        assert (await town.grid(alert, 1))["state"] != "closed"

        await town.until(3 * HOUR)

        told = {who: kind for at, who, kind in town.texts() if at >= HOUR}
        assert [at for at, *_ in town.texts() if at >= HOUR] == [HOUR] * len(reached)
        assert told == dict.fromkeys(reached, "expired") | {"county_duty": "silent"}
        assert (await town.get(f"/api/v1/alerts/{alert}"))["state"] == "expired"
        assert (await town.grid(alert, 1))["timeline"][-1]["reason"] == "expired"
        assert await town.lost() == 0


async def test_who_answers_after_the_end_hears_that_it_has_ended(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = await lasting(town, "orange", hours=1)
        await town.until(HOUR)
        await town.replies("lead-1", "60")
        grid = await town.grid(alert, 1)

        assert "叫应已结束" in town.last("lead-1")
        assert (grid["state"], grid["answered"]) == ("closed", None)


async def test_who_answers_in_the_last_second_has_answered(build: Build) -> None:
    async with build(1) as town:
        alert = await lasting(town, "orange", hours=1)
        await town.until(HOUR - 1)
        await town.replies("lead-1", "1")
        await town.until(HOUR)
        summary = await town.get(f"/api/v1/alerts/{alert}/summary")

        assert summary["grid_coverage_rate"] == 1.0
        assert town.texts("county_duty")[-1] == (HOUR, "county_duty", "expired")


async def test_red_renews_itself_once_and_says_so(build: Build) -> None:
    async with build(1) as town:
        alert = await lasting(town, "red", hours=1)
        await town.until(2 * HOUR - 1)

        assert [(at, kind) for at, _, kind in spoken(town)] == [
            (HOUR - 1800, "expiry"),
            (HOUR - 600, "expiry"),
            (HOUR, "renewed"),
            (2 * HOUR - 1800, "expiry"),
            (2 * HOUR - 600, "expiry"),
        ]
        assert "已自动续至06:01,只续一次,1个网格未应答" in saying(town, "renewed")[0]
        assert (await town.grid(alert, 1))["state"] == "desk"

        await town.until(2 * HOUR)

        assert (await town.grid(alert, 1))["timeline"][-1]["reason"] == "expired"


async def test_red_without_an_end_is_asked_about_every_3_hours_and_goes_on(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = str((await town.warn(expires=None))["id"])
        for who in STARTED:
            await town.replies(who, "2 0")
        await town.until(6 * HOUR)
        calls = [at for at, _, kind in town.texts("lead-1") if kind == "own"]

        assert spoken(town) == [
            (3 * HOUR, "county_duty", "expiry"),
            (6 * HOUR, "county_duty", "expiry"),
        ]
        assert "没有失效时间,已发布6小时,1个网格未应答" in saying(town, "expiry")[1]
        assert (await town.grid(alert, 1))["state"] == "desk"
        assert max(calls) > 5 * HOUR


async def test_the_desk_lets_it_go_on(build: Build) -> None:
    async with build(1) as town:
        alert = await lasting(town, "orange", hours=1)
        await town.until(HOUR - 900)
        shown = await renewed(town, alert, hours=2)
        await town.until(2 * HOUR)

        assert shown["expires"] == after(hours=2)
        assert spoken(town, "county_duty") == [
            (HOUR - 1800, "county_duty", "expiry"),
            (2 * HOUR - 1800, "county_duty", "expiry"),
            (2 * HOUR - 600, "county_duty", "expiry"),
            (2 * HOUR, "county_duty", "silent"),
        ]


async def test_nobody_at_the_desk_keeps_no_warning_from_its_end(build: Build) -> None:
    async with build(1, leave_out=["county_duty"]) as town:
        alert = await lasting(town, "orange", hours=1)
        await town.until(HOUR)

        assert (await town.get(f"/api/v1/alerts/{alert}"))["state"] == "expired"
        assert {kind for *_, kind in spoken(town)} == {"expired"}


async def test_a_drill_that_runs_out_says_that_it_is_one(build: Build) -> None:
    async with build(1) as town:
        await town.warn(level="orange", status="Exercise", expires=after(hours=1))
        await town.until(HOUR)
        said = [text for kind in KINDS for text in saying(town, kind)]

        assert {text[:9] for text in said} == {"【澄溪应急】演练:"}
