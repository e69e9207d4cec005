"""The pictures of the README and the docs, of a demo that is running.

Start ``make demo``, wait until its map is half green, then::

    python -m tests.console.pictures ADDRESS docs/pictures

``ADDRESS`` is the board's as the demo prints it, with its name and password.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from tests.console.desk import CHROMIUM, FLAGS

SETTLE_MILLISECONDS = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How the board is looked at.

    :ivar keys: pressed before it is taken
    """

    name: str
    width: int
    height: int
    dark: bool = False
    keys: str = ""
    language: str = "zh"

    @property
    def window(self) -> dict[str, Any]:
        """What a browser is opened with."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "color_scheme": "dark" if self.dark else "light",
        }


PICTURES = (
    Picture(name="board-light", width=1440, height=900),
    Picture(name="board-wall", width=1920, height=1080, dark=True, keys="f"),
    Picture(name="board-mobile", width=390, height=844),
    Picture(name="board-en", width=1440, height=900, dark=True, language="en"),
)


async def taken(browser: Browser, address: str, picture: Picture) -> bytes:
    """One picture of the board, as PNG."""
    page = await browser.new_page(**picture.window)
    await page.add_init_script(
        f"localStorage.setItem('jiaoying.language', '{picture.language}')"
    )
    await page.goto(address)
    await page.locator("form button").first.click()
    await page.locator(".list li").first.wait_for()
    for key in picture.keys:
        await page.keyboard.press(key)
    await page.wait_for_timeout(SETTLE_MILLISECONDS)
    found = await page.screenshot()
    await page.close()
    return found


async def main(address: str, folder: Path) -> None:
    """Take all of them."""
    async with async_playwright() as playwright:
        chromium = playwright.chromium
        browser = await chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        shots = (taken(browser, address, picture) for picture in PICTURES)
        for picture, data in zip(PICTURES, await asyncio.gather(*shots), strict=True):
            (folder / f"{picture.name}.png").write_bytes(data)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
