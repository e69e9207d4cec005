"""Takes a parsed warning in, whoever brings it: what it covers, and once only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from cryptography.x509 import Certificate
from sqlalchemy import Connection

from contacts.area import Resolution
from dispatcher.core.alert import Alert, AlertState, Content, MsgType
from dispatcher.core.expiry import lifetime_of
from dispatcher.engine import accept, tying
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.keeper import Keeper
from dispatcher.intake.complete import complete
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import alerts
from dispatcher.store.alerts import Stored, Submission
from dispatcher.store.database import Database

# To count a hundred thousand units takes most of a second: no request waits for that
# but other warnings, and no warning for what others have threads for.
COUNTING = ThreadPoolExecutor(1, "counting")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who brings a warning, and how.

    :ivar by: ``key:NAME`` or ``feed:NAME``
    :ivar may_cancel: he may act on alerts of other senders
    :ivar strict: JSON: what is left out has been refused, and so is an area whose name
        and code disagree; other dialects are completed, and such an alert is parked
    :ivar replays: he may bring what is long past; without an end it is over then
    :ivar hold: how long it waits for him to take it back
    """

    by: str
    may_cancel: bool = False
    idempotency_key: str | None = None
    strict: bool = False
    replays: bool = False
    hold: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An alert ready for the store, and what its area has against it."""

    context: Context
    request: accept.Request
    offered: Submission
    misplaced: tuple[Problem, ...]


async def take_in(
    database: Database, keeper: Keeper, content: Content, bearer: Bearer, now: datetime
) -> Stored | tuple[Problem, ...]:
    """Take an alert in; it is on disk when this returns.

    Gives what is wrong with it instead; then nothing is kept.
    """
    context = await keeper.refresh()
    full, filled = (content, ()) if bearer.strict else complete(content)
    request = accept.Request(
        content=content,
        said=await _inherited(database, full),
        by=bearer.by,
        idempotency_key=bearer.idempotency_key,
        may_cancel=bearer.may_cancel,
        at=now,
        filled=filled,
    )
    loop = asyncio.get_running_loop()
    offer = await loop.run_in_executor(COUNTING, _offered, context, request, bearer)
    outcome = await database.write(lambda c: _take(c, offer))
    if isinstance(outcome, Stored) and outcome.fresh:
        _log(outcome.alert)
    return outcome


def _offered(context: Context, request: accept.Request, bearer: Bearer) -> Offer:
    where = accept.located(context, request.said)
    offered = accept.submission(context, request, where)
    if bearer.replays:
        offered = replace(offered, alert=_unless_past(context, offered.alert))
    strict = bearer.strict
    return Offer(
        context=context,
        request=request,
        offered=replace(offered, alert=_held(offered.alert, bearer.hold)),
        misplaced=tuple(_misplaced(request.said, where.whole)) if strict else (),
    )


async def _inherited(database: Database, content: Content) -> Content:
    """What holds for an alert; only an Update inherits, and has to look."""
    if content.msg_type is not MsgType.UPDATE:
        return content
    return await database.read(lambda c: tying.inherited(c, content))


def check_date(certificate: Certificate, now: datetime) -> None:
    """Tell the operator whose certificate he has to replace; the alert is taken."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= now <= ends:
        log.warning(
            "intake.certificate.out_of_date",
            subject=certificate.subject.rfc4514_string(),
            begins=begins.isoformat(),
            ends=ends.isoformat(),
        )


def differs(first: Alert) -> Problem:
    """The problem that an alert has whose identity another content came under first."""
    return problem(
        (),
        "different_content",
        at=first.received_at.isoformat(),
        first=first.id,
        sender=first.content.sender,
        identifier=first.content.identifier,
    )


def _log(alert: Alert) -> None:
    log.info(
        "alert.accepted",
        alert=alert.id,
        sender=alert.content.sender,
        colour=alert.content.level.value,
        state=alert.state.value,
        people=alert.people,
    )


def _held(alert: Alert, hold: timedelta) -> Alert:
    """An alert that would be launched now, launched later."""
    return replace(alert, due_at=alert.due_at + hold) if alert.due_at else alert


def _unless_past(context: Context, alert: Alert) -> Alert:
    """An alert that would call, unless its kind would have been over by now."""
    content = alert.content
    began = content.effective or content.sent
    over = began + lifetime_of(context.policies, content) <= alert.received_at
    if alert.state is not AlertState.ACTIVE or content.expires or not over:
        return alert
    return replace(alert, state=AlertState.EXPIRED, due_at=None)


def _misplaced(content: Content, where: Resolution) -> Iterator[Problem]:
    unknown, mismatched = set(where.unknown_units), set(where.mismatched)
    for place, area in enumerate(content.areas):
        if mismatched.intersection(accept.queries([area])):
            yield problem(("areas", place), "name_code_mismatch", name=area.name)
        for index, unit in enumerate(area.units):
            if unit in unknown:
                loc = ("areas", place, "units", index)
                yield problem(loc, "unknown_unit", unit=unit)


def _take(connection: Connection, offer: Offer) -> Stored | tuple[Problem, ...]:
    """All or nothing: what is refused leaves no trace."""
    content = offer.request.content
    problems = (*offer.misplaced, *_mixed(connection, content))
    if problems:
        # The same alert again stays the same, whatever became of the roster since.
        return alerts.earlier(connection, offer.offered) or problems
    desk = Desk(connection, offer.context, offer.request.at)
    return tying.take(desk, offer.request, offer.offered)


def _mixed(connection: Connection, content: Content) -> Iterator[Problem]:
    for place, reference in enumerate(content.references):
        found = alerts.referred(connection, reference.sender, reference.identifier)
        if found and found.content.drill != content.drill:
            yield problem(("references", place), "drill_live_mixed")
