"""What the board shows of a callout: one word, and the little that stands beside it.

The words are the board's own; :class:`~dispatcher.core.callout.State` tells who has the
callout, :class:`Display` what somebody who looks at all of them should do about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from contacts.model import PersonId
from dispatcher.core.answer import Evidence
from dispatcher.core.callout import (
    OPEN_STATES,
    Attempt,
    Callout,
    Mark,
    Progress,
    Rung,
    RungRun,
    State,
)
from dispatcher.core.due import Due, What, after, next_due
from dispatcher.core.evolve import course
from dispatcher.core.fact import Fact


class Display(StrEnum):
    """How the board shows a callout."""

    PENDING = "pending"  # nothing has left the house for its own people yet
    SENT = "sent"  # something has left for them
    DELIVERED = "delivered"  # something has arrived
    OVERDUE = "overdue"  # past its limit, or rung in vain: somebody must look
    ESCALATED = "escalated"  # those above its own people are called, or the desk has it
    FAILED = "failed"  # its own people can't be reached by any means we know
    ACKED = "acked"  # one of its own people has answered
    TAKEN = "taken"  # somebody above, or the desk, owes a result
    CLOSED = "closed"  # ended without an own answer


Moment = tuple[datetime, Display]

# What an unanswered callout is until its limit, and past it.
WAITS = frozenset(
    {
        Display.PENDING,
        Display.SENT,
        Display.DELIVERED,
        Display.ESCALATED,
        Display.OVERDUE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What the board shows of a callout beside its state, marks and owner.

    :ivar word: how it is shown as long as its limit is not past, see :func:`shown`
    :ivar person: the first to be called on the highest rung reached
    :ivar rung: the highest rung reached, from 0; None before the first
    :ivar deadline_at: its limit; None: none, or none any more
    """

    word: Display
    person: PersonId | None
    rung: int | None
    next_at: datetime | None
    next_what: What | None
    deadline_at: datetime | None
    answered_at: datetime | None
    evidence: Evidence | None


def face(callout: Callout) -> Face:
    """What the board shows of a callout."""
    return face_before(next_due(callout), callout)


def face_before(due: Due | None, callout: Callout) -> Face:
    """What the board shows of a callout whose next due thing is known."""
    answer = callout.answer
    rung = _highest(callout)
    people = () if rung is None else callout.runs[rung].people
    word = _word(callout)
    return Face(
        word=word,
        person=people[0].person if people else None,
        rung=rung,
        next_at=due.at if due else None,
        next_what=due.what if due else None,
        deadline_at=_limit(callout, word),
        answered_at=answer.at if answer else None,
        evidence=answer.evidence if answer else None,
    )


def shown(one: Face, now: datetime) -> Display:
    """How a callout is shown at an instant."""
    return _turning(one.word, one.deadline_at, now)


def display(callout: Callout, now: datetime) -> Display:
    """How the board shows a callout at an instant; what its face shows, for less."""
    word = _word(callout)
    limit = _limit(callout, word)
    return _turning(word, limit, now)


def _turning(word: Display, limit: datetime | None, now: datetime) -> Display:
    """An answer that comes just at the limit is in time."""
    return Display.OVERDUE if limit is not None and now > limit else word


def playback(facts: Iterable[Fact], until: datetime) -> Iterator[Moment]:
    """How a callout was shown from its opening on: each time that changed.

    Times never go back: a fact may have been taken down behind one that is a little
    younger, such as a receipt behind the cancelling of the warning.

    :param facts: all of one callout, in order
    :param until: how far the clock has gone
    """
    last: Display | None = None
    shown_at = datetime.min.replace(tzinfo=UTC)
    for at, word in _moments(facts, until):
        shown_at = max(shown_at, at)
        if word is not last:
            yield shown_at, word
            last = word


def _moments(facts: Iterable[Fact], until: datetime) -> Iterator[Moment]:
    lived = [*course(facts)]
    ends = [*(at for at, _ in lived[1:]), until]
    for (at, callout), end in zip(lived, ends, strict=True):
        yield at, display(callout, at)
        yield from _turned(callout, end)


def _turned(callout: Callout, until: datetime) -> Iterator[Moment]:
    """What the clock alone has changed."""
    limit = _limit(callout, _word(callout))
    if limit is not None and until > limit:
        yield limit, Display.OVERDUE


def _limit(callout: Callout, word: Display) -> datetime | None:
    """When an answer is late; one that waits turns overdue then."""
    if callout.state is State.NOTIFIED or word not in WAITS:
        return None
    return after(callout.opened_at, callout.ladder.received_by)


def _highest(callout: Callout) -> int | None:
    reached = (n for n, run in enumerate(callout.runs) if run.started_at)
    return max(reached, default=None)


def _word(callout: Callout) -> Display:
    if callout.answer:
        return Display.ACKED
    if callout.state is State.CLOSED:
        return Display.CLOSED
    if callout.state is State.TAKEN:
        return Display.TAKEN
    return _unanswered(callout) if callout.state in OPEN_STATES else _best(callout)


def _unanswered(callout: Callout) -> Display:
    if _cut_off(callout):
        return Display.FAILED
    if Mark.NOT_AWAKENED in callout.marks:
        return Display.OVERDUE
    rung = _highest(callout)
    above = rung is not None and not callout.ladder.rungs[rung].own
    if above or callout.state is State.DESK:
        return Display.ESCALATED
    return _best(callout)


def _cut_off(callout: Callout) -> bool:
    """Whether every rung of its own people was struck."""
    own = [run.struck for rung, run in _ladder(callout) if rung.own]
    return bool(own) and all(own)


def _ladder(callout: Callout) -> zip[tuple[Rung, RungRun]]:
    return zip(callout.ladder.rungs, callout.runs, strict=True)


def _best(callout: Callout) -> Display:
    """How far the best message to its own people has come."""
    rungs = callout.ladder.rungs
    own = [one for one in callout.attempts if rungs[one.rung].own]
    if any(one.progress is Progress.DELIVERED for one in own):
        return Display.DELIVERED
    return Display.SENT if any(map(_left, own)) else Display.PENDING


def _left(attempt: Attempt) -> bool:
    """Whether it has left the house, as far as anybody knows."""
    return attempt.placed or attempt.progress is Progress.UNKNOWN
