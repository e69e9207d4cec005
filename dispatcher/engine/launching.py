"""Opens the callouts of accepted warnings, the most urgent first, in bounded chunks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from contacts.model import UnitId
from dispatcher.core.alert import Alert
from dispatcher.core.plan import Launch, open_callouts
from dispatcher.engine.context import Context
from dispatcher.engine.step import launch
from dispatcher.store import alerts, callouts

CHUNK = 400
ALERTS_MOST = 10


def launch_due(connection: Connection, context: Context, now: datetime) -> int:
    """Open the next chunk of every warning that waits; returns how many opened."""
    return sum(
        _launch(connection, context, alert, now)
        for alert in alerts.to_launch(connection, now, ALERTS_MOST)
    )


def _launch(
    connection: Connection, context: Context, alert: Alert, now: datetime
) -> int:
    known = frozenset(context.roster.units)
    first = open_callouts(
        Launch(
            alert=alert.id,
            chain=alert.chain,
            epoch=alert.epoch,
            content=alert.content,
            inside=frozenset(UnitId(unit) for unit in alert.inside) & known,
            at=now,
            by=alert.received_by,
        ),
        context.policies,
        context.roster,
    )
    there = callouts.names_of_alert(connection, alert.id)
    missing = [fact for fact in first if fact.id not in there]
    opened = launch(connection, context, missing[:CHUNK], now)
    if len(missing) <= CHUNK:
        done = replace(alert, due_at=None, launched_at=alert.launched_at or now)
        alerts.save(connection, done)
    return max(opened, 1)
