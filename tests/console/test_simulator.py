"""The simulator's page: virtual phones in hand, against a real server and exchange."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from playwright.async_api import Page, expect

from contacts.model import AddressKind, Post, UnitId
from dispatcher.sim.crowd import Crowd
from dispatcher.sim.switchboard import NetworkMode
from tests.chaos.house import pause
from tests.console.desk import AXE, PHONE, WIDE, Desk, need
from tests.console.test_desk import AXE_RUN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE = 30_000
LOOK_SECONDS = 0.1


@pytest.fixture
async def asleep(desk: Desk) -> AsyncIterator[None]:
    """Nobody answers but by hand."""
    await desk.house.exchange.sway(Crowd(asleep=100))
    yield
    await desk.house.exchange.network(NetworkMode.OK)
    await desk.house.exchange.sway(Crowd())


@contextlib.asynccontextmanager
async def simulator(
    desk: Desk,
    size: dict[str, int] | None = None,
    language: str = "zh",
    theme: str = "",
) -> AsyncIterator[Page]:
    async with desk.window(size, language, theme) as page:
        await page.goto(f"{desk.house.provider}/sim/")
        await page.locator(".phones.panel").wait_for(timeout=PATIENCE)
        yield page


def led(desk: Desk, nth: int) -> tuple[UnitId, str]:
    """A grid whose leader leads no other, and his first number."""
    roster = desk.house.roster
    leads = [one for one in roster.holdings if one.ref.post.value == Post.GRID_LEAD]
    times: dict[str, int] = {}
    for one in roster.holdings:
        times[one.person] = times.get(one.person, 0) + 1
    alone = [one for one in leads if times[one.person] == 1]
    chosen = alone[nth]
    numbers = [
        address.value
        for address in roster.person(chosen.person).addresses
        if address.kind is AddressKind.MOBILE
    ]
    return chosen.ref.unit, numbers[0]


async def until(
    desk: Desk, warning: str, unit: str, told: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The callout of a grid's leader, once it is as told."""
    with anyio.fail_after(100):
        while True:
            path = f"/api/v1/alerts/{warning}/callouts?limit=500"
            items = (await desk.house.api.get(path)).json()["items"]
            mine = [
                one
                for one in items
                if one["unit"] == unit and one["post"] == Post.GRID_LEAD
            ]
            if mine and told(mine[0]):
                return dict(mine[0])
            await pause(LOOK_SECONDS)


async def chosen(page: Page, number: str) -> None:
    """Find a phone by its number, and open it."""
    await page.get_by_role("searchbox").fill(number)
    await page.locator(".phones li button").first.click(timeout=PATIENCE)
    await page.locator(".handset ol li").first.wait_for(timeout=PATIENCE)


@pytest.mark.usefixtures("asleep")
async def test_a_cut_network_is_seen_on_the_channels_and_so_is_its_return(
    desk: Desk,
) -> None:
    async with simulator(desk) as page:
        await page.get_by_label("短信电话网").select_option("error500")
        await expect(page.get_by_role("alert")).to_contain_text("网络已切断")
        await desk.house.warn("SIM-4")
        await healthy(desk, "failing")
        await page.get_by_label("短信电话网").select_option("ok")
        await expect(page.get_by_role("alert")).to_have_count(0)
        await healthy(desk, "ok")


async def healthy(desk: Desk, wanted: str) -> None:
    """Wait until the server finds its channel for texts so."""
    with anyio.fail_after(100):
        while True:
            told = (await desk.house.api.get("/api/v1/channels")).json()["channels"]
            if {one["health"] for one in told if one["name"] == "sms"} == {wanted}:
                return
            await pause(LOOK_SECONDS)


async def test_the_crowd_is_swayed_from_the_page(desk: Desk) -> None:
    async with simulator(desk) as page:
        slider = page.get_by_role("slider").first
        await slider.fill("85")
        await expect(page.get_by_text("应答 85%")).to_be_visible()
        with anyio.fail_after(10):
            while (await desk.house.exchange.playing()).crowd != Crowd(answering=85):
                await pause(LOOK_SECONDS)
    await desk.house.exchange.sway(Crowd())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_the_simulator_is_open_to_everybody(
    desk: Desk, size: dict[str, int], language: str, theme: str
) -> None:
    need(AXE)
    await desk.house.warn(f"SIM-{size['width']}-{language}-{theme}")
    async with simulator(desk, size, language, theme) as page:
        await page.locator(".phones li button").first.click(timeout=PATIENCE)
        await page.locator(".handset ol li").first.wait_for(timeout=PATIENCE)
        await page.evaluate(AXE.read_text())
        faults = await page.evaluate(AXE_RUN)
        width = await page.evaluate("document.documentElement.scrollWidth")

    assert faults == []
    assert width <= size["width"]
