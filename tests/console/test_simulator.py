"""The simulator's page: telephones in the hand of whoever looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import Connection, select

from dispatcher.core.answer import Evidence
from dispatcher.core.callout import Callout, CalloutId
from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit, Phone
from dispatcher.store import callouts, schema
from tests.chaos.house import pause
from tests.console.desk import AXE, PHONE, WIDE, Desk
from tests.console.test_desk import AXE_RUN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PATIENCE = 60_000
LOOK_SECONDS = 0.2


@pytest.fixture
async def page(desk: Desk) -> AsyncIterator[Page]:
    context = await desk.browser.new_context(
        viewport=WIDE,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = await context.new_page()
    await page.goto(f"{desk.house.provider}/sim/")
    yield page
    await context.close()


def numbers(desk: Desk, wanted: int) -> list[str]:
    """Numbers of people who lead grids and nothing else."""
    roster = desk.house.roster
    leads = [h.person for h in roster.holdings if h.ref.post.value == "grid_lead"]
    alone = [p for p in leads if [h.person for h in roster.holdings].count(p) == 1]
    return [roster.people[p].addresses[0].value for p in alone[:wanted]]


async def answered(desk: Desk, number: str) -> Callout:
    """Wait until somebody has answered; gives his callout."""
    roster = desk.house.roster
    [person] = [
        p.id
        for p in roster.people.values()
        if number in {address.value for address in p.addresses}
    ]
    [unit] = [h.ref.unit for h in roster.holdings if h.person == person]

    def look(connection: Connection) -> list[Callout]:
        table = schema.callout
        ids = connection.scalars(select(table.c.id).where(table.c.unit == unit))
        found = callouts.load(connection, [CalloutId(one) for one in ids])
        every = [seen.callout for seen in found.values()]
        return [one for one in every if any(a.person == person for a in one.answers)]

    while not (found := await desk.house.database.read(look)):
        await pause(LOOK_SECONDS)
    return found[0]


async def choose(page: Page, number: str) -> None:
    await page.get_by_role("searchbox").fill(number)
    await page.locator("button.phone", has_text=number).click(timeout=PATIENCE)
    await expect(page.get_by_role("heading", name=number)).to_be_visible()


async def test_a_telephone_in_hand_answers_a_text_and_another_a_call(
    desk: Desk, page: Page
) -> None:
    by_text, by_call = numbers(desk, 2)
    quiet = [
        Phone(number=number, habit=Habit.IGNORE, ring=Ring.RING_OUT)
        for number in (by_text, by_call)
    ]
    await desk.house.exchange.phones(quiet)
    await desk.house.warn("S-1", event_code="11B05", event="大风")
    await choose(page, by_text)
    await page.get_by_role("button", name="拿起这部手机").click()
    await page.get_by_role("button", name="回复 1", exact=True).click()
    first = await answered(desk, by_text)

    await choose(page, by_call)
    await page.get_by_role("button", name="拿起这部手机").click()
    await page.get_by_role("button", name="接听").click(timeout=PATIENCE)
    heard = page.locator("ol.heard li")
    await expect(heard.nth(1)).to_be_visible(timeout=PATIENCE)
    await (
        page.get_by_role("group", name="按键")
        .get_by_role("button", name="1", exact=True)
        .click()
    )
    second = await answered(desk, by_call)

    assert first.answers[0].evidence in {Evidence.SMS_BARE, Evidence.SMS_CODE}
    assert second.answers[0].evidence is Evidence.KEYPRESS


async def test_an_outage_stays_switched_on_as_the_exchange_says(page: Page) -> None:
    line = page.get_by_label("线路状况")
    await line.select_option("error500")
    await expect(line).to_have_value("error500")
    await pause(2.0)
    kept = await line.input_value()
    await line.select_option("ok")

    assert kept == "error500"  # what is shown is what the exchange says


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_the_simulator_shuts_nobody_out_and_does_not_scroll_sideways(
    desk: Desk, page: Page, theme: str, size: dict[str, int]
) -> None:
    await page.set_viewport_size(size)  # type: ignore[arg-type]
    if theme == "dark":
        await page.get_by_role("button", name="深色").click()
    [number] = numbers(desk, 1)
    await desk.house.exchange.ring(number, "+99900000001")
    await choose(page, number)
    await page.evaluate(AXE.read_text())
    wide = "document.documentElement.scrollWidth - innerWidth"

    assert await page.evaluate(AXE_RUN) == []
    assert await page.evaluate(wide) <= 0
