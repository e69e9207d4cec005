"""What SQLite and PostgreSQL say in different words, all of it in one place.

Everything else is written once, see docs/adr/0028. What stands in ``spoken`` is said as
SQLite says it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FunctionElement,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    column,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Table
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import TextClause

POSTGRESQL = "postgresql"


def is_postgresql(connection: Connection) -> bool:
    """Whether a connection is one to PostgreSQL; else it is one to SQLite."""
    return connection.dialect.name == POSTGRESQL


# Numbers that outgrow 2,147,483,647 in some years; SQLite's integers are long anyway.
LONG = Integer().with_variant(BigInteger(), POSTGRESQL)


def given(number: int) -> ColumnElement[int]:
    """A number from outside: PostgreSQL fails at one that no column could hold."""
    return literal(number, LONG)


def earliest(times: Column[datetime]) -> Select[datetime]:
    """The first of the times in a column whose index leaves out rows without one.

    So must the question, or all rows are read.
    """
    return select(func.min(times)).where(times.isnot(None))


# The character that PostgreSQL's texts can't hold, as JSON writes it: by itself, not
# within a text that is JSON in its turn.
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def holdable(text: str) -> str:
    """JSON that a statement is given, with U+FFFD for what PostgreSQL can't hold."""
    return NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def listed(ids: Iterable[str | int]) -> str:
    """Ids as the one parameter of ``json_each``: no limit on how many."""
    return holdable(json.dumps(list(ids)))


def look(connection: Connection) -> str:
    """What begins a transaction all of whose reading is of one commit."""
    if is_postgresql(connection):
        return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    return "BEGIN"


def quick(connection: Connection) -> Callable[[str], object]:
    """How to say something small that is said with every piece of work.

    To SQLite it goes past SQLAlchemy, which would take longer than SQLite; errors of a
    server have to go through it, or nobody would know them.
    """
    if is_postgresql(connection):
        return connection.exec_driver_sql
    return connection.connection.cursor().execute


class _Each(FunctionElement[Any]):
    inherit_cache = True
    name = "each"


class _EachNumber(FunctionElement[Any]):
    inherit_cache = True
    name = "each"


def each(ids: Iterable[str]) -> TableValuedAlias:
    """Ids as a table of one column, ``value``: one parameter, however many."""
    return _Each(listed(ids)).table_valued(column("value", Text))


def each_number(ids: Iterable[int]) -> TableValuedAlias:
    """Numbers as a table of one column, ``value``."""
    return _EachNumber(listed(ids)).table_valued(column("value", BigInteger))


ITEMS = "json_array_elements_text(CAST({} AS json))"


@compiles(_Each)
@compiles(_EachNumber)
def _each(element: FunctionElement[Any], compiler: SQLCompiler, **given: object) -> str:
    return f"json_each({compiler.process(element.clauses, **given)})"


@compiles(_Each, POSTGRESQL)
def _each_text(element: _Each, compiler: SQLCompiler, **given: object) -> str:
    return ITEMS.format(compiler.process(element.clauses, **given))


@compiles(_EachNumber, POSTGRESQL)
def _each_bigint(element: _EachNumber, compiler: SQLCompiler, **given: object) -> str:
    items = ITEMS.format(compiler.process(element.clauses, **given))
    return f"(SELECT CAST(value AS bigint) AS value FROM {items})"  # noqa: S608 - of our own making


class _Said(FunctionElement[str]):
    inherit_cache = True
    name = "said"
    type = Text()


def said(document: ColumnElement[str], name: str) -> ColumnElement[str]:
    """What a JSON document says under a name, as text; NULL when it says nothing."""
    return _Said(document, literal_column(f"'{name}'"))


@compiles(_Said)
def _extract(element: _Said, compiler: SQLCompiler, **given: object) -> str:
    document, name = (compiler.process(one, **given) for one in element.clauses)
    return f"({document} ->> {name})"


@compiles(_Said, POSTGRESQL)
def _extract_text(element: _Said, compiler: SQLCompiler, **given: object) -> str:
    document, name = (compiler.process(one, **given) for one in element.clauses)
    return f"(CAST({document} AS json) ->> {name})"


class _Came(FunctionElement[int]):
    inherit_cache = True
    name = "came"
    type = BigInteger()


def came(table: Table) -> ColumnElement[int]:
    """The order in which rows of a table came.

    SQLite counts them by itself; on PostgreSQL those of person and unit have a column
    for it, which the schema does not know.
    """
    return _Came(literal_column(table.name))


@compiles(_Came)
def _rowid(element: _Came, compiler: SQLCompiler, **given: object) -> str:
    return f"{compiler.process(element.clauses, **given)}.rowid"


@compiles(_Came, POSTGRESQL)
def _came(element: _Came, compiler: SQLCompiler, **given: object) -> str:
    return f"{compiler.process(element.clauses, **given)}.came"


class _Spoken(TextClause):
    inherit_cache = True


SAME = (
    (re.compile(r"json_each\((:\w+)\)"), ITEMS.format(r"\1")),
    (
        re.compile(r"json_group_array\((DISTINCT [\w.]+)\)"),
        r"CAST(json_agg(\1) AS text)",
    ),
    (re.compile(r"([\w.]+) ->> ('\w+')"), r"CAST(\1 AS json) ->> \2"),
    (re.compile(r" INDEXED BY \w+"), ""),  # its planner counts, and takes no advice
)


def spoken(statement: str) -> TextClause:
    """A statement written out, which PostgreSQL is told in its own words."""
    return _Spoken(statement)


@compiles(_Spoken, POSTGRESQL)
def _in_its_words(element: _Spoken, compiler: SQLCompiler, **given: object) -> str:
    own = element._clone()  # noqa: SLF001 - a statement is not to be changed
    for sqlite, theirs in SAME:
        own.text = sqlite.sub(theirs, own.text)
    return str(compiler.visit_textclause(own, **given))  # type: ignore[no-untyped-call]


def in_any_case(connection: Connection, column: str) -> str:
    """What an index holds that finds text whatever its case."""
    return (
        f"lower({column})" if is_postgresql(connection) else f"{column} COLLATE NOCASE"
    )


def only(condition: ColumnElement[bool] | TextClause) -> dict[str, Any]:
    """What lets an index hold only some rows, on either."""
    return {"sqlite_where": condition, "postgresql_where": condition}
