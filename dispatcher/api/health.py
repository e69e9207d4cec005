"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

import structlog
from fastapi import APIRouter
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import View
from dispatcher.intake.problem import Problem
from dispatcher.store import callbacks, feeds, people
from dispatcher.store.durability import Durability, durability
from dispatcher.store.gauges import lost
from dispatcher.store.writer import Work

router = APIRouter(tags=["operations"])

log = structlog.get_logger()

Seen = TypeVar("Seen")


class Alive(View):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(View):
    """The store works, and what it says of itself.

    :ivar unread_callbacks: what providers told and the worker has not read yet
    :ivar lost: open with neither a due time nor an owner, or without an outcome past
        its lease; must be 0
    :ivar durability: how far a commit reaches: one disk, or a standby's as well
    :ivar unverified_callbacks: turned away since the start
    :ivar failing_feeds: configured feeds that could not be fetched the last time
    """

    status: Literal["ready"] = "ready"
    unread_callbacks: int
    lost: int
    durability: Durability
    unverified_callbacks: int
    failing_feeds: list[str]


@router.get("/healthz")
async def healthz() -> Alive:
    """Whether the process lives."""
    return Alive()


@router.get("/readyz", responses=answers(503))
async def readyz(front: FrontOf) -> Ready:
    """Whether the store can be read, with the schema this version knows."""
    now = front.now()
    found = await looked(front, lambda c: _found(c, now))
    return Ready(
        unread_callbacks=found.unread + await front.runtime.database.lying(),
        lost=found.lost,
        durability=found.durability,
        unverified_callbacks=front.unverified.total(),
        failing_feeds=sorted(found.failing & front.runtime.settings.feeds.keys()),
    )


async def looked(front: Front, work: Work[Seen]) -> Seen:
    """What the store says of itself; 503 when it can't be read."""
    try:
        return await front.runtime.database.read(work)
    except SQLAlchemyError as error:
        log.error("api.store.unreadable", error=str(error))  # noqa: TRY400 - the answer is what matters; the cause is in its text
        raise refused(503, UNREADABLE, Retry_After="1") from error


@dataclass(frozen=True, slots=True)
class _Found:
    unread: int
    lost: int
    durability: Durability
    failing: set[str]


def _found(connection: Connection, now: datetime) -> _Found:
    people.roster_version(connection)
    states = feeds.states(connection).values()
    return _Found(
        unread=callbacks.count_unread(connection),
        lost=lost(connection, now),
        durability=durability(connection),
        failing={state.name for state in states if state.failures},
    )


UNREADABLE = Problem(
    loc=("store",),
    code="store_unreadable",
    zh="数据库读不出来",
    en="the store can't be read",
)
