"""The file itself: its schema, and who may work on it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from dispatcher.core.callout import OPEN_STATES
from dispatcher.store import (
    duty_schema,
    feed_schema,
    history_schema,
    import_schema,
    schema,
)
from dispatcher.store.database import Database
from dispatcher.store.lock import WorkerRunningError, only_worker
from dispatcher.store.migrate import SchemaError, migrate

HOLD = """
import sys
from dispatcher.store.lock import only_worker
with only_worker(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def known(_: object, name: str | None, kind: str, *__: object) -> bool:
    """All but what PostgreSQL needs instead of SQLite's own numbers of rows."""
    return (kind, name) != ("column", "came")


async def test_the_migrations_make_the_schema_the_code_knows(
    database: Database,
) -> None:
    def differences(connection: Connection) -> list[object]:
        opts = {"compare_type": True, "include_object": known}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, schema.metadata))

    assert await database.read(differences) == []


async def test_a_database_that_is_up_to_date_is_left_alone(database: Database) -> None:
    await database.write(migrate)
    tables = set(await database.read(lambda c: inspect(c).get_table_names()))

    assert schema.metadata.tables.keys() <= tables
    assert duty_schema.rotation.name in tables
    assert feed_schema.feed_entry.name in tables
    assert history_schema.roster_line.name in tables
    assert import_schema.import_piece.name in tables


async def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    await database.write(
        lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )

    with pytest.raises(SchemaError, match="schema 9999, which this version does not"):
        await database.write(migrate)


def test_a_second_worker_is_refused_while_the_first_one_lives(tmp_path: Path) -> None:
    file = str(tmp_path / "store.db")
    command = [sys.executable, "-c", HOLD, file]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with pytest.raises(WorkerRunningError, match="another worker is running on"):  # noqa: SIM117 - only the second may raise
            with only_worker(file):
                pass

        other.kill()
        other.wait(10)

    with only_worker(file):
        assert Path(f"{file}.worker").exists()


def test_files_are_locked_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"

    with only_worker(str(one)), only_worker(str(other)):
        assert Path(f"{other}.worker").exists()


def test_every_open_state_is_looked_at_for_who_is_lost() -> None:
    told = str(schema.OWNERLESS)

    assert {state.value for state in OPEN_STATES} == set(re.findall(r"'(\w+)'", told))
