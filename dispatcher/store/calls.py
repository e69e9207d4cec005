"""Calls: waiting voice messages, the lines that are busy, what each number has had.

A call reads one or more messages to one number. Which, is settled when it is claimed:
all of them carry the id of the first in ``call``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.sql.elements import literal_column

from channels.contract import Rank
from dispatcher.core.alert import Lane, Level
from dispatcher.core.callout import CalloutId
from dispatcher.core.lines import DAY, Hold, Rung
from dispatcher.store import batch, dialect, outbox, schema, vault
from dispatcher.store.moment import Moment
from dispatcher.store.outbox import (
    IS_WAITING,
    TO_ITS_NUMBER,
    About,
    MessageState,
    Sending,
)

# Said in so many words: else every text is read that was accepted and has no end yet.
ON_THE_LINE = "message INDEXED BY message_on_the_line"
IS_VOICE = schema.message.c.channel == literal_column("'voice'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A voice message that may be read in a call now.

    :ivar line: the fingerprint of the number it is read to
    :ivar red: issued as red, and no drill
    :ivar first: it is the first call of somebody, which is never given up
    :ivar alone: it tries a route, so nothing else is read with it
    """

    id: str
    line: str
    lane: Lane
    red: bool
    drill: bool
    first: bool
    alone: bool = False


# By their own index: beside thousands of texts that wait, calls are few.
WAITING = dialect.spoken(
    """
    SELECT message.id, message.lane, message.level, message.drill, message.purpose,
           message.not_after, address.fingerprint
    FROM message INDEXED BY message_call_waiting JOIN address
      ON address.id = message.address AND address.person = message.person
    WHERE message.state = 'waiting' AND message.channel = 'voice'
      AND message.due_at <= :now
    ORDER BY message.lane, message.place, message.due_at, message.id LIMIT :most
    """
).bindparams(bindparam("now", type_=Moment()))


def waiting(connection: Connection, now: datetime, most: int) -> list[Waiting]:
    """Voice messages that are due, the most urgent first."""
    rows = connection.execute(WAITING, {"now": now, "most": most})
    lanes = tuple(Lane)
    return [
        Waiting(
            id=row.id,
            line=row.fingerprint,
            lane=lanes[row.lane],
            red=row.level == Level.RED.value and not row.drill,
            drill=bool(row.drill),
            first=row.not_after is None,
            alone=row.purpose == About.TRIAL.value,
        )
        for row in rows
    ]


BUSY = dialect.spoken(
    f"""
    SELECT address.fingerprint, min(message.lane) AS lane
    FROM {ON_THE_LINE} JOIN address
      ON address.id = message.address AND address.person = message.person
    WHERE {schema.ON_THE_LINE.text}
    GROUP BY address.fingerprint
    """  # noqa: S608 - both are constants of ours
)


def busy(connection: Connection) -> dict[str, Lane]:
    """Fingerprints of numbers that are on the line, each with the lane of its call."""
    lanes = tuple(Lane)
    return {row.fingerprint: lanes[row.lane] for row in connection.execute(BUSY)}


def recent(
    connection: Connection, lines: Iterable[str], now: datetime
) -> Mapping[str, Sequence[Rung]]:
    """The calls each number has had in the last 24 hours, all by fingerprint."""
    listed = dialect.each(lines)
    message = schema.message
    rows = connection.execute(
        select(schema.address.c.fingerprint, message.c.sent_at, message.c.ended_at)
        .join(schema.address, TO_ITS_NUMBER)
        .where(
            schema.address.c.fingerprint.in_(select(listed.c.value)),
            IS_VOICE,
            message.c.call == message.c.id,
            message.c.accepted_at.isnot(None),
            message.c.sent_at > now - DAY,
        )
    )
    found: dict[str, list[Rung]] = defaultdict(list)
    for row in rows:
        found[row.fingerprint].append(Rung(at=row.sent_at, ended_at=row.ended_at))
    return found


def put_off(connection: Connection, holds: Mapping[str, Hold]) -> None:
    """Let messages wait, and say why."""
    rows = [
        {"id": name, "due_at": one.until, "reason": one.reason.value}
        for name, one in holds.items()
    ]
    batch.update(connection, schema.message, rows, keys=("id",))


def drop(connection: Connection, why: Mapping[str, str]) -> None:
    """Drop messages that wait, each for its reason."""
    rows = [
        {
            "id": name,
            "state": MessageState.DROPPED.value,
            "due_at": None,
            "reason": reason,
        }
        for name, reason in why.items()
    ]
    batch.update(connection, schema.message, rows, keys=("id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to be placed, and every message that is read in it."""

    first: Sending
    messages: tuple[Sending, ...]


def claim(
    connection: Connection,
    together: Sequence[Sequence[str]],
    now: datetime,
    lease: outbox.Lease,
) -> list[Call]:
    """Take messages for calls; those of one call stand together, the first leads."""
    call_of = {name: names[0] for names in together for name in names}
    table = schema.message
    listed = dialect.each(call_of)
    connection.execute(
        update(table)
        .where(table.c.id.in_(select(listed.c.value)), IS_WAITING)
        .values(
            state=MessageState.SENDING.value,
            reason=None,
            holder=lease.holder,
            lease_until=lease.until,
            sent_at=now,
            first_sent_at=func.coalesce(table.c.first_sent_at, literal(now, Moment())),
            tries=table.c.tries + 1,
            hang_up=False,
            picked_up_at=None,
            keyed_at=None,
            ended_at=None,
        )
    )
    rows = [{"id": name, "call": first} for name, first in call_of.items()]
    batch.update(connection, table, rows, keys=("id",))
    found = {one.id: one for one in outbox.find(connection, call_of)}
    return [
        Call(first=found[names[0]], messages=tuple(found[name] for name in names))
        for names in together
    ]


NEXT = dialect.spoken(
    """
    SELECT min(message.due_at) AS due_at
    FROM message INDEXED BY message_call_waiting JOIN address
      ON address.id = message.address AND address.person = message.person
    WHERE message.state = 'waiting' AND message.channel = 'voice'
      AND message.lane BETWEEN :first AND :last
      AND address.fingerprint NOT IN (SELECT value FROM json_each(:busy))
    """
).columns(due_at=Moment())


def next_due_at(
    connection: Connection, lanes: Iterable[Lane], busy: Iterable[str]
) -> datetime | None:
    """When a voice message of these lanes may be read next.

    :param lanes: one or more that follow one another
    :param busy: fingerprints on the line: before that call is over, it can't be
    """
    orders = [lane.order for lane in lanes]
    given = {"first": min(orders), "last": max(orders), "busy": dialect.listed(busy)}
    return connection.execute(NEXT, given).scalar()


# A call is hung up when nobody asks anything any more of what it would read.
HANG_UP = dialect.spoken(
    f"""
    UPDATE {ON_THE_LINE} SET hang_up = TRUE
    WHERE {schema.ON_THE_LINE.text} AND rank < {int(Rank.SENT)}
      AND id IN (
        SELECT message FROM carried JOIN json_each(:callouts) ON callout = value
      )
      AND NOT EXISTS (
        SELECT 1 FROM carried JOIN callout ON callout.id = carried.callout
        WHERE carried.message = message.id
          AND (callout.state IN ('waiting', 'calling', 'desk')
               OR (callout.state = 'taken' AND message.purpose = 'own'))
    )
    """  # noqa: S608 - all are constants of ours
)


def settle(connection: Connection, callouts: Iterable[str]) -> None:
    """Mark calls that only these settled callouts had wanted to be hung up."""
    connection.execute(HANG_UP, {"callouts": dialect.listed(callouts)})


RINGS_FOR_NOTHING = dialect.spoken(
    f"""
    SELECT id FROM {ON_THE_LINE}
    WHERE {schema.ON_THE_LINE.text} AND rank < {int(Rank.SENT)}
      AND hang_up AND call = id AND provider_id IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM message AS other
        WHERE other.call = message.id AND NOT other.hang_up
    )
    LIMIT :most
    """  # noqa: S608 - all are constants of ours
)


def to_hang_up(connection: Connection, most: int) -> list[Sending]:
    """Calls that ring for nothing, one message each."""
    rows = connection.execute(RINGS_FOR_NOTHING, {"most": most})
    return outbox.find(connection, [row.id for row in rows])


def hung_up(connection: Connection, call: Iterable[str]) -> None:
    """It was asked for: once is enough."""
    rows = [{"id": name, "hang_up": False} for name in call]
    batch.update(connection, schema.message, rows, keys=("id",))


# Beside thousands that wait, the indexes of what waits are the wrong ones.
OF_QUESTION = dialect.spoken(
    """
    SELECT id FROM message INDEXED BY ix_message_question
    WHERE question = :question AND address = :address
      AND state = 'waiting' AND channel = 'voice'
    LIMIT 1
    """
)


def of_question(connection: Connection, question: str, address: str) -> str | None:
    """The voice message of a question that still waits to be read to an address."""
    given = {"question": question, "address": address}
    return connection.execute(OF_QUESTION, given).scalar()


def join(
    connection: Connection,
    message: str,
    spoken: str,
    carries: Iterable[tuple[str, str]],
    not_after: datetime | None,
) -> None:
    """Let a call that waits say more; it stands for these attempts as well.

    It is of use as long as any of them, and without end if one of them has none.
    """
    table = schema.message
    later = _later(table.c.not_after, not_after)
    connection.execute(
        update(table)
        .where(table.c.id == message)
        .values(text=_written(connection, message, spoken), not_after=later)
    )
    rows = [
        {"message": message, "attempt": attempt, "callout": callout}
        for attempt, callout in carries
    ]
    batch.insert(connection, schema.carried, rows, new=False)


def _later(
    ours: ColumnElement[datetime | None], theirs: datetime | None
) -> ColumnElement[datetime | None]:
    """The later of two moments; none where either is."""
    other = literal(theirs, Moment())
    return case((ours > other, ours), (ours <= other, other))


def reword(connection: Connection, message: str, spoken: str) -> None:
    """Let a call that waits say something else."""
    table = schema.message
    written = _written(connection, message, spoken)
    connection.execute(update(table).where(table.c.id == message).values(text=written))


def _written(connection: Connection, message: str, spoken: str) -> str:
    return vault.texts_of(connection).encrypt(vault.text_place(message), spoken)


def carrying(
    connection: Connection, names: Iterable[str]
) -> dict[str, list[CalloutId]]:
    """Calls that wait to ask about any of these callouts, with all they ask about."""
    message, mine, every = schema.message, schema.carried, schema.carried.alias()
    listed = dialect.each(names)
    rows = connection.execute(
        select(message.c.id, every.c.callout)
        .distinct()
        .join(mine, mine.c.message == message.c.id)
        .join(every, every.c.message == message.c.id)
        .where(
            mine.c.callout.in_(select(listed.c.value)),
            IS_WAITING,
            IS_VOICE,
            message.c.purpose == About.OWN.value,
        )
    )
    found: dict[str, list[CalloutId]] = defaultdict(list)
    for row in rows:
        found[row.id].append(CalloutId(row.callout))
    return found
