"""SQLite: one file, or memory; a commit is on the disk when it returns."""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from dispatcher.store.vault import OPTION, Vault

BUSY_MILLISECONDS = 5_000
CACHE_KIB = 65_536
CHECKPOINT_PAGES = 4_000
FOLD = "PRAGMA wal_checkpoint(TRUNCATE)"


class Turns:
    """Whose turn it is to write, among processes on one file.

    SQLite lets who is refused look again now and then, so who writes one transaction
    after the other starves everybody else. The kernel wakes who waits for this lock at
    once, and frees it when its holder dies.
    """

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115 - as long as the store

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give back the file."""
        self._file.close()


class Sqlite:
    """A file or memory with its engine."""

    def __init__(self, url: URL, vault: Vault) -> None:
        """Open it, with the keys to what is private in it."""
        self.memory = url.database in {None, "", ":memory:"}
        self.engine = opened(url, vault, memory=self.memory)
        self._turns = None if self.memory else Turns(f"{url.database}.turns")

    def turn(self) -> AbstractContextManager[object]:
        """Wait for the lock of the file."""
        return self._turns or contextlib.nullcontext()

    def begin(self, connection: Connection) -> None:
        """Begin to write."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def clash(self, failure: DBAPIError) -> str | None:
        """Nobody writes beside us: turns are taken before a transaction begins."""
        del failure
        return None

    def fold(self, connection: Connection) -> bool:
        """Write the log into the file; False when somebody was reading."""
        return not connection.exec_driver_sql(FOLD).scalar_one()

    def close(self) -> None:
        """Close it."""
        self.engine.dispose()
        if self._turns:
            self._turns.close()


def opened(url: URL, vault: Vault, *, memory: bool) -> Engine:
    """Open SQLite so that a commit is on the disk when it returns."""
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
    if memory:
        options["poolclass"] = StaticPool
    # Errors are logged, and parameters hold names and numbers.
    options["hide_parameters"] = True
    options["execution_options"] = {OPTION: vault}
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"), isolation_level="AUTOCOMMIT", **options
    )

    @event.listens_for(engine, "connect")
    def _connected(raw: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_MILLISECONDS}",
            f"cache_size=-{CACHE_KIB}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is erased is not left on free pages
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    return engine
