"""The tables of officers and their sessions, and the metadata all tables are in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

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
