"""One state of a store, copied while others write, and looked at by itself.

A reader of a file in WAL mode holds up no writer, and SQLite copies what its reader
sees: a copy is the store as it was at one moment, however long the copying takes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import cast

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from dispatcher.store import schema
from dispatcher.store.sqlite import BUSY_MILLISECONDS

FLAWS_MOST = 10
SOUND = "ok"


class Access(StrEnum):
    """How a file is looked at.

    Both change nothing. A live file may be written to meanwhile; SQLite then keeps its
    own two files beside it. A still one has no writer, and nothing is put beside it.
    """

    LIVE = "mode=ro"
    STILL = "mode=ro&immutable=1"


class Check(StrEnum):
    """How closely SQLite looks for damage; a thorough check reads the indexes, too."""

    QUICK = "quick_check"
    THOROUGH = "integrity_check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a store holds, counted in one state of it.

    :ivar revision: of its schema; None: it has none, for no server has run on it yet
    :ivar running: callouts that go on by themselves
    :ivar newest_at: when the last fact happened
    """

    revision: str | None
    facts: int = 0
    alerts: int = 0
    callouts: int = 0
    running: int = 0
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A store that is not sound, in SQLite's words."""

    flaws: tuple[str, ...]


@contextlib.contextmanager
def looking(file: Path, access: Access) -> Iterator[Connection]:
    """Open a store without the right to change it."""
    address = f"{file.absolute().as_uri()}?{access}"

    def connect() -> sqlite3.Connection:
        seconds = BUSY_MILLISECONDS / 1000
        raw = sqlite3.connect(address, uri=True, timeout=seconds)
        # A file from outside may hold functions in its schema, which nobody may run.
        raw.execute("PRAGMA trusted_schema=OFF").close()
        return raw

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        hide_parameters=True,
    )
    with engine.connect() as connection:
        yield connection


def contents(connection: Connection) -> Contents:
    """Count what is there."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return Contents(revision=None)
    fact, callout = schema.fact.c, schema.callout.c
    newest = select(fact.at).order_by(fact.id.desc()).limit(1)
    running = select(func.count()).where(callout.due_at.isnot(None))
    counts = (
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (schema.fact, schema.alert, schema.callout)
    )
    facts, alerts, callouts = counts
    return Contents(
        revision=revision,
        facts=facts,
        alerts=alerts,
        callouts=callouts,
        running=connection.execute(running).scalar_one(),
        newest_at=connection.execute(newest).scalar(),
    )


def copy(file: Path, to: Path) -> Contents:
    """Copy a store that others may be writing to; tells what the copy must hold."""
    with looking(file, Access.LIVE) as connection:
        connection.exec_driver_sql("BEGIN")
        found = contents(connection)  # from its first look on a reader's view stands
        raw = cast("sqlite3.Connection", connection.connection.driver_connection)
        with contextlib.closing(sqlite3.connect(to)) as target:
            # Who takes a copy that was cut short for whole is stopped elsewhere.
            target.execute("PRAGMA synchronous=OFF").close()
            raw.backup(target)
        connection.exec_driver_sql("ROLLBACK")
    return found


def examine(connection: Connection, check: Check) -> Contents | Damaged:
    """Look a store through, and count what is there where it is sound."""
    pragma = f"PRAGMA {check}({FLAWS_MOST})"
    try:
        lines = connection.exec_driver_sql(pragma).scalars().all()
    except DatabaseError as error:  # damage that stops the looking itself
        lines = [error.orig]
    flaws = tuple(line for line in map(str, lines) if line != SOUND)
    return Damaged(flaws) if flaws else contents(connection)
