"""Opens the callouts of accepted warnings, the most urgent first, in bounded chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from contacts.model import PostRef, UnitId
from dispatcher.core.alert import Alert
from dispatcher.core.plan import Launch, level_policy, open_callouts, start_list
from dispatcher.engine.context import Context
from dispatcher.engine.step import launch
from dispatcher.store import alerts, callouts

CHUNK = 50
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
    start = Launch(
        alert=alert.id,
        chain=alert.chain,
        epoch=alert.epoch,
        content=alert.content,
        inside=frozenset(UnitId(unit) for unit in alert.inside) & known,
        at=now,
        by=alert.received_by,
    )
    _, policy = level_policy(context.policies, alert.content)
    there = callouts.posts_of_alert(connection, alert.id)
    posts = start_list(policy, context.roster, start.inside)
    missing = [post for post in posts if post not in there]
    chunk = with_all_roles(context, missing)
    first = open_callouts(start, context.policies, context.roster, chunk)
    launch(connection, context, first, now)
    if len(chunk) == len(missing):
        done = replace(alert, due_at=None, launched_at=alert.launched_at or now)
        alerts.save(connection, done)
    return max(len(chunk), 1)


def with_all_roles(context: Context, missing: Sequence[PostRef]) -> list[PostRef]:
    """The next chunk, with all other roles of its people: one message names them."""
    holders = context.roster.holders
    people = {person.id for post in missing[:CHUNK] for person in holders(post)}
    beside = (
        post
        for post in missing[CHUNK:]
        if any(person.id in people for person in holders(post))
    )
    return [*missing[:CHUNK], *beside]
