"""Callbacks on their way into a file that somebody else may be writing.

SQLite lets one transaction write at a time, and a piece of a large warning may take a
tenth of a second. Who answers meanwhile does not wait for it: what a provider tells is
put down in a small file beside the store, on disk before the provider hears that it was
taken, and carried into the store by the worker (docs/adr/0032).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, event, func, select
from sqlalchemy.engine import URL
from typing_extensions import override

from dispatcher.store import batch, schema, sqlite
from dispatcher.store.vault import Vault

NAMES = ("channel", "event_key", "received_at", "body")
MADE = """
CREATE TABLE IF NOT EXISTS callback (
  id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, event_key TEXT NOT NULL,
  received_at INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (channel, event_key))
"""
STORE = "ATTACH ? AS store"
LOG = "PRAGMA wal_autocheckpoint=256"  # pages: it is nearly empty, and so is its log

Arrived = Sequence[Row[tuple[object, ...]]]


class Spool(sqlite.Sqlite):
    """A file with one table of callbacks; what is told of keys is read in the store."""

    def __init__(self, url: URL, vault: Vault) -> None:
        """Keep it beside the store of this address; nothing is made yet."""
        self.memory = False
        self.file = Path(f"{url.database}.spool")
        self.engine = _opened(
            url.set(database=str(self.file)), vault, str(url.database)
        )
        self._turns = None

    @override
    def turn(self) -> AbstractContextManager[object]:
        """Wait for the lock of the file; the first one makes it."""
        if self._turns is None:
            self.file.touch(mode=0o600)  # what was told may name people
            self._turns = sqlite.Turns(f"{self.file}.turns")
        return self._turns

    @override
    def begin(self, connection: Connection) -> None:
        """Begin to write here; the store is only read, so nobody there has to wait."""
        connection.exec_driver_sql("BEGIN")

    def first(self, most: int) -> Arrived:
        """What came first of what lies here."""
        if not self.file.exists():
            return ()
        table = schema.callback.c
        columns = (table[name] for name in ("id", *NAMES))
        with self.engine.connect() as connection:
            query = select(*columns).order_by(table.id).limit(most)
            return connection.execute(query).all()

    def count(self) -> int:
        """How many lie here."""
        if not self.file.exists():
            return 0
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(schema.callback)
            return connection.execute(query).scalar_one()


def _opened(url: URL, vault: Vault, store: str) -> Engine:
    engine = sqlite.opened(url, vault, memory=False)

    @event.listens_for(engine, "connect")
    def _connected(raw: sqlite3.Connection, _record: object) -> None:
        raw.execute(LOG).close()
        raw.execute(MADE).close()
        raw.execute(STORE, (store,)).close()

    return engine


def carry(connection: Connection, arrived: Arrived) -> None:
    """Put what lay in a spool into the store; what is there already stays as it is."""
    rows = [{name: row._mapping[name] for name in NAMES} for row in arrived]  # noqa: SLF001 - SQLAlchemy's public row interface
    batch.insert(connection, schema.callback, rows, new=False)


def drop(connection: Connection, arrived: Arrived) -> None:
    """Take from a spool what is in the store now."""
    table = schema.callback
    last = arrived[-1].id
    connection.execute(table.delete().where(table.c.id <= last))
