"""The inbox at the desk: replies and parked warnings, settled by those who may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from contacts.model import AddressKind
from dispatcher.console.page import STATIC
from dispatcher.core.officer import OfficerRole
from dispatcher.sim.world import Habit, Phone
from tests.chaos.house import LOOK_SECONDS, pause
from tests.console.desk import AXE, CHROMIUM, PHONE, Desk, desk_of, need
from tests.console.staff import SIDEWAYS, asked, at_desk, faults, hire

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GRIDS = 20
PATIENCE = 30_000
OURS = "+99900000001"
STRANGER = "+9995550001234"
OFFICER, LEADER = OfficerRole.OFFICER, OfficerRole.LEADER
VIEWER = OfficerRole.VIEWER
NOWHERE = [{"name": "无此镇"}]


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("inbox"), GRIDS, 1.0) as found:
        for role in (OFFICER, LEADER, VIEWER):
            await hire(found, role)
        people = found.house.roster.people.values()
        await found.house.exchange.phones(
            Phone(number=one.value, habit=Habit.IGNORE)
            for person in people
            for one in person.addresses
            if one.kind is AddressKind.MOBILE
        )
        yield found


async def opened(page: Page, desk: Desk) -> None:
    await page.goto(f"{desk.base}/console/inbox")
    await page.get_by_role("heading", name="收件箱").wait_for()


async def waiting(page: Page) -> int:
    """How much waits in the inbox: others may have left some there."""
    found = await asked(page, "/api/v1/inbox?state=open&limit=1000")
    return len(found["items"])


async def first_called(desk: Desk) -> str:
    """A number that was sent the warning."""
    async with asyncio.timeout(30):
        while not (sent := await desk.house.exchange.ledger()):
            await pause(LOOK_SECONDS)
    return sent[0].to


async def test_an_unclear_reply_comes_by_itself_and_is_settled_with_a_reason(
    desk: Desk,
) -> None:
    await desk.house.warn()
    number = await first_called(desk)
    async with at_desk(desk, OFFICER) as page, at_desk(desk, VIEWER) as viewer:
        for one in (page, viewer):
            await opened(one, desk)
        before = await waiting(page)
        await desk.house.exchange.reply(number, "啥意思<b>", to=OURS)
        item = page.get_by_role("article", name="看不懂的回复")
        await expect(item).to_contain_text("啥意思<b>", timeout=PATIENCE)
        await expect(item).to_contain_text("****")
        await expect(item).to_contain_text("暴雨红色预警")
        await expect(page.locator("nav .waits")).to_have_text(str(before + 1))
        seen = viewer.get_by_role("article", name="看不懂的回复")
        await expect(seen).to_contain_text("啥意思", timeout=PATIENCE)
        await expect(seen.get_by_role("button")).to_have_count(0)

        await item.get_by_role("button", name="登记为应答").click()
        go = page.get_by_role("button", name="登记：收到")
        await expect(go).to_be_disabled()
        if await page.get_by_label("答复的是哪一个网格").count():
            await page.get_by_label("答复的是哪一个网格").select_option(index=1)
        await page.get_by_label("理由").fill("已电话核实")
        await go.click()
        await expect(item).to_have_count(0)
        left = page.locator("nav .waits")
        await expect(left).to_have_text([str(before)] if before else [])
        done = await asked(page, "/api/v1/inbox?state=settled")

    settled = [(one["kind"], one["settled"]["how"]) for one in done["items"]]
    assert ("unclear_reply", "answered") in settled


async def test_parked_warnings_are_approved_with_the_phrase_and_rejected(
    desk: Desk,
) -> None:
    unit = next(u.id for u in desk.house.roster.units.values() if u.kind == "grid")
    good = await desk.house.warn("P-1", areas=NOWHERE)
    async with at_desk(desk, OFFICER) as page:
        await opened(page, desk)
        item = page.get_by_role("article", name="搁置的预警")
        await expect(item).to_contain_text("看不出对应哪些网格", timeout=PATIENCE)
        await expect(item.get_by_role("button", name="核实放行")).to_have_count(0)
    async with at_desk(desk, LEADER) as page:
        await opened(page, desk)
        item = page.get_by_role("article", name="搁置的预警")
        await item.get_by_role("button", name="核实放行").click()
        go = page.get_by_role("button", name="放行“红色暴雨”")
        await page.get_by_label("叫应哪些单元").fill(unit)
        await page.get_by_label("理由").fill("已向气象台核实")
        await page.get_by_label("输入“红色暴雨”").fill("红色")
        await expect(go).to_be_disabled()
        await page.get_by_label("输入“红色暴雨”").fill("红色暴雨")
        await go.click()
        await expect(item).to_have_count(0)
        bad = await desk.house.warn("P-2", areas=NOWHERE)
        await item.get_by_role("button", name="驳回").click(timeout=PATIENCE)
        await page.get_by_label("理由").fill("不是本县")
        await page.get_by_role("button", name="驳回，不叫应任何人").click()
        await expect(item).to_have_count(0)
        states = [
            (await asked(page, f"/api/v1/alerts/{name}"))["state"]
            for name in (good, bad)
        ]

    assert states == ["active", "rejected"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_shuts_nobody_out(desk: Desk, language: str, theme: str) -> None:
    need(AXE)
    await desk.house.exchange.reply(STRANGER, "你是谁", to=OURS)
    async with at_desk(desk, LEADER, None, language, theme) as page:
        await page.goto(f"{desk.base}/console/inbox")
        item = page.locator("article").first
        await item.wait_for(timeout=PATIENCE)
        plain = await faults(page)
        await item.locator("button.first").click()
        await page.locator("dialog input").first.wait_for()
        asking = await faults(page)

    assert (plain, asking) == ([], [])


async def test_the_page_fits_a_telephone(desk: Desk) -> None:
    await desk.house.exchange.reply(STRANGER, "长" * 60, to=OURS)
    async with at_desk(desk, LEADER, PHONE, "en") as page:
        await page.goto(f"{desk.base}/console/inbox")
        await page.locator("article").first.wait_for(timeout=PATIENCE)

        assert await page.evaluate(SIDEWAYS) == 0
