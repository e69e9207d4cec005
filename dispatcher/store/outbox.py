"""The outbox: messages from the decision to their last receipt.

States: ``waiting`` (may be sent), ``sending`` (a worker holds it, with a lease),
``unknown`` (written to the wire, answer lost: possibly sent), ``accepted``,
``delivered``, ``failed``, ``dropped`` (not needed any more, with the reason).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    union_all,
    update,
)

from channels.contract import Channel
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.callout import AttemptId, CalloutId
from dispatcher.store import batch, dialect, schema, vault
from dispatcher.store.moment import Moment


class MessageState(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


# The number of a message: an address belongs to one version of a person.
TO_ITS_NUMBER = (schema.address.c.id == schema.message.c.address) & (
    schema.address.c.person == schema.message.c.person
)
MOST_URGENT_FIRST = tuple(
    schema.message.c[name] for name in ("lane", "place", "due_at", "id")
)
# Written out: a partial index is not used for a state that comes as a parameter.
IS_WAITING = schema.message.c.state == literal_column("'waiting'")
IS_TEXT = schema.message.c.channel != literal_column("'voice'")
ASKED_FOR = timedelta(hours=12)  # no provider keeps trying for longer
UNSETTLED = (MessageState.SENDING, MessageState.UNKNOWN)


class About(StrEnum):
    """What a message is for."""

    OWN = "own"  # asks one of the unit's own people
    DIGEST = "digest"  # asks somebody above
    INFO = "info"  # tells, asks nothing
    REMINDER = "reminder"  # asks for the feedback of an answer
    NOTICE = "notice"  # a cancel: nothing to answer
    REPLY = "reply"  # an answer to what somebody wrote
    TRIAL = "trial"  # an officer tries a channel with his own number: of no alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text to one address, as it is when it is made.

    :ivar place: order within its lane, lower first
    :ivar due_at: not before; None: at once
    :ivar carries: attempts it stands for, with their callouts
    :ivar route: the only one it may go by; None: whichever is next
    """

    id: str
    alert: AlertId
    chain: ChainId
    question: str | None
    about: About
    person: PersonId
    address: AddressId
    channel: Channel
    lane: Lane
    place: int
    level: Level
    drill: bool
    code: str | None
    text: str
    created_at: datetime
    due_at: datetime | None = None
    not_after: datetime | None = None
    carries: tuple[tuple[AttemptId, CalloutId], ...] = ()
    route: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a worker takes with a message: the right to send it, for a while.

    :ivar holder: the number of the worker
    """

    holder: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A message on its way, with what the sender has to know.

    :ivar number: empty when it can't be read: its row is not what was written there
    :ivar holder: the worker that has the lease on it
    """

    id: str
    chain: str
    question: str | None
    about: About
    channel: Channel
    route: str | None
    number: str
    text: str
    tries: int
    holder: int | None
    created_at: datetime
    sent_at: datetime | None
    not_after: datetime | None
    provider_id: str | None
    state: MessageState


def put(connection: Connection, messages: Sequence[Message]) -> None:
    """Make messages; an id that is there already is left as it is."""
    texts = vault.texts_of(connection)
    rows = [_row(message, texts) for message in messages]
    batch.insert(connection, schema.message, rows, new=False)
    carried = [
        {"message": message.id, "attempt": attempt, "callout": callout}
        for message in messages
        for attempt, callout in message.carries
    ]
    batch.insert(connection, schema.carried, carried, new=False)


def _row(message: Message, texts: vault.Cipher) -> batch.Values:
    return {
        "id": message.id,
        "alert": message.alert,
        "chain": message.chain,
        "question": message.question,
        "purpose": message.about.value,
        "person": message.person,
        "address": message.address,
        "channel": message.channel.value,
        "route": message.route,
        "lane": message.lane.order,
        "place": message.place,
        "level": message.level.value,
        "drill": message.drill,
        "code": message.code,
        "text": texts.encrypt(vault.text_place(message.id), message.text),
        "state": MessageState.WAITING.value,
        "created_at": message.created_at,
        "due_at": message.due_at or message.created_at,
        "not_after": message.not_after,
        "tries": 0,
        "possible_duplicate": False,
        "rank": 0,
    }


def _sending(
    connection: Connection, rows: Sequence[Row[tuple[object, ...]]]
) -> list[Sending]:
    numbers = vault.Humans(connection, vault.humans_of(row.value for row in rows))
    texts = vault.texts_of(connection)
    return [
        Sending(
            id=row.id,
            chain=row.chain,
            question=row.question,
            about=About(row.purpose),
            channel=Channel(row.channel),
            route=row.route,
            number=vault.number_of(numbers, row),
            text=texts.read(vault.text_place(row.id), row.text) or "",
            tries=row.tries,
            holder=row.holder,
            created_at=row.created_at,
            sent_at=row.sent_at,
            not_after=row.not_after,
            provider_id=row.provider_id,
            state=MessageState(row.state),
        )
        for row in rows
    ]


AT_ONCE = timedelta()
# In the order of its index: the first few are found without a look at the others.
FIRST = dialect.spoken(
    """
    SELECT id FROM message INDEXED BY message_waiting
    WHERE state = 'waiting' AND channel <> 'voice' AND due_at <= :due
    ORDER BY lane, place, due_at, id LIMIT :most
    """
).bindparams(bindparam("due", type_=Moment()))


def claim(
    connection: Connection,
    now: datetime,
    lease: Lease,
    most: int,
    *,
    after: timedelta = AT_ONCE,
) -> list[Sending]:
    """Take the most urgent texts for sending: red first, first tries first.

    :param after: how long they have been due, at the least
    """
    table = schema.message
    first = connection.execute(FIRST, {"due": now - after, "most": most}).scalars()
    taken = connection.execute(
        update(table)
        .where(table.c.id.in_(select(dialect.each(first).c.value)))
        .values(
            state=MessageState.SENDING.value,
            holder=lease.holder,
            lease_until=lease.until,
            sent_at=now,
            first_sent_at=func.coalesce(table.c.first_sent_at, literal(now, Moment())),
            tries=table.c.tries + 1,
        )
        .returning(table.c.id)
    )
    return find(connection, [row.id for row in taken])


def find(connection: Connection, ids: Iterable[str]) -> list[Sending]:
    """Messages by id, the most urgent first, with the numbers they go to."""
    listed = dialect.each(ids)
    rows = connection.execute(
        select(schema.message, schema.address.c.value)
        .join(schema.address, TO_ITS_NUMBER)
        .where(schema.message.c.id.in_(select(listed.c.value)))
        .order_by(*MOST_URGENT_FIRST)
    ).all()
    return _sending(connection, rows)


def set_state(
    connection: Connection, changes: Sequence[Mapping[str, object]]
) -> set[str]:
    """Write what became of messages; each change has an ``id`` and equal columns.

    What is to wait once more was on the wire while others were dropped, so it is
    dropped here when it would come too late.
    """
    found = batch.update(connection, schema.message, changes, keys=("id",))
    again = [
        str(change["id"])
        for change in changes
        if change["state"] == MessageState.WAITING.value
    ]
    if again:
        connection.execute(DROP_OVERTAKEN, {"messages": dialect.listed(again)})
    return {str(name) for (name,) in found}


# Who asks needs an open callout; who tells or reminds, one that is not closed.
DROP_OVERTAKEN = dialect.spoken(
    """
    UPDATE message SET state = 'dropped', reason = 'overtaken', due_at = NULL
    WHERE state = 'waiting'
      AND id IN (SELECT value FROM json_each(:messages))
      AND EXISTS (SELECT 1 FROM carried WHERE carried.message = message.id)
      AND NOT EXISTS (
        SELECT 1 FROM carried JOIN callout ON callout.id = carried.callout
        WHERE carried.message = message.id
          AND CASE WHEN message.purpose IN ('own', 'digest')
              THEN callout.state IN ('waiting', 'calling', 'taken', 'desk')
              ELSE callout.state <> 'closed' END
    )
    """
)


def carries(
    connection: Connection, messages: Iterable[str]
) -> dict[str, list[tuple[AttemptId, CalloutId]]]:
    """The attempts each message stands for."""
    listed = dialect.each(messages)
    table = schema.carried
    found: dict[str, list[tuple[AttemptId, CalloutId]]] = {}
    for row in connection.execute(
        select(table).where(table.c.message.in_(select(listed.c.value)))
    ):
        found.setdefault(row.message, []).append((row.attempt, row.callout))
    return found


# A waiting message dies when all it asks about has been answered, closed, or, for who
# stands above, taken over.
DROP_SETTLED = dialect.spoken(
    """
    UPDATE message SET state = 'dropped', reason = :reason, due_at = NULL
    WHERE state = 'waiting' AND purpose IN ('own', 'digest') AND id IN (
        SELECT carried.message FROM carried
        JOIN json_each(:callouts) ON carried.callout = value
    ) AND NOT EXISTS (
        SELECT 1 FROM carried JOIN callout ON callout.id = carried.callout
        WHERE carried.message = message.id
          AND (callout.state IN ('waiting', 'calling', 'desk')
               OR (callout.state = 'taken' AND message.purpose = 'own'))
    )
    """
)


def drop_settled(
    connection: Connection, callouts: Iterable[CalloutId], reason: str
) -> None:
    """Drop waiting messages that only these settled callouts had wanted."""
    connection.execute(
        DROP_SETTLED, {"callouts": dialect.listed(callouts), "reason": reason}
    )


def drop_chain(connection: Connection, chain: ChainId, reason: str) -> None:
    """Drop everything of a chain that has not been written to the wire."""
    _drop(connection, schema.message.c.chain == chain, reason)


def drop_to(connection: Connection, addresses: Iterable[str], reason: str) -> None:
    """Drop what waits for addresses at which nobody is to be reached any more."""
    _drop(connection, schema.message.c.address.in_(list(addresses)), reason)


def _drop(connection: Connection, which: ColumnElement[bool], reason: str) -> None:
    table = schema.message
    connection.execute(
        update(table)
        .where(which, table.c.state == MessageState.WAITING.value)
        .values(state=MessageState.DROPPED.value, reason=reason, due_at=None)
    )


DROP_LATE = dialect.spoken(
    """
    UPDATE message INDEXED BY message_late
    SET state = 'dropped', reason = 'not_after', due_at = NULL
    WHERE state = 'waiting' AND not_after IS NOT NULL
      AND not_after < :now AND due_at <= :now
    RETURNING id, channel
    """
).bindparams(bindparam("now", type_=Moment()))


def drop_late(connection: Connection, now: datetime) -> list[str]:
    """Drop what nobody needs any more because its time is over; returns the calls."""
    dropped = connection.execute(DROP_LATE, {"now": now})
    return [row.id for row in dropped if row.channel == Channel.VOICE.value]


def doubtful(connection: Connection, now: datetime, most: int) -> list[Sending]:
    """Messages whose outcome has to be asked for: unknown, or past their lease."""
    table = schema.message
    rows = connection.execute(
        select(table, schema.address.c.value)
        .join(schema.address, TO_ITS_NUMBER)
        .where(
            ((table.c.state == MessageState.UNKNOWN.value) & (table.c.due_at <= now))
            | (
                (table.c.state == MessageState.SENDING.value)
                & (table.c.lease_until < now)
            )
        )
        .order_by(table.c.lane, table.c.due_at)
        .limit(most)
    ).all()
    return _sending(connection, rows)


def silent(connection: Connection, now: datetime, most: int) -> list[Sending]:
    """Accepted messages without a final receipt for too long."""
    table = schema.message
    rows = connection.execute(
        select(table, schema.address.c.value)
        .join(schema.address, TO_ITS_NUMBER)
        .where(
            table.c.state == MessageState.ACCEPTED.value,
            table.c.due_at <= now,
            # A call holds a line until its end is known, however long we were down.
            (table.c.accepted_at > now - ASKED_FOR) | ~IS_TEXT,
        )
        .order_by(table.c.due_at)
        .limit(most)
    ).all()
    return _sending(connection, rows)


def ask_again(connection: Connection, at: Mapping[str, datetime]) -> None:
    """Set when silent messages are asked about the next time."""
    rows = [{"id": name, "due_at": moment} for name, moment in at.items()]
    batch.update(connection, schema.message, rows, keys=("id",))


def stuck(connection: Connection, now: datetime) -> int:
    """Messages without an outcome past their lease: there must be none for long."""
    table = schema.message
    return connection.execute(
        select(func.count()).where(
            table.c.state == MessageState.SENDING.value,
            table.c.lease_until.is_(None) | (table.c.lease_until < now),
        )
    ).scalar_one()


EARLIEST = select(func.min(schema.message.c.due_at))
NEXT_DUE = union_all(
    EARLIEST.where(IS_WAITING, IS_TEXT),
    EARLIEST.where(schema.message.c.state == MessageState.UNKNOWN.value),
)


def next_due_at(connection: Connection) -> datetime | None:
    """When the next text may be sent, or a message has to be asked for."""
    moments = connection.scalars(NEXT_DUE)
    return min((at for at in moments if at), default=None)
