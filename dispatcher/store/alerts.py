"""Alerts, and what was answered to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    bindparam,
    case,
    not_,
    select,
    update,
)

from dispatcher.core.alert import Alert, AlertId, AlertState, ChainId
from dispatcher.core.callout import lane_of
from dispatcher.core.journal import passed, received
from dispatcher.store import batch, dialect, journal, schema, todo
from dispatcher.store.codec import content_digest
from dispatcher.store.stamps import STAMPED, read, stamped

STANDING = (AlertState.ACTIVE.value, AlertState.PARKED.value)
LAST = "\U0010ffff"  # sorts after every character

# Asked of every new alert while others wait for their turn to write: made once.
SENDER: BindParameter[str] = bindparam("sender")
IDENTIFIER: BindParameter[str] = bindparam("identifier")
IS_NAMED = (schema.alert.c.sender == SENDER) & (schema.alert.c.identifier == IDENTIFIER)
NAMED = select(*STAMPED).where(IS_NAMED)
DIGEST = select(schema.alert.c.digest).where(IS_NAMED)
REFERRING = (
    select(*STAMPED)
    .join(schema.reference, schema.reference.c.alert == schema.alert.c.id)
    .where(
        schema.reference.c.sender == SENDER,
        schema.reference.c.identifier == IDENTIFIER,
    )
    .order_by(schema.alert.c.received_at)
)
NEXT_DUE = dialect.earliest(schema.alert.c.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An alert as it is offered to the store.

    :ivar digest: fingerprint of the parsed content: equal digests are equal alerts
    """

    alert: Alert
    digest: str
    api_key: str
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says to a submission.

    :ivar fresh: False when it was there before; ``same`` tells whether it was equal
    """

    alert: Alert
    fresh: bool
    same: bool


def accept(connection: Connection, offered: Submission) -> Stored:
    """Keep an alert once: by its idempotency key, and by sender and identifier."""
    known = earlier(connection, offered)
    if known:
        if known.same:
            _keep_key(connection, offered, known.alert.id)
        return known
    save_new(connection, offered)
    return Stored(offered.alert, fresh=True, same=True)


def earlier(connection: Connection, offered: Submission) -> Stored | None:
    """What was kept under the same key or the same identity."""
    found = _by_key(connection, offered) or _by_identity(connection, offered)
    if found is None:
        return None
    first, digest = found
    return Stored(first, fresh=False, same=digest == offered.digest)


def _by_key(connection: Connection, offered: Submission) -> tuple[Alert, str] | None:
    if offered.idempotency_key is None:
        return None
    table = schema.idempotency
    row = connection.execute(
        select(table.c.alert, table.c.digest).where(
            table.c.api_key == offered.api_key,
            table.c.key == offered.idempotency_key,
        )
    ).first()
    if row is None:
        return None
    first = find(connection, AlertId(row.alert))
    return (first, row.digest) if first else None


def _by_identity(
    connection: Connection, offered: Submission
) -> tuple[Alert, str] | None:
    content = offered.alert.content
    named = {"sender": content.sender, "identifier": content.identifier}
    for alert in read(connection, NAMED, named):
        return alert, connection.scalars(DIGEST, named).one()
    return None


def save_new(connection: Connection, offered: Submission) -> None:
    """Write a new alert down, with the key it came under."""
    alert = offered.alert
    connection.execute(
        schema.alert.insert().values(
            sender=alert.content.sender,
            identifier=alert.content.identifier,
            digest=offered.digest,
            received_at=alert.received_at,
            received_by=alert.received_by,
            **_changing(alert),
        )
    )
    _keep_references(connection, alert)
    _keep_key(connection, offered, alert.id)
    first = received(alert, content_digest(alert.content))
    journal.begin(connection, alert.id, first)
    todo.follow(connection, None, alert, alert.received_at)


def _keep_references(connection: Connection, alert: Alert) -> None:
    rows = [
        {"sender": one.sender, "identifier": one.identifier, "alert": alert.id}
        for one in alert.content.references
    ]
    batch.insert(connection, schema.reference, rows, new=False)


def _keep_key(connection: Connection, offered: Submission, alert: AlertId) -> None:
    """From now on the key stands for this alert; a key kept before stays."""
    if offered.idempotency_key is None:
        return
    row = {
        "api_key": offered.api_key,
        "key": offered.idempotency_key,
        "digest": offered.digest,
        "alert": alert,
        "at": offered.alert.received_at,
    }
    batch.insert(connection, schema.idempotency, [row], new=False)


def _changing(alert: Alert) -> dict[str, object]:
    return {
        "id": alert.id,
        "chain": alert.chain,
        "lane": lane_of(alert.policy_level, drill=alert.content.drill).order,
        "state": alert.state.value,
        "reason": alert.reason and alert.reason.value,
        "due_at": alert.due_at,
        "launched": alert.launched_at is not None,
        **stamped(alert),
    }


def save(connection: Connection, alert: Alert, now: datetime) -> None:
    """Write down where an alert stands now, and in its journal what has happened."""
    before = find(connection, alert.id)
    if before:
        digest = content_digest(alert.content)
        journal.note(connection, alert.id, passed(before, alert, digest, now))
        todo.follow(connection, before, alert, now)
    connection.execute(
        update(schema.alert)
        .where(schema.alert.c.id == alert.id)
        .values(**_changing(alert))
    )


def find(connection: Connection, name: AlertId) -> Alert | None:
    """One alert."""
    found = read(connection, select(*STAMPED).where(schema.alert.c.id == name))
    return next(iter(found), None)


def referred(connection: Connection, sender: str, identifier: str) -> Alert | None:
    """The alert a reference names."""
    named = {"sender": sender, "identifier": identifier}
    return next(iter(read(connection, NAMED, named)), None)


def referring(connection: Connection, sender: str, identifier: str) -> list[Alert]:
    """Alerts that refer to one, which may be yet to come; the first one first."""
    named = {"sender": sender, "identifier": identifier}
    return read(connection, REFERRING, named)


def live(connection: Connection, since: datetime) -> list[Alert]:
    """Active alerts of the chains that have spoken since, the first one first.

    Not every active one: to read a thousand takes longer than to take a warning in.
    """
    table = schema.alert.c
    active = table.state == AlertState.ACTIVE.value
    spoken = select(table.chain).where(active, table.received_at >= since)
    return read(
        connection,
        select(*STAMPED)
        .where(active, table.chain.in_(spoken))
        .order_by(table.received_at),
    )


def standing_of(connection: Connection, sender: str, begins: str) -> list[Alert]:
    """Alerts of a sender that go on or wait at the desk, by how their names begin."""
    return read(
        connection,
        select(*STAMPED)
        .where(
            schema.alert.c.sender == sender,
            schema.alert.c.identifier.between(begins, f"{begins}{LAST}"),
            schema.alert.c.state.in_(STANDING),
        )
        .order_by(schema.alert.c.received_at),
    )


def of_chain(connection: Connection, chain: ChainId) -> list[Alert]:
    """All alerts of a chain, the first one first."""
    return read(
        connection,
        select(*STAMPED)
        .where(schema.alert.c.chain == chain)
        .order_by(schema.alert.c.received_at),
    )


# While a warning is launched its end is not looked after; see the engine's launching.
LAUNCHED = case(
    (schema.alert.c.stamp.isnot(None), schema.alert.c.launched),
    else_=dialect.said(schema.alert.c.body, "launched_at").isnot(None),
)


def to_launch(connection: Connection, now: datetime, most: int) -> list[AlertId]:
    """Active alerts whose callouts are not all open yet: red first, then the oldest."""
    return _due(connection, now, most, not_(LAUNCHED))


def to_tend(connection: Connection, now: datetime, most: int) -> list[AlertId]:
    """Alerts that are called out and whose end wants attention, in the same order."""
    return _due(connection, now, most, LAUNCHED)


def _due(
    connection: Connection, now: datetime, most: int, which: ColumnElement[bool]
) -> list[AlertId]:
    names = connection.scalars(
        select(schema.alert.c.id)
        .where(schema.alert.c.due_at <= now, which)
        .order_by(schema.alert.c.lane, schema.alert.c.due_at)
        .limit(most)
    )
    return [AlertId(name) for name in names]


def postpone(
    connection: Connection, name: AlertId, now: datetime, until: datetime
) -> None:
    """Look at an alert later that is due and could not be handled."""
    table = schema.alert
    connection.execute(
        update(table)
        .where(table.c.id == name, table.c.due_at <= now)
        .values(due_at=until)
    )


def page(
    connection: Connection, state: AlertState | None, cursor: str | None, limit: int
) -> list[Alert]:
    """Alerts, the newest first, after the one named ``cursor``."""
    query = select(*STAMPED).order_by(*schema.NEWEST)
    if state:
        query = query.where(schema.alert.c.state == state.value)
    if cursor:
        last = find(connection, AlertId(cursor))
        if last is None:
            return []
        query = query.where(
            # Said beside what says more, it leads into the index.
            schema.alert.c.received_at <= last.received_at,
            (schema.alert.c.received_at < last.received_at)
            | (
                (schema.alert.c.received_at == last.received_at)
                & (schema.alert.c.id > last.id)
            ),
        )
    return read(connection, query.limit(limit))


def next_due_at(connection: Connection) -> datetime | None:
    """When the next alert is to be launched, or its end to be looked after."""
    return connection.execute(NEXT_DUE).scalar()
