"""Channels over HTTP: how each one is, what waits for it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from channels.contract import Channel
from channels.registry import PROVIDER_KEY
from dispatcher.api.auth import Scope, needs
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import answers
from dispatcher.api.views import View
from dispatcher.core.alert import Lane
from dispatcher.engine.channels import LINES_KEY, RATE_DEFAULT, RATE_KEY
from dispatcher.store import traffic
from dispatcher.store.traffic import Carried, Waiting

router = APIRouter(prefix="/api/v1/channels", tags=["channels"])

READS = [Depends(needs(Scope.ALERTS_READ, Scope.ADMIN))]
GROUP = "group"  # the kind of what speaks to groups, not to people
SPANS = (5, 60)  # minutes


class Health(StrEnum):
    """How a channel is, by what happened last."""

    IDLE = "idle"  # it has carried nothing yet
    OK = "ok"
    FAILING = "failing"  # what happened last is a failure of its own


class FailuresView(View):
    """Failures by kind in the last minutes."""

    minutes: int
    kinds: Mapping[str, int]


class ChannelView(View):
    """A configured channel; nothing secret is told.

    :ivar kind: ``sms``, ``voice``, ``wechat`` or ``group``
    :ivar order: its place among the routes of its kind; null: no route uses it
    :ivar lines: of what telephones, else 0; ``busy`` of them ring or talk
    :ivar today: accepted by its provider since midnight
    :ivar receipt_within: seconds within which half of the last hour's receipts came
    """

    name: str
    provider: str
    kind: str
    order: int | None
    rate_per_second: float
    lines: int
    busy: int
    health: Health
    last_success_at: datetime | None
    last_failure_at: datetime | None
    failures: list[FailuresView]
    today: int
    receipt_within: int | None


class HeldView(View):
    """Messages that wait although they are due, and why."""

    reason: str
    messages: int


class LaneView(View):
    """What waits in a lane for a kind of channel, due already.

    :ivar messages: at most 5,000 of a lane are counted
    """

    lane: Lane
    kind: Channel
    messages: int
    oldest_seconds: float
    held_back: list[HeldView]


class ChannelsView(View):
    """All channels, and what waits; which route it takes is settled when it goes."""

    channels: list[ChannelView]
    queue: list[LaneView]


@router.get("", dependencies=READS, responses=answers(401, 403))
async def list_channels(front: FrontOf) -> ChannelsView:
    """How the channels are, and what waits for them."""
    now = front.now()
    context = await front.runtime.keeper.context()
    zone = ZoneInfo(context.policies.timezone)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def look(connection: Connection) -> ChannelsView:
        busy = traffic.lines_busy(connection)
        return ChannelsView(
            channels=[
                _channel(
                    front,
                    name,
                    traffic.carried(connection, name, now, today, SPANS),
                    busy.get(name, 0),
                )
                for name in front.runtime.settings.channels
            ],
            queue=[_lane(one, now) for one in traffic.queue(connection, now)],
        )

    return await front.runtime.database.read(look)


def _channel(front: Front, name: str, carried: Carried, busy: int) -> ChannelView:
    settings = front.runtime.settings
    given = settings.channels[name]
    kind = front.runtime.providers[name].capabilities.channel
    routes = [*settings.routes.get(kind.value, ())]
    group = name in front.runtime.keeper.robots
    return ChannelView(
        name=name,
        provider=str(given.get(PROVIDER_KEY, "")),
        kind=GROUP if group else kind.value,
        order=routes.index(name) + 1 if name in routes else None,
        rate_per_second=float(given.get(RATE_KEY, RATE_DEFAULT)),
        lines=int(given.get(LINES_KEY, 0)),
        busy=busy,
        health=_health(carried),
        last_success_at=carried.last_success_at,
        last_failure_at=carried.last_failure_at,
        failures=[
            FailuresView(minutes=span, kinds=kinds)
            for span, kinds in carried.failures.items()
        ],
        today=carried.today,
        receipt_within=carried.receipt_within,
    )


def _health(carried: Carried) -> Health:
    """A number that can't be reached, or does not answer, is no failure of ours."""
    success, failure = carried.last_success_at, carried.last_fault_at
    if failure and (success is None or failure > success):
        return Health.FAILING
    return Health.OK if success else Health.IDLE


def _lane(one: Waiting, now: datetime) -> LaneView:
    return LaneView(
        lane=one.lane,
        kind=Channel(one.channel),
        messages=one.due,
        oldest_seconds=(now - one.oldest_at).total_seconds(),
        held_back=[
            HeldView(reason=reason, messages=count)
            for reason, count in sorted(one.held.items())
        ],
    )
