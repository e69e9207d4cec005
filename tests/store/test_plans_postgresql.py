"""How PostgreSQL finds what calls need, in a store of years: by an index.

Its planner counts, so the tables are filled: what has long been settled, and a little
that is not.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Connection, Integer, Table, event, text

from dispatcher.store import schema
from dispatcher.store.database import Database
from dispatcher.store.vault import Vault, appoint_settled
from tests.postgres import Server
from tests.store.stock import KnownRing
from tests.store.test_plans import WORK, Work

ROWS = 30_000
TABLES = (
    schema.callout,
    schema.message,
    schema.carried,
    schema.address,
    schema.question,
    schema.member,
    schema.code,
    schema.fact,
    schema.todo,
    schema.todo_callout,
)
LARGE = {table.name for table in TABLES} - {"member"}
# Of the last thousand something is still open.
OPEN = "i > {rows} - 1000"
SETTLED = {
    ("callout", "state"): f"CASE WHEN {OPEN} THEN 'calling' ELSE 'closed' END",
    ("callout", "lane"): "i % 5",
    ("callout", "marks"): """CASE i % 99 WHEN 0 THEN '["must_call"]' ELSE '[]' END""",
    ("callout", "due_at"): f"CASE WHEN {OPEN} THEN i END",
    ("question", "due_at"): f"CASE WHEN {OPEN} THEN i END",
    ("question", "closed_at"): f"CASE WHEN {OPEN} THEN NULL ELSE i END",
    ("question", "chain"): "'chain' || i / 100",
    ("question", "kind"): "CASE i % 2 WHEN 0 THEN 'own' ELSE 'digest' END",
    ("message", "state"): f"CASE WHEN {OPEN} THEN (ARRAY['waiting', 'sending', "
    "'accepted', 'waiting'])[1 + i % 4] ELSE 'delivered' END",
    ("message", "channel"): "CASE i / 10 % 5 WHEN 0 THEN 'voice' ELSE 'sms' END",
    ("message", "purpose"): "'own'",
    ("message", "lane"): "i % 5",
    ("message", "hang_up"): "false",
    ("code", "free_at"): f"CASE WHEN {OPEN} THEN NULL ELSE i END",
    ("todo", "kind"): "'unclear_reply'",
    ("todo", "settled_at"): f"CASE WHEN {OPEN} THEN NULL ELSE i END",
}
# Indexes of what is open hold little else, so they may be read as they are.
FEW = {
    *("message_on_the_line", "message_waiting", "callout_due", "question_due"),
    *("todo_open", "todo_newest", "callout_ownerless", "callout_desk"),
    *("message_call_waiting", "callout_marked", "callout_state"),
}


def filled(table: Table, rows: int = ROWS) -> str:
    """The statement that fills a table: equal numbers belong together."""
    columns = [one for one in table.columns if (table.name, one.name) != ("fact", "id")]
    names = ", ".join(f'"{one.name}"' for one in columns)
    values = ", ".join(
        SETTLED.get((table.name, one.name)) or _filler(one.type) for one in columns
    ).replace("{rows}", f"{rows}")
    series = f"generate_series(1, {rows}) AS i"
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {series}"  # noqa: S608 - our own


def _filler(kind: object) -> str:
    if isinstance(kind, Boolean):
        return "false"
    whole = isinstance(getattr(kind, "impl", kind), (Integer, BigInteger))
    return "i" if whole else "'x' || i"


@pytest.fixture(scope="module")
def years(postgresql: Server) -> str:
    """Where a database is with years of calls in it."""
    return postgresql.apart(*map(filled, TABLES), "ANALYZE")


@pytest.fixture
async def store(years: str) -> AsyncIterator[Database]:
    """It opened."""
    async with Database(years, Vault(KnownRing())).running() as database:
        await database.write(appoint_settled)
        yield database


class ToldError(Exception):
    """What was found, by which all that was written is taken back."""

    def __init__(self, plans: list[dict[str, Any]]) -> None:
        self.plans = plans


def explaining(work: Work) -> Work:
    """Do some work, tell how each of its statements is done, and undo it."""

    def told(connection: Connection) -> None:
        said: list[tuple[str, Any]] = []

        def hear(_: object, __: object, words: str, given: Any, *___: object) -> None:
            said.append((words, given))

        event.listen(connection, "before_cursor_execute", hear)
        work(connection)
        event.remove(connection, "before_cursor_execute", hear)
        ask = "EXPLAIN (FORMAT JSON) "
        plans = [
            connection.exec_driver_sql(ask + words, given).scalar_one()[0]["Plan"]
            for words, given in said
        ]
        raise ToldError(plans)

    return told


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def walks(step: dict[str, Any]) -> bool:
    """Whether a step looks at all of a large table."""
    kind, name = step["Node Type"], step.get("Index Name")
    if kind == "Seq Scan":
        return step["Relation Name"] in LARGE
    by_index = kind in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}
    table = next((one.name for one in TABLES if name in indexes_of(one)), None)
    return bool(by_index and table and name not in FEW and "Index Cond" not in step)


def indexes_of(table: Table) -> set[str]:
    return {str(one.name) for one in table.indexes} | {f"{table.name}_pkey"}


@pytest.mark.parametrize("name", WORK)
async def test_no_large_table_is_read_from_end_to_end(
    store: Database, name: str
) -> None:
    with pytest.raises(ToldError) as told:
        await store.write(explaining(WORK[name]))

    plans = told.value.plans
    assert plans
    bad = [step for plan in plans for step in steps(plan) if walks(step)]
    assert bad == [], json.dumps(plans, indent=1)


async def test_the_tables_are_what_years_leave(store: Database) -> None:
    def counted(connection: Connection) -> list[int]:
        return [
            connection.execute(text(f"SELECT count(*) FROM {one.name}")).scalar_one()  # noqa: S608 - our own
            for one in TABLES
        ]

    assert await store.read(counted) == [ROWS] * len(TABLES)
