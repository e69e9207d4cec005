"""The tables of the desk and its officers; the metadata all tables are in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text

from dispatcher.store import dialect
from dispatcher.store.moment import Moment

metadata = MetaData()

# Who signs in at the desk. What he is called and the secret of his codes are encrypted;
# a row is never removed, so a name is never somebody else's later.
officer = Table(
    "officer",
    metadata,
    Column("name", Text, primary_key=True),
    Column("display", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("totp", Text, nullable=False),
    Column("totp_on", Boolean, nullable=False),
    # The step of the last code that was taken: no code is taken twice.
    Column("totp_step", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Set while he watches the desk.
    Column("watch_since", Moment),
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("officer", Text, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
    sqlite_with_rowid=False,
)

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
    Column("callback", dialect.LONG),
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
    **dialect.only(todo.c.settled_at.is_(None)),
)
Index("todo_newest", todo.c.id, **dialect.only(todo.c.settled_at.is_(None)))

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

# What became of each order of a bulk request with such a key; kept as long.
order_done = Table(
    "order_done",
    metadata,
    Column("api_key", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("callout", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("code", Text),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
