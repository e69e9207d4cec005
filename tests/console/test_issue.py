"""An officer issues a warning, takes it back, and drills: in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from contacts.model import UnitKind
from dispatcher.console.page import STATIC
from tests.console.desk import AXE, CHROMIUM, PHONE, WIDE, Desk, desk_of, need
from tests.console.test_desk import examined

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

GRIDS = 40
PATIENCE = 30_000
RAIN, GALE, SNOW, HAIL = "11B03", "11B06", "11B04", "11B15"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house in real time: ten seconds to take back are ten seconds."""
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("issue"), GRIDS, 1.0) as found:
        yield found


def township(desk: Desk) -> str:
    """The name of the first township."""
    units = desk.house.roster.units.values()
    return min(unit.name for unit in units if unit.kind is UnitKind.TOWNSHIP)


async def opened(page: Page, desk: Desk, room: str = "issue") -> None:
    page.set_default_timeout(PATIENCE)
    await page.goto(f"{desk.base}/console/{room}")
    await page.locator("#step-1").wait_for()


async def written(page: Page, hazard: str) -> None:
    await page.locator("select").first.select_option(hazard)
    await page.get_by_role("radio").first.check()
    await page.locator("#step-3 ~ label textarea").first.fill("三小时雨量超过100毫米")
    instruction = page.locator("#step-3 ~ label textarea").nth(1)
    if not await instruction.input_value():
        await instruction.fill("立即转移群众")


async def by_tree(page: Page, name: str) -> None:
    await page.get_by_role("searchbox").fill(name)
    await page.get_by_role("checkbox", name=name).first.check()


async def issued(page: Page, word: str, button: str) -> None:
    await page.get_by_label(f"输入“{word}”").fill(word)
    await page.get_by_role("button", name=button).click()
    await page.get_by_role("alertdialog").wait_for()


async def alerts(desk: Desk) -> list[dict[str, Any]]:
    answer = await desk.house.api.get("/api/v1/alerts?limit=1000")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def newest(desk: Desk) -> dict[str, Any]:
    return max(await alerts(desk), key=lambda one: str(one["received_at"]))


async def test_taken_back_within_ten_seconds_nobody_was_called(desk: Desk) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk)
        await written(page, SNOW)
        await by_tree(page, township(desk))
        await expect(page.locator(".consequence")).to_contain_text("发送短信并自动拨打")
        await expect(page.locator(".cards")).to_contain_text("三小时雨量超过100毫米")
        await expect(page.locator(".cards")).to_contain_text("条计费")
        await issued(page, "红色暴雪", "正式签发")
        await page.get_by_role("button", name="撤销").click()
        await expect(page.get_by_text("已撤销，没有叫任何人")).to_be_visible()
        kept = page.locator("#step-3 ~ label textarea").first
        await expect(kept).to_have_value("三小时雨量超过100毫米")
    alert = await newest(desk)
    summary = await desk.house.api.get(f"/api/v1/alerts/{alert['id']}/summary")

    assert (alert["state"], alert["status"]) == ("cancelled", "Actual")
    assert summary.json()["attempts"] == 0
    sent = [entry.body for entry in await desk.house.exchange.ledger()]
    assert not [text for text in sent if "暴雪" in text]


async def test_a_reload_does_not_take_away_the_seconds_to_take_it_back(
    desk: Desk,
) -> None:
    async with desk.signed_in() as page, desk.signed_in() as other:
        await opened(page, desk)
        await written(page, HAIL)
        await by_tree(page, township(desk))
        await issued(page, "红色冰雹", "正式签发")
        await page.reload()
        await page.get_by_role("alertdialog").wait_for()
        await other.goto(f"{desk.base}/console/issue")
        await other.get_by_role("alertdialog").wait_for()
        await page.get_by_role("button", name="撤销").click()
        await expect(page.get_by_text("已撤销，没有叫任何人")).to_be_visible()
        kept = page.locator("#step-3 ~ label textarea").first
        await expect(kept).to_have_value("三小时雨量超过100毫米")
    alert = await newest(desk)

    assert (alert["event"], alert["state"]) == ("冰雹", "cancelled")


async def test_a_warning_drawn_on_the_map_opens_its_board_and_warns_of_a_second(
    desk: Desk,
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk)
        await written(page, RAIN)
        await page.get_by_role("button", name="地图").click()
        await page.get_by_role("button", name="框选").click()
        box = await page.locator(".map").bounding_box()
        assert box
        await page.mouse.move(box["x"] + 60, box["y"] + 5)
        await page.mouse.down()
        right, foot = box["x"] + box["width"] - 5, box["y"] + box["height"] - 5
        await page.mouse.move(right, foot, steps=4)
        await page.mouse.up()
        await expect(page.get_by_text(f"已选 {GRIDS} 个网格")).to_be_visible()
        await page.get_by_role("button", name="行政区").click()
        top = page.get_by_role("group", name="单位").get_by_role("checkbox").first
        await expect(top).to_be_checked()
        await issued(page, "红色暴雨", "正式签发")
        await page.wait_for_url("**/console/w/*")
        assert page.url.endswith((await newest(desk))["id"])

        await opened(page, desk)
        await written(page, RAIN)
        await by_tree(page, township(desk))
        await expect(page.get_by_text("同一区域已有生效的同类预警")).to_be_visible()
        await page.get_by_role("link", name="打开看板").click()
        await page.wait_for_url("**/console/w/*")


async def test_an_answer_lost_on_the_way_is_tried_again_and_issues_once(
    desk: Desk,
) -> None:
    before = len(await alerts(desk))

    async def lose(route: Route) -> None:
        if route.request.method == "POST":
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    async with desk.signed_in() as page:
        await opened(page, desk)
        await written(page, GALE)
        await by_tree(page, township(desk))
        await page.route("**/api/v1/alerts", lose)
        await page.get_by_label("输入“红色大风”").fill("红色大风")
        await page.get_by_role("button", name="正式签发").dblclick()
        await expect(page.get_by_text("没有收到服务器的回答")).to_be_visible()
        await page.unroute("**/api/v1/alerts")
        await page.reload()
        await page.get_by_role("button", name="再试一次").click()
        await page.wait_for_url("**/console/w/*")
        await opened(page, desk)
        await expect(page.locator("select").first).to_have_value("")

    assert len(await alerts(desk)) == before + 1


async def test_a_drill_is_another_world_and_says_so_to_everybody(desk: Desk) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, "drill")
        await expect(page.locator(".frame")).to_have_count(1)
        await expect(page.get_by_text("演练 · 不是真实预警")).to_be_visible()
        await written(page, GALE)
        await by_tree(page, township(desk))
        sms = page.locator(".cards .text").first
        await expect(sms).to_contain_text("演练")
        assert await page.get_by_role("button", name="正式签发").count() == 0
        await issued(page, "演练红色大风", "开始演练")
        await page.wait_for_url("**/console/w/*")

    assert (await newest(desk))["status"] == "Exercise"


async def test_pasted_codes_are_read_and_a_draft_outlives_a_reload(desk: Desk) -> None:
    grid = min(u.id for u in desk.house.roster.units.values() if u.kind == "grid")
    async with desk.signed_in() as page:
        await opened(page, desk)
        await page.get_by_role("button", name="粘贴编码").click()
        await page.get_by_label("单位编码或全名").fill(f"{grid} 没有的村")
        await page.get_by_role("button", name="加入选择").click()
        told = page.get_by_role("listitem").filter(has_text="没有的村")
        await expect(told).to_be_visible()
        await page.locator("#step-3 ~ label textarea").first.fill("写了一半")
        await page.reload()
        await expect(page.get_by_text("已选 1 个网格")).to_be_visible()
        kept = page.locator("#step-3 ~ label textarea").first
        await expect(kept).to_have_value("写了一半")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_both_pages_shut_nobody_out(
    desk: Desk, language: str, theme: str
) -> None:
    need(AXE)
    found: dict[str, Any] = {}
    async with desk.signed_in(WIDE, language, theme) as page:
        for room in ("issue", "drill"):
            await opened(page, desk, room)
            await written(page, RAIN)
            await by_tree(page, township(desk))
            await page.locator(".consequence").wait_for()
            found[room] = await examined(page)

    assert found == {"issue": [], "drill": []}


@pytest.mark.parametrize("room", ["issue", "drill"])
async def test_neither_page_scrolls_sideways_on_a_phone(desk: Desk, room: str) -> None:
    async with desk.signed_in(PHONE, "en") as page:
        await opened(page, desk, room)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
