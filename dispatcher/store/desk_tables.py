"""The tables of the desk; :mod:`dispatcher.store.schema` has them with all others."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from dispatcher.store.moment import Moment

metadata = MetaData()

# What needs a human at the desk, and who has settled it; the newest has the highest id.
todo = Table(
    "todo",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("alert", Text),
    Column("unit", Text),
    Column("person", Text),
    Column("callback", Integer),
    Column("meaning", Text),
    Column("message", Text),
    Column("settled_at", Moment),
    Column("settled_by", Text),
    Column("settled", Text),
    Column("note", Text, nullable=False),
)
Index(
    "todo_open",
    todo.c.kind,
    todo.c.subject,
    unique=True,
    sqlite_where=todo.c.settled_at.is_(None),
)
Index("todo_newest", todo.c.id, sqlite_where=todo.c.settled_at.is_(None))

# The callouts that wait for what is decided.
todo_callout = Table(
    "todo_callout",
    metadata,
    Column("callout", Text, primary_key=True),
    Column("todo", Integer, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

# What each route has carried, minute by minute.
traffic = Table(
    "traffic",
    metadata,
    Column("route", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("minute", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
