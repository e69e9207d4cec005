"""The alarm clock: APScheduler wakes the engine, and does nothing else.

Its executor skips ticks and drops jobs at shutdown, so no state hangs on it: what is
due stands in the store (docs/adr/0002).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from dispatcher.engine.runtime import Engine

TICK_SECONDS = 1


@contextlib.contextmanager
def ticking(engine: Engine, seconds: float = TICK_SECONDS) -> Iterator[None]:
    """Wake the engine once a second while the block runs."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = AsyncIOScheduler(timezone="UTC")

    async def tick() -> None:
        # A plain function would be run in a thread, and events are not for threads.
        engine.tick()

    scheduler.add_job(
        tick,
        IntervalTrigger(seconds=seconds, timezone="UTC"),
        name="tick",
        coalesce=True,
        max_instances=1,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
