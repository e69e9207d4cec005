"""Lets what is due happen: launches, rungs, tries, repeats, digests, expiry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from contacts.model import PersonId, Post, PostRef, UnitId
from dispatcher.core.callout import CalloutId
from dispatcher.engine.clock import Clock
from dispatcher.engine.context import Context
from dispatcher.engine.digests import send_due
from dispatcher.engine.expiry import attend, tend
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.launching import ALERTS_MOST, Launches
from dispatcher.engine.roles import with_all_roles
from dispatcher.engine.step import step
from dispatcher.store import alerts, callouts, questions
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.writer import Work

LOOKED_AT = 500  # due callouts, for those of the same people
MOST = 25  # callouts a transaction: others can write in between
POSTPONED = timedelta(seconds=60)  # before what failed is tried again

log = structlog.get_logger()


class Rules:
    """The sweep over everything with a due time."""

    def __init__(self, database: Database, keeper: Keeper, clock: Clock) -> None:
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._launches = Launches()

    async def turn(self) -> int:
        """Handle what is due now, in one bounded transaction; returns how much."""
        due_at = await self._database.read(next_due_at)
        now = self._clock.now()
        if due_at is None or due_at > now:
            return 0
        context = await self._keeper.refresh()
        launches = self._launches
        try:
            await self._database.read(lambda c: launches.plan(c, context, now))
            done = await self._database.write(
                lambda c: sweep(c, context, now, launches), aside=True
            )
        except STORE_TROUBLE:
            raise
        except Exception:
            log.exception("rules.sweep.failed")
            return await self._sweep_apart(context, now)
        launches.committed()
        return done

    async def _sweep_apart(self, context: Context, now: datetime) -> int:
        """Each thing alone: one that can't be handled must not hold the others up."""
        done = await self._tend_apart(context, now)
        due = await self._database.read(lambda c: callouts.due(c, now, MOST))
        for name, _ in due:
            done += await self._alone(
                partial(climb, context=context, due=(name,), now=now)
            )
            # Whatever happened, it is not the first in line any more.
            later = partial(
                callouts.postpone, name=name, now=now, until=now + POSTPONED
            )
            await self._database.write(later)
        done += await self._launch_apart(context, now)
        return done + await self._alone(partial(send_due, context=context, now=now))

    async def _tend_apart(self, context: Context, now: datetime) -> int:
        due = await self._database.read(lambda c: alerts.to_tend(c, now, MOST))
        done = 0
        for name in due:
            done += await self._alone(
                partial(attend, context=context, name=name, now=now)
            )
            later = partial(alerts.postpone, name=name, now=now, until=now + POSTPONED)
            await self._database.write(later)
        return done

    async def _launch_apart(self, context: Context, now: datetime) -> int:
        """The next piece of each warning; one that can't be launched waits a while."""
        waiting = await self._database.read(
            lambda c: alerts.to_launch(c, now, ALERTS_MOST)
        )
        done = 0
        for name in waiting:
            piece = partial(Launches().due, context=context, now=now, only=name)
            opened = await self._alone(piece)
            done += opened
            if not opened:
                later = partial(
                    alerts.postpone, name=name, now=now, until=now + POSTPONED
                )
                await self._database.write(later)
        return done

    async def _alone(self, work: Work[int]) -> int:
        try:
            return await self._database.write(work, aside=True)
        except STORE_TROUBLE:
            raise
        except Exception:
            log.exception("rules.piece.failed")
            return 0


def sweep(
    connection: Connection, context: Context, now: datetime, launches: Launches
) -> int:
    """Tend, launch, climb and send digests, as far as one transaction should go."""
    tended = tend(connection, context, now)  # first: what has run out calls nobody
    opened = launches.due(connection, context, now)
    climbed = climb(connection, context, due_together(connection, context, now), now)
    return tended + opened + climbed + send_due(connection, context, now)


def due_together(
    connection: Connection, context: Context, now: datetime
) -> list[CalloutId]:
    """The next callouts that are due, with all others that are of the same people.

    Whatever falls due for somebody in the same second is one message.
    """
    roster = context.roster

    def own(due: tuple[CalloutId, UnitId]) -> set[PersonId]:
        posts = (PostRef(due[1], post) for post in Post)
        return {person.id for ref in posts for person in roster.holders(ref, now)}

    due = callouts.due(connection, now, LOOKED_AT)
    return [name for name, _ in with_all_roles(due, MOST, own)]


def climb(
    connection: Connection, context: Context, due: Sequence[CalloutId], now: datetime
) -> int:
    """Handle what is due of these callouts."""
    step(connection, context, dict.fromkeys(due, ()), now)
    return len(due)


def next_due_at(connection: Connection) -> datetime | None:
    """When something wants attention next."""
    moments = (
        alerts.next_due_at(connection),
        callouts.next_due_at(connection),
        questions.next_due_at(connection),
    )
    return min((moment for moment in moments if moment), default=None)
