"""Stops calls that ring although nobody asks anything of their person any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import structlog

from channels.contract import Channel, Provider, Telephone
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import route_of
from dispatcher.store import calls
from dispatcher.store.database import Database
from dispatcher.store.outbox import Sending

MOST = 20

log = structlog.get_logger()


class HangUp:
    """Asks providers to stop calls; one that was picked up goes on."""

    def __init__(
        self, database: Database, keeper: Keeper, providers: Mapping[str, Provider]
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._providers = providers

    async def turn(self) -> int:
        """Stop what rings for nothing; returns how many calls."""
        ringing = await self._database.read(lambda c: calls.to_hang_up(c, MOST))
        for call in ringing:
            await self._stop(call)
        if ringing:
            names = [call.id for call in ringing]
            await self._database.write(lambda c: calls.hung_up(c, names))
        return len(ringing)

    async def _stop(self, call: Sending) -> None:
        route = call.route or route_of(await self._keeper.context(), call)
        provider = self._providers.get(route)
        if provider is None or provider.capabilities.channel is not Channel.VOICE:
            return
        try:
            await cast("Telephone", provider).hang_up(call.provider_id or "")
        except Exception:
            log.exception("hang_up.failed", route=route)
