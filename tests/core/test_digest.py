"""When a digest writes and when it calls, to the second."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.digest import Digest, Pending, call_at, due_at, message_at
from tests.core.build import at


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else at(seconds)


def due(moment: datetime | None, now: int) -> bool:
    return moment is not None and moment <= at(now)


def digest(
    sent: int | None = None, called: int | None = None, *, asks: bool = True
) -> Digest:
    return Digest(asks=asks, sent_at=moment(sent), called_at=moment(called))


@pytest.mark.parametrize(
    ("pending", "sent", "due"),
    [
        (None, None, None),
        (None, 100, None),
        (300, None, 310),
        (300, 100, 310),
        (300, 189, 310),
        (300, 190, 310),
        (300, 191, 311),
        (300, 300, 420),
    ],
)
def test_members_are_gathered_for_10_s_and_messages_keep_120_s_apart(
    pending: int | None, sent: int | None, due: int | None
) -> None:
    assert moment(due) == message_at(digest(sent), Pending(texts=moment(pending)))


@pytest.mark.parametrize(
    ("texts", "calls", "sent", "called", "due"),
    [
        (None, None, 310, None, None),
        (None, 360, 310, None, 370),  # 60 s after the message
        (None, 400, 310, None, 410),
        (None, 360, None, None, 370),  # nothing can be written to him
        (430, 490, 310, 370, 670),  # 300 s after the call before
        (700, 760, 310, 370, 770),  # its message goes first
        (None, 360, 350, 10, 410),
        (300, 300, 100, None, 370),  # both wait since the same second
        (365, 360, 310, None, 370),  # who joins later holds nothing up
        (365, 425, 310, None, 490),  # but who waits for both is written to first
        (365, 360, None, None, 370),  # written to later: the call can't wait for that
    ],
)
def test_a_call_that_asks_follows_its_message_and_keeps_300_s_apart(
    texts: int | None,
    calls: int,
    sent: int | None,
    called: int | None,
    due: int | None,
) -> None:
    waiting = Pending(texts=moment(texts), calls=moment(calls))

    assert moment(due) == call_at(digest(sent, called), waiting)


@given(st.sets(st.integers(0, 300)))
def test_a_call_waits_for_one_message_at_the_most_however_many_join(
    joining: set[int],
) -> None:
    sent, texts = 0, None
    called = 0
    for now in range(301):
        texts = now if texts is None and now in joining else texts
        waiting = Pending(texts=moment(texts), calls=at(60) if now >= 60 else None)
        if due(message_at(digest(sent), waiting), now):
            sent, texts = now, None
        elif not called and due(call_at(digest(sent), waiting), now):
            called = now

    assert 70 <= called <= 180


@pytest.mark.parametrize(("called", "due"), [(None, 310), (200, 320), (100, 310)])
def test_a_call_that_only_tells_waits_for_no_message(
    called: int | None, due: int
) -> None:
    waiting = Pending(calls=at(300))

    assert at(due) == call_at(digest(290, called, asks=False), waiting)


def test_the_next_number_of_somebody_waits_for_nothing() -> None:
    waiting = Pending(texts=at(300), calls=at(300), at_once=at(301))

    assert at(301) == due_at(digest(299, 299), waiting)


def test_a_digest_nobody_waits_in_is_never_due() -> None:
    assert due_at(digest(1, 2), Pending()) is None
