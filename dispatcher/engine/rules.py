"""Lets what is due happen: launches, rungs, tries, repeats, digests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from dispatcher.engine.clock import Clock
from dispatcher.engine.context import Context
from dispatcher.engine.digests import send_due
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.launching import launch_due
from dispatcher.engine.step import step
from dispatcher.store import alerts, callouts, questions
from dispatcher.store.database import Database

MOST = 25  # callouts a transaction: others can write in between


class Rules:
    """The sweep over everything with a due time."""

    def __init__(self, database: Database, keeper: Keeper, clock: Clock) -> None:
        self._database = database
        self._keeper = keeper
        self._clock = clock

    async def turn(self) -> int:
        """Handle what is due now, in one bounded transaction; returns how much."""
        due_at = await self._database.read(next_due_at)
        now = self._clock.now()
        if due_at is None or due_at > now:
            return 0
        context = await self._keeper.refresh()
        return await self._database.write(
            lambda connection: sweep(connection, context, now), aside=True
        )


def sweep(connection: Connection, context: Context, now: datetime) -> int:
    """Launch, climb and send digests, each as far as one transaction should go."""
    opened = launch_due(connection, context, now)
    due = callouts.due(connection, now, MOST)
    step(connection, context, dict.fromkeys(due, ()), now)
    return opened + len(due) + send_due(connection, context, now)


def next_due_at(connection: Connection) -> datetime | None:
    """When something wants attention next."""
    moments = (
        alerts.next_due_at(connection),
        callouts.next_due_at(connection),
        questions.next_due_at(connection),
    )
    return min((moment for moment in moments if moment), default=None)
