"""How far a commit has come when it returns."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection

from dispatcher.store import dialect

STANDBY = """
SELECT current_setting('synchronous_standby_names') <> '' AND EXISTS (
    SELECT 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')
)
"""


class Durability(StrEnum):
    """Where everything is that somebody was told is kept."""

    LOCAL = "local"  # on one machine's disk
    SYNCHRONOUS = "synchronous"  # on another machine's as well


def durability(connection: Connection) -> Durability:
    """How far it comes now, as the database is set up.

    The role needs ``pg_monitor`` to see a standby that is not its own.
    """
    if not dialect.is_postgresql(connection):
        return Durability.LOCAL
    doubled = connection.exec_driver_sql(STANDBY).scalar_one()
    return Durability.SYNCHRONOUS if doubled else Durability.LOCAL
