"""Rows as what one statement is given: to SQLite as JSON, to PostgreSQL as arrays."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from dispatcher.store.dialect import is_postgresql

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows(ABC):
    """Many rows for one statement; equal ones make equal statements.

    :ivar table: where they belong
    :ivar columns: those each row has
    """

    table: Table
    columns: tuple[str, ...]

    @property
    @abstractmethod
    def source(self) -> str:
        """What the statement reads them from, called ``given``."""

    @abstractmethod
    def value(self, column: str) -> str:
        """A column of a row that is given."""

    @abstractmethod
    def packed(self, rows: Sequence[Values]) -> dict[str, Any]:
        """Rows as the parameters of the statement."""


@dataclass(frozen=True, slots=True)
class _JsonRows(Rows):
    @property
    @override
    def source(self) -> str:
        return "json_each(:rows) AS given"  # a table may have a column called value

    @override
    def value(self, column: str) -> str:
        return f"given.value ->> {self.columns.index(column)}"

    @override
    def packed(self, rows: Sequence[Values]) -> dict[str, Any]:
        kinds = [(name, _plain(self.table, name)) for name in self.columns]
        said = [
            [kind(row[name]) if kind else row[name] for name, kind in kinds]
            for row in rows
        ]
        return {"rows": json.dumps(said, ensure_ascii=False)}


@dataclass(frozen=True, slots=True)
class _ArrayRows(Rows):
    @property
    @override
    def source(self) -> str:
        names = ", ".join(f'"{name}"' for name in self.columns)
        arrays = ", ".join(
            f"CAST(:c{place} AS {_type(self.table, name)}[])"
            for place, name in enumerate(self.columns)
        )
        return f"unnest({arrays}) AS given ({names})"

    @override
    def value(self, column: str) -> str:
        return f'given."{column}"'

    @override
    def packed(self, rows: Sequence[Values]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, name in enumerate(self.columns):
            kind = _plain(self.table, name)
            values = [row[name] for row in rows]
            found[f"c{place}"] = [*map(kind, values)] if kind else values
        return found


def rows_of(connection: Connection, table: Table, columns: tuple[str, ...]) -> Rows:
    """Rows with these columns, for a statement to this connection."""
    return (_ArrayRows if is_postgresql(connection) else _JsonRows)(table, columns)


def _plain(table: Table, name: str) -> Callable[[Any], Any] | None:
    """The column's own conversion to what the database keeps, if it has one."""
    bind = getattr(table.c[name].type, "process_bind_param", None)
    return (lambda value: bind(value, None)) if bind else None


@cache
def _type(table: Table, name: str) -> str:
    """What PostgreSQL calls the type of a column."""
    return table.c[name].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
