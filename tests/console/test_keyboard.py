"""A warning from the sign-in to its end, and no mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from contacts.model import UnitKind
from dispatcher.console.page import STATIC
from tests.console.desk import CHROMIUM, NAME, PASSWORD, Desk, desk_of, need

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GRIDS = 12
RAIN = "11B03"
TABS_MOST = 120
OPTIONS_MOST = 60
PATIENCE = 30_000
FOCUSED = "it => it === document.activeElement"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("keyboard"), GRIDS, 1.0) as found:
        yield found


async def reach(page: Page, wanted: Locator) -> None:
    """Go on with the tabulator until something has the focus."""
    await wanted.wait_for(timeout=PATIENCE)
    for _ in range(TABS_MOST):
        if await wanted.evaluate(FOCUSED):
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"{wanted} is not reached by {TABS_MOST} tabulators")


async def write(page: Page, wanted: Locator, text: str) -> None:
    await reach(page, wanted)
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(text)


async def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    await reach(page, wanted)
    await page.keyboard.press(key)


async def choose(page: Page, wanted: Locator, value: str) -> None:
    """Go down a list until a value is chosen."""
    await reach(page, wanted)
    for _ in range(OPTIONS_MOST):
        if await wanted.input_value() == value:
            return
        await page.keyboard.press("ArrowDown")
    pytest.fail(f"{value} is not in {wanted}")


async def enter(page: Page) -> None:
    """Sign in, and come to the page of issuing."""
    await write(page, page.locator("input[autocomplete=username]"), NAME)
    await write(page, page.locator("input[type=password]"), PASSWORD)
    await page.keyboard.press("Enter")
    await press(page, page.locator("header nav a", has_text="签发").first)
    await page.locator("#step-1").wait_for()


async def issue(page: Page, town: str) -> None:
    """Write a red rainstorm for a township, and issue it."""
    await choose(page, page.locator("#step-1 ~ .row select"), RAIN)
    await press(page, page.get_by_role("radio", name="红色"), "Space")
    await write(page, page.get_by_role("searchbox"), town)
    await press(page, page.get_by_role("checkbox", name=town).first, "Space")
    texts = page.locator("#step-3 ~ label textarea")
    await write(page, texts.first, "三小时雨量超过100毫米")
    word = page.get_by_label("输入“红色暴雨”")
    await write(page, word, "红色暴雨")
    await page.keyboard.press("Enter")
    undo = page.get_by_role("alertdialog").get_by_role("button")
    await expect(undo).to_be_focused()
    await page.wait_for_url("**/console/w/*", timeout=PATIENCE)


async def answer(page: Page) -> None:
    """Open the first line, and answer for whom it is of."""
    await page.locator(".list li").first.wait_for(timeout=PATIENCE)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="代为确认").first.wait_for()
    await page.keyboard.press("a")
    await page.get_by_role("dialog").wait_for()
    await write(page, page.get_by_label("备注"), "电话里说都转移了")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    acked = page.locator(".count", has_text="已应答").locator("strong")
    await expect(acked).not_to_have_text("0")


async def cancel(page: Page) -> None:
    """End the warning."""
    await page.keyboard.press("Escape")
    await press(page, page.get_by_role("button", name="解除预警…"))
    dialog = page.get_by_role("dialog")
    await write(page, dialog.locator("input").first, "雨停了")
    await write(page, dialog.locator("input").nth(1), "解除")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="解除预警…")).to_have_count(0)


async def test_a_warning_is_issued_answered_and_ended_by_keys_alone(desk: Desk) -> None:
    units = desk.house.roster.units.values()
    town = min(unit.name for unit in units if unit.kind is UnitKind.TOWNSHIP)
    async with desk.window() as page:
        await enter(page)
        await issue(page, town)
        await answer(page)
        await cancel(page)
    [alert] = (await desk.house.api.get("/api/v1/alerts")).json()["items"]

    assert (alert["state"], alert["level"]) == ("cancelled", "red")
