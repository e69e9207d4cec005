"""Calls accepted warnings out, the most urgent posts first, in bounded chunks.

A warning that follows others changes what they opened; see
:mod:`dispatcher.engine.changing`. A first one finds nothing there, and opens all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from contacts.model import PersonId
from dispatcher.core.alert import Alert
from dispatcher.core.change import Change, Withdraws
from dispatcher.core.expiry import lifetime_of, scheduled
from dispatcher.core.plan import seat
from dispatcher.engine.broadcasting import announce
from dispatcher.engine.changing import Cause, carry_out, follow, outstanding
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.desk import tell_left
from dispatcher.engine.expiry import attend
from dispatcher.engine.roles import with_all_roles
from dispatcher.store import alerts

CHUNK = 50
ALERTS_MOST = 10


def launch_due(connection: Connection, context: Context, now: datetime) -> int:
    """Do the next chunk of every warning that waits; returns how much was done."""
    return sum(
        _launch(Desk(connection, context, now), alert)
        for alert in alerts.to_launch(connection, now, ALERTS_MOST)
    )


def _launch(desk: Desk, alert: Alert) -> int:
    if alert.expires_at and alert.expires_at <= desk.now:
        return attend(desk.connection, desk.context, alert.id, desk.now)
    cause = Cause(by=alert.received_by, may_lower=not alert.merged)
    work = outstanding(desk, alert.chain, cause)
    holders = partial(_holders, desk)
    chunk = with_all_roles(work, CHUNK, holders)
    carry_out(desk, alert.chain, chunk, cause)
    ended = [one.callout for one in chunk if isinstance(one, Withdraws)]
    tell_left(desk, alert, ended)
    if len(chunk) == len(work):
        _launched(desk, alert)
    return max(len(chunk), 1)


def _launched(desk: Desk, alert: Alert) -> None:
    follow(desk, alert.chain)
    lifetime = lifetime_of(desk.context.policies, alert.content)
    done = scheduled(replace(alert, launched_at=desk.now), lifetime, desk.now)
    alerts.save(desk.connection, done, desk.now)
    announce(desk, done)


def _holders(desk: Desk, change: Change) -> set[PersonId]:
    roster, post = desk.context.roster, change.post
    place = seat(roster, post) if post.unit in roster.units else post
    return {person.id for person in roster.holders(place, desk.now)}
