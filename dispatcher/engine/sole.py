"""The one worker of a store that many machines share: who it is, and if it still is.

It holds a lock of the database on a connection of its own; others stand by until that
is free. Whoever takes the post counts a term up, and what an earlier one still writes
is refused: the term is read in the transaction itself (docs/adr/0028).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from dispatcher.engine.clock import Clock, wait_for
from dispatcher.store import people
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.postgresql import WorkerPost

TERM = "worker_term"
STAND_BY_SECONDS = 1.0
LOOK_SECONDS = 0.5
OFF_MOST = timedelta(seconds=2)

log = structlog.get_logger()


class PostLostError(Exception):
    """Another worker has the post by now; this one may not write any more."""


class ClockOffError(Exception):
    """The clocks of this machine and of the database tell different times."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What the worker is told: there is something new, or stop."""

    wake: Callable[[], None]
    stop: Callable[[], None]


@contextlib.asynccontextmanager
async def holding(
    database: Database, clock: Clock, stopping: asyncio.Event, calls: Calls
) -> AsyncIterator[bool]:
    """Hold the post while the block runs; False: told to stop before it was free.

    :raises ClockOffError: when the clocks are more than two seconds apart
    """
    post = await asyncio.to_thread(database.post)
    if post is None:
        yield True
        return
    try:
        if not await _stood_by(post, stopping):
            yield False
            return
        _on_time(await asyncio.to_thread(post.now), clock)
        term = await database.write(_next_term)
        database.condition = lambda c: _still(c, term)
        ended = asyncio.Event()
        watch = asyncio.create_task(_watch(post, clock, calls, ended), name="post")
        try:
            yield True
        finally:
            ended.set()  # its thread is at the connection, which is no place for two
            await watch
    finally:
        await asyncio.to_thread(post.close)


async def _stood_by(post: WorkerPost, stopping: asyncio.Event) -> bool:
    if await asyncio.to_thread(post.take):
        return True
    log.info("worker.stands_by")
    while not await wait_for(stopping, STAND_BY_SECONDS):
        if await asyncio.to_thread(post.take):
            return True
    return False


def _next_term(connection: Connection) -> int:
    people.raise_version(connection, TERM)
    return people.version_of(connection, TERM)


def _still(connection: Connection, term: int) -> None:
    now = people.version_of(connection, TERM)
    if now != term:
        message = f"another worker has taken over: term {now}, and ours was {term}"
        raise PostLostError(message)


def _on_time(theirs: datetime, clock: Clock) -> None:
    """See that leases mean the same to everybody.

    :raises ClockOffError: when they do not
    """
    apart = abs(clock.outside(clock.now()) - theirs)
    if apart > OFF_MOST:
        message = (
            f"the clock here is {apart.total_seconds():.1f} s off the database's; "
            "let both machines keep time by the same server, and start again"
        )
        raise ClockOffError(message)


async def _watch(
    post: WorkerPost, clock: Clock, calls: Calls, ended: asyncio.Event
) -> None:
    """Hear what others wrote; stop the worker when the post is lost."""
    while not ended.is_set():
        try:
            if await asyncio.to_thread(post.hear, LOOK_SECONDS):
                calls.wake()
            _on_time(await asyncio.to_thread(post.now), clock)
        except (ClockOffError, *STORE_TROUBLE) as error:
            log.error("worker.post.lost", error=str(error))  # noqa: TRY400 - the text is all there is to know
            calls.stop()
            return
