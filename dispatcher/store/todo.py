"""What needs a human at the desk: kept while it does, and who settled it afterwards.

Of each kind one is open for a subject: a reply, a callout or an alert. What somebody
wrote stays in its callback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    func,
    select,
    text,
    update,
)

from contacts.model import PersonId, UnitId
from dispatcher.core.alert import Alert, AlertId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.core.fact import SYSTEM
from dispatcher.core.todo import Settling, TodoKind, kinds_of
from dispatcher.store import batch, dialect, schema
from dispatcher.store.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Something that needs a human.

    :ivar subject: what it is about; once for each kind
    :ivar callouts: those that wait for what he decides
    :ivar callback: where the reply is kept, as long as callbacks are
    :ivar message: what was replied to
    """

    kind: TodoKind
    subject: str
    at: datetime
    alert: AlertId | None = None
    unit: UnitId | None = None
    person: PersonId | None = None
    callouts: tuple[CalloutId, ...] = ()
    callback: int | None = None
    meaning: Meaning | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """By whom something was settled, when and how."""

    at: datetime
    by: str
    how: Settling
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A todo as it is kept; ``settled`` is None while it is open."""

    id: int
    todo: Todo
    settled: Settled | None


def put(connection: Connection, todos: Sequence[Todo]) -> None:
    """Put things on the desk; what lies there already lies there once."""
    rows = [_row(one) for one in todos]
    batch.insert(connection, schema.todo, rows, new=False)
    links = [(one.kind, one.subject, name) for one in todos for name in one.callouts]
    for kind, subject, callout in links:
        connection.execute(LINK, {"kind": kind, "subject": subject, "callout": callout})


LINK = text(
    """
    INSERT INTO todo_callout (callout, todo)
    SELECT :callout, id FROM todo
    WHERE kind = :kind AND subject = :subject AND settled_at IS NULL
    ON CONFLICT DO NOTHING
    """
)


def _row(one: Todo) -> batch.Values:
    return {
        "kind": one.kind.value,
        "subject": one.subject,
        "at": one.at,
        "alert": one.alert,
        "unit": one.unit,
        "person": one.person,
        "callback": one.callback,
        "meaning": one.meaning and one.meaning.value,
        "message": one.message,
        "note": "",
    }


def settle(connection: Connection, name: int, how: Settled) -> bool:
    """Take something off the desk; False: somebody was quicker."""
    table = schema.todo
    return bool(
        connection.execute(
            update(table)
            .where(table.c.id == name, table.c.settled_at.is_(None))
            .values(_settled(how))
        ).rowcount
    )


def _settled(how: Settled) -> dict[str, object]:
    return {
        "settled_at": how.at,
        "settled_by": how.by,
        "settled": how.how.value,
        "note": how.note,
    }


# Replies are of no use when nobody waits for an answer; who is in trouble still is.
QUIET = dialect.spoken(
    """
    UPDATE todo SET settled_at = :at, settled_by = :by, settled = :how
    WHERE settled_at IS NULL AND kind <> 'need_help' AND id IN (
        SELECT todo_callout.todo FROM todo_callout
        JOIN json_each(:callouts) ON todo_callout.callout = value
    ) AND NOT EXISTS (
        SELECT 1 FROM todo_callout JOIN callout ON callout.id = todo_callout.callout
        WHERE todo_callout.todo = todo.id
          AND callout.state IN ('waiting', 'calling', 'taken', 'desk')
    )
    """
).bindparams(bindparam("at", type_=Moment()))


def quieten(
    connection: Connection, callouts: Iterable[CalloutId], now: datetime
) -> None:
    """Settle replies that only these callouts, which are answered now, waited for."""
    given = {"callouts": dialect.listed(callouts), "at": now, "by": SYSTEM}
    connection.execute(QUIET, given | {"how": Settling.RESOLVED.value})


def follow(
    connection: Connection, before: Alert | None, after: Alert, now: datetime
) -> None:
    """Put on the desk what a warning asks now, and take off what it no longer asks."""
    was, there = kinds_of(before) if before else frozenset(), kinds_of(after)
    table = schema.todo
    if gone := was - there:
        done = Settled(at=now, by=after.ended_by or SYSTEM, how=Settling.RESOLVED)
        connection.execute(
            update(table)
            .where(
                table.c.kind.in_([kind.value for kind in gone]),
                table.c.subject == after.id,
                table.c.settled_at.is_(None),
            )
            .values(_settled(done))
        )
    put(
        connection,
        [
            Todo(kind=kind, subject=after.id, at=now, alert=after.id)
            for kind in sorted(there - was)
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which todos are asked for; None does not matter; the newest first."""

    kind: str | None = None
    settled: bool = False
    before: int | None = None
    limit: int = 100


def page(connection: Connection, wanted: Filter) -> list[Kept]:
    """Todos, the newest first, after the one with the id ``before``."""
    table = schema.todo
    query = select(table).order_by(table.c.id.desc()).limit(wanted.limit)
    when = table.c.settled_at
    query = query.where(when.isnot(None) if wanted.settled else when.is_(None))
    if wanted.kind is not None:
        query = query.where(table.c.kind == wanted.kind)
    if wanted.before is not None:
        query = query.where(table.c.id < dialect.given(wanted.before))
    return _kept(connection, connection.execute(query).all())


def find(connection: Connection, name: int) -> Kept | None:
    """One todo."""
    query = select(schema.todo).where(schema.todo.c.id == dialect.given(name))
    found = _kept(connection, connection.execute(query).all())
    return found[0] if found else None


def counts(connection: Connection) -> Mapping[TodoKind, int]:
    """How many are open, by kind."""
    table = schema.todo
    rows = connection.execute(
        select(table.c.kind, func.count())
        .where(table.c.settled_at.is_(None))
        .group_by(table.c.kind)
    )
    return {TodoKind(kind): count for kind, count in rows}


def _kept(
    connection: Connection, rows: Sequence[Row[tuple[object, ...]]]
) -> list[Kept]:
    about = _callouts(connection, [row.id for row in rows])
    return [
        Kept(
            id=row.id,
            todo=Todo(
                kind=TodoKind(row.kind),
                subject=row.subject,
                at=row.at,
                alert=row.alert,
                unit=row.unit,
                person=row.person,
                callouts=tuple(about.get(row.id, ())),
                callback=row.callback,
                meaning=Meaning(row.meaning) if row.meaning else None,
                message=row.message,
            ),
            settled=Settled(
                at=row.settled_at,
                by=row.settled_by,
                how=Settling(row.settled),
                note=row.note,
            )
            if row.settled_at
            else None,
        )
        for row in rows
    ]


def _callouts(
    connection: Connection, todos: Iterable[int]
) -> dict[int, list[CalloutId]]:
    table = schema.todo_callout
    ids = select(dialect.each_number(todos).c.value)
    found: dict[int, list[CalloutId]] = {}
    query = select(table).where(table.c.todo.in_(ids)).order_by(table.c.callout)
    for row in connection.execute(query):
        found.setdefault(row.todo, []).append(row.callout)
    return found
