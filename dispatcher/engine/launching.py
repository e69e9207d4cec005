"""Opens the callouts of accepted warnings, the most urgent first, in bounded chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from contacts.model import PersonId, PostRef, UnitId
from dispatcher.core.alert import Alert
from dispatcher.core.expiry import lifetime_of, scheduled
from dispatcher.core.plan import Launch, open_callouts, opens, seat, start_list
from dispatcher.engine.broadcasting import announce
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.expiry import attend
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
    if alert.expires_at and alert.expires_at <= now:
        return attend(connection, context, alert.id, now)
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
    there = callouts.posts_of_alert(connection, alert.id)
    posts = start_list(context.policies, context.roster, alert.content, start.inside)
    missing = [
        post for post in posts if post not in there and opens(context.roster, post)
    ]
    chunk = with_all_roles(context, missing)
    first = open_callouts(start, context.policies, context.roster, chunk)
    launch(connection, context, first, now)
    if len(chunk) == len(missing):
        lifetime = lifetime_of(context.policies, alert.content)
        done = scheduled(replace(alert, launched_at=now), lifetime, now)
        alerts.save(connection, done)
        announce(Desk(connection, context, now), done)
    return max(len(chunk), 1)


def with_all_roles(context: Context, missing: Sequence[PostRef]) -> list[PostRef]:
    """The next chunk, with all other roles of its people: one message names them."""
    roster = context.roster

    def holders(post: PostRef) -> set[PersonId]:
        return {person.id for person in roster.holders(seat(roster, post))}

    people = {person for post in missing[:CHUNK] for person in holders(post)}
    beside = (post for post in missing[CHUNK:] if holders(post) & people)
    return [*missing[:CHUNK], *beside]
