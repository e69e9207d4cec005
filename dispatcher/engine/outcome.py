"""What the sender learned about messages, written down and told to their callouts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy import Connection

from channels.contract import (
    Accepted,
    Channel,
    Failed,
    FailureKind,
    Outcome,
    Rank,
    Unknown,
)
from dispatcher.core.callout import AttemptId, CalloutId, Progress
from dispatcher.core.event import Event, Reported
from dispatcher.engine.context import Context
from dispatcher.engine.step import Events, step
from dispatcher.store import outbox, traffic, whereabouts
from dispatcher.store.outbox import About, MessageState, Sending
from dispatcher.store.whereabouts import Known
from dispatcher.store.writer import parted

ASK_AFTER = timedelta(seconds=2)  # a callback may settle it before we have to ask
SILENT_AFTER = timedelta(seconds=300)  # accepted, and no receipt: then it is asked for
CALL_SILENT_AFTER = timedelta(seconds=90)  # a call is over, or talks, by then
BACK_OFF = timedelta(seconds=5)
BACK_OFF_MOST = timedelta(seconds=300)
DOUBLINGS_MOST = 10
UNTIED = AttemptId("")  # a report before it is tied to the attempts of its message
OF_THE_ADDRESS = frozenset({FailureKind.PERMANENT_ADDRESS, FailureKind.UNREACHED})
SLOW_KINDS = frozenset({FailureKind.CONFIG, FailureKind.PERMANENT_CONTENT})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message and what its provider said.

    :ivar receipts: the route tells later what became of what it accepted
    :ivar again: it is to be sent once more though it may have been sent already
    """

    message: Sending
    route: str
    outcome: Outcome | None
    receipts: bool = True
    again: bool = False


def record(
    connection: Connection, context: Context, results: Sequence[Sent], now: datetime
) -> int:
    """Write down outcomes, and let the callouts hear; tells of how many they do."""
    if not results:
        return 0
    known = whereabouts.known(connection, [result.message.id for result in results])
    ours = [one for one in results if _holds(one.message, known[one.message.id])]
    settled = [(result, _settle(context, result, known, now)) for result in ours]
    outbox.set_state(connection, [row for _, row in settled])
    traffic.add(connection, Counter(filter(None, map(_counted, results))), now)
    reports = {
        result.message.id: report
        for result, _ in settled
        if (report := _report(result))
    }
    tell(connection, context, reports, now)
    return len(reports)


def _holds(message: Sending, now: Known) -> bool:
    """Whether its outcome is still asked for: nobody has taken it over meanwhile."""
    if (message.holder, message.tries) == (now.holder, now.tries):
        return True
    log.warning("sender.result.overtaken", message=message.id, tries=message.tries)
    return False


def _counted(result: Sent) -> tuple[str, str] | None:
    """What a route has done with a message."""
    match result.outcome:
        case Accepted():
            return result.route, traffic.ACCEPTED
        case Failed(kind=kind):
            return result.route, traffic.failed(kind)
        case Unknown():
            return result.route, traffic.failed(FailureKind.TRANSIENT)
        case None:
            return None


def tell(
    connection: Connection,
    context: Context,
    reports: Mapping[str, Reported],
    now: datetime,
) -> None:
    """Let every attempt that these messages carry hear what became of it."""
    events: dict[CalloutId, list[Event]] = defaultdict(list)
    for message, carried in outbox.carries(connection, reports).items():
        told = reports[message]
        for attempt, callout in carried:
            events[callout].append(
                Reported(
                    attempt=attempt,
                    progress=told.progress,
                    failure=told.failure,
                    code=told.code,
                )
            )
    _heard(connection, context, events, now)


def _heard(
    connection: Connection, context: Context, events: Events, now: datetime
) -> None:
    """Let callouts hear; one that can't be handled must not hold the others up.

    Its ladder goes by time, and its messages stand where they came to.
    """

    def told(connection: Connection, names: Sequence[CalloutId]) -> None:
        step(connection, context, {name: events[name] for name in names}, now)

    for names, outcome in parted(connection, [*events], told):
        if outcome:
            log.error("outcome.not_told", callout=names[0], error=repr(outcome))


def _report(result: Sent) -> Reported | None:
    """The one result an attempt has: where receipts come, they bring it.

    A call tells besides when it is placed: tries that merged into it count from there.
    """
    call = result.message.channel is Channel.VOICE
    match result.outcome:
        case Accepted() if call:
            return reported(Progress.ACCEPTED)
        case Accepted(rank=rank) if not result.receipts or rank >= Rank.FINAL:
            delivered = rank >= Rank.FINAL
            return reported(Progress.DELIVERED if delivered else Progress.ACCEPTED)
        case Unknown(code=code):
            return reported(Progress.UNKNOWN, None, code)
        case Failed(kind=kind, code=code) if kind in OF_THE_ADDRESS:
            return reported(Progress.FAILED, kind, code)
        case _:
            return None


def reported(
    progress: Progress, failure: FailureKind | None = None, code: str | None = None
) -> Reported:
    """A report about whatever attempt it will be tied to."""
    return Reported(attempt=UNTIED, progress=progress, failure=failure, code=code)


def _settle(
    context: Context, result: Sent, known: Mapping[str, Known], now: datetime
) -> dict[str, object]:
    message, outcome = result.message, result.outcome
    before = known[message.id]
    row: dict[str, object] = {
        "id": message.id,
        "state": before.state.value,
        "route": result.route,
        "reason": None,
        "due_at": None,
        "holder": None,
        "lease_until": None,
        "provider_id": message.provider_id,
        "rank": before.rank,
        "accepted_at": before.accepted_at,
        "delivered_at": before.delivered_at,
        "failure": None,
        "failure_code": None,
        "possible_duplicate": before.possible_duplicate or result.again,
    }
    match outcome:
        case Accepted(provider_id=provider_id, rank=rank):
            row |= {"provider_id": provider_id, "accepted_at": now}
            row |= _accepted(before, rank, now)
        case Unknown(code=code):
            row |= {"failure_code": code}
            row |= _unknown(before, now)
        case Failed() if before.rank < Rank.FINAL:
            row |= {"failure": outcome.kind.value, "failure_code": outcome.code}
            row |= _failed(context, message, outcome, now)
        case None if before.state in outbox.UNSETTLED:
            row |= {"state": MessageState.WAITING.value, "due_at": now}
        case Failed() | None:
            pass  # a receipt has told better meanwhile
        case _:
            assert_never(outcome)
    return row


def _accepted(before: Known, rank: Rank, now: datetime) -> dict[str, object]:
    """A receipt may have come before the answer to our own request."""
    if before.rank >= Rank.FINAL:
        return {}
    if before.channel is Channel.VOICE:
        # A look-up may have found it over already: its end is asked for and read.
        over = rank >= Rank.FINAL
        return {
            "state": MessageState.ACCEPTED.value,
            "rank": max(before.rank, int(min(rank, Rank.SENT))),
            "due_at": now if over else now + CALL_SILENT_AFTER,
        }
    if rank >= Rank.FINAL:  # a look-up found it delivered already
        delivered = MessageState.DELIVERED.value
        return {"state": delivered, "rank": int(rank), "delivered_at": now}
    return {
        "state": MessageState.ACCEPTED.value,
        "rank": max(before.rank, int(rank)),
        "due_at": now + SILENT_AFTER,
    }


def _unknown(before: Known, now: datetime) -> dict[str, object]:
    """What a receipt has told already is no doubt any more."""
    if before.state in outbox.UNSETTLED:
        return {"state": MessageState.UNKNOWN.value, "due_at": now + ASK_AFTER}
    return {"due_at": None if before.rank >= Rank.FINAL else now + SILENT_AFTER}


def _failed(
    context: Context, message: Sending, failed: Failed, now: datetime
) -> dict[str, object]:
    """Our provider's failure moves to the next route, or waits; never the ladder.

    What tries a route has found out what it wanted to know.
    """
    if failed.kind in OF_THE_ADDRESS or message.about is About.TRIAL:
        return {"state": MessageState.FAILED.value, "rank": int(Rank.FINAL)}
    untried = message.tries % len(context.routes[message.channel]) != 0
    wait = timedelta() if untried else back_off(failed, message.tries)
    return {
        "state": MessageState.WAITING.value,
        "due_at": now + wait,
        "reason": f"{failed.kind}:{failed.code}",
    }


def back_off(failed: Failed, tries: int) -> timedelta:
    """As long as the provider asks; else longer each time, up to five minutes."""
    if failed.retry_after is not None:
        return timedelta(seconds=failed.retry_after)
    if failed.kind in SLOW_KINDS:
        return BACK_OFF_MOST
    doubled: int = 2 ** min(tries - 1, DOUBLINGS_MOST)
    return min(BACK_OFF * doubled, BACK_OFF_MOST)


def route_of(context: Context, message: Sending) -> str:
    """The route of the next try: in order of preference, then round again.

    What tries a route has that one alone, as long as it is there.
    """
    routes = context.routes[message.channel]
    if message.about is About.TRIAL and message.route in routes:
        return message.route
    return routes[max(message.tries - 1, 0) % len(routes)]
