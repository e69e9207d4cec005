"""When a warning runs out, and what is done about that before and then. Pure.

Before its end the desk is asked; red that hears nothing renews itself once; whatever is
not renewed ends (rules of calling, section 8). A warning that gives no end is asked
about again and again, and ends only by a human's word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from config.policy import PolicySet
from dispatcher.core.alert import Alert, Content, Level, Renewal
from dispatcher.core.fact import SYSTEM
from dispatcher.core.policy import hazard

ASKED_BEFORE = (timedelta(minutes=30), timedelta(minutes=10))
LEAST_RENEWAL = timedelta(hours=1)
NO_RULE = timedelta(hours=24)  # where neither the hazard nor the default says anything
RENEWALS_MOST = 64  # kept with the alert


class ExpiryStep(StrEnum):
    """What is due with a warning that runs out, or gives no end."""

    ASK = "ask"  # the desk: renew it or lift it
    RENEW = "renew"  # red goes on by itself, once
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Due:
    """A step and its time."""

    at: datetime
    step: ExpiryStep


def lifetime_of(policies: PolicySet, content: Content) -> timedelta:
    """How long a warning without an end goes on before the desk is asked."""
    level = content.level.value
    for kind in (hazard(policies, content.event_code), policies.default_hazard):
        hours = kind.ttl_hours.get(level, kind.ttl_hours.get("default"))
        if hours:
            return timedelta(hours=hours)
    return NO_RULE


def next_step(alert: Alert, lifetime: timedelta, now: datetime) -> Due:
    """What comes next; what was missed while we were down is done once, and late."""
    ends_at = alert.expires_at
    if ends_at is None:
        return Due(_next_question(alert, lifetime), ExpiryStep.ASK)
    asks = [ends_at - before for before in ASKED_BEFORE]
    heard = heard_at(alert)
    open_asks = [at for at in asks if heard is None or at > heard]
    if open_asks and now < ends_at:
        return Due(open_asks[0], ExpiryStep.ASK)
    return Due(ends_at, ExpiryStep.RENEW if renews_itself(alert) else ExpiryStep.EXPIRE)


def heard_at(alert: Alert) -> datetime | None:
    """When the desk was asked last, or the warning renewed, whichever is later."""
    moments = [renewal.at for renewal in alert.renewals[-1:]]
    return max((*moments, *filter(None, [alert.asked_at])), default=None)


def renews_itself(alert: Alert) -> bool:
    """Whether it goes on unasked: red, unless the last renewal was its own already."""
    own = bool(alert.renewals) and alert.renewals[-1].by == SYSTEM
    return alert.policy_level is Level.RED and not own


def started_at(alert: Alert) -> datetime:
    """From when on the lifetime of a warning without an end is counted."""
    effective = alert.content.effective
    return max(alert.received_at, effective) if effective else alert.received_at


def _next_question(alert: Alert, lifetime: timedelta) -> datetime:
    """The first whole lifetime after the desk was last asked."""
    start = started_at(alert)
    lived = max((heard_at(alert) or start) - start, timedelta())
    return start + (lived // lifetime + 1) * lifetime


def renewed(alert: Alert, renewal: Renewal) -> Alert:
    """The warning with a later end."""
    kept = alert.renewals[-(RENEWALS_MOST - 1) :]
    return replace(alert, renewals=(*kept, renewal))


def own_renewal(alert: Alert, ends_at: datetime, now: datetime) -> Renewal:
    """Its own length once more; at least an hour, counted from now if we were down."""
    until = max(ends_at + max(length(alert), LEAST_RENEWAL), now + LEAST_RENEWAL)
    return Renewal(at=now, until=until, by=SYSTEM)


def length(alert: Alert) -> timedelta:
    """From the start of the danger to its end as issued, or as renewed first."""
    content = alert.content
    if content.expires:
        return content.expires - (content.effective or content.sent)
    first = alert.renewals[0]
    return first.until - first.at


def scheduled(alert: Alert, lifetime: timedelta, now: datetime) -> Alert:
    """The warning, due for its next step; first of all it has to be launched."""
    if alert.launched_at is None:
        return alert
    return replace(alert, due_at=next_step(alert, lifetime, now).at)
