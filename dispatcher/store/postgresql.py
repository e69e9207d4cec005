"""PostgreSQL 15 and newer: many machines share it, one at a time writes.

Who writes holds a lock of the database until his commit is done, so what commits first
has the lower ids, and what is read inside a transaction stays so: all that the code
knows from SQLite holds here as well (docs/adr/0032).
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from enum import IntEnum, StrEnum

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from dispatcher.store.vault import OPTION, Vault

OLDEST = 15
VERSION = 10_000  # how libpq counts them: 150004 is 15.4
CONNECTIONS = 8  # the writer's, the readers', and a few for who looks beside them
KIN = 0x6A79  # "jy": the first half of our advisory locks


class Lock(IntEnum):
    """Advisory locks of ours, by the second half of their names."""

    WRITER = 1
    WORKER = 2


class Durability(StrEnum):
    """How far a commit has come when it returns."""

    LOCAL = "local"  # on one machine's disk
    SYNCHRONOUS = "synchronous"  # on another machine's, too


class TooOldError(Exception):
    """The server can't do what we ask of it."""


# A peer that is gone is noticed in half a minute, and a writer that froze lets others
# write. What it compiles takes longer than our statements do.
CONNECTED = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "application_name": "jiaoying",
}
SETTINGS = """
SELECT set_config('jit', 'off', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false),
       CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
            THEN set_config('synchronous_commit', 'on', false) END
"""
BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({KIN}, {Lock.WRITER})"
DURABILITY = """
SELECT EXISTS (
    SELECT 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')
) AND current_setting('synchronous_standby_names') <> ''
"""


class Postgresql:
    """A database on a server."""

    memory = False

    def __init__(self, url: URL, vault: Vault) -> None:
        """Make connections when they are needed, with the keys to what is private."""
        self.engine = opened(url, vault)

    def turn(self) -> AbstractContextManager[object]:
        """The database itself gives turns, see :meth:`begin`."""
        return contextlib.nullcontext()

    def begin(self, connection: Connection) -> None:
        """Begin to write, when nobody else does."""
        connection.exec_driver_sql(BEGIN)

    def fold(self, connection: Connection) -> bool:
        """Its log is its administrator's."""
        del connection
        return True

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def address(url: URL) -> URL:
    """The same place by the driver we have; asyncpg's name for TLS is read as well."""
    query = {
        "sslmode" if name == "ssl" else name: value for name, value in url.query.items()
    }
    # Of several hosts, the one that can be written to.
    query.setdefault("target_session_attrs", "read-write")
    return url.set(drivername="postgresql+psycopg", query=query)


def opened(url: URL, vault: Vault) -> Engine:
    """Reach PostgreSQL so that a commit is on its disk when it returns."""
    engine = create_engine(
        address(url),
        isolation_level="AUTOCOMMIT",
        pool_size=CONNECTIONS,
        pool_pre_ping=True,  # one that broke while it lay there is made anew
        connect_args=CONNECTED,
        # Errors are logged, and parameters hold names and numbers.
        hide_parameters=True,
        execution_options={OPTION: vault},
    )

    @event.listens_for(engine, "connect")
    def _connected(raw: psycopg.Connection, _record: object) -> None:
        version = raw.info.server_version
        if version < OLDEST * VERSION:
            message = (
                f"PostgreSQL {version // VERSION} is too old; "
                f"[store] url needs PostgreSQL {OLDEST} or newer"
            )
            raise TooOldError(message)
        raw.execute(SETTINGS).close()

    return engine


def durability(connection: Connection) -> Durability:
    """How far a commit has come when it returns, as the server is set up now."""
    there = connection.exec_driver_sql(DURABILITY).scalar_one()
    return Durability.SYNCHRONOUS if there else Durability.LOCAL
