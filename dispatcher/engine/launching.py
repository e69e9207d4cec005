"""Opens the callouts of accepted warnings, the most urgent first, in bounded chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from contacts.model import PersonId, UnitId
from dispatcher.core.alert import Alert
from dispatcher.core.fact import Opened
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
    chunk = with_all_roles(context, missing)
    opened = launch(connection, context, chunk, now)
    if len(chunk) == len(missing):
        done = replace(alert, due_at=None, launched_at=alert.launched_at or now)
        alerts.save(connection, done)
    return max(opened, 1)


def with_all_roles(context: Context, missing: Sequence[Opened]) -> list[Opened]:
    """The next chunk, with all other roles of its people: one message names them."""
    people = {p for fact in missing[:CHUNK] for p in _first_called(context, fact)}
    beside = (
        fact
        for fact in missing[CHUNK:]
        if not people.isdisjoint(_first_called(context, fact))
    )
    return [*missing[:CHUNK], *beside]


def _first_called(context: Context, fact: Opened) -> set[PersonId]:
    """Who stands on the first rung."""
    posts = fact.ladder.rungs[0].posts
    return {person.id for ref in posts for person in context.roster.holders(ref)}
