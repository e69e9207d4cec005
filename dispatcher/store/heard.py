"""What was sent to a number, for telling what a reply from it belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Exists, RowMapping, Select, case, func, select

from channels.contract import Channel
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import OPEN_STATES, CalloutId
from dispatcher.core.matching import Candidate
from dispatcher.store import dialect, schema, vault
from dispatcher.store.outbox import TO_ITS_NUMBER, About, MessageState
from dispatcher.store.questions import Kind, Question

REACHED = (
    MessageState.SENDING,
    MessageState.UNKNOWN,
    MessageState.ACCEPTED,
    MessageState.DELIVERED,
)
# What only tells is neither a question nor the end of one: who answers after it means
# what was asked before.
SAYS_NOTHING_TO_ANSWER = (About.REPLY.value, About.INFO.value, About.TRIAL.value)
WITHOUT_RECEIPTS = frozenset({Channel.WECHAT.value})
REPLY_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message that a reply may belong to.

    :ivar created_at: when it was decided to send it
    :ivar first_sent_at: when it was sent, if more than once for the first time
    :ivar question: empty for a notice
    :ivar digest: it asks about units below him
    """

    created_at: datetime
    first_sent_at: datetime
    candidate: Candidate
    question: str
    digest: bool
    alert: AlertId
    chain: ChainId
    person: str
    address: str
    channel: Channel
    lane: Lane


def sent_to(
    connection: Connection, numbers: Iterable[str], since: datetime, until: datetime
) -> dict[str, list[Said]]:
    """Everything that each number was sent by a moment and made after one, in order."""
    marks = vault.fingerprints(connection, numbers)
    listed = dialect.each(marks.values())
    message, question, address = schema.message, schema.question, schema.address
    rows = connection.execute(
        select(message, address.c.fingerprint, question.c.kind, _open().label("open"))
        .join(address, TO_ITS_NUMBER)
        .outerjoin(question, question.c.id == message.c.question)
        .where(
            address.c.fingerprint.in_(select(listed.c.value)),
            message.c.created_at > since,
            message.c.first_sent_at <= until,
            # What a provider once took may have arrived, whatever it says of it.
            message.c.state.in_([state.value for state in REACHED])
            | message.c.provider_id.isnot(None),
            message.c.purpose.not_in(SAYS_NOTHING_TO_ANSWER),
        )
        .order_by(message.c.sent_at, message.c.id)
    )
    found: dict[str, list[Said]] = {mark: [] for mark in marks.values()}
    for row in rows:
        found[row.fingerprint].append(_said(row._mapping))  # noqa: SLF001 - SQLAlchemy's public row interface
    return {number: found[mark] for number, mark in marks.items()}


def _open() -> Exists:
    """Whether any callout that the question's messages named still waits."""
    carried, other = schema.carried, schema.message.alias()
    return (
        select(1)
        .select_from(other)
        .join(carried, carried.c.message == other.c.id)
        .join(schema.callout, schema.callout.c.id == carried.c.callout)
        .where(
            other.c.question == schema.message.c.question,
            schema.callout.c.state.in_([state.value for state in OPEN_STATES]),
        )
        .correlate(schema.message)
        .exists()
    )


def _said(row: RowMapping) -> Said:
    asks = row["kind"] in {Kind.OWN.value, Kind.DIGEST.value}
    return Said(
        created_at=row["created_at"],
        first_sent_at=row["first_sent_at"],
        candidate=Candidate(
            message=row["id"],
            # All that one warning asks of one number is one question to who reads it:
            # own part and digest, and every holder who shares the number.
            question=row["chain"] if asks else None,
            code=row["code"],
            level=Level(row["level"]),
            drill=row["drill"],
            # Not when the acceptance was written down: an answer can be quicker.
            sent_at=row["sent_at"],
            delivered_at=row["delivered_at"],
            receipts=row["channel"] not in WITHOUT_RECEIPTS,
            open=bool(row["open"]),
        ),
        question=row["question"] if asks else "",
        digest=row["kind"] == Kind.DIGEST.value,
        alert=AlertId(row["alert"]),
        chain=ChainId(row["chain"]),
        person=row["person"],
        address=row["address"],
        channel=Channel(row["channel"]),
        lane=tuple(Lane)[row["lane"]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A message that asks, to one number or account.

    :ivar picked_up_at: of a call
    """

    message: str
    question: str
    address: str
    number: str
    picked_up_at: datetime | None


def asked(connection: Connection, message: str) -> Asked | None:
    """A message by id; None when there is none, or it asks nothing."""
    table = schema.message
    row = connection.execute(
        select(table, schema.address.c.value)
        .join(schema.address, TO_ITS_NUMBER)
        .where(table.c.id == message, table.c.question.isnot(None))
    ).one_or_none()
    if row is None:
        return None
    numbers = vault.Humans(connection, vault.humans_of([row.value]))
    return Asked(
        message=row.id,
        question=row.question,
        address=row.address,
        number=vault.number_of(numbers, row),
        picked_up_at=row.picked_up_at,
    )


def named(
    connection: Connection, asked: Sequence[tuple[Question, datetime]]
) -> list[Names]:
    """Callouts that messages of each question, sent by a moment, had named.

    Nobody takes over what a digest named that never got to him.
    """
    listed = dialect.each(question.id for question, _ in asked)
    message, sent = schema.message.c, schema.message.c.first_sent_at
    failed = message.state == MessageState.FAILED.value
    got = case((~failed | message.picked_up_at.isnot(None), sent))
    rows = connection.execute(
        select(
            *(message.question, schema.carried.c.callout),
            *(func.min(sent).label("sent"), func.min(got).label("got")),
        )
        .join(schema.carried, schema.carried.c.message == message.id)
        .where(message.question.in_(select(listed.c.value)))
        .group_by(message.question, schema.carried.c.callout)
    )
    found: dict[tuple[str, bool], dict[CalloutId, datetime | None]] = defaultdict(dict)
    for row in rows:
        name = CalloutId(row.callout)
        found[row.question, False][name] = row.sent
        found[row.question, True][name] = row.got
    return [
        {
            name
            for name, at in found[one.id, one.key.kind is Kind.DIGEST].items()
            if at and at <= moment
        }
        for one, moment in asked
    ]


def roles(connection: Connection, chain: ChainId, person: str) -> Names:
    """Every callout of a chain about which a person was, or is to be, told anything."""
    message, member, question = schema.message, schema.member, schema.question
    told = _carried().where(message.c.chain == chain, message.c.person == person)
    joined = (
        select(member.c.callout)
        .join(question, question.c.id == member.c.question)
        .where(question.c.chain == chain, question.c.person == person)
    )
    return _names(connection, told) | _names(connection, joined)


def at_address(connection: Connection, person: str, address: str) -> Names:
    """Every callout, of whatever chain, about which an address was sent anything."""
    message = schema.message
    query = _carried().where(message.c.address == address, message.c.person == person)
    return _names(connection, query)


def named_callouts(
    connection: Connection, questions: Iterable[str]
) -> dict[str, set[CalloutId]]:
    """Callouts that messages of each question have named so far."""
    listed = dialect.each(questions)
    message = schema.message
    rows = connection.execute(
        select(message.c.question, schema.carried.c.callout)
        .distinct()
        .join(schema.carried, schema.carried.c.message == message.c.id)
        .where(message.c.question.in_(select(listed.c.value)))
    )
    found: dict[str, set[CalloutId]] = {}
    for row in rows:
        found.setdefault(row.question, set()).add(CalloutId(row.callout))
    return found


Names = set[CalloutId]


def _carried() -> Select[Any]:
    message = schema.message
    return (
        select(schema.carried.c.callout)
        .distinct()
        .join(message, message.c.id == schema.carried.c.message)
    )


def _names(connection: Connection, query: Select[Any]) -> Names:
    return {CalloutId(name) for name in connection.scalars(query)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that left for one address; ``wrong``: somebody else is behind it."""

    message: str
    address: str
    wrong: bool


def sent_for(connection: Connection, question: str, before: datetime) -> list[Sent]:
    """What was sent for a question by then, the newest last."""
    message = schema.message
    rows = connection.execute(
        select(message.c.id, message.c.address, schema.address.c.wrong)
        .join(schema.address, TO_ITS_NUMBER)
        .where(message.c.question == question, message.c.first_sent_at <= before)
        .order_by(message.c.sent_at, message.c.id)
    )
    return [Sent(message=row.id, address=row.address, wrong=row.wrong) for row in rows]


@dataclass(frozen=True, slots=True)
class Note:
    """Something said to a callout that was no answer; ``by`` as in its fact."""

    callout: CalloutId
    by: str
    meaning: Meaning


def notes_on(connection: Connection, names: Iterable[str]) -> frozenset[Note]:
    """What has been said to these callouts and was no answer."""
    fact = schema.fact
    listed = dialect.each(names)
    rows = connection.execute(
        select(
            fact.c.callout,
            dialect.said(fact.c.body, "by").label("by"),
            dialect.said(fact.c.body, "meaning").label("meaning"),
        )
        .distinct()
        .where(fact.c.callout.in_(select(listed.c.value)), fact.c.kind == "reply_noted")
    )
    return frozenset(
        Note(CalloutId(row.callout), row.by, Meaning(row.meaning)) for row in rows
    )


def replies_since(connection: Connection, address: str, now: datetime) -> int:
    """How many answers to its replies an address had in the last hour."""
    message = schema.message
    return connection.execute(
        select(func.count()).where(
            message.c.address == address,
            message.c.purpose == About.REPLY.value,
            message.c.created_at > now - REPLY_WINDOW,
        )
    ).scalar_one()
