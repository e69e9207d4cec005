"""An alert from its parsed body to the disk: who may, where it is, and once only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from contacts.area import Resolution
from dispatcher.api.auth import Scope, lacks, may, speaks_for
from dispatcher.api.front import Front
from dispatcher.api.problem import Refusal, RefusedError, refused
from dispatcher.core.alert import Alert, Content
from dispatcher.engine import accept, tying
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.intake.complete import complete
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import alerts
from dispatcher.store.alerts import Stored, Submission
from dispatcher.store.keys import ApiKey

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An alert ready for the store, and what its area has against it."""

    context: Context
    request: accept.Request
    offered: Submission
    misplaced: tuple[Problem, ...]


def check_key(key: ApiKey, content: Content) -> None:
    """Refuse a key that may not send this.

    :raises RefusedError: with 403
    """
    drill = content.drill and may(key, Scope.ALERTS_DRILL)
    if not drill and not may(key, Scope.ALERTS_WRITE):
        raise lacks(Scope.ALERTS_WRITE)
    if not speaks_for(key, content.sender):
        raise refused(
            403,
            Problem(
                loc=("sender",),
                code="sender_not_allowed",
                zh=f"密钥不能以 {content.sender} 的名义发布",
                en=f"the key may not send for {content.sender}",
            ),
        )


async def submit(
    front: Front,
    key: ApiKey,
    content: Content,
    idempotency_key: str | None,
    *,
    strict: bool = True,
) -> Stored:
    """Take an alert in; it is on disk when this returns.

    :param strict: JSON: what is left out has been refused, and so is an area whose name
        and code disagree; other dialects are completed, and such an alert is parked
    :raises RefusedError: with 403, 409 or 422; then nothing is kept
    """
    check_key(key, content)
    context = await front.runtime.keeper.refresh()
    full, filled = (content, ()) if strict else complete(content)
    request = accept.Request(
        content=content,
        said=await front.runtime.database.read(lambda c: tying.inherited(c, full)),
        api_key=key.name,
        idempotency_key=idempotency_key,
        may_cancel=may(key, Scope.ALERTS_CANCEL),
        at=front.now(),
        filled=filled,
    )
    where = accept.located(context, request.said)
    offer = Offer(
        context=context,
        request=request,
        offered=accept.submission(context, request, where),
        misplaced=tuple(_misplaced(request.said, where.whole)) if strict else (),
    )
    outcome = await front.runtime.database.write(lambda c: _take(c, offer))
    if not isinstance(outcome, Stored):
        raise refused(422, *outcome)
    if not outcome.same:
        raise RefusedError(_conflict(outcome.alert))
    if outcome.fresh:
        front.committed()
        _log(outcome.alert)
    return outcome


def _log(alert: Alert) -> None:
    log.info(
        "alert.accepted",
        alert=alert.id,
        sender=alert.content.sender,
        level=alert.content.level.value,
        state=alert.state.value,
        people=alert.people,
    )


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


def _conflict(first: Alert) -> Refusal:
    content = first.content
    named = f"{content.sender}, {content.identifier}"
    at = first.received_at.isoformat()
    return Refusal(
        status=409,
        errors=(
            Problem(
                loc=(),
                code="different_content",
                zh=f"{at} 已收到内容不同的预警 {first.id} ({named})",
                en=f"alert {first.id} ({named}) came with other content at {at}",
            ),
        ),
        members={
            "first": {
                "id": first.id,
                "sender": content.sender,
                "identifier": content.identifier,
                "received_at": at,
            }
        },
    )
