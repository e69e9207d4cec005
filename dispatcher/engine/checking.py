"""What the roster check has to know beside the roster, gathered from the store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.check import Known
from dispatcher.engine.context import CARRIES
from dispatcher.store import confirmations, flags, places

OF_LATE = timedelta(days=90)


def known(
    connection: Connection, routed: Collection[Channel], now: datetime, zone: str
) -> Known:
    """Gather it.

    :param routed: channels that have a route
    :param zone: where lists are due by the calendar
    """
    since = now - OF_LATE
    return Known(
        now=now.astimezone(ZoneInfo(zone)),
        carried=frozenset(
            kind for kind, ways in CARRIES.items() if not ways.isdisjoint(routed)
        ),
        flags=flags.standing(connection),
        confirmed=confirmations.confirmed(connection),
        called=confirmations.called_since(connection, since),
        answered=confirmations.answered_since(connection, since),
        outlined=places.outlined(connection),
    )
