"""Reads what providers called back: receipts first, then what people wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy import Connection

from channels.contract import (
    Callback,
    Channel,
    Failed,
    FailureKind,
    Keyed,
    Pressed,
    Provider,
    RangBack,
    Rank,
    Receipt,
    Reply,
)
from dispatcher.core.callout import Progress
from dispatcher.core.event import Reported
from dispatcher.engine.answering import gathered
from dispatcher.engine.attention import Heard
from dispatcher.engine.clock import Clock
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.correspondence import Correspondence
from dispatcher.engine.hearing import Hearing, hear
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import CALL_SILENT_AFTER, SILENT_AFTER, reported, tell
from dispatcher.engine.pressing import hear_button, hear_keys, note_keys, ring_back
from dispatcher.engine.step import step
from dispatcher.store import callbacks, outbox, traffic, whereabouts
from dispatcher.store.callbacks import Unread
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.outbox import About, MessageState
from dispatcher.store.whereabouts import Known

MOST = 100  # callbacks a transaction: warnings come in between
AGAIN_AFTER = timedelta(seconds=60)  # a callback that could not be read
PASSING = frozenset({FailureKind.TRANSIENT, FailureKind.THROTTLE})
ONCE_MORE_AFTER = timedelta(seconds=30)
ASKING = frozenset({About.OWN, About.DIGEST})
NO_KEY = "no_key"  # voicemail, an assistant, or he hung up early

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a provider told, and in which callback."""

    callback: Unread
    what: Callback


class Inbox:
    """Reads callbacks in the order they came."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        clock: Clock,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._providers = providers
        self._clock = clock

    async def turn(self) -> int:
        """Read the next callbacks; returns how many."""
        now = self._clock.now()
        waiting = await self._database.read(lambda c: callbacks.unread(c, now, MOST))
        if not waiting:
            return 0
        try:
            await self._take(waiting)
        except STORE_TROUBLE:
            raise  # nothing is wrong with the callbacks: they are read again
        except Exception:
            log.exception("inbox.batch.failed", callbacks=len(waiting))
            await self._take_apart(waiting)
        return len(waiting)

    async def _take(self, waiting: Sequence[Unread]) -> None:
        told = [one for callback in waiting for one in self._parsed(callback)]
        context = await self._keeper.context()
        now = self._clock.now()

        def take(connection: Connection) -> None:
            outcomes = {callback.id: "nothing" for callback in waiting}
            outcomes |= interpret(connection, context, told, now)
            callbacks.read(connection, outcomes, now)

        await self._database.write(take)

    async def _take_apart(self, waiting: Sequence[Unread]) -> None:
        """One at a time: a callback that can't be read must not hold the others up."""
        for callback in waiting:
            try:
                await self._take([callback])
            except STORE_TROUBLE:
                raise
            except Exception as failure:
                log.exception("inbox.callback.failed", callback=callback.id)
                await self._set_aside(callback, f"failed:{type(failure).__name__}")

    async def _set_aside(self, callback: Unread, outcome: str) -> None:
        """Keep it unread, and read it again after a while: it may be an answer."""
        again_at = self._clock.now() + AGAIN_AFTER
        await self._database.write(
            lambda c: callbacks.set_aside(c, callback.id, outcome, again_at)
        )

    def _parsed(self, callback: Unread) -> Iterable[Told]:
        provider = self._providers.get(callback.channel)
        if provider is None:
            log.error("inbox.channel.unknown", channel=callback.channel)
            return
        for what in provider.parse(callback.request):
            yield Told(callback, what)


def interpret(
    connection: Connection, context: Context, told: Sequence[Told], now: datetime
) -> dict[int, str]:
    """Let callbacks have their effect; returns what each was taken for.

    Keys are noted before receipts: a call in which one was pressed reached somebody.
    Receipts are read before replies, which mean what had arrived by then.
    """
    desk = Desk(connection, context, now)
    keys = [(one.what, one.callback.received_at) for one in told]
    note_keys(connection, [(k, at) for k, at in keys if isinstance(k, Keyed)])
    receipts = [
        (one.callback, one.what) for one in told if isinstance(one.what, Receipt)
    ]
    received = [(callback.received_at, receipt) for callback, receipt in receipts]
    taken = take_receipts(connection, context, received, now)
    outcomes = {
        callback.id: outcome
        for (callback, _), outcome in zip(receipts, taken, strict=True)
    }
    others = [one for one in told if not isinstance(one.what, Receipt)]
    hearing = Hearing(desk, Correspondence.of(connection, [*_replies(others)]), [])
    outcomes |= {one.callback.id: _said(hearing, one) for one in others}
    step(connection, context, gathered(desk, hearing.answers), now)
    return outcomes


def _replies(told: Iterable[Told]) -> Iterator[Heard]:
    for one in told:
        if isinstance(one.what, Reply):
            yield _heard(one, one.what)


def _heard(one: Told, reply: Reply) -> Heard:
    callback = one.callback
    return Heard(reply=reply, received_at=callback.received_at, callback=callback.id)


def _said(hearing: Hearing, one: Told) -> str:
    desk, at = hearing.desk, one.callback.received_at
    match one.what:
        case Reply() as reply:
            return hear(hearing, _heard(one, reply))
        case Keyed() as keyed:
            return hear_keys(desk, keyed, at, hearing.answers)
        case Pressed() as pressed:
            return hear_button(desk, pressed, at, hearing.answers)
        case RangBack() as rang:
            return ring_back(desk, rang, at)
        case Receipt():
            return "receipt"
        case _:
            assert_never(one.what)


def take_receipts(
    connection: Connection,
    context: Context,
    told: Sequence[tuple[datetime, Receipt]],
    now: datetime,
) -> list[str]:
    """Move messages on; only a higher rank is news, whatever the order.

    :param told: receipts, each with when it was received
    :returns: what each was taken for
    """
    receipts = [receipt for _, receipt in told]
    ours, theirs = whereabouts.by_receipt(
        connection,
        [receipt.message for receipt in receipts if receipt.message],
        [receipt.provider_id for receipt in receipts],
    )
    outcomes = []
    newest: dict[str, News] = {}
    for at, receipt in told:
        known = ours.get(receipt.message or "") or theirs.get(receipt.provider_id, [])
        news = [one for one in known if _is_news(one, receipt, newest)]
        newest |= {
            one.id: News(one, receipt, at, _picked_up(one, receipt, at, newest))
            for one in news
        }
        stale = "stale" if known else "no_message"
        outcomes.append("receipt" if news else stale)
    outbox.set_state(connection, [_row(news) for news in newest.values()])
    told_of = [pair for news in newest.values() for pair in _counted(news)]
    traffic.add(connection, Counter(told_of), now)
    reports = {
        name: report for name, news in newest.items() if (report := _report(news))
    }
    tell(connection, context, reports, now)
    return outcomes


@dataclass(frozen=True, slots=True)
class News:
    """The newest receipt of a message.

    :ivar picked_up_at: when a call was, by this receipt or one before it
    """

    known: Known
    receipt: Receipt
    at: datetime
    picked_up_at: datetime | None


def _is_news(known: Known, receipt: Receipt, newest: Mapping[str, News]) -> bool:
    before = newest.get(known.id)
    rank = int(before.receipt.rank) if before else known.rank
    return receipt.rank > rank and not _of_earlier_try(known, receipt)


def _picked_up(
    known: Known, receipt: Receipt, at: datetime, newest: Mapping[str, News]
) -> datetime | None:
    before = newest.get(known.id)
    earlier = before.picked_up_at if before else known.picked_up_at
    picks_up = known.channel is Channel.VOICE and receipt.rank is Rank.SENT
    return earlier or (at if picks_up else None)


def _of_earlier_try(known: Known, receipt: Receipt) -> bool:
    """Whether a receipt speaks of a try that was given up since."""
    if known.provider_id is None:
        return False
    same = receipt.provider_id == known.provider_id
    again = known.state is MessageState.WAITING or known.state in outbox.UNSETTLED
    return same if again else not same


def _row(news: News) -> dict[str, object]:
    row = _moved_on(news)
    if _once_more(news.known, news.receipt):
        row |= {
            "state": MessageState.WAITING.value,
            "rank": 0,
            "due_at": news.at + ONCE_MORE_AFTER,
        }
    return row


def _counted(news: News) -> Iterable[tuple[str, str]]:
    """How quickly a final receipt came, and what had failed, for the route's health."""
    known = news.known
    if known.route is None or news.receipt.rank < Rank.FINAL:
        return
    if failure := news.receipt.failure:
        yield known.route, traffic.failed(failure.kind)
    elif known.accepted_at:
        yield known.route, traffic.delayed(news.at - known.accepted_at)


def _moved_on(news: News) -> dict[str, object]:
    known, receipt, at = news.known, news.receipt, news.at
    final, failure = receipt.rank >= Rank.FINAL, _failure(news)
    state = MessageState.ACCEPTED
    if final:
        state = MessageState.FAILED if failure else MessageState.DELIVERED
    silent = CALL_SILENT_AFTER if known.channel is Channel.VOICE else SILENT_AFTER
    return {
        "id": known.id,
        "state": state.value,
        "rank": int(receipt.rank),
        "provider_id": receipt.provider_id,
        "due_at": None if final else at + silent,
        "lease_until": None,
        "accepted_at": known.accepted_at or at,
        "delivered_at": at if state is MessageState.DELIVERED else None,
        "failure": failure.kind.value if failure else None,
        "failure_code": failure.code if failure else None,
        "picked_up_at": news.picked_up_at,
        "ended_at": at if final else None,
    }


def _failure(news: News) -> Failed | None:
    """What went wrong; a call that asked, and in which no key was pressed, failed."""
    known, receipt = news.known, news.receipt
    asked = known.channel is Channel.VOICE and known.about in ASKING
    if receipt.rank < Rank.FINAL or receipt.failure or not asked or known.keyed_at:
        return receipt.failure
    return Failed(kind=FailureKind.UNREACHED, code=NO_KEY)


def _once_more(known: Known, receipt: Receipt) -> bool:
    """The handset was out of reach: the same text is worth one more try.

    But who tries a channel has found out what he wanted to know.
    """
    passing = receipt.failure and receipt.failure.kind in PASSING
    return bool(passing and known.tries == 1 and known.about is not About.TRIAL)


def _report(news: News) -> Reported | None:
    failure = _failure(news)
    if _once_more(news.known, news.receipt):
        return None
    if failure:
        return reported(Progress.FAILED, failure.kind, failure.code)
    if news.receipt.rank >= Rank.FINAL:
        return reported(Progress.DELIVERED)
    return None
