"""Settles doubt: messages that may have been sent, and receipts that never came.

A request that was written and not answered is asked for at the provider. What the
provider never had is sent again, which is no duplicate; what can't be asked is sent
again too, and counted as a possible duplicate: twice is better than never.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import Connection

from channels.contract import Outcome, Provider, Receipt, Unknown
from dispatcher.engine.clock import Clock
from dispatcher.engine.inbox import take_receipts
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import SILENT_AFTER, Sent, record, route_of
from dispatcher.engine.sender import outgoing_of
from dispatcher.store import outbox
from dispatcher.store.database import Database
from dispatcher.store.outbox import Sending

MOST = 100
GIVE_UP_SECONDS = 30.0  # doubt that nobody can settle

log = structlog.get_logger()


class Reconciler:
    """Asks providers what became of messages."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        clock: Clock,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._providers = providers
        self._clock = clock

    async def turn(self) -> int:
        """Settle what is in doubt now; returns how many messages were asked for."""
        now = self._clock.now()
        doubtful = await self._database.read(lambda c: outbox.doubtful(c, now, MOST))
        results = [await self._settled(message, now) for message in doubtful]
        if results:
            context = await self._keeper.context()
            await self._database.write(lambda c: record(c, context, results, now))
        return len(results) + await self._poll(now)

    async def _settled(self, message: Sending, now: datetime) -> Sent:
        """Ask for one message, by what it said and to whom."""
        route = await self._route(message)
        sent_at = message.sent_at or message.created_at
        outcome: Outcome | None
        try:
            outcome = await self._providers[route].lookup(
                outgoing_of(message, now), self._clock.outside(sent_at)
            )
        except Exception as failure:
            log.exception("reconcile.lookup.failed", route=route)
            outcome = Unknown(code=type(failure).__name__)
        asked_long_enough = now - sent_at > self._clock.span(GIVE_UP_SECONDS)
        if isinstance(outcome, Unknown) and asked_long_enough:
            return Sent(message=message, route=route, outcome=None, again=True)
        return Sent(message=message, route=route, outcome=outcome)

    async def _poll(self, now: datetime) -> int:
        """Ask about accepted messages whose receipts have not come."""
        silent = await self._database.read(lambda c: outbox.silent(c, now, MOST))
        told = [(message, await self._polled(message)) for message in silent]
        if told:
            context = await self._keeper.context()
            receipts = [(now, receipt) for _, receipt in told if receipt]
            again_at = now + SILENT_AFTER

            def take(connection: Connection) -> None:
                outbox.ask_again(connection, [m.id for m, _ in told], again_at)
                take_receipts(connection, context, receipts, now)

            await self._database.write(take)
        return len(told)

    async def _polled(self, message: Sending) -> Receipt | None:
        route = await self._route(message)
        try:
            return await self._providers[route].poll(message.provider_id or "")
        except Exception:
            log.exception("reconcile.poll.failed", route=route)
            return None

    async def _route(self, message: Sending) -> str:
        """The route it went by; one that is configured now, if that is gone."""
        if message.route and message.route in self._providers:
            return message.route
        return route_of(await self._keeper.context(), message)
