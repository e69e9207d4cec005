"""Many rows in one statement, or a few.

Row-by-row calls from a thread hand Python's lock over at every step; while other
threads are busy that took over a second for 500 rows. Statements over many do not
(docs/adr/0005). They go past SQLAlchemy's compiler, which would look at each value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from dispatcher.store.given import Rows, Values, rows_of

__all__ = ["Values", "insert", "replace", "update"]

TAKEN_STAYS = "ON CONFLICT DO NOTHING"


def insert(
    connection: Connection, table: Table, rows: Sequence[Values], *, new: bool = True
) -> None:
    """Insert rows that all have the same columns.

    :param new: False leaves rows that are there already as they are
    """
    if rows:
        _put(connection, table, rows, "" if new else TAKEN_STAYS)


def replace(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows in place of those with the same key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    # No row is written twice by one statement: the last one stands.
    last = {tuple(row[key] for key in keys): row for row in rows}
    others = [name for name in rows[0] if name not in keys]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    found = ", ".join(f'"{key}"' for key in keys)
    verb = f"ON CONFLICT ({found}) DO UPDATE SET {sets}"
    _put(connection, table, [*last.values()], verb if sets else TAKEN_STAYS)


def _put(
    connection: Connection, table: Table, rows: Sequence[Values], taken: str
) -> None:
    given = rows_of(connection, table, tuple(rows[0]))
    for some in given.pieces(rows):
        statement = _insert(given, len(some), taken)
        connection.exec_driver_sql(statement, given.packed(some))


def update(
    connection: Connection,
    table: Table,
    rows: Sequence[Values],
    *,
    keys: tuple[str, ...],
) -> set[tuple[Any, ...]]:
    """Update rows found by ``keys``; returns the keys of those that were there.

    A key named ``version`` is raised by one: who saw an older one changes nothing.
    """
    if not rows:
        return set()
    given = rows_of(connection, table, tuple(rows[0]))
    found: set[tuple[Any, ...]] = set()
    for some in given.pieces(rows):
        statement = _update(given, len(some), keys)
        changed = connection.exec_driver_sql(statement, given.packed(some))
        found.update(map(tuple, changed))
    return found


def _insert(given: Rows, count: int, taken: str) -> str:
    names = ", ".join(f'"{name}"' for name in given.columns)
    values = ", ".join(map(given.value, given.columns))
    # Without a WHERE, SQLite would take the ON of a conflict for that of a join.
    return (
        f"INSERT INTO {given.table.name} ({names}) SELECT {values} "  # noqa: S608 - names are the schema's own
        f"FROM {given.source(count)} WHERE true {taken}"
    )


def _update(given: Rows, count: int, keys: tuple[str, ...]) -> str:
    name = given.table.name
    sets = [
        f'"{column}" = {given.value(column)}'
        for column in given.columns
        if column not in keys
    ]
    if "version" in keys:
        sets.append(f"version = {name}.version + 1")
    where = " AND ".join(f'{name}."{key}" = {given.value(key)}' for key in keys)
    named = ", ".join(f'{name}."{key}"' for key in keys if key != "version")
    return (
        f"UPDATE {name} SET {', '.join(sets)} FROM {given.source(count)} "  # noqa: S608 - names are the schema's own
        f"WHERE {where} RETURNING {named}"
    )
