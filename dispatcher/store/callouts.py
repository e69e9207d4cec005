"""Callouts and their facts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    TextClause,
    cast,
    func,
    select,
    text,
    update,
)

from contacts.model import Post, PostRef, UnitId
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.board import face_before
from dispatcher.core.callout import OPEN_STATES, Callout, CalloutId, State
from dispatcher.core.change import There
from dispatcher.core.due import next_due
from dispatcher.core.fact import Fact
from dispatcher.core.proof import Head, linked
from dispatcher.core.report import Tally, tally
from dispatcher.store import batch, dialect, schema
from dispatcher.store.codec import CALLOUT, FACE, FACT, TALLY, callout_json, fact_json
from dispatcher.store.moment import Moment


@dataclass(frozen=True, slots=True)
class Seen:
    """A callout as it was read: who changes it later must have seen this version.

    :ivar head: the hash of its last fact
    """

    callout: Callout
    version: int
    facts: int
    head: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision made of a callout."""

    seen: Seen | None
    callout: Callout
    facts: Sequence[Fact]


def due(
    connection: Connection, now: datetime, most: int
) -> list[tuple[CalloutId, UnitId]]:
    """Callouts for which something is due, and their units: red, then the overdue."""
    found: list[tuple[CalloutId, UnitId]] = []
    for lane in Lane:  # in one statement, all that is due would be put in order
        rows = connection.execute(
            select(schema.callout.c.id, schema.callout.c.unit)
            .where(schema.callout.c.lane == lane.order, schema.callout.c.due_at <= now)
            .order_by(schema.callout.c.due_at)
            .limit(most - len(found))
        )
        found += [(CalloutId(row.id), UnitId(row.unit)) for row in rows]
        if len(found) == most:
            break
    return found


def postpone(
    connection: Connection, name: CalloutId, now: datetime, until: datetime
) -> None:
    """Look at a callout later that is due and could not be handled."""
    table = schema.callout
    connection.execute(
        update(table)
        .where(table.c.id == name, table.c.due_at <= now)
        .values(due_at=until)
    )


def load(connection: Connection, ids: Iterable[str]) -> dict[CalloutId, Seen]:
    """Callouts by id, with the version they have now."""
    table = schema.callout
    listed = dialect.each(ids)
    rows = connection.execute(
        select(
            *(table.c.id, table.c.version, table.c.facts, table.c.head, table.c.body)
        ).where(table.c.id.in_(select(listed.c.value)))
    )
    return {
        CalloutId(row.id): Seen(
            CALLOUT.validate_json(row.body), row.version, row.facts, row.head
        )
        for row in rows
    }


def those_there(connection: Connection, ids: Iterable[str]) -> set[CalloutId]:
    """Which of these callouts there are."""
    listed, table = dialect.each(ids), schema.callout
    rows = connection.execute(
        select(table.c.id).where(table.c.id.in_(select(listed.c.value)))
    )
    return {CalloutId(row.id) for row in rows}


def save(connection: Connection, changes: Iterable[Change]) -> set[CalloutId]:
    """Write changes and their facts; returns those that somebody else got ahead of."""
    return write(connection, [*map(Told.of, changes)])


def write(connection: Connection, told: Sequence[Told]) -> set[CalloutId]:
    """Write what has been put down; returns what somebody else got ahead of."""
    new = [one.row for one in told if one.change.seen is None]
    batch.insert(connection, schema.callout, new)
    seen = [one.row for one in told if one.change.seen]
    won = batch.update(connection, schema.callout, seen, keys=("id", "version"))
    lost = {row["id"] for row in seen if (row["id"],) not in won}
    facts = [
        row for one in told if one.change.callout.id not in lost for row in one.facts
    ]
    batch.insert(connection, schema.fact, facts)
    return lost


@dataclass(frozen=True, slots=True)
class Told:
    """A change as it is kept: the callout, and its new facts."""

    change: Change
    row: batch.Values
    facts: Sequence[batch.Values]

    @classmethod
    def of(cls, change: Change) -> Told:
        """Chain the facts of a change to those before, and put down what it made."""
        name, seen = change.callout.id, change.seen
        head = Head(name, seen.facts, seen.head) if seen else Head(name)
        rows = []
        for fact in change.facts:
            body = fact_json(fact)
            head = linked(head, body)
            rows.append(
                {
                    "callout": name,
                    "seq": head.seq,
                    "at": fact.at,
                    "kind": fact.kind,
                    "body": body,
                    "hash": head.hash,
                }
            )
        return cls(change, _row(change, head), rows)


def _row(change: Change, head: Head) -> batch.Values:
    callout, state = change.callout, _state(change.callout, head)
    if change.seen:
        return {**state, "version": change.seen.version}
    return {
        "chain": callout.chain,
        "unit": callout.unit,
        "post": callout.post.value,
        "origin": callout.alert,
        **state,
        "version": 1,
    }


def _state(callout: Callout, head: Head) -> dict[str, object]:
    following = next_due(callout)
    return {
        "id": callout.id,
        "alert": callout.alert,
        "lane": callout.lane.order,
        "state": callout.state.value,
        "marks": json.dumps(callout.marks),
        "owner": callout.owner,
        "due_at": following and following.at,
        "facts": head.seq,
        "head": head.hash,
        "tally": TALLY.dump_json(tally(callout)).decode(),
        "face": FACE.dump_json(face_before(following, callout)).decode(),
        "body": callout_json(callout),
    }


def facts_of(connection: Connection, name: CalloutId) -> list[Fact]:
    """All facts of one callout, in order."""
    rows = connection.execute(
        select(schema.fact.c.body)
        .where(schema.fact.c.callout == name)
        .order_by(schema.fact.c.seq)
    )
    return [FACT.validate_json(row.body) for row in rows]


def each_facts(
    connection: Connection, alert: AlertId
) -> Iterator[tuple[CalloutId, list[Fact]]]:
    """The facts of an alert's callouts, in order, one callout at a time.

    A large alert has hundreds of thousands: who reads them keeps what he makes of them.
    """
    rows = connection.execute(
        select(schema.fact.c.callout, schema.fact.c.body)
        .join(schema.callout, schema.callout.c.id == schema.fact.c.callout)
        .where(schema.callout.c.alert == alert)
        .order_by(schema.fact.c.callout, schema.fact.c.seq)
    )
    for name, told in groupby(rows, key=lambda row: row.callout):
        yield CalloutId(name), [FACT.validate_json(row.body) for row in told]


def facts_by_callout(
    connection: Connection, alert: AlertId
) -> Mapping[CalloutId, list[Fact]]:
    """All facts of an alert's callouts, each in order."""
    return dict(each_facts(connection, alert))


def latest_facts(
    connection: Connection, alert: AlertId, kinds: Iterable[str], most: int
) -> list[tuple[UnitId, Fact]]:
    """The newest facts of some kinds under an alert, with their units, newest last."""
    fact, callout = schema.fact, schema.callout
    rows = connection.execute(
        select(callout.c.unit, fact.c.body)
        .select_from(fact)
        .join(callout, callout.c.id == fact.c.callout)
        .where(callout.c.alert == alert, fact.c.kind.in_(list(kinds)))
        .order_by(fact.c.id.desc())
        .limit(most)
    ).all()
    return [(UnitId(row.unit), FACT.validate_json(row.body)) for row in reversed(rows)]


def tallies_by_unit(
    connection: Connection, alert: AlertId
) -> list[tuple[UnitId, Tally]]:
    """What each callout of an alert adds to the figures, with its unit."""
    table = schema.callout
    rows = connection.execute(
        select(table.c.unit, table.c.tally).where(table.c.alert == alert)
    )
    return [(UnitId(row.unit), TALLY.validate_json(row.tally)) for row in rows]


def tallies_of(connection: Connection, alert: AlertId) -> list[Tally]:
    """What each callout of an alert adds to the figures."""
    return [told for _, told in tallies_by_unit(connection, alert)]


def open_of_chain(connection: Connection, chain: ChainId) -> list[CalloutId]:
    """Callouts of a chain that are not closed."""
    rows = connection.execute(
        select(schema.callout.c.id).where(
            schema.callout.c.chain == chain,
            schema.callout.c.state != State.CLOSED.value,
        )
    )
    return [CalloutId(row.id) for row in rows]


def lead_answered(connection: Connection, chain: ChainId, unit: str) -> bool:
    """Whether the grid lead's callout of a unit in a chain has been answered."""
    table = schema.callout
    answered = [State.ANSWERED.value, State.REPORTED.value]
    found = select(table.c.id).where(
        table.c.chain == chain,
        table.c.unit == unit,
        table.c.post == Post.GRID_LEAD.value,
        table.c.state.in_(answered),
    )
    return connection.execute(found).first() is not None


def still_open(connection: Connection, ids: Iterable[str]) -> set[CalloutId]:
    """Those of these callouts that still wait for an answer."""
    table = schema.callout
    listed = dialect.each(ids)
    rows = connection.execute(
        select(table.c.id).where(
            table.c.id.in_(select(listed.c.value)),
            table.c.state.in_([state.value for state in OPEN_STATES]),
        )
    )
    return {CalloutId(row.id) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which callouts are asked for; None does not matter."""

    alert: str | None = None
    state: str | None = None
    unit: str | None = None
    mark: str | None = None
    cursor: str | None = None
    limit: int = 100


def page(connection: Connection, wanted: Filter) -> list[Callout]:
    """Callouts by id, after the one named ``cursor``."""
    table = schema.callout
    query = select(table.c.body).order_by(table.c.id).limit(wanted.limit)
    for condition in _conditions(wanted):
        query = query.where(condition)
    return [CALLOUT.validate_json(row.body) for row in connection.execute(query)]


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool] | TextClause]:
    table = schema.callout
    if wanted.alert is not None:
        yield table.c.alert == wanted.alert
    if wanted.state is not None:
        yield table.c.state == wanted.state
    if wanted.unit is not None:
        yield table.c.unit == wanted.unit
    if wanted.mark is not None:
        yield table.c.marks.contains(f'"{wanted.mark}"')
    if wanted.cursor is not None:
        yield table.c.id > wanted.cursor
    if wanted.alert is None:
        yield from _indexed(wanted)


def _indexed(wanted: Filter) -> Iterator[ColumnElement[bool] | TextClause]:
    """What follows from that, and leads to few of all there are."""
    if wanted.unit is not None:
        yield schema.callout.c.chain.in_(select(schema.alert.c.chain))
    elif wanted.mark is not None:
        yield schema.MARKED
    elif wanted.state not in {None, State.CLOSED.value}:
        yield schema.NOT_CLOSED


def ownerless(connection: Connection) -> int:
    """Open callouts with neither a due time nor an owner: there must be none."""
    query = select(func.count(schema.callout.c.id)).where(schema.OWNERLESS)
    return connection.execute(query).scalar_one()


# The first of each lane, which their index has in order.
NEXT_DUE = text(
    " UNION ALL ".join(
        "SELECT min(due_at) AS due_at FROM callout"  # noqa: S608 - a number of ours
        f" WHERE lane = {lane.order} AND due_at IS NOT NULL"
        for lane in Lane
    )
).columns(due_at=Moment())


def next_due_at(connection: Connection) -> datetime | None:
    """When the next callout wants attention."""
    firsts = connection.scalars(NEXT_DUE)
    return min((at for at in firsts if at), default=None)


def overdue(connection: Connection, now: datetime) -> int:
    """For how many callouts something is due."""
    table = schema.callout.c
    lanes = [lane.order for lane in Lane]
    query = select(func.count()).where(table.lane.in_(lanes), table.due_at <= now)
    return connection.execute(query).scalar_one()


def begun(connection: Connection, chain: ChainId) -> bool:
    """Whether anybody has been called in a chain."""
    table = schema.callout
    query = select(table.c.id).where(table.c.chain == chain).limit(1)
    return connection.execute(query).first() is not None


def there(connection: Connection, chain: ChainId) -> dict[PostRef, There]:
    """The newest callout of each post in a chain."""
    table = schema.callout
    epoch = cast(dialect.said(table.c.body, "epoch"), Integer)
    level = dialect.said(table.c.body, "level").label("level")
    rows = connection.execute(
        select(
            *(table.c.id, table.c.unit, table.c.post, table.c.alert, table.c.state),
            *(epoch.label("epoch"), level),
        )
        .where(table.c.chain == chain)
        .order_by(epoch)
    )
    return {
        (ref := PostRef(UnitId(row.unit), Post(row.post))): There(
            id=CalloutId(row.id),
            post=ref,
            epoch=row.epoch,
            alert=AlertId(row.alert),
            level=Level(row.level),
            state=State(row.state),
        )
        for row in rows
    }


def ids_of(
    connection: Connection, alert: AlertId
) -> list[tuple[CalloutId, UnitId, Post]]:
    """The callouts of an alert by id, each with its unit and post."""
    table = schema.callout
    rows = connection.execute(
        select(table.c.id, table.c.unit, table.c.post)
        .where(table.c.alert == alert)
        .order_by(table.c.id)
    )
    return [(CalloutId(row.id), UnitId(row.unit), Post(row.post)) for row in rows]


def facts_of_each(
    connection: Connection, ids: Iterable[str]
) -> dict[CalloutId, list[Fact]]:
    """All facts of these callouts, each in order."""
    fact = schema.fact
    listed = dialect.each(ids)
    rows = connection.execute(
        select(fact.c.callout, fact.c.body)
        .where(fact.c.callout.in_(select(listed.c.value)))
        .order_by(fact.c.callout, fact.c.seq)
    )
    return {
        CalloutId(name): [FACT.validate_json(row.body) for row in told]
        for name, told in groupby(rows, key=lambda row: row.callout)
    }
