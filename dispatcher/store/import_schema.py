"""The tables of imports: each file that was tried, and what was found in it.

The pieces name people, so they lie encrypted; they go when the import is applied, when
somebody is erased, or after a week. The row stays, and names nobody.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from dispatcher.store.moment import Moment
from dispatcher.store.schema import metadata

roster_import = Table(
    "roster_import",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("state", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    # What was counted, as JSON.
    Column("figures", Text, nullable=False),
    # The edition it was compared with.
    Column("base", Integer, nullable=False),
    Column("applied_at", Moment),
    Column("applied_by", Text),
    # The edition it made; null where it changed nothing.
    Column("edition", Integer),
    Column("undone_at", Moment),
    Column("undone_by", Text),
)

import_piece = Table(
    "import_piece",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("import", Integer, nullable=False),
    Column("part", Text, nullable=False),
    # Counted from 0 in its part.
    Column("place", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
Index(
    "import_piece_place",
    *(import_piece.c["import"], import_piece.c.part, import_piece.c.place),
    unique=True,
)
