"""Keeps the context at hand: the roster in memory, read again when it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shapely.geometry.base import BaseGeometry

from channels.contract import Channel
from config.policy import PolicySet
from config.texts import Texts
from contacts.geometry import Atlas
from contacts.model import UnitId
from contacts.numbers import guard
from dispatcher.engine.context import Context, Robots, no_link
from dispatcher.store import people, places
from dispatcher.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What does not change while the process runs.

    :ivar allow_test_numbers: whether +999 may be dialled
    :ivar callback_days: how long callbacks are kept as they came in
    """

    policies: PolicySet
    texts: Texts
    routes: Mapping[Channel, tuple[str, ...]]
    signature: str
    rates: Mapping[Channel, float]
    lines: int
    allow_test_numbers: bool
    link: Callable[[str], str] = no_link
    robots: Robots = field(default_factory=dict)
    callback_days: int = 180


class Keeper:
    """Hands out the present context."""

    def __init__(self, database: Database, fixed: Fixed) -> None:
        self._database = database
        self._fixed = fixed
        self._context: Context | None = None
        self._version = -1
        self._lands: Mapping[UnitId, BaseGeometry] = {}
        self._lands_version = -1
        self._lock = asyncio.Lock()

    @property
    def lines(self) -> int:
        """How many calls may go on at a time."""
        return self._fixed.lines

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels with a rate."""
        return tuple(self._fixed.rates)

    @property
    def robots(self) -> tuple[str, ...]:
        """Channels that speak to groups."""
        return tuple(self._fixed.robots)

    @property
    def callback_span(self) -> timedelta:
        """How long callbacks are kept as they came in."""
        return timedelta(days=self._fixed.callback_days)

    def rate(self, channel: Channel) -> float:
        """Messages a second a channel may carry."""
        return self._fixed.rates[channel]

    def refuses(self, number: str) -> str | None:
        """Why a number must never be dialled, whatever the roster says of it."""
        return guard(number, allow_test_numbers=self._fixed.allow_test_numbers)

    async def context(self) -> Context:
        """The context as it was at the last refresh."""
        return self._context or await self.refresh()

    async def refresh(self) -> Context:
        """Look whether the roster has changed, and read it again if so."""
        async with self._lock:
            version = await self._database.read(people.roster_version)
            if self._context is None or version != self._version:
                roster = await self._database.read(people.load_roster)
                outlines = await self._outlines()
                fixed = self._fixed
                self._context = Context(
                    roster=roster,
                    atlas=Atlas(roster.units.values(), outlines),
                    outlines=outlines,
                    policies=fixed.policies,
                    texts=fixed.texts,
                    routes=fixed.routes,
                    signature=fixed.signature,
                    rates=fixed.rates,
                    lines=fixed.lines,
                    link=fixed.link,
                    robots=fixed.robots,
                )
                self._version = version
            return self._context

    async def _outlines(self) -> Mapping[UnitId, BaseGeometry]:
        """The outlines, read again only when they themselves have changed."""
        version = await self._database.read(places.outlines_version)
        if version != self._lands_version:
            self._lands = await self._database.read(places.outlines)
            self._lands_version = version
        return self._lands
