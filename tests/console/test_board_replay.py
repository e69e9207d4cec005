"""A past warning played again, the board on the wall and on a phone, and its alarm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.chaos.house import pause
from tests.console.desk import AXE, PHONE, WIDE, Desk, need
from tests.console.test_desk import PATIENCE, counted, examined, opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

LOOK_SECONDS = 0.05
LARGE = {"width": 1920, "height": 1080}
SOUNDED = """
  window.sounded = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) {
    window.sounded += this.context.state === 'running';
    return start.apply(this, at);
  };
"""


@pytest.fixture(scope="module")
async def past(desk: Desk) -> str:
    """A warning that somebody answered, and that was cancelled then."""
    warning = await desk.house.warn("P-1", event_code="11B05", event="大风")
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        acked = page.locator(".count", has_text="已应答").locator("strong")
        await expect(acked).not_to_have_text("0", timeout=PATIENCE)
    cancelled = f"/api/v1/alerts/{warning}/cancel"
    await desk.house.api.post(cancelled, json={"reason": "雨停"})
    return warning


async def until(page: Page, fact: str) -> None:
    """Wait until a fact holds; our policy lets Playwright not look by itself."""
    async with asyncio.timeout(PATIENCE / 1000):
        while not await page.evaluate(fact):
            await pause(LOOK_SECONDS)


async def moment(page: Page) -> int:
    return int(await page.get_by_role("slider", name="时刻").input_value())


async def test_a_past_warning_plays_and_its_moment_stands_in_the_address(
    desk: Desk, past: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, past)
        await page.get_by_role("button", name="▶ 回放").click()
        await expect(page.get_by_text("不是现在的情况")).to_be_visible()
        await page.get_by_role("slider").wait_for(timeout=PATIENCE)
        await page.keyboard.press(".")
        await page.keyboard.press(".")
        await page.get_by_label("倍速").select_option("1×")
        began = await moment(page)
        await page.keyboard.press(" ")
        await until(
            page, f"document.querySelector('input[type=range]').value > {began}"
        )
        await page.get_by_role("button", name="暂停").click()
        whole, parts = await counted(page)
        stands = await moment(page)
        await expect(page).to_have_url(
            f"{desk.base}/console/w/{past}?replay={stands}", timeout=PATIENCE
        )

        assert whole == sum(parts) > 0
        await page.reload()
        await page.get_by_role("slider").wait_for(timeout=PATIENCE)
        assert await moment(page) == stands
        await expect(page.locator(".count strong").first).to_have_text(str(whole))

        for verb in ("解除预警…", "圈选批量", "全选", "代为确认"):
            await expect(page.get_by_role("button", name=verb)).to_have_count(0)
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("不是现在的情况")).to_have_count(0)


async def test_a_replay_ends_as_the_board_stands(desk: Desk, past: str) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, past)
        board = await counted(page)
        await page.goto(f"{desk.base}/console/w/{past}?replay=999999")
        await page.get_by_role("slider").wait_for(timeout=PATIENCE)

        assert await counted(page) == board


async def test_a_running_warning_has_no_replay(desk: Desk) -> None:
    running = await desk.house.warn("P-2", event_code="11B01", event="台风")
    async with desk.signed_in() as page:
        await page.goto(f"{desk.base}/console/w/{running}?replay=1")
        await page.locator(".list li").first.wait_for(timeout=PATIENCE)
        await expect(page.get_by_role("slider")).to_have_count(0)
        await expect(page.get_by_role("button", name="解除预警…")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, LARGE])
async def test_on_the_wall_nothing_scrolls_and_the_urgent_stand_there(
    desk: Desk, size: dict[str, int]
) -> None:
    name = f"W-{size['width']}"
    warning = await desk.house.warn(name, event_code="11B06", event="寒潮")
    async with desk.signed_in(size) as page:
        await opened(page, desk, warning)
        before = await page.locator("canvas[data-layer=grids]").bounding_box()
        await page.keyboard.press("f")
        await page.locator("html[data-wall]").wait_for()
        rows = "document.querySelector('.list').clientHeight"
        line = "document.querySelector('.list li').clientHeight"
        await until(page, f"Math.floor({rows} / {line}) >= 8")
        over = "[document.documentElement.scrollWidth - innerWidth,"
        over += " document.documentElement.scrollHeight - innerHeight]"
        figures = page.locator("main section strong")
        sizes = await figures.evaluate_all(
            "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )

        assert await page.evaluate(over) == [0, 0]
        assert min(sizes) >= size["height"] / 25
        await expect(page.get_by_role("button", name="解除预警…")).to_have_count(0)
        await page.keyboard.press("f")
        await expect(page.locator("html[data-wall]")).to_have_count(0)
        after = await page.locator("canvas[data-layer=grids]").bounding_box()

    assert before
    assert after
    assert before["width"] == after["width"]


async def test_the_bar_is_one_row_and_its_menu_holds_what_has_no_room(
    desk: Desk,
) -> None:
    async with desk.signed_in(PHONE) as page:
        bar = await page.locator("header.bar").bounding_box()
        menu = page.get_by_role("button", name="菜单")
        await menu.click()
        await expect(page.get_by_role("link", name="正在叫应")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="正在叫应")).to_have_count(0)
        await expect(menu).to_be_focused()

    assert bar
    assert bar["height"] <= 60


async def test_a_newly_overdue_grid_sounds_is_said_and_stands_in_the_title(
    desk: Desk,
) -> None:
    warning = await desk.house.warn("P-3", event_code="11B04", event="暴雪")
    async with desk.signed_in() as page:
        await page.add_init_script(SOUNDED)
        await opened(page, desk, warning)
        assert await page.evaluate("sounded") == 0
        await page.locator("button.begin").click()
        await expect(page.get_by_role("button", name="值守中")).to_be_visible()
        proof = await page.evaluate("sounded")
        overdue = page.locator(".count", has_text="超时").locator("strong")
        await expect(overdue).not_to_have_text("0", timeout=2 * PATIENCE)
        await expect(page.locator("[aria-live=polite].new")).to_contain_text("新增超时")
        await until(page, f"sounded > {proof}")
        await until(page, "/^\\([1-9]\\d*\\) /.test(document.title)")

    assert proof > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_opens_over_the_board_shuts_nobody_out(
    desk: Desk, past: str, language: str, theme: str
) -> None:
    need(AXE)
    found: dict[str, Any] = {}
    name = f"A-{language}-{theme}"
    warning = await desk.house.warn(name, event_code="11B09", event="高温")
    async with desk.signed_in(None, language, theme) as page:
        await page.goto(f"{desk.base}/console/w/{past}?replay=30")
        await page.get_by_role("slider").wait_for(timeout=PATIENCE)
        found["replay"] = await examined(page)
        await opened(page, desk, warning)
        await page.locator(".told button").click()
        found["bulk"] = await examined(page)
        for n in range(3):
            await page.locator(".bulk button").nth(n).click()
            found[f"bulk {n}"] = await examined(page)
            await page.keyboard.press("Escape")
        await page.locator(".list li button").first.click()
        await page.locator("aside h3").first.wait_for()
        for n in (0, 2, 3, 4):
            await page.locator("aside .verbs button").nth(n).click()
            await page.locator("dialog[open]").wait_for()
            found[f"verb {n}"] = await examined(page)
            await page.keyboard.press("Escape")
        await page.locator("header.bar .menu button").click()
        found["menu"] = await examined(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("f")
        await page.locator("html[data-wall]").wait_for()
        found["wall"] = await examined(page)

    assert [name for name, faults in found.items() if faults] == [], found
