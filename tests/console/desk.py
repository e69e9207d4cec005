"""The desk as an officer has it: a house of real processes, and a real browser."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from contacts.importers.outlines import Source
from dispatcher.cli import outlines
from dispatcher.cli.stage import phones
from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.sim.county import CODE_SYSTEM
from dispatcher.sim.land import county_geojson
from dispatcher.store import officers
from dispatcher.store.officers import Officer
from tests.chaos.house import House, Plan, housed

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=user-gesture-required",
)
WEB = Path(__file__).parents[2] / "dispatcher" / "console" / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
SEED = 7
NAME, DISPLAY = "limin", "李敏"
PASSWORD = "暴雨红色预警一二三四"  # noqa: S105 - opens a county that does not exist
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}


def need(*paths: Path) -> None:
    """Skip where something is missing; where peers are required, fail."""
    missing = [str(path) for path in paths if not path.exists()]
    if not missing:
        return
    words = f"{', '.join(missing)}: not there, see CONTRIBUTING.md"
    if os.environ.get("JIAOYING_REQUIRE_PEERS") == "1":
        pytest.fail(words)
    pytest.skip(words)


@dataclass(frozen=True, slots=True)
class Desk:
    """A house with an officer, and the browser he sits at."""

    house: House
    browser: Browser

    @property
    def base(self) -> str:
        """Where the server answers."""
        return self.house.settings.server.public_base_url

    @contextlib.asynccontextmanager
    async def window(
        self, size: dict[str, int] | None = None, language: str = "zh", theme: str = ""
    ) -> AsyncIterator[Page]:
        """Open a window in a browser of its own."""
        context = await self.browser.new_context(
            viewport=size or WIDE,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        await _choose(context, language, theme or "light")
        try:
            page = await context.new_page()
            await page.goto(f"{self.base}/console/")
            yield page
        finally:
            await context.close()

    @contextlib.asynccontextmanager
    async def signed_in(
        self, size: dict[str, int] | None = None, language: str = "zh", theme: str = ""
    ) -> AsyncIterator[Page]:
        """Open a window where the officer has signed in."""
        async with self.window(size, language, theme) as page:
            await sign_in(page)
            yield page


async def _choose(context: BrowserContext, language: str, theme: str) -> None:
    await context.add_init_script(
        "localStorage.getItem('jiaoying.theme') ||"
        f" (localStorage.setItem('jiaoying.theme', '{theme}'),"
        f" localStorage.setItem('jiaoying.language', '{language}'))"
    )


async def sign_in(page: Page, name: str = NAME) -> None:
    """Sign in as an officer."""
    await page.locator("input[autocomplete=username]").fill(name)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.locator("form button.first").click()
    await page.locator("header nav").wait_for()


def land_of(house: House) -> bytes:
    """The land of the units that a house has; its county is cut off."""
    collection = json.loads(county_geojson(SEED))
    known = house.roster.units
    collection["features"] = [
        one for one in collection["features"] if one["properties"]["code"] in known
    ]
    return json.dumps(collection).encode()


@contextlib.asynccontextmanager
async def desk_of(folder: Path, grids: int, speed: float | None) -> AsyncIterator[Desk]:
    """Build a house with land, telephones and an officer; its server is up."""
    plan = Plan(folder=folder, grids=grids, lines=20, speed=speed)
    async with housed(plan) as house, async_playwright() as playwright:
        source = Source(code_system=CODE_SYSTEM)
        land = outlines.read(land_of(house), house.roster, source, "county")
        officer = Officer(
            name=NAME,
            display=DISPLAY,
            role=OfficerRole.OFFICER,
            password=Passwords().hashed(PASSWORD),
            must_change=False,
            created_at=house.clock.now(),
        )
        await house.database.write(lambda c: outlines.save(c, land))
        await house.database.write(lambda c: officers.add(c, officer))
        await house.exchange.phones(phones(house.roster, SEED))
        await house.server.start()
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS]
        )
        yield Desk(house, browser)
        await browser.close()
