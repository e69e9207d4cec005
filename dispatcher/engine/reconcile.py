"""Settles doubt: messages that may have been sent, and receipts that never came.

A request that was written and not answered is asked for at the provider. What the
provider never had is sent again, which is no duplicate; what can't be asked is sent
again too, and counted as a possible duplicate: twice is better than never.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from channels.contract import (
    Channel,
    Failed,
    FailureKind,
    Outcome,
    Provider,
    Rank,
    Receipt,
    Unknown,
)
from dispatcher.engine.clock import Clock
from dispatcher.engine.envelope import outgoing_of
from dispatcher.engine.inbox import take_receipts
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import (
    CALL_SILENT_AFTER,
    SILENT_AFTER,
    Sent,
    record,
    route_of,
)
from dispatcher.store import outbox
from dispatcher.store.database import Database
from dispatcher.store.outbox import Sending

MOST = 100
CALL_LONGEST = timedelta(seconds=300)  # ringing and talking; then the line is free
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
        context = await self._keeper.context()
        sent_at = message.sent_at or message.created_at
        outcome: Outcome | None
        try:
            outcome = await self._providers[route].lookup(
                outgoing_of(context, message, now), self._clock.outside(sent_at)
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
        told = [(message, await self._polled(message, now)) for message in silent]
        if told:
            context = await self._keeper.context()
            receipts = [(now, receipt) for _, receipt in told if receipt]
            again_at = {message.id: now + silence(message) for message in silent}

            def take(connection: Connection) -> None:
                outbox.ask_again(connection, again_at)
                take_receipts(connection, context, receipts, now)

            await self._database.write(take)
        return len(told)

    async def _polled(self, message: Sending, now: datetime) -> Receipt | None:
        route = await self._route(message)
        try:
            found = await self._providers[route].poll(message.provider_id or "")
        except Exception:
            log.exception("reconcile.poll.failed", route=route)
            found = None
        if found and found.rank >= Rank.FINAL:
            return found
        return _given_up(message, now) or found

    async def _route(self, message: Sending) -> str:
        """The route it went by; one that is configured now, if that is gone."""
        if message.route and message.route in self._providers:
            return message.route
        return route_of(await self._keeper.context(), message)


def silence(message: Sending) -> timedelta:
    """How long nothing may be heard of a message before it is asked for."""
    return CALL_SILENT_AFTER if message.channel is Channel.VOICE else SILENT_AFTER


def _given_up(message: Sending, now: datetime) -> Receipt | None:
    """A call that must be over by now, though nobody says so: its line is needed."""
    begun = message.sent_at or message.created_at
    if message.channel is not Channel.VOICE or now - begun < CALL_LONGEST:
        return None
    return Receipt(
        event_key=f"{message.id}:{NO_WORD}",
        message=None,
        provider_id=message.provider_id or "",
        rank=Rank.FINAL,
        failure=Failed(kind=FailureKind.UNREACHED, code=NO_WORD),
    )


NO_WORD = "no_word"
