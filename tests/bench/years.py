"""What a store of years costs a new warning: nothing, it should be.

``python -m tests.bench.years --copies 1000``: one county of 1,000 is warned and the
warning is cancelled; its rows are multiplied, so that a thousand such warnings lie in
the store, three hours from each to the next. Then a new one is sent, as it was into
the empty store; both in the same run, by turns.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, Table, func, select, update

from dispatcher.store import dialect, schema
from dispatcher.store.moment import Moment
from dispatcher.store.outbox import MessageState
from tests.bench.boards import KEY
from tests.bench.dispatching import (
    SQLITE,
    Bench,
    Dispatched,
    benched,
    ceiling,
    post,
    served,
    warmed,
    warned,
    warning,
)
from tests.chaos.house import pause
from tests.postgres import STORES, places

CALLOUTS = 1_000
APART = 3 * 3_600_000_000  # microseconds from one warning to the next
LOOKS = 9
# What each table calls its rows by: names that a copy has to have for itself.
NAMED = {
    schema.alert: ("id", "chain", "identifier"),
    schema.callout: ("id", "alert", "chain", "origin"),
    schema.fact: ("callout",),
    schema.question: ("id", "chain", "alert"),
    schema.member: ("attempt", "question", "callout"),
    schema.message: ("id", "alert", "chain", "question", "provider_id", "call"),
    schema.carried: ("message", "attempt", "callout"),
    schema.awake: ("chain",),
}
COUNTED = frozenset({"fact"})  # their ids are given out by the database
READS = {
    "GET /alerts": "/alerts?limit=50",
    "GET /alerts/{id}/board": "/alerts/{alert}/board",
    "GET /alerts/{id}/summary": "/alerts/{alert}/summary",
    "GET /alerts/{id}/callouts": "/alerts/{alert}/callouts?limit=100",
    "GET /inbox": "/inbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """One warning into a store, and what is asked of it.

    :ivar start: seconds until the server worked
    :ivar reads: milliseconds of each question, the median
    :ivar rows: callouts and facts that were there before
    :ivar size_mb: of the store
    """

    sent: Dispatched
    start: float
    reads: dict[str, float]
    rows: tuple[int, int]
    size_mb: float


async def measure(folder: Path, store: str, copies: int) -> Years:
    """Measure a store with so many more warnings in it."""
    async with benched(folder, store, CALLOUTS) as bench:
        database = bench.database
        async with served(folder, 1):
            await _ended(bench)
        await database.write(lambda c: multiply(c, copies))
        rows = await database.read(_rows)
        began = time.monotonic()
        async with served(folder, 1) as (api, workers):
            start = time.monotonic() - began
            await warmed(bench)
            told = await warned(bench, api, workers, CALLOUTS)
            reads = {name: await _read(bench, READS[name]) for name in READS}
        size = await database.read(lambda c: _size(c, folder))
    sent = Dispatched(**told, ceiling=await ceiling(CALLOUTS))
    return Years(sent=sent, start=start, reads=reads, rows=rows, size_mb=size)


async def _ended(bench: Bench) -> None:
    """Let a warning be sent and cancelled; nothing of it is open then."""
    answer = await post(bench, warning() | {"identifier": "W-old"})
    alert = answer.json()["id"]
    while (await bench.counted())["numbers"] < CALLOUTS:
        await pause(0.05)
    cancelled = await bench.http.post(
        f"http://127.0.0.1:{bench.port}/api/v1/alerts/{alert}/cancel",
        json={"reason": "雨停"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert cancelled.status_code == 200, cancelled.text
    while await bench.database.read(_open):
        await pause(0.05)
    await bench.database.write(_delivered)
    await bench.http.delete(bench.gateway)


def _delivered(connection: Connection) -> None:
    """Nobody waits for receipts of texts of years ago."""
    connection.execute(
        update(schema.message)
        .where(schema.message.c.state == MessageState.ACCEPTED.value)
        .values(state=MessageState.DELIVERED.value, due_at=None)
    )


def _open(connection: Connection) -> int:
    waiting = schema.message.c.state.in_(["waiting", "sending", "unknown"])
    due = schema.callout.c.due_at.isnot(None)
    return sum(
        connection.execute(
            select(func.count()).select_from(table).where(which)
        ).scalar_one()
        for table, which in ((schema.callout, due), (schema.message, waiting))
    )


def multiply(connection: Connection, copies: int) -> None:
    """Let every warning be there so many more times, each longer ago."""
    for table in NAMED if copies else ():
        name = table.name
        was = f"CREATE TEMPORARY TABLE was_{name} AS SELECT * FROM {name}"  # noqa: S608 - our own
        connection.exec_driver_sql(was)
        connection.exec_driver_sql(_copied(table, copies))
        connection.exec_driver_sql(f"DROP TABLE was_{name}")
    # What lies there for years is sealed; else all of it would be looked through now.
    last = select(func.max(schema.fact.c.id)).scalar_subquery()
    connection.execute(update(schema.seal).values(upto=last))


def _copied(table: Table, copies: int) -> str:
    columns = [
        column
        for column in table.columns
        if (table.name, column.name) not in {(name, "id") for name in COUNTED}
    ]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(
        f"was.\"{column.name}\" || '~' || n"
        if column.name in NAMED[table]
        else f'was."{column.name}" - n * {APART}'
        if isinstance(column.type, Moment)
        else f'was."{column.name}"'
        for column in columns
    )
    return (
        "WITH RECURSIVE series (n) AS "  # noqa: S608 - our own
        f"(SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {copies}) "
        f"INSERT INTO {table.name} ({names}) SELECT {values} "
        f"FROM series, was_{table.name} AS was"
    )


def _rows(connection: Connection) -> tuple[int, int]:
    callouts, facts = (
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (schema.callout, schema.fact)
    )
    return callouts, facts


def _size(connection: Connection, folder: Path) -> float:
    if not dialect.is_postgresql(connection):
        return sum(one.stat().st_size for one in folder.glob("*.db*")) / 1e6
    size = "SELECT pg_database_size(current_database())"
    return float(connection.exec_driver_sql(size).scalar_one()) / 1e6


async def _read(bench: Bench, path: str) -> float:
    """Milliseconds of a question, the median of some."""
    base = f"http://127.0.0.1:{bench.port}/api/v1"
    headers = {"Authorization": f"Bearer {KEY}"}
    newest = await bench.http.get(f"{base}/alerts?limit=1", headers=headers)
    where = base + path.format(alert=newest.json()["items"][0]["id"])
    took = []
    for _ in range(LOOKS):
        began = time.monotonic()
        answer = await bench.http.get(where, headers=headers)
        took.append(time.monotonic() - began)
        assert answer.status_code == 200, (where, answer.text)
    return median(took) * 1e3


def _figures(one: Years) -> dict[str, float]:
    reads = {f"{name}, ms": took for name, took in one.reads.items()}
    return {
        "start, s": one.start,
        "first request, s": one.sent.first,
        "all recorded, s": one.sent.recorded,
        "worker's CPU each, us": one.sent.cost,
        **reads,
    }


def table(empty: Sequence[Years], full: Sequence[Years]) -> str:
    """Say it: a store without a past, one of years, and the ratio."""
    callouts, facts = full[0].rows
    lines = [
        f"{callouts:,} callouts and {facts:,} facts before it",
        f"{full[0].size_mb:,.0f} MB instead of {empty[0].size_mb:,.0f}",
        f"{'':32}{'empty':>10}{'years':>10}{'ratio':>10}",
    ]
    for name in _figures(full[0]):
        before, after = (
            median(_figures(one)[name] for one in some) for some in (empty, full)
        )
        lines.append(f"{name:32}{before:10.2f}{after:10.2f}{after / before:10.2f}")
    return "\n".join(lines)


async def compared(copies: int, store: str, rounds: int) -> str:
    """Measure both by turns."""
    empty: list[Years] = []
    full: list[Years] = []
    for _ in range(rounds):
        for some, more in ((empty, 0), (full, copies)):
            with places(store, SQLITE) as place, tempfile.TemporaryDirectory() as at:
                some.append(await measure(Path(at), place(), more))
    return table(empty, full)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", choices=STORES, default=STORES[0])
    given = parser.parse_args()
    told = asyncio.run(compared(given.copies, given.store, given.rounds))
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
