"""What an officer orders at the board, and that the board shows what became of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from dispatcher.console.page import STATIC
from tests.chaos.house import pause
from tests.console.desk import CHROMIUM, NAME, Desk, desk_of, need

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE = 30_000
CALLOUTS = "/api/v1/callouts"
GRIDS = 40
LOOK_SECONDS = 0.1


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house on the real clock: what an officer does comes before the plan does."""
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("desk"), GRIDS, None) as found:
        yield found


async def opened(page: Page, desk: Desk, warning: str, query: str = "") -> None:
    await page.goto(f"{desk.base}/console/w/{warning}?{query}")
    await page.locator(".list li").first.wait_for(timeout=PATIENCE)


async def calling(desk: Desk, warning: str) -> dict[str, Any]:
    """Wait until somebody is being called for a grid that has rungs left."""
    async with asyncio.timeout(PATIENCE / 1000):
        while True:
            async for shown in looked(desk, warning):
                reached = [rung["reached_at"] is not None for rung in shown["rungs"]]
                if reached[0] and not reached[-1]:
                    return shown
            await pause(LOOK_SECONDS)


async def looked(desk: Desk, warning: str) -> AsyncIterator[dict[str, Any]]:
    """What is being called for a warning, as drawers have it."""
    path = f"/api/v1/alerts/{warning}/callouts"
    asked: dict[str, str | int] = {"state": "calling", "limit": 20}
    for line in (await desk.house.api.get(path, params=asked)).json()["items"]:
        yield (await desk.house.api.get(f"{CALLOUTS}/{line['id']}")).json()


async def kinds(desk: Desk, callout: str) -> list[str]:
    shown = (await desk.house.api.get(f"{CALLOUTS}/{callout}")).json()
    return [fact["kind"] for fact in shown["timeline"]]


def drawer(page: Page) -> Locator:
    return page.locator("aside")


async def test_r_asks_then_tries_again_and_a_second_time_is_refused_in_words(
    desk: Desk,
) -> None:
    warning = await desk.house.warn("V-1", event_code="11B06", event="寒潮")
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        callout = (await calling(desk, warning))["id"]
        await opened(page, desk, warning, f"callout={callout}")
        await drawer(page).get_by_role("button", name="补发 (R)").wait_for()
        await page.keyboard.press("r")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("马上再叫一次")
        assert "retried" not in await kinds(desk, callout)

        await dialog.get_by_label("用哪种方式").select_option("短信")
        await dialog.get_by_role("button", name="补发", exact=True).click()
        await expect(drawer(page).locator(".outcome")).to_contain_text("已补发：短信")
        entry = drawer(page).locator("li.retried").first
        await expect(entry).to_contain_text(NAME)

        await page.keyboard.press("r")
        await dialog.get_by_role("button", name="补发", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("刚刚操作过")

    assert (await kinds(desk, callout)).count("retried") == 1


async def test_escalating_names_who_is_next_and_the_list_shows_it(desk: Desk) -> None:
    warning = await desk.house.warn("V-2", event_code="11B07", event="沙尘暴")
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        callout = (await calling(desk, warning))["id"]
        await opened(page, desk, warning, f"callout={callout}")
        await drawer(page).get_by_role("button", name="升级", exact=True).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.locator("strong")).to_contain_text(
            re.compile("第 [2-6] 级")
        )
        await dialog.get_by_label("理由").fill("水位猛涨")
        await dialog.get_by_role("button", name="升级", exact=True).click()
        await expect(drawer(page).locator(".outcome")).to_contain_text("已升级：")
        entry = drawer(page).locator("li.escalated").first
        await expect(entry).to_contain_text("水位猛涨")
        await expect(page.locator(".list li.open")).to_have_count(1)

    assert "escalated" in await kinds(desk, callout)


async def test_feedback_is_typed_in_once_somebody_has_answered(desk: Desk) -> None:
    warning = await desk.house.warn("V-3", event_code="11B08", event="高温")
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        callout = (await calling(desk, warning))["id"]
        await opened(page, desk, warning, f"callout={callout}")
        feedback = drawer(page).get_by_role("button", name="录入反馈")
        await expect(feedback).to_have_count(0)
        await drawer(page).get_by_role("button", name="代为确认").click()
        await page.get_by_role("button", name="确认", exact=True).click()
        await feedback.click()
        dialog = page.get_by_role("dialog")
        send = dialog.get_by_role("button", name="录入反馈")
        await expect(send).to_be_disabled()
        await dialog.get_by_label("已转移户数").fill("12")
        await dialog.get_by_label("已转移人数").fill("37")
        await send.click()
        await expect(drawer(page).locator(".outcome")).to_contain_text("反馈已录入")
        await expect(drawer(page).locator("li.feedback_given").first).to_contain_text(
            "12"
        )

    shown = (await desk.house.api.get(f"{CALLOUTS}/{callout}")).json()
    told = shown["feedback"]
    assert (told["households"], told["people"]) == (12, 37)


async def test_many_are_tried_again_at_once_and_what_was_refused_is_told(
    desk: Desk,
) -> None:
    warning = await desk.house.warn("V-4", event_code="11B01", event="台风")
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        await calling(desk, warning)
        await page.get_by_role("button", name="全选").click()
        dialog = page.get_by_role("dialog")
        told = page.locator(".bulk [role=status]")
        for expected in ("已补发", "刚刚操作过"):
            await page.get_by_role("button", name="批量补发").click()
            await dialog.get_by_label("理由").fill("再叫一遍")
            await dialog.get_by_role("button", name="补发 ").click()
            await expect(told).to_contain_text(expected, timeout=PATIENCE)
        await page.get_by_role("button", name="批量升级").click()
        await dialog.get_by_label("理由").fill("水位猛涨")
        await dialog.get_by_role("button", name="升级 ").click()
        await expect(told).to_contain_text("已升级", timeout=PATIENCE)
