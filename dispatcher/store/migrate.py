"""Brings a database to the schema this code knows, or refuses to touch it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from dispatcher.store import dialect, workers

ORDER = """
SELECT datname, CASE datlocprovider WHEN 'i' THEN 'a language of ICU'
                                    WHEN 'b' THEN 'C' ELSE datcollate END
FROM pg_database WHERE datname = current_database()
"""
BYTE_ORDERS = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})
STEPS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database was made by a newer version; this one would damage it."""


class Age(StrEnum):
    """How a schema stands to this code; a newer one is not known to it."""

    OLDER = "older"
    PRESENT = "present"
    NEWER = "newer"


def age_of(revision: str) -> Age:
    """Tell how old a schema is."""
    steps = ScriptDirectory.from_config(_config())
    try:
        steps.get_revision(revision)
    except CommandError:
        return Age.NEWER
    return Age.PRESENT if revision == steps.get_current_head() else Age.OLDER


def migrate(connection: Connection) -> None:
    """Run the steps that are missing; workers that know the schema before end.

    :raises SchemaError: when the database is ahead of this code
    """
    if dialect.is_postgresql(connection):
        check_order(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    if current and age_of(current) is Age.NEWER:
        message = (
            f"the database is at schema {current}, which this version does not know; "
            "run the newer version of jiaoying that made it"
        )
        raise SchemaError(message)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if current and age_of(current) is Age.OLDER:
        workers.retire(connection)


def check_order(connection: Connection) -> None:
    """See that text is sorted as everywhere else, and as it will be in ten years.

    Another order changes with the libraries of a system, and indexes are wrong then.

    :raises SchemaError: when the database sorts by a language
    """
    name, order = connection.exec_driver_sql(ORDER).one()
    if order not in BYTE_ORDERS:
        message = (
            f"the database {name} sorts text by {order}; make it with: "
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )
        raise SchemaError(message)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    return config
