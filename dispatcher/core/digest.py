"""Digests: what a superior owes answers for, one message instead of one a grid.

One digest is open for each (chain, person, kind). Attempts join it; it is sent a short
while after the first, then at most once in a while, and each message names the members
that had not been named before. Kinds: :attr:`Via.DIGEST` asks and has a code,
:attr:`Via.INFO` only tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

GATHER = timedelta(seconds=10)  # the first members are waited for
PACE = timedelta(seconds=120)  # between two messages to one person
CALL_AFTER = timedelta(seconds=60)  # from a message that asks to its call
CALL_PACE = timedelta(seconds=300)  # between two calls that ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Since when members wait to be named, by what they wait for.

    :ivar texts: for a message
    :ivar calls: for a call
    :ivar at_once: for the next number of somebody whose last one failed
    """

    texts: datetime | None = None
    calls: datetime | None = None
    at_once: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """How a digest stands.

    :ivar asks: an answer takes over
    :ivar sent_at: when its last message was made
    :ivar called_at: when its last call was
    """

    asks: bool
    sent_at: datetime | None
    called_at: datetime | None


def message_at(digest: Digest, pending: Pending) -> datetime | None:
    """When its next message is due; None while nobody waits for one."""
    if pending.texts is None:
        return None
    return _paced(pending.texts, digest.sent_at, PACE)


def call_at(digest: Digest, pending: Pending) -> datetime | None:
    """When its next call is due; one that asks follows the message it is about.

    Who joins for a message later than others for a call does not hold that call up.
    """
    if pending.calls is None:
        return None
    if not digest.asks:
        return _paced(pending.calls, digest.called_at, PACE)
    paced = _paced(pending.calls, digest.called_at, CALL_PACE)
    before = pending.texts is not None and pending.texts <= pending.calls
    written = message_at(digest, pending) if before else digest.sent_at
    return paced if written is None else max(paced, written + CALL_AFTER)


def due_at(digest: Digest, pending: Pending) -> datetime | None:
    """When something of it is due next."""
    moments = (pending.at_once, message_at(digest, pending), call_at(digest, pending))
    return min((moment for moment in moments if moment), default=None)


def _paced(since: datetime, last: datetime | None, pace: timedelta) -> datetime:
    gathered = since + GATHER
    return gathered if last is None else max(gathered, last + pace)
