"""Many rows in one statement.

Row-by-row calls from a thread hand Python's lock over at every step; while other
threads are busy that took over a second for 500 rows. One statement over a JSON list
does not (docs/adr/0005).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.sql.elements import TextClause

Values = Mapping[str, Any]


def insert(
    connection: Connection, table: Table, rows: Sequence[Values], *, new: bool = True
) -> None:
    """Insert rows that all have the same columns.

    :param new: False leaves rows that are there already as they are
    """
    if not rows:
        return
    columns = tuple(rows[0])
    statement = _insert(table, columns, verb="INSERT" if new else "INSERT OR IGNORE")
    connection.execute(statement, {"rows": _pack(table, rows, columns)})


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
    columns = tuple(rows[0])
    packed = {"rows": _pack(table, rows, columns)}
    found = connection.execute(_update(table, columns, keys), packed)
    return {tuple(row) for row in found}


@cache
def _insert(table: Table, columns: tuple[str, ...], *, verb: str) -> TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f"given.value ->> {place}" for place in range(len(columns)))
    return text(f"{verb} INTO {table.name} ({names}) SELECT {values} FROM {ROWS}")  # noqa: S608 - names are the schema's own


@cache
def _update(
    table: Table, columns: tuple[str, ...], keys: tuple[str, ...]
) -> TextClause:
    sets = ", ".join(
        f'"{name}" = given.value ->> {place}'
        for place, name in enumerate(columns)
        if name not in keys
    )
    if "version" in keys:
        sets += ", version = version + 1"
    where = " AND ".join(
        f'{table.name}."{name}" = given.value ->> {columns.index(name)}'
        for name in keys
    )
    named = ", ".join(f'"{name}"' for name in keys if name != "version")
    return text(
        f"UPDATE {table.name} SET {sets} FROM {ROWS} WHERE {where} RETURNING {named}"  # noqa: S608 - names are the schema's own
    )


ROWS = "json_each(:rows) AS given"  # a table may have a column called value


def _pack(table: Table, rows: Sequence[Values], columns: tuple[str, ...]) -> str:
    kinds = [_plain(table, name) for name in columns]
    return json.dumps(
        [
            [
                kind(row[name]) if kind else row[name]
                for name, kind in zip(columns, kinds, strict=True)
            ]
            for row in rows
        ],
        ensure_ascii=False,
    )


def _plain(table: Table, name: str) -> Callable[[Any], Any] | None:
    """The column's own conversion to what the database keeps, if it has one."""
    bind = getattr(table.c[name].type, "process_bind_param", None)
    return (lambda value: bind(value, None)) if bind else None


def listed(ids: Iterable[str | int]) -> str:
    """Ids as the one parameter of a ``json_each``: no limit on how many."""
    return json.dumps(list(ids))


def replace(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows in place of those with the same key."""
    if rows:
        columns = tuple(rows[0])
        statement = _insert(table, columns, verb="INSERT OR REPLACE")
        connection.execute(statement, {"rows": _pack(table, rows, columns)})
