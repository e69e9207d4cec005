"""Who is played by hand answers, in a house in which nobody was called before.

A number that has rung for other warnings rests, and rings back a while later.
"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.desk import Desk
from tests.console.test_simulator import (
    PATIENCE,
    asleep,
    chosen,
    led,
    simulator,
    until,
)

__all__ = ["asleep"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SMS = {"sms_bare", "sms_code"}


@pytest.mark.usefixtures("asleep")
async def test_a_reply_of_a_phone_in_hand_answers_its_callout(desk: Desk) -> None:
    unit, number = led(desk, 0)
    warning = await desk.house.warn("SIM-1")
    async with simulator(desk) as page:
        await chosen(page, number)
        await page.get_by_role("button", name="拿起手机").click()
        await expect(page.get_by_text("已拿起")).to_be_visible()
        await page.locator(".handset form button").first.click()
        await expect(page.locator(".handset li.reply")).to_be_visible(timeout=PATIENCE)
        callout = await until(
            desk, warning, unit, lambda one: one["state"] == "answered"
        )

    assert callout["answered"]["evidence"] in SMS


@pytest.mark.usefixtures("asleep")
async def test_a_call_that_is_taken_and_keyed_answers_its_callout(desk: Desk) -> None:
    unit, number = led(desk, 1)
    warning = await desk.house.warn("SIM-2")
    async with simulator(desk) as page:
        await chosen(page, number)
        await page.get_by_role("button", name="拿起手机").click()
        await page.get_by_role("button", name="接听").click(timeout=60_000)
        heard = page.locator(".handset li.call").last.get_by_role("listitem")
        await expect(heard.nth(1)).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("button", name=re.compile(r"^1\s*收到")).click()
        callout = await until(
            desk, warning, unit, lambda one: one["state"] == "answered"
        )

    assert callout["answered"]["evidence"] == "keypress"
