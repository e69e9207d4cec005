"""Once an hour: delete what is not kept for ever. Facts always are."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from dispatcher.engine.clock import Clock
from dispatcher.engine.keeper import Keeper
from dispatcher.store import imports, retention
from dispatcher.store.database import Database

IDEMPOTENCY_SPAN = timedelta(days=7)
IMPORT_SPAN = timedelta(days=7)
DUTY_SPAN = timedelta(days=731)  # two years: who asks for a plan of then is late
TRAFFIC_SPAN = timedelta(days=32)
PAUSE = timedelta(hours=1)
PIECE = 500  # rows a transaction: nobody waits long for his


class Retention:
    """The duty of deleting what is too old."""

    def __init__(self, database: Database, keeper: Keeper, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._spans = (
            (retention.drop_callbacks, keeper.callback_span),
            (retention.drop_idempotency, IDEMPOTENCY_SPAN),
            (imports.lapse, IMPORT_SPAN),
            (retention.drop_duties, DUTY_SPAN),
            (retention.drop_sessions, timedelta(0)),  # they say when they end
            (retention.drop_orders, IDEMPOTENCY_SPAN),
            (retention.drop_traffic, TRAFFIC_SPAN),
        )
        self._next_at: datetime | None = None

    async def turn(self) -> int:
        """Delete one piece of each kind; gives how much, 0 until the next hour."""
        now = self._clock.now()
        if self._next_at and now < self._next_at:
            return 0
        done = 0
        for drop, span in self._spans:
            work = partial(drop, before=now - span, most=PIECE)
            done += await self._database.write(work)
        if not done:
            self._next_at = now + PAUSE
        return done
