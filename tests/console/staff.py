"""Officers of every role, each at a window of his own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Page

from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.store import officers
from dispatcher.store.officers import Officer
from tests.console.desk import AXE, PASSWORD, Desk

SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
AXE_RUN = (
    "axe.run({runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa']}).then(r =>"
    " r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))"
)


async def hire(desk: Desk, role: OfficerRole) -> None:
    """Let there be an officer who is called what he is."""
    officer = Officer(
        name=role.value,
        display=role.value,
        role=role,
        password=Passwords().hashed(PASSWORD),
        must_change=False,
        created_at=desk.house.clock.now(),
    )
    await desk.house.database.write(lambda c: officers.add(c, officer))


@contextlib.asynccontextmanager
async def at_desk(
    desk: Desk,
    role: OfficerRole,
    size: dict[str, int] | None = None,
    language: str = "zh",
    theme: str = "",
) -> AsyncIterator[Page]:
    """Open a window where the officer of this role has signed in."""
    async with desk.window(size, language, theme) as page:
        await page.locator("input[autocomplete=username]").fill(role.value)
        await page.locator("input[type=password]").fill(PASSWORD)
        await page.locator("form button.first").click()
        await page.locator("header nav").wait_for()
        yield page


async def faults(page: Page) -> Any:
    """What axe finds wrong with a page."""
    await page.evaluate(AXE.read_text())
    return await page.evaluate(AXE_RUN)


async def asked(page: Page, path: str) -> Any:
    """What the server answers to who sits at the window."""
    return await page.evaluate("path => fetch(path).then(a => a.json())", path)
