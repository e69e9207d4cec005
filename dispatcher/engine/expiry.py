"""Looks after the end of warnings: asks the desk, renews, lets them run out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from channels.contract import Channel
from config.texts import TextName
from contacts.model import Person, PersonId, Post, PostRef, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Alert, AlertId, AlertState, Renewal
from dispatcher.core.callout import OPEN_STATES, CloseReason, Means
from dispatcher.core.expiry import (
    Due,
    ExpiryStep,
    lifetime_of,
    next_step,
    own_renewal,
    renewed,
    scheduled,
    started_at,
)
from dispatcher.core.fact import SYSTEM
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.desk import Ending, end
from dispatcher.engine.notices import Letter, notice
from dispatcher.store import alerts, callouts, outbox, strikes
from dispatcher.store.outbox import About

MOST = 20  # warnings a transaction
WRITTEN = frozenset({Channel.SMS, Channel.WECHAT})
HOUR_SECONDS = 3600
RAN_OUT = "到期"

log = structlog.get_logger()


def tend(connection: Connection, context: Context, now: datetime) -> int:
    """Do what is due about the end of warnings; returns for how many."""
    return sum(
        attend(connection, context, alert.id, now)
        for alert in alerts.to_tend(connection, now, MOST)
    )


def attend(
    connection: Connection, context: Context, name: AlertId, now: datetime
) -> int:
    """Do what is due about the end of one warning; 0 when it has ended already."""
    alert = alerts.find(connection, name)
    if alert is None or alert.state is not AlertState.ACTIVE:
        return 0
    desk = Desk(connection, context, now)
    due = next_step(alert, lifetime_of(context.policies, alert.content), now)
    if due.at > now:  # the policy has changed since it was set
        _save(desk, alert)
        return 1
    match due.step:
        case ExpiryStep.ASK:
            _ask(desk, alert, due)
        case ExpiryStep.RENEW:
            _go_on(desk, alert, due)
        case ExpiryStep.EXPIRE:
            _run_out(desk, alert)
        case _:
            assert_never(due.step)
    return 1


def renew(desk: Desk, alert: Alert, renewal: Renewal) -> Alert:
    """Give a warning a later end; the desk is asked again before that."""
    return _save(desk, renewed(alert, renewal))


def _save(desk: Desk, alert: Alert) -> Alert:
    lifetime = lifetime_of(desk.context.policies, alert.content)
    saved = scheduled(alert, lifetime, desk.now)
    alerts.save(desk.connection, saved)
    return saved


def _ask(desk: Desk, alert: Alert, due: Due) -> None:
    asked = _save(desk, replace(alert, asked_at=desk.now))
    count = _silent(desk, alert)
    if alert.expires_at:
        at = _clock(desk, alert.expires_at)
        text = desk.voice(alert.id).to_desk(TextName.EXPIRY_ASK, count, at=at)
    else:
        hours = int((due.at - started_at(alert)).total_seconds()) // HOUR_SECONDS
        text = desk.voice(alert.id).to_desk(TextName.NO_EXPIRY_ASK, count, hours=hours)
    _tell(desk, asked, due, text)


def _go_on(desk: Desk, alert: Alert, due: Due) -> None:
    renewal = own_renewal(alert, due.at, desk.now)
    longer = renew(desk, alert, renewal)
    at = _clock(desk, renewal.until)
    text = desk.voice(alert.id).to_desk(TextName.RENEWED, _silent(desk, alert), at=at)
    _tell(desk, longer, due, text)
    log.info("expiry.alert.renewed", alert=alert.id, until=renewal.until.isoformat())


def _run_out(desk: Desk, alert: Alert) -> None:
    """Close what is left of it; the desk hears who never answered."""
    silent = _silent(desk, alert)
    voice = desk.voice(alert.id)
    officers = _officers(desk, alert) if silent else ()
    ending = Ending(
        state=AlertState.EXPIRED,
        why=CloseReason.EXPIRED,
        by=SYSTEM,
        reason=RAN_OUT,
        notice=voice.expired(),
        told=frozenset(officer.person for officer in officers),
    )
    end(desk, alert, ending)
    why, text = ending.why.value, voice.to_desk(TextName.EXPIRED_DESK, silent)
    letters = [officer.letter(why, text) for officer in officers]
    outbox.put(desk.connection, [notice(desk, alert, letter) for letter in letters])
    log.info("expiry.alert.expired", alert=alert.id, silent=silent)


def _silent(desk: Desk, alert: Alert) -> int:
    """How many grids have not answered."""
    tallies = callouts.tallies_of(desk.connection, alert.id)
    return sum(tally.grid and tally.state in OPEN_STATES for tally in tallies)


def _clock(desk: Desk, moment: datetime) -> str:
    """A time as the desk reads it, with the day where that is another one."""
    zone = ZoneInfo(desk.context.policies.timezone)
    local, today = moment.astimezone(zone), desk.now.astimezone(zone)
    day = "" if local.date() == today.date() else f"{local.month}月{local.day}日"
    return f"{day}{local:%H:%M}"


def _tell(desk: Desk, alert: Alert, due: Due, text: str) -> None:
    """Write to everybody at the desk; it is of use until the next step only."""
    lifetime = lifetime_of(desk.context.policies, alert.content)
    until = next_step(alert, lifetime, desk.now).at
    occasion = f"{due.step} {due.at.isoformat()}"
    outbox.put(
        desk.connection,
        [
            notice(desk, alert, officer.letter(occasion, text), About.INFO, until)
            for officer in _officers(desk, alert)
        ],
    )


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody at the desk, and how he can be written to."""

    person: PersonId
    means: Means

    def letter(self, occasion: str, text: str) -> Letter:
        """Something told to him."""
        means = self.means
        return Letter(occasion, text, self.person, means.address, means.channel)


def _officers(desk: Desk, alert: Alert) -> tuple[Officer, ...]:
    """Who is at the desk and can be written to; a number that several share once."""
    roster = desk.context.roster
    on_duty = [
        (person, ref.post)
        for ref in _desks(roster, alert)
        for person in roster.holders(ref)
    ]
    struck = strikes.of_chains(desk.connection, [alert.chain])
    gone = struck.get(alert.chain, frozenset())
    found: dict[str, Officer] = {}
    for person, post in on_duty:
        for means in desk.context.called(person, post, gone).means:
            if means.channel in WRITTEN:
                found.setdefault(_number(person, means), Officer(person.id, means))
                break
    if not found:
        log.error("expiry.desk.unreachable", alert=alert.id, on_duty=len(on_duty))
    return tuple(found.values())


def _number(person: Person, means: Means) -> str:
    return next(a.value for a in person.addresses if a.id == means.address)


def _desks(roster: Roster, alert: Alert) -> list[PostRef]:
    """The duty posts of its counties; of units dropped since, of any we have."""
    inside = (UnitId(unit) for unit in alert.inside if unit in roster.units)
    above = (roster.above(unit, UnitKind.COUNTY) for unit in inside)
    counties = dict.fromkeys(county for county in above if county)
    every = (unit for unit in roster.units.values() if unit.kind is UnitKind.COUNTY)
    return [PostRef(county.id, Post.COUNTY_DUTY) for county in counties or every]
