"""What an officer's word moves: who is being called is tried again, or the next rung.

Silence keeps exact times, so neither word moves a planned one. A retry (补发) comes
beside the plan; a rung that is called early keeps the time of its marks, its task and
its desk flag, which come forward with a struck rung only (rules of calling, section 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from channels.contract import Channel
from dispatcher.core import fact as facts
from dispatcher.core.callout import Callout, Purpose, Rung, State, Via
from dispatcher.core.climb import call_up, join, present
from dispatcher.core.draft import Call, Draft
from dispatcher.core.due import after, repeat_at
from dispatcher.core.event import Escalated, Retried

RETRY_SECONDS = 60  # between two retries of one callout
ESCALATE_SECONDS = 10  # a button that was pressed twice does not climb two rungs


class Bar(StrEnum):
    """Why an officer's word can't be followed."""

    CLOSED = "closed"
    ANSWERED = "answered"  # nobody is called any more
    NOTHING_ASKED = "nothing_asked"  # told for information, once
    NOT_BEGUN = "not_begun"  # nobody has been called yet
    TOO_SOON = "too_soon"
    TAKEN = "taken"  # who took it over still has time for a result
    TOP = "top"  # the last rung is being called already


def bar_to_retry(callout: Callout, now: datetime) -> Bar | None:
    """Why its people can't be tried once more now; None: they can."""
    if over := _over(callout):
        return over
    if not any(_standing(callout)):
        return Bar.NOT_BEGUN
    return Bar.TOO_SOON if _just(callout.retried_at, now, RETRY_SECONDS) else None


def bar_to_escalate(callout: Callout, now: datetime) -> Bar | None:
    """Why the next rung can't be called now; None: it can."""
    if over := _over(callout):
        return over
    following = next_rung(callout)
    if following is None:
        return Bar.TOP
    if callout.taking and not callout.ladder.rungs[following].own:
        return Bar.TAKEN
    return Bar.TOO_SOON if _just(callout.escalated_at, now, ESCALATE_SECONDS) else None


def _over(callout: Callout) -> Bar | None:
    match callout.state:
        case State.CLOSED:
            return Bar.CLOSED
        case State.ANSWERED | State.REPORTED:
            return Bar.ANSWERED
        case State.NOTIFIED:
            return Bar.NOTHING_ASKED
        case _:
            return None


def _just(last: datetime | None, now: datetime, seconds: int) -> bool:
    return last is not None and now < after(last, seconds)


def next_rung(callout: Callout) -> int | None:
    """The first rung with posts above the highest that has begun."""
    begun = [place for place, run in enumerate(callout.runs, 1) if run.started_at]
    above = range(max(begun, default=0), len(callout.runs))
    return next((i for i in above if callout.ladder.rungs[i].posts), None)


def retry(draft: Draft, event: Retried) -> None:
    """Try who is being called once more, beside the plan."""
    callout = draft.callout
    if bar_to_retry(callout, draft.now):
        return
    number = callout.retries + 1
    draft.add(
        facts.Retried(
            at=draft.now,
            by=event.by,
            number=number,
            channel=event.channel,
            note=event.note,
        )
    )
    for index, rung in _standing(callout):
        _retry_rung(draft, index, rung, event)


def escalate(draft: Draft, event: Escalated) -> None:
    """Call the next rung now; those above it keep their times."""
    following = next_rung(draft.callout)
    if following is None or bar_to_escalate(draft.callout, draft.now):
        return
    draft.add(
        facts.Escalated(at=draft.now, by=event.by, rung=following, reason=event.reason)
    )


def _standing(callout: Callout) -> Iterator[tuple[int, Rung]]:
    """Rungs whose people are called: its own, and the highest above that asks.

    While it is taken over, nobody above is called.
    """
    begun = [
        (index, callout.ladder.rungs[index])
        for index, run in enumerate(callout.runs)
        if run.started_at
    ]
    yield from (one for one in begun if one[1].own)
    above = [one for one in begun if not one[1].own and one[1].via is not Via.INFO]
    if above and not callout.taking:
        yield above[-1]


def _retry_rung(draft: Draft, index: int, rung: Rung, event: Retried) -> None:
    people = present(draft, index, event.duty)
    join(draft, index, people)
    following = repeat_at(draft.callout)
    call = Call(
        index,
        f"o{draft.callout.retries}",
        rung.via,
        Purpose.RETRY,
        not_after=following if following > draft.now else None,
    )
    for called in people:
        for channel in (event.channel,) if event.channel else _usual(draft, rung):
            call_up(draft, called, channel, call, event.duty)


def _usual(draft: Draft, rung: Rung) -> tuple[Channel, ...]:
    """Every channel of its tries; where the plan has none any more, of the repeats."""
    tried = dict.fromkeys(channel for one in rung.tries for channel in one.do)
    return tuple(tried) or draft.callout.ladder.repeat.do
