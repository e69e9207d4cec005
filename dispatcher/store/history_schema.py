"""The tables of the roster's history: changes by people, and what each of them changed.

Editions are numbered without a gap, lines stand in the order they were done. Neither
holds a name or a number: see :mod:`dispatcher.store.history`.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from dispatcher.store.moment import Moment
from dispatcher.store.schema import metadata

roster_change = Table(
    "roster_change",
    metadata,
    Column("edition", Integer, primary_key=True, autoincrement=False),
    # The roster's version with which it was there.
    Column("version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("source", Text),
)

roster_line = Table(
    "roster_line",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("edition", Integer, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
)
Index("roster_line_subject", roster_line.c.subject, roster_line.c.kind)
