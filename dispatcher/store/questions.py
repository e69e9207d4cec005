"""Questions: what one person is asked in one chain, under one code.

Kinds: ``own`` is about posts the person holds, ``digest`` about units below him,
``info`` asks nothing and only joins messages. A code belongs to one question for its
life, is unique for each number, and rests 24 hours after the question is closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Row, case, func, select, update

from channels.contract import Channel
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import Alert, AlertId, ChainId, Lane, Level
from dispatcher.core.callout import AttemptId, CalloutId, Purpose, State
from dispatcher.core.digest import Digest, Pending, due_at
from dispatcher.store import batch, dialect, schema, vault

REST = timedelta(hours=24)
CODES = tuple(str(n) for n in (*range(60, 100), *range(600, 1000)))


class Kind(StrEnum):
    """What a question is about."""

    OWN = "own"
    DIGEST = "digest"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a question one and the same."""

    chain: ChainId
    epoch: int
    person: PersonId
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it is kept; ``messages`` counts how often it was put."""

    id: str
    key: Key
    alert: AlertId
    lane: Lane
    level: Level
    drill: bool
    code: str | None
    opened_at: datetime
    closed_at: datetime | None = None
    sent_at: datetime | None = None
    called_at: datetime | None = None
    due_at: datetime | None = None
    messages: int = 0

    @property
    def digest(self) -> Digest:
        """How it stands as a digest."""
        return Digest(
            asks=self.key.kind is Kind.DIGEST,
            sent_at=self.sent_at,
            called_at=self.called_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An attempt that waits in a digest to be named."""

    question: str
    attempt: AttemptId
    callout: CalloutId
    channel: Channel
    address: AddressId
    purpose: Purpose
    joined_at: datetime


def find(connection: Connection, keys: Iterable[Key]) -> dict[Key, Question]:
    """Those of these questions that exist already."""
    wanted = set(keys)
    chains = {key.chain for key in wanted}
    listed = dialect.each({key.person for key in wanted})
    rows = connection.execute(
        select(schema.question).where(
            schema.question.c.chain.in_(chains),
            schema.question.c.person.in_(select(listed.c.value)),
        )
    )
    found = {question.key: question for question in map(_question, rows)}
    return {key: question for key, question in found.items() if key in wanted}


def own_of(
    connection: Connection, keys: Iterable[tuple[ChainId, PersonId]]
) -> dict[str, tuple[ChainId, PersonId]]:
    """The questions about posts these people hold themselves, by id."""
    wanted = set(keys)
    table = schema.question
    listed = dialect.each({person for _, person in wanted})
    rows = connection.execute(
        select(table.c.id, table.c.chain, table.c.person).where(
            table.c.kind == Kind.OWN.value,
            table.c.chain.in_({chain for chain, _ in wanted}),
            table.c.person.in_(select(listed.c.value)),
        )
    )
    found = {row.id: (ChainId(row.chain), PersonId(row.person)) for row in rows}
    return {name: key for name, key in found.items() if key in wanted}


def by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Question]:
    """Questions by id."""
    listed = dialect.each(ids)
    rows = connection.execute(
        select(schema.question).where(schema.question.c.id.in_(select(listed.c.value)))
    )
    return {question.id: question for question in map(_question, rows)}


def _question(row: Row[tuple[object, ...]]) -> Question:
    return Question(
        id=row.id,
        key=Key(row.chain, row.epoch, row.person, Kind(row.kind)),
        alert=row.alert,
        lane=tuple(Lane)[row.lane],
        level=Level(row.level),
        drill=row.drill,
        code=row.code,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        sent_at=row.sent_at,
        called_at=row.called_at,
        due_at=row.due_at,
        messages=row.messages,
    )


def used_codes(
    connection: Connection, numbers: Iterable[str], now: datetime
) -> Mapping[str, set[str]]:
    """Codes by number that are open or still rest."""
    known = known_codes(connection, numbers, now)
    return {number: {*codes} for number, codes in known.items()}


def known_codes(
    connection: Connection, numbers: Iterable[str], since: datetime
) -> dict[str, dict[str, datetime | None]]:
    """Codes that somebody behind a number could mean, each with the end of its rest.

    :param since: those whose rest was over before are left out; None: open still
    """
    marks = vault.fingerprints(connection, numbers)
    listed, table = dialect.each(marks.values()), schema.code
    rows = connection.execute(
        select(table.c.fingerprint, table.c.code, table.c.free_at).where(
            table.c.fingerprint.in_(select(listed.c.value)),
            table.c.free_at.is_(None) | (table.c.free_at > since),
        )
    )
    found: dict[str, dict[str, datetime | None]] = {one: {} for one in marks.values()}
    for row in rows:
        found[row.fingerprint][row.code] = row.free_at
    return {number: found[mark] for number, mark in marks.items()}


def _by_fingerprint(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Each number by its fingerprint."""
    found = vault.fingerprints(connection, numbers)
    return {fingerprint: number for number, fingerprint in found.items()}


def free_code(numbers: Sequence[str], used: Mapping[str, set[str]]) -> str | None:
    """The smallest code that is free on every number; None when all are taken."""
    taken = set().union(*(used.get(number, ()) for number in numbers))
    return next((code for code in CODES if code not in taken), None)


def add(connection: Connection, new: Mapping[Question, Sequence[str]]) -> None:
    """Write questions down, with the numbers on which each owns its code."""
    batch.insert(connection, schema.question, [_row(question) for question in new])
    every = {number for numbers in new.values() for number in numbers}
    found = vault.fingerprints(connection, every)
    rows = [
        {
            "fingerprint": fingerprint,
            "code": question.code,
            "question": question.id,
            "free_at": None,
        }
        for question, numbers in new.items()
        for fingerprint in dict.fromkeys(found[number] for number in numbers)
        if question.code
    ]
    batch.replace(connection, schema.code, rows)


def _row(question: Question) -> batch.Values:
    return {
        "id": question.id,
        "chain": question.key.chain,
        "epoch": question.key.epoch,
        "person": question.key.person,
        "kind": question.key.kind.value,
        "alert": question.alert,
        "lane": question.lane.order,
        "level": question.level.value,
        "drill": question.drill,
        "code": question.code,
        "opened_at": question.opened_at,
        "messages": 0,
    }


def open_chains(
    connection: Connection, numbers: Iterable[str]
) -> Mapping[str, set[ChainId]]:
    """Chains of which each number has been asked something that is still open."""
    number_of = _by_fingerprint(connection, numbers)
    listed = dialect.listed(number_of)
    found: dict[str, set[ChainId]] = defaultdict(set)
    for fingerprint, chain in connection.execute(OPEN_CHAINS, {"lines": listed}):
        found[number_of[fingerprint]].add(chain)
    return found


OPEN_CHAINS = dialect.spoken(
    """
    SELECT DISTINCT code.fingerprint, question.chain
    FROM json_each(:lines) JOIN code ON code.fingerprint = value
    JOIN question ON question.id = code.question
    WHERE code.free_at IS NULL AND EXISTS (
        SELECT 1 FROM message
        JOIN carried ON carried.message = message.id
        JOIN callout ON callout.id = carried.callout
        WHERE message.question = question.id
          AND callout.state IN ('waiting', 'calling', 'taken', 'desk')
    )
    """
)


def count_messages(connection: Connection, made: Mapping[str, int]) -> None:
    """Set how often each question has been put."""
    rows = [{"id": name, "messages": count} for name, count in made.items()]
    batch.update(connection, schema.question, rows, keys=("id",))


def close_chain(connection: Connection, chain: ChainId, now: datetime) -> None:
    """Close all questions of a chain; their codes rest, nobody waits in them."""
    table = schema.question
    of_chain = select(table.c.id).where(
        table.c.chain == chain, table.c.closed_at.is_(None)
    )
    connection.execute(
        schema.member.delete().where(schema.member.c.question.in_(of_chain))
    )
    connection.execute(
        update(schema.code)
        .where(schema.code.c.question.in_(of_chain))
        .values(free_at=now + REST)
    )
    connection.execute(
        update(table)
        .where(table.c.chain == chain, table.c.closed_at.is_(None))
        .values(closed_at=now, due_at=None)
    )


def close_settled(connection: Connection, chain: ChainId, now: datetime) -> None:
    """Close questions about own posts whose callouts have all ended; codes rest."""
    table, message = schema.question, schema.message
    asked = (
        select(schema.callout.c.state)
        .join(schema.carried, schema.carried.c.callout == schema.callout.c.id)
        .join(message, message.c.id == schema.carried.c.message)
        .where(message.c.question == table.c.id)
    )
    goes_on = asked.where(schema.callout.c.state != State.CLOSED.value)
    settled = list(
        connection.scalars(
            select(table.c.id).where(
                table.c.chain == chain,
                table.c.kind == Kind.OWN.value,
                table.c.closed_at.is_(None),
                asked.exists(),
                ~goes_on.exists(),
            )
        )
    )
    _rest(connection, settled, now)
    rows = [{"id": name, "closed_at": now, "due_at": None} for name in settled]
    batch.update(connection, table, rows, keys=("id",))


def _rest(connection: Connection, names: Iterable[str], now: datetime) -> None:
    listed = dialect.each(names)
    connection.execute(
        update(schema.code)
        .where(schema.code.c.question.in_(select(listed.c.value)))
        .values(free_at=now + REST)
    )


def follow(
    connection: Connection, live: Collection[AlertId], head: Alert, lane: Lane
) -> None:
    """Let open questions of a chain whose alert is no more speak for another one."""
    table = schema.question
    connection.execute(
        update(table)
        .where(
            table.c.chain == head.chain,
            table.c.closed_at.is_(None),
            table.c.alert.not_in(live),
        )
        .values(alert=head.id, level=head.content.level.value, lane=lane.order)
    )


def join(connection: Connection, members: Sequence[Member]) -> None:
    """Let attempts wait in their digests, and set when those are to be sent."""
    rows = [
        {
            "attempt": member.attempt,
            "question": member.question,
            "callout": member.callout,
            "channel": member.channel.value,
            "address": member.address,
            "purpose": member.purpose.value,
            "joined_at": member.joined_at,
        }
        for member in members
    ]
    batch.insert(connection, schema.member, rows, new=False)
    refresh_due(connection, {member.question for member in members})


def refresh_due(connection: Connection, ids: Iterable[str]) -> None:
    """Set when digests are to be sent, from who waits in them."""
    names = set(ids)
    waiting = pending(connection, names)
    rows = [
        {"id": name, "due_at": due_at(question.digest, waiting[name])}
        for name, question in by_id(connection, names).items()
    ]
    batch.update(connection, schema.question, rows, keys=("id",))


def pending(connection: Connection, ids: Iterable[str]) -> dict[str, Pending]:
    """Since when somebody waits in each of these digests."""
    names = set(ids)
    member = schema.member
    listed = dialect.each(names)
    waits_for = case(
        (member.c.purpose == Purpose.NEXT_MEANS.value, "at_once"),
        (member.c.channel == Channel.VOICE.value, "calls"),
        else_="texts",
    )
    rows = connection.execute(
        select(member.c.question, waits_for, func.min(member.c.joined_at))
        .where(member.c.question.in_(select(listed.c.value)))
        .group_by(member.c.question, waits_for)
    )
    since: dict[str, dict[str, datetime]] = {name: {} for name in names}
    for name, what, at in rows:
        since[name][what] = at
    return {name: Pending(**moments) for name, moments in since.items()}


def due_digests(connection: Connection, now: datetime, most: int) -> list[Question]:
    """Digests whose time has come, red before blue."""
    rows = connection.execute(
        select(schema.question)
        .where(schema.question.c.due_at <= now)
        .order_by(schema.question.c.lane, schema.question.c.due_at)
        .limit(most)
    )
    return [_question(row) for row in rows]


def members(connection: Connection, ids: Iterable[str]) -> list[Member]:
    """Who waits in these digests, in the order they joined."""
    listed = dialect.each(ids)
    rows = connection.execute(
        select(schema.member)
        .where(schema.member.c.question.in_(select(listed.c.value)))
        .order_by(schema.member.c.joined_at, schema.member.c.attempt)
    )
    return [
        Member(
            question=row.question,
            attempt=row.attempt,
            callout=row.callout,
            channel=Channel(row.channel),
            address=row.address,
            purpose=Purpose(row.purpose),
            joined_at=row.joined_at,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What has been made of a digest.

    :ivar attempts: need no naming any more
    """

    attempts: Sequence[str]
    sent_at: datetime | None
    called_at: datetime | None


def named(connection: Connection, done: Mapping[str, Named]) -> None:
    """Everybody of these has been named or needs no naming any more."""
    attempts = [attempt for one in done.values() for attempt in one.attempts]
    listed = dialect.each(attempts)
    connection.execute(
        schema.member.delete().where(
            schema.member.c.attempt.in_(select(listed.c.value))
        )
    )
    rows = [
        {"id": name, "sent_at": one.sent_at, "called_at": one.called_at}
        for name, one in done.items()
    ]
    batch.update(connection, schema.question, rows, keys=("id",))
    refresh_due(connection, done)


NEXT_DUE = dialect.earliest(schema.question.c.due_at)


def next_due_at(connection: Connection) -> datetime | None:
    """When the next digest is to be sent."""
    return connection.execute(NEXT_DUE).scalar()
