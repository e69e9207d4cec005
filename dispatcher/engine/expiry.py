"""Looks after the end of warnings: asks the desk, renews, lets them run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from config.texts import TextName
from dispatcher.core.alert import Alert, AlertId, AlertState, Renewal
from dispatcher.core.callout import OPEN_STATES, CloseReason
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
from dispatcher.engine.notices import WRITTEN, notice
from dispatcher.engine.officers import officers_of
from dispatcher.store import alerts, callouts, outbox
from dispatcher.store.outbox import About

MOST = 20  # warnings a transaction
HOUR_SECONDS = 3600
RAN_OUT = "到期"

log = structlog.get_logger()


def tend(connection: Connection, context: Context, now: datetime) -> int:
    """Do what is due about the end of warnings; returns for how many."""
    return sum(
        attend(connection, context, name, now)
        for name in alerts.to_tend(connection, now, MOST)
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
    alerts.save(desk.connection, saved, desk.now)
    return saved


def _ask(desk: Desk, alert: Alert, due: Due) -> None:
    asked = _save(desk, replace(alert, asked_at=desk.now))
    count = silent_grids(desk, alert)
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
    text = desk.voice(alert.id).to_desk(
        TextName.RENEWED, silent_grids(desk, alert), at=at
    )
    _tell(desk, longer, due, text)
    log.info("expiry.alert.renewed", alert=alert.id, until=renewal.until.isoformat())


def _run_out(desk: Desk, alert: Alert) -> None:
    """Close what is left of it; the desk hears who never answered."""
    silent = silent_grids(desk, alert)
    voice = desk.voice(alert.id)
    officers = officers_of(desk, alert, WRITTEN) if silent else ()
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


def silent_grids(desk: Desk, alert: Alert) -> int:
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
            for officer in officers_of(desk, alert, WRITTEN)
        ],
    )
