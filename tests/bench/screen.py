"""How the desk holds out on a slow machine: frames, main thread, readiness."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.async_api import CDPSession, Error, Page, async_playwright

from tests.chaos.house import free_port
from tests.console.desk import CHROMIUM, FLAGS, WIDE

SECONDS = 8
SETTLE = 3_000
FRAMES = """seconds => new Promise(done => {
  let frames = 0;
  const began = performance.now();
  const count = now => now - began < seconds * 1000
    ? (frames++, requestAnimationFrame(count)) : done(frames / seconds);
  requestAnimationFrame(count);
})"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the page is put through.

    :ivar rate: changes a second
    :ivar slower: how many times as slow the processor is made
    """

    grids: int
    rate: int
    slower: int


@contextlib.contextmanager
def _server(load: Load) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.painted"]
    command += [str(load.grids), str(load.rate), str(port)]
    with subprocess.Popen(command) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def _busy(session: CDPSession) -> float:
    """Seconds that the main thread has worked."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


async def _up(page: Page, base: str) -> None:
    """Open something small of the server as soon as there is one."""
    answered = False
    while not answered:
        with contextlib.suppress(Error):
            answered = (await page.context.request.get(f"{base}/healthz")).ok
        await page.wait_for_timeout(100)
    await page.goto(f"{base}/healthz")


async def _pace(page: Page, session: CDPSession) -> tuple[float, float]:
    """Frames a second, and the share of the time that the main thread works."""
    before = await _busy(session)
    frames = await page.evaluate(FRAMES, SECONDS)
    return frames, (await _busy(session) - before) / SECONDS


async def measure(load: Load) -> str:
    """Load a board and look at it while it changes; gives the figures in words."""
    with _server(load) as base:
        async with async_playwright() as playwright:
            chromium = playwright.chromium
            browser = await chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
            page = await browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
            session = await page.context.new_cdp_session(page)
            await session.send("Performance.enable")
            await _up(page, base)
            nothing, idle = await _pace(page, session)
            # Set before it, a new page is slowed twice.
            await page.goto(f"{base}/console/w/a1", wait_until="commit")
            slower = {"rate": load.slower}
            await session.send("Emulation.setCPUThrottlingRate", slower)
            await page.locator(".list li").first.wait_for(timeout=60_000)
            ready = await page.evaluate("performance.now()")
            painted = await page.evaluate(PAINT)
            await page.wait_for_timeout(SETTLE)
            frames, busy = await _pace(page, session)
            await browser.close()
    return (
        f"{load.grids:>6} grids {load.rate:>4} changes/s {load.slower}x slower: "
        f"{frames:4.1f} fps, main thread {busy:6.1%}, "
        f"first paint {painted:5.0f} ms, list {ready:5.0f} ms "
        f"(an empty page at full speed: {nothing:.1f} fps, {idle:.1%})"
    )
