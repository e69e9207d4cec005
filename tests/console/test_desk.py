"""The desk in a real browser, while real processes call people out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.desk import AXE, DISPLAY, NAME, PHONE, WIDE, Desk, need, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE = 30_000
REASON = "误发,已核实"
AXE_RUN = (
    "axe.run({runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa']}).then(r =>"
    " r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))"
)


@pytest.fixture(scope="module")
async def warning(desk: Desk) -> str:
    """A red warning over the whole county."""
    return await desk.house.warn()


async def opened(page: Page, desk: Desk, warning: str) -> None:
    await page.goto(f"{desk.base}/console/w/{warning}")
    await page.locator(".list li").first.wait_for(timeout=PATIENCE)


async def counted(page: Page) -> tuple[int, list[int]]:
    """The total, and each count by how it is shown, as they stand at one moment."""
    texts = await page.locator(".count strong").all_inner_texts()
    whole, *parts = map(int, texts)
    return whole, parts


async def test_the_list_of_warnings_tells_how_many_have_answered(
    desk: Desk, warning: str
) -> None:
    async with desk.signed_in() as page:
        card = page.locator("article", has=page.locator(f"a[href$='/w/{warning}']"))
        share = card.locator(".share strong")
        await expect(share).to_have_text(re.compile(r"^[1-9][\d.]*%$"), timeout=60_000)


async def test_an_officer_signs_in_watches_and_signs_out(desk: Desk) -> None:
    async with desk.window() as page:
        await page.locator("input[autocomplete=username]").fill(NAME)
        await page.locator("input[type=password]").fill("wrong-password")
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不对")
        await sign_in(page)
        await expect(page.get_by_text("警音没有打开")).to_be_visible()

        await page.get_by_role("button", name="开始值守（开警音）").click()
        await expect(page.get_by_role("button", name="值守中")).to_be_visible()
        await expect(page.get_by_text("警音没有打开")).to_have_count(0)

        await page.get_by_role("button", name="菜单").click()
        await expect(page.get_by_text(DISPLAY)).to_be_visible()
        await page.get_by_role("button", name="退出").click()
        await expect(page).to_have_url(f"{desk.base}/console/login")
        await page.goto(f"{desk.base}/console/")
        await expect(page.get_by_role("button", name="登录")).to_be_visible()


async def test_who_signs_in_first_comes_to_where_he_was_going(
    desk: Desk, warning: str
) -> None:
    async with desk.window() as page:
        board = f"{desk.base}/console/w/{warning}?state=todo"
        await page.goto(board)
        await sign_in(page)

        await expect(page).to_have_url(board)


async def test_a_board_lives_while_people_answer_and_always_adds_up(desk: Desk) -> None:
    async with desk.signed_in() as page:
        await page.get_by_role("heading", name="正在叫应").wait_for()
        gale = await desk.house.warn("G-1", event_code="11B05", event="大风")
        await page.locator(f"article a[href$='{gale}']").click(timeout=PATIENCE)
        await page.locator(".list li").first.wait_for(timeout=PATIENCE)
        acked = page.locator(".count", has_text="已应答").locator("strong")
        before = await acked.inner_text()
        await expect(acked).not_to_have_text(before, timeout=PATIENCE)
        await expect(page.get_by_role("status").first).to_have_text("● 实时")
        whole, parts = await counted(page)

    assert whole == sum(parts)
    assert whole > 0


async def test_an_answer_on_behalf_stands_in_the_timeline_with_the_officers_name(
    desk: Desk,
) -> None:
    typhoon = await desk.house.warn("T-1", event_code="11B01", event="台风")
    async with desk.signed_in() as page:
        await opened(page, desk, typhoon)
        await page.locator(".list li button").first.click()
        await page.get_by_role("button", name="代为确认").click()
        await page.get_by_role("radio", name="当面").check()
        await page.get_by_label("备注").fill("在村部见到本人<b>\u202e")
        await page.get_by_role("button", name="确认", exact=True).click()

        entry = page.locator("aside li.answered").first
        await expect(entry).to_contain_text(NAME)
        await expect(entry).to_contain_text("在村部见到本人<b>")
        await expect(page.locator("aside .state")).to_contain_text("已应答")


async def test_a_number_is_shown_in_clear_only_when_asked_for(
    desk: Desk, warning: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        await page.locator(".list li button").first.click()
        await page.locator(".verbs").get_by_role("button", name="拨打").click()
        await expect(page.locator("aside")).to_contain_text("****")
        await page.get_by_role("button", name="显示号码").first.click()
        link = page.locator("aside a[href^='tel:']").first
        await expect(link).to_be_visible()

        assert "*" not in await link.inner_text()


async def test_filters_and_a_search_are_kept_in_the_address(
    desk: Desk, warning: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        await page.locator(".count", has_text="已应答").click()
        await page.keyboard.press("/")
        await page.keyboard.type("临澄")
        await expect(page).to_have_url(
            f"{desk.base}/console/w/{warning}?state=acked&q=%E4%B8%B4%E6%BE%84"
        )
        await page.reload()
        await page.locator(".list li").first.wait_for(timeout=PATIENCE)
        states = await page.locator(".list .state").all_inner_texts()
        places = await page.locator(".list .place").all_inner_texts()

    assert set(states) == {"已应答"}
    assert all("临澄" in place for place in places)


async def test_the_board_can_be_worked_by_keys_alone(desk: Desk, warning: str) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="键盘操作")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        await page.keyboard.press("Enter")
        await expect(page.locator("aside h3").first).to_be_visible()
        await page.keyboard.press("a")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator("aside")).to_have_count(1)
        await page.keyboard.press("Escape")
        await expect(page.locator("aside")).to_have_count(0)
        await page.keyboard.press("f")
        await expect(page.locator("html[data-wall]")).to_have_count(1)
        await page.keyboard.press("g")
        await page.keyboard.press("n")
        await expect(page.get_by_role("heading", name="正在叫应")).to_be_visible()


async def test_a_lasso_chooses_grids_that_are_taken_over_for_one_reason(
    desk: Desk, warning: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        page.set_default_timeout(PATIENCE)
        await page.get_by_role("button", name="圈选批量").click()
        box = await page.locator(".map").bounding_box()
        assert box
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        side = min(box["width"], box["height"]) / 10
        await page.mouse.move(middle[0] - side, middle[1] - side)
        await page.mouse.down()
        for x, y in ((1, -1), (1, 1), (-1, 1)):
            await page.mouse.move(middle[0] + x * side, middle[1] + y * side, steps=4)
        await page.mouse.up()
        await page.get_by_role("button", name="批量接管").click()
        await page.get_by_label("接管理由").fill("派应急队上门")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="接管").click()
        told = page.locator(".bulk [role=status]")
        await expect(told).to_contain_text("已接管", timeout=PATIENCE)
        taken = page.locator(".count", has_text="已接管").locator("strong")
        await expect(taken).not_to_have_text("0")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_shuts_anybody_out(
    desk: Desk, warning: str, language: str, theme: str
) -> None:
    need(AXE)
    found: dict[str, Any] = {}
    async with desk.window(None, language, theme) as page:
        await page.locator("form").wait_for()
        found["login"] = await examined(page)
        await sign_in(page)
        await page.locator("article").first.wait_for()
        found["now"] = await examined(page)
        await opened(page, desk, warning)
        found["board"] = await examined(page)
        await page.locator(".list li button").first.click()
        await page.locator("aside h3").first.wait_for()
        found["drawer"] = await examined(page)
        await page.keyboard.press("?")
        found["help"] = await examined(page)

    assert found == {"login": [], "now": [], "board": [], "drawer": [], "help": []}


async def examined(page: Page) -> Any:
    # Through the protocol, so that our own policy against foreign scripts stays on.
    await page.evaluate(AXE.read_text())
    return await page.evaluate(AXE_RUN)


@pytest.mark.parametrize("size", [PHONE, {"width": 768, "height": 1024}, WIDE])
async def test_no_page_scrolls_sideways(
    desk: Desk, warning: str, size: dict[str, int]
) -> None:
    wide = "document.documentElement.scrollWidth - innerWidth"
    async with desk.signed_in(size, "en") as page:
        await page.locator("article").first.wait_for()
        now = await page.evaluate(wide)
        await opened(page, desk, warning)
        board = await page.evaluate(wide)

    assert (now, board) == (0, 0)


async def test_a_drill_is_framed_and_a_long_name_breaks_nothing(desk: Desk) -> None:
    headline = "\u202e" + "特别长的标题" * 40
    drill = await desk.house.warn("D-1", status="Exercise", headline=headline)
    async with desk.signed_in() as page:
        await opened(page, desk, drill)
        await expect(page.get_by_text("演练 · 不是真实预警")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_server_that_is_killed_is_told_of_and_caught_up_with(
    desk: Desk, warning: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, warning)
        live = page.get_by_role("status").first
        await expect(live).to_have_text("● 实时")
        await desk.house.server.kill()
        await expect(page.get_by_text("与服务器的连接已断开")).to_be_visible(
            timeout=PATIENCE
        )
        await expect(page.locator("main.stale")).to_have_count(1)

        await desk.house.server.start()
        await expect(page.get_by_role("status").first).to_have_text(
            "● 实时", timeout=PATIENCE
        )
        await expect(page.locator("main.stale")).to_have_count(0)
        summary = (await desk.house.api.get(f"/api/v1/alerts/{warning}/summary")).json()
        whole, parts = await counted(page)

    assert whole == sum(parts) == summary["callouts"]


async def test_a_warning_is_cancelled_only_with_the_word_and_a_reason(
    desk: Desk,
) -> None:
    wrong = await desk.house.warn("S-1", event_code="11B04", event="暴雪")
    async with desk.signed_in() as page:
        await opened(page, desk, wrong)
        await page.get_by_role("button", name="解除预警…").click()
        go = page.get_by_role("button", name="解除预警，")
        await page.get_by_label("理由").fill(REASON)
        await expect(go).to_be_disabled()
        await page.get_by_label("输入“解除”").fill("解除")
        await go.click()
        await expect(page.locator("header.panel")).to_contain_text("已解除")
        await expect(page.get_by_role("button", name="解除预警…")).to_have_count(0)
    alert = (await desk.house.api.get(f"/api/v1/alerts/{wrong}")).json()

    assert alert["state"] == "cancelled"
