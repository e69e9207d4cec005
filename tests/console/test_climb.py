"""A stubborn one climbs: nobody answers, until somebody above picks up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from contacts.model import AddressKind, Post, PostRef
from dispatcher.console.page import STATIC
from dispatcher.sim.crowd import Crowd
from tests.console.desk import CHROMIUM, Desk, desk_of, need
from tests.console.test_simulator import PATIENCE, chosen, led, simulator, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

GRIDS, SPEED = 12, 8.0
CLIMB = 90_000


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house where everybody is asleep, and no other warning runs."""
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("climb"), GRIDS, SPEED) as found:
        await found.house.exchange.sway(Crowd(asleep=100))
        yield found


def number_of(desk: Desk, ref: PostRef) -> str:
    """The first mobile of whom a post is held by."""
    [first, *_] = desk.house.roster.appointed(ref)
    return next(one.value for one in first.addresses if one.kind is AddressKind.MOBILE)


async def test_a_stubborn_one_climbs_until_somebody_above_takes_it_over(
    desk: Desk,
) -> None:
    unit, _ = led(desk, 0)
    village = desk.house.roster.units[unit].parent
    assert village
    warning = await desk.house.warn("CLIMB-1", areas=[{"units": [unit]}])
    async with simulator(desk) as page, desk.signed_in() as board:
        await board.goto(f"{desk.base}/console/w/{warning}?q={unit}")
        await chosen(page, number_of(desk, PostRef(unit, Post.GRID_BACKUP)))
        # Who was rung in vain shows as overdue, with those above being called.
        climbed = board.locator(".list li", has_text=re.compile("已升级|超时"))
        await expect(climbed.first).to_be_visible(timeout=CLIMB)
        await chosen(page, number_of(desk, PostRef(village, Post.VILLAGE_HEAD)))
        await page.get_by_role("button", name="拿起手机").click()
        await page.get_by_role("button", name="接听").click(timeout=CLIMB)
        heard = page.locator(".handset li.call").last.get_by_role("listitem")
        await expect(heard.nth(1)).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("button", name=re.compile(r"^1\s*收到")).click()
        callout = await until(desk, warning, unit, lambda one: one["state"] == "taken")
        taken = board.locator(".list li", has_text="已接管")
        await expect(taken.first).to_be_visible(timeout=PATIENCE)

    assert callout["answered"] is None
