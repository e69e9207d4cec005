"""Opens the store for a command; a server may be running on the same file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from config.settings import Settings
from dispatcher.engine.runtime import opened
from dispatcher.store.writer import Result


def write(settings: Settings, work: Callable[[Connection], Result]) -> Result:
    """Do one piece of work in a transaction of its own."""

    async def once() -> Result:
        async with opened(settings) as database:
            return await database.write(work)

    return asyncio.run(once())


def read(settings: Settings, work: Callable[[Connection], Result]) -> Result:
    """Look at what is committed."""

    async def once() -> Result:
        async with opened(settings) as database:
            return await database.read(work)

    return asyncio.run(once())
