"""Reads what providers called back: receipts first, then what people wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from channels.contract import Callback, FailureKind, Provider, Rank, Receipt, Reply
from dispatcher.core.callout import Progress
from dispatcher.core.event import Reported
from dispatcher.engine.clock import Clock
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.hearing import Gathered, Heard, hear
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import SILENT_AFTER, reported, tell
from dispatcher.engine.step import step
from dispatcher.store import callbacks, outbox
from dispatcher.store.callbacks import Unread
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.outbox import Known, MessageState

MOST = 200
AGAIN_AFTER = timedelta(seconds=60)  # a callback that could not be read
PASSING = frozenset({FailureKind.TRANSIENT, FailureKind.THROTTLE})
ONCE_MORE_AFTER = timedelta(seconds=30)

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
    """Let callbacks have their effect; returns what each was taken for."""
    receipts = [one for one in told if isinstance(one.what, Receipt)]
    taken = take_receipts(
        connection,
        context,
        [
            (one.callback.received_at, one.what)
            for one in receipts
            if isinstance(one.what, Receipt)
        ],
        now,
    )
    outcomes = {
        one.callback.id: outcome for one, outcome in zip(receipts, taken, strict=True)
    }
    desk = Desk(connection, context, now)
    gathered: Gathered = {}
    for one in told:
        if isinstance(one.what, Reply):
            received_at = one.callback.received_at
            heard = Heard(reply=one.what, received_at=received_at)
            outcomes[one.callback.id] = hear(desk, heard, gathered)
    step(connection, context, gathered, now)
    return outcomes


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
    ours, theirs = outbox.by_receipt(
        connection,
        [receipt.message for receipt in receipts if receipt.message],
        [receipt.provider_id for receipt in receipts],
    )
    outcomes = []
    newest: dict[str, tuple[Known, Receipt, datetime]] = {}
    for at, receipt in told:
        known = ours.get(receipt.message or "") or theirs.get(receipt.provider_id)
        if known is None:
            outcomes.append("no_message")
        elif receipt.rank <= _rank(known, newest) or _of_earlier_try(known, receipt):
            outcomes.append("stale")
        else:
            outcomes.append("receipt")
            newest[known.id] = (known, receipt, at)
    outbox.set_state(connection, [_row(*item) for item in newest.values()])
    reports = {
        name: report
        for name, (known, receipt, _) in newest.items()
        if (report := _report(known, receipt))
    }
    tell(connection, context, reports, now)
    return outcomes


def _of_earlier_try(known: Known, receipt: Receipt) -> bool:
    """Whether a receipt speaks of a try that was given up since."""
    if known.provider_id is None:
        return False
    same = receipt.provider_id == known.provider_id
    again = known.state is MessageState.WAITING or known.state in outbox.UNSETTLED
    return same if again else not same


def _rank(known: Known, newest: Mapping[str, tuple[Known, Receipt, datetime]]) -> int:
    later = newest.get(known.id)
    return int(later[1].rank) if later else known.rank


def _row(known: Known, receipt: Receipt, at: datetime) -> dict[str, object]:
    row = _moved_on(known, receipt, at)
    if _once_more(known, receipt):
        row |= {
            "state": MessageState.WAITING.value,
            "rank": 0,
            "due_at": at + ONCE_MORE_AFTER,
        }
    return row


def _moved_on(known: Known, receipt: Receipt, at: datetime) -> dict[str, object]:
    final = receipt.rank >= Rank.FINAL
    state = MessageState.ACCEPTED
    if final:
        state = MessageState.FAILED if receipt.failure else MessageState.DELIVERED
    return {
        "id": known.id,
        "state": state.value,
        "rank": int(receipt.rank),
        "provider_id": receipt.provider_id,
        "due_at": None if final else at + SILENT_AFTER,
        "lease_until": None,
        "accepted_at": known.accepted_at or at,
        "delivered_at": at if state is MessageState.DELIVERED else None,
        "failure": receipt.failure.kind.value if receipt.failure else None,
        "failure_code": receipt.failure.code if receipt.failure else None,
    }


def _once_more(known: Known, receipt: Receipt) -> bool:
    """The handset was out of reach: the same text is worth one more try."""
    return bool(
        receipt.failure and receipt.failure.kind in PASSING and known.tries == 1
    )


def _report(known: Known, receipt: Receipt) -> Reported | None:
    if _once_more(known, receipt):
        return None
    if receipt.failure:
        return reported(Progress.FAILED, receipt.failure.kind, receipt.failure.code)
    if receipt.rank >= Rank.FINAL:
        return reported(Progress.DELIVERED)
    return None
