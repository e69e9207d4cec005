"""Keeps callbacks together that come together: one statement for all that wait.

Each alone costs a savepoint, two keys and an insert, every one a way to the database
and back. Whoever comes while others are being written goes with the next ones; nobody
is answered before his own is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from dispatcher.store import callbacks
from dispatcher.store.callbacks import Raw
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.writer import GROUP_MOST, QUEUE_MOST, StoreBusyError, tell

Waiting = Sequence[tuple[Raw, asyncio.Future[None]]]


class Letterbox:
    """Where callbacks wait until they are on disk."""

    def __init__(self, database: Database) -> None:
        """Keep them there."""
        self._database = database
        self._waiting: list[tuple[Raw, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, raw: Raw) -> None:
        """Keep a callback; it is on disk when this returns.

        :raises StoreBusyError: when too many wait
        """
        if len(self._waiting) >= QUEUE_MOST:
            message = f"{QUEUE_MOST} callbacks wait for the store already"
            raise StoreBusyError(message)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, done))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_all(), name="letterbox")
        await done

    async def _keep_all(self) -> None:
        try:
            while self._waiting:
                some = self._waiting[:GROUP_MOST]
                del self._waiting[:GROUP_MOST]
                failure = await self._kept([raw for raw, _ in some])
                if failure is None or isinstance(failure, STORE_TROUBLE):
                    for _, done in some:
                        tell(done, failure)
                else:
                    await self._keep_apart(some)
        finally:
            self._keeping = None

    async def _keep_apart(self, some: Waiting) -> None:
        """One that can't be kept must not cost the others."""
        for raw, done in some:
            tell(done, await self._kept([raw]))

    async def _kept(self, raws: Sequence[Raw]) -> Exception | None:
        try:
            await self._database.put_down(lambda c: callbacks.keep(c, raws))
        except Exception as failure:  # noqa: BLE001 - whoever waits is told, whatever it is
            return failure
        return None
