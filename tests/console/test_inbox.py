"""What waits for a human is settled in the browser, and the server has it so."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from contacts.model import Post
from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit, Phone
from dispatcher.store import officers
from dispatcher.store.officers import Officer
from tests.chaos.house import pause
from tests.console.desk import AXE, NAME, PASSWORD, PHONE, WIDE, Desk, sign_in
from tests.console.test_desk import AXE_RUN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PATIENCE = 60_000
LOOK_SECONDS = 0.2
LEADER = "zhanghua"


async def opened(page: Page, desk: Desk, **query: str) -> None:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    await page.goto(f"{desk.base}/console/inbox?{words}")
    await page.get_by_role("heading", name="收件箱").wait_for()


async def todos(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    answer = await desk.house.api.get("/api/v1/inbox", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def waiting(desk: Desk, kind: str) -> None:
    while not await todos(desk, kind=kind):
        await pause(LOOK_SECONDS)


def lead(desk: Desk, place: int) -> str:
    """The number of somebody who leads a grid."""
    roster = desk.house.roster
    leads = [h.person for h in roster.holdings if h.ref.post is Post.GRID_LEAD]
    return roster.people[leads[place]].addresses[0].value


@pytest.fixture(scope="module")
async def unclear(desk: Desk) -> str:
    """Somebody has written what nobody understands; his number."""
    number = lead(desk, 7)
    phone = Phone(number=number, habit=Habit.MANUAL, ring=Ring.RING_OUT)
    await desk.house.exchange.phones([phone])
    await desk.house.warn("I-1", event_code="11B05", event="大风")
    while not await desk.house.exchange.messages(number):
        await pause(LOOK_SECONDS)
    await desk.house.exchange.reply(number, "<b>山上</b>的树倒了")
    await waiting(desk, "unclear_reply")
    return number


@pytest.fixture(scope="module")
async def leader(desk: Desk) -> None:
    """Somebody who may release a warning."""
    found = Officer(
        name=LEADER,
        display="张华",
        role=OfficerRole.LEADER,
        password=Passwords().hashed(PASSWORD),
        must_change=False,
        created_at=desk.house.clock.now(),
    )
    await desk.house.database.write(lambda c: officers.add(c, found))


async def test_an_unclear_reply_is_counted_as_an_answer_by_an_officer(
    desk: Desk, unclear: str
) -> None:
    async with desk.signed_in() as page:
        await opened(page, desk, kind="unclear_reply")
        card = page.locator("article", has_text="山上").first
        await expect(card.locator("blockquote")).to_have_text("<b>山上</b>的树倒了")
        await expect(card).not_to_contain_text(unclear)
        await card.get_by_role("button", name="记为应答").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("他的意思").select_option("received")
        await dialog.get_by_label("备注").fill("打电话问过")
        await dialog.get_by_role("button", name="记为应答").click()
        await expect(card).to_have_count(0)
        await page.get_by_role("button", name="已处理").click()
        done = page.locator("article", has_text="山上").first
        await expect(done).to_contain_text(f"{NAME} · 记为应答")

    [settled] = await todos(desk, kind="unclear_reply", state="settled")
    assert (settled["settled"]["how"], settled["settled"]["note"]) == (
        "answered",
        "打电话问过",
    )
    [name] = settled["callouts"][:1]
    drawer = await desk.house.api.get(f"/api/v1/callouts/{name}")
    assert drawer.json()["state"] in {"answered", "reported"}


@pytest.mark.usefixtures("leader")
@pytest.mark.parametrize(
    ("name", "button", "go", "state"),
    [
        ("P-1", "放行…", "放行并开始叫应", "active"),
        ("P-2", "驳回…", "驳回这条预警", "rejected"),
    ],
)
async def test_a_parked_warning_is_released_or_rejected_by_a_leader(
    desk: Desk, name: str, button: str, go: str, state: str
) -> None:
    parked = await desk.house.warn(
        name,
        event_code="11B06",
        event="沙尘暴",
        headline=f"沙尘暴 {name}",
        areas=[{"name": "三道沟"}],
    )
    await waiting(desk, "parked")
    grid = next(iter(desk.house.roster.holdings)).ref.unit
    async with desk.window() as page:
        await sign_in(page, LEADER)
        await opened(page, desk, kind="parked")
        link = page.locator(f"a[href$='{parked}']")
        card = page.locator("article", has=link)
        await expect(card).to_contain_text("区域对不上任何单元")
        await card.get_by_role("button", name=button).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("理由").fill("已核实")
        sure = dialog.get_by_role("button", name=go)
        if state == "active":
            await dialog.get_by_label("单元编码").fill(grid)
            await expect(sure).to_be_disabled()
            await dialog.get_by_label("才能放行").fill("红色沙尘暴")
        await sure.click()
        await expect(card).to_have_count(0)

    found = await desk.house.api.get(f"/api/v1/alerts/{parked}")
    assert found.json()["state"] == state


@pytest.mark.usefixtures("unclear")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_the_inbox_shuts_nobody_out_and_does_not_scroll_sideways(
    desk: Desk, size: dict[str, int], language: str, theme: str
) -> None:
    async with desk.signed_in(size, language, theme) as page:
        await page.goto(f"{desk.base}/console/inbox?state=settled")
        await page.locator("main li").first.wait_for()
        await page.evaluate(AXE.read_text())
        wide = "document.documentElement.scrollWidth - innerWidth"

        assert await page.evaluate(AXE_RUN) == []
        assert await page.evaluate(wide) <= 0
