"""PostgreSQL 15 and newer: many machines share it, one at a time writes.

Who writes holds a lock of the database until his commit is done, so what commits first
has the lower ids, and what is read inside a transaction stays so: all that the code
knows from SQLite holds here as well (docs/adr/0028).
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import IntEnum
from typing import cast

import psycopg
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Connection, Engine, Integer, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from typing_extensions import override

from dispatcher.store.backend import UnfitStoreError
from dispatcher.store.vault import OPTION, Vault

OLDEST = 15
VERSION = 10_000  # how libpq counts them: 150004 is 15.4
CONNECTIONS = 8  # two writers', the readers', and a few for who looks beside them
KIN = 0x6A79  # "jy": the first half of our advisory locks
LIVES = 0x6A7A  # and of those that workers live by; the second is their number


class Lock(IntEnum):
    """Advisory locks of ours, by the second half of their names."""

    WRITER = 1
    RULING = 2
    BESIDE = 3


# A peer that is gone is noticed in half a minute, and a writer that froze lets others
# write. What it compiles takes longer than our statements do; no disk turns any more.
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
       set_config('random_page_cost', '1.1', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false),
       CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
            THEN set_config('synchronous_commit', 'on', false) END
"""
RULE = f"SELECT pg_try_advisory_lock({KIN}, {Lock.RULING})"
LISTEN, NOTIFY = "LISTEN jiaoying", "NOTIFY jiaoying"
NOW = "SELECT clock_timestamp()"
HELD = """
SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# The numbers of workers whose connections live.
ALIVE = text(f"{HELD} AND classid = {LIVES}").columns(objid=Integer)
HAS_WORKER = f"""
SELECT EXISTS ({HELD} AND classid = {KIN} AND objid = {Lock.RULING})
"""
# Nobody of ours clashes with one of ours; an administrator at his prompt may.
CLASHES = {
    "40P01": "deadlock",
    "40001": "serialization failure",
    "55P03": "lock not available",
}
READ_ONLY = "25006"  # it became a standby
# What the server can't do for us just now, as SQLite tells it: an OperationalError.
UNABLE = {
    *("42P01", "42703", "3F000"),  # no such table, column, schema: half restored
    "42501",  # may not
    READ_ONLY,
}
BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({KIN}, {Lock.WRITER})"
PUT_DOWN = f"BEGIN; SELECT pg_advisory_xact_lock({KIN}, {Lock.BESIDE})"


class Holdable(StrDumperUnknown):
    """Texts as PostgreSQL can hold them: not with the one character it refuses.

    Whoever asks or writes with it is no reason to fail.
    """

    @override
    def dump(self, obj: str) -> Buffer | None:
        """Give the text with U+FFFD in its place."""
        return super().dump(obj.replace("\x00", "\ufffd"))


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

    def clash(self, failure: DBAPIError) -> str | None:
        """What a stranger's locks or writes did to ours; see :data:`CLASHES`."""
        return CLASHES.get(getattr(failure.orig, "sqlstate", None) or "")

    def fold(self, connection: Connection) -> bool:
        """Its log is its administrator's."""
        del connection
        return True

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


class Beside(Postgresql):
    """The same database for who only puts something down: he has a turn of his own."""

    def __init__(self, engine: Engine) -> None:
        """Use the connections there are."""
        self.engine = engine

    @override
    def begin(self, connection: Connection) -> None:
        """Begin to put down, whoever writes."""
        connection.exec_driver_sql(PUT_DOWN)


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
            raise UnfitStoreError(message)
        raw.execute(SETTINGS).close()
        raw.adapters.register_dumper(str, Holdable)

    event.listen(engine, "handle_error", _unable)
    return engine


def _unable(context: ExceptionContext) -> OperationalError | None:
    """Tell one kind of trouble in one way, whatever class psycopg has for it."""
    state = getattr(context.original_exception, "sqlstate", None)
    if state not in UNABLE:
        return None
    # The server that was written to is a standby now: look for the one that is not.
    context.is_disconnect = context.is_disconnect or state == READ_ONLY
    return OperationalError(
        context.statement, None, context.original_exception, hide_parameters=True
    )


class Lifeline:
    """A connection of a worker's own, with the locks that tell of it.

    The server frees them when the connection breaks, so it is asked again and again
    whether it lives; meanwhile it hears when somebody has written.
    """

    def __init__(self, engine: Engine, number: int) -> None:
        """Make the connection, and hold the lock of the worker's number."""
        self._connection = engine.connect()
        self._connection.detach()
        live = f"SELECT pg_advisory_lock({LIVES}, {number})"
        self._connection.exec_driver_sql(live)
        self._connection.exec_driver_sql(LISTEN)

    def rule(self) -> bool:
        """Take the rules, which one worker has; False when somebody has them."""
        return bool(self._connection.exec_driver_sql(RULE).scalar_one())

    def hear(self, seconds: float) -> bool:
        """Wait for a word of somebody who has written; False: there was none.

        :raises SQLAlchemyError: when the connection, and so its locks, are lost
        """
        raw = cast("psycopg.Connection", self._connection.connection.dbapi_connection)
        try:
            return bool([*raw.notifies(timeout=seconds, stop_after=1)])
        except psycopg.Error as error:
            raise OperationalError(LISTEN, None, error) from error

    def now(self) -> datetime:
        """What time it is at the server.

        :raises SQLAlchemyError: when the connection, and so its locks, are lost
        """
        return now(self._connection)

    def close(self) -> None:
        """Give up the locks, if the connection has not lost them already."""
        with contextlib.suppress(SQLAlchemyError):
            self._connection.close()


def now(connection: Connection) -> datetime:
    """What time it is at the server."""
    found: datetime = connection.exec_driver_sql(NOW).scalar_one()
    return found.astimezone(UTC)


def has_worker(connection: Connection) -> bool:
    """Whether somebody has the rules: then callouts are called."""
    return bool(connection.exec_driver_sql(HAS_WORKER).scalar_one())
