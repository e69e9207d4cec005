"""Calls accepted warnings out, the most urgent posts first, in bounded chunks.

A warning that follows others changes what they opened; see
:mod:`dispatcher.engine.changing`. A first one finds nothing there, and opens all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from contacts.model import PersonId, PostRef
from dispatcher.core.alert import Alert, AlertId
from dispatcher.core.change import Change, Opens, Withdraws
from dispatcher.core.expiry import lifetime_of, scheduled
from dispatcher.core.plan import seat
from dispatcher.engine.broadcasting import announce
from dispatcher.engine.changing import Cause, carry_out, follow, outstanding
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.desk import tell_left
from dispatcher.engine.expiry import attend
from dispatcher.engine.roles import with_all_roles
from dispatcher.store import alerts, faces

CHUNK = 50
ALERTS_MOST = 10
PLANNED_FOR = timedelta(seconds=10)  # then it is asked again who holds a post


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is left of a launch, and for how long that holds.

    :ivar entry: the newest entry of the journals when it was made
    """

    rest: list[Change]
    holders: dict[PostRef, set[PersonId]]
    context: Context
    entry: int
    until: datetime

    def holds(self, desk: Desk) -> bool:
        """Whether nothing has happened since that could change it."""
        same = self.context is desk.context and desk.now < self.until
        return same and self.entry == faces.newest_entry(desk.connection)


class Plans:
    """Large launches, planned once for many chunks: planning looks at all of the chain.

    Only a hint. What it forgets, because a transaction was rolled back, is found again:
    no launch is done before a plan made anew fits into one chunk.
    """

    def __init__(self) -> None:
        self._kept: dict[AlertId, Plan] = {}

    def take(self, desk: Desk, alert: AlertId) -> Plan | None:
        """What is left of a launch, once."""
        kept = self._kept.pop(alert, None)
        return kept if kept and kept.holds(desk) else None

    def keep(self, alert: AlertId, plan: Plan) -> None:
        """Keep what only opens: what changes callouts has to look at them again."""
        if plan.rest and all(_opens_anew(one) for one in plan.rest):
            self._kept[alert] = plan


def _opens_anew(change: Change) -> bool:
    return isinstance(change, Opens) and change.supersedes is None


def launch_due(
    connection: Connection,
    context: Context,
    now: datetime,
    plans: Plans | None = None,
) -> int:
    """Do the next chunk of every warning that waits; returns how much was done."""
    kept = plans or Plans()
    return sum(
        _launch(Desk(connection, context, now), alert, kept)
        for alert in alerts.to_launch(connection, now, ALERTS_MOST)
    )


def _launch(desk: Desk, alert: Alert, plans: Plans) -> int:
    if alert.expires_at and alert.expires_at <= desk.now:
        return attend(desk.connection, desk.context, alert.id, desk.now)
    cause = Cause(by=alert.received_by, may_lower=not alert.merged)
    kept = plans.take(desk, alert.id)
    plan = kept or _planned(desk, alert, cause)
    chunk = with_all_roles(plan.rest, CHUNK, partial(_holders, desk, plan.holders))
    carry_out(desk, alert.chain, chunk, cause)
    ended = [one.callout for one in chunk if isinstance(one, Withdraws)]
    tell_left(desk, alert, ended)
    done = set(map(id, chunk))
    rest = [one for one in plan.rest if id(one) not in done]
    plans.keep(alert.id, replace(plan, rest=rest))
    if not rest and not kept:
        _launched(desk, alert)
    return max(len(chunk), 1)


def _planned(desk: Desk, alert: Alert, cause: Cause) -> Plan:
    return Plan(
        rest=outstanding(desk, alert.chain, cause),
        holders={},
        context=desk.context,
        entry=faces.newest_entry(desk.connection),
        until=desk.now + PLANNED_FOR,
    )


def _launched(desk: Desk, alert: Alert) -> None:
    follow(desk, alert.chain)
    lifetime = lifetime_of(desk.context.policies, alert.content)
    done = scheduled(replace(alert, launched_at=desk.now), lifetime, desk.now)
    alerts.save(desk.connection, done, desk.now)
    announce(desk, done)


def _holders(
    desk: Desk, known: dict[PostRef, set[PersonId]], change: Change
) -> set[PersonId]:
    post = change.post
    if post not in known:
        roster = desk.context.roster
        place = seat(roster, post) if post.unit in roster.units else post
        known[post] = {person.id for person in roster.holders(place, desk.now)}
    return known[post]
