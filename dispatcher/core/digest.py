"""Digests: what a superior owes answers for, one message instead of one a grid.

One digest is open for each (chain, person, kind). Attempts join it; it is sent a short
while after the first, then at most once in a while, and each message names the members
that had not been named before. Kinds: :attr:`Via.DIGEST` asks and has a code,
:attr:`Via.INFO` only tells.
"""

from __future__ import annotations

from datetime import datetime, timedelta

GATHER = timedelta(seconds=10)  # the first members are waited for
PACE = timedelta(seconds=120)  # between two messages to one person


def due_at(pending_since: datetime | None, sent_at: datetime | None) -> datetime | None:
    """When a digest is to be sent; None while nobody waits to be named.

    :param pending_since: when the first of the members not yet named joined
    :param sent_at: when the last message of the digest was made
    """
    if pending_since is None:
        return None
    gathered = pending_since + GATHER
    return gathered if sent_at is None else max(gathered, sent_at + PACE)
