"""Brings a database to the schema this code knows, or refuses to touch it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

STEPS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database was made by a newer version; this one would damage it."""


def migrate(connection: Connection) -> None:
    """Run the steps that are missing.

    :raises SchemaError: when the database is ahead of this code
    """
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        if current:
            ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as unknown:
        message = (
            f"the database is at schema {current}, which this version does not know; "
            "run the newer version of jiaoying that made it"
        )
        raise SchemaError(message) from unknown
    command.upgrade(config, "head")
