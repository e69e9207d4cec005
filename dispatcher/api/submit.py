"""An alert that a key brings: whether it may, and what is refused."""

from __future__ import annotations

from dispatcher.api.auth import Caller, Scope, lacks, may, speaks_for
from dispatcher.api.front import Front
from dispatcher.api.problem import Refusal, RefusedError, refused
from dispatcher.core.alert import Alert, Content, MsgType
from dispatcher.engine.taking import Bearer, differs, take_in
from dispatcher.intake.dialect import Warned
from dispatcher.intake.problem import problem
from dispatcher.store.alerts import Stored


def check_caller(caller: Caller, content: Content) -> None:
    """Refuse a key that may not send this.

    :raises RefusedError: with 403
    """
    drill = content.drill and may(caller, Scope.ALERTS_DRILL)
    if not drill and not may(caller, Scope.ALERTS_WRITE):
        raise lacks(Scope.ALERTS_WRITE)
    if not speaks_for(caller, content.sender):
        what = problem(("sender",), "sender_not_allowed", sender=content.sender)
        raise refused(403, what)


def _check_hold(caller: Caller, content: Content) -> None:
    """Only who can take it back may have it wait, and only where that changes nothing.

    An Update or a Cancel acts on what it refers to in the commit that takes it in.
    """
    if not may(caller, Scope.ALERTS_CANCEL):
        raise lacks(Scope.ALERTS_CANCEL)
    if content.msg_type is not MsgType.ALERT:
        raise refused(422, problem(("hold_seconds",), "hold_only_first"))


async def submit(
    front: Front, caller: Caller, warned: Warned, idempotency_key: str | None = None
) -> Stored:
    """Take an alert in; what was there before may be a different one.

    :raises RefusedError: with 403 or 422; then nothing is kept
    """
    content = warned.content
    check_caller(caller, content)
    if warned.hold:
        _check_hold(caller, content)
    bearer = Bearer(
        by=caller.by,
        may_cancel=may(caller, Scope.ALERTS_CANCEL),
        idempotency_key=idempotency_key,
        strict=warned.strict,
        hold=warned.hold,
    )
    runtime = front.runtime
    outcome = await take_in(
        runtime.database, runtime.keeper, content, bearer, front.now()
    )
    if not isinstance(outcome, Stored):
        raise refused(422, *outcome)
    if outcome.fresh:
        front.committed()
    return outcome


def conflict(first: Alert) -> RefusedError:
    """The refusal of another content under the identity, or the key, of an alert."""
    told = differs(first)
    shown = {
        "id": first.id,
        "sender": first.content.sender,
        "identifier": first.content.identifier,
        "received_at": first.received_at.isoformat(),
    }
    return RefusedError(Refusal(status=409, errors=(told,), members={"first": shown}))
