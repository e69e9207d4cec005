"""How PostgreSQL finds what is due, shown or answered among a million facts.

Twenty warnings of five thousand callouts each, one of them open, ten facts to each
callout. The rows are of one real callout, so that what reads them can.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from dispatcher.core.alert import AlertId, ChainId
from dispatcher.core.callout import CalloutId
from dispatcher.store import (
    callouts,
    desk_counts,
    faces,
    figures,
    heard,
    outbox,
    schema,
    todo,
    workers,
)
from dispatcher.store.database import Database
from dispatcher.store.postgresql import opened
from dispatcher.store.vault import Vault, appoint_settled
from tests.postgres import Server
from tests.store.stock import KnownRing, after, begin, lease
from tests.store.test_plans import WORK, Work
from tests.store.test_plans_postgresql import (
    TABLES,
    ToldError,
    explaining,
    filled,
    steps,
    walks,
)

pytestmark = pytest.mark.volume
CALLOUTS = 100_000
FACTS_EACH = 10
OF_AN_ALERT = 5_000
OPEN_FROM = CALLOUTS - OF_AN_ALERT
ALERT, CALLOUT = AlertId("a19"), "x99999"
SERIES = f"generate_series(1, {CALLOUTS}) AS i"

REAL: dict[str, dict[str, str]] = {
    "callout": {
        "id": "'x' || i",
        "alert": f"'a' || (i - 1) / {OF_AN_ALERT}",
        "origin": f"'a' || (i - 1) / {OF_AN_ALERT}",
        "chain": f"'a' || (i - 1) / {OF_AN_ALERT}",
        "unit": f"'u' || mod(i, {OF_AN_ALERT})",
        "state": f"CASE WHEN i > {OPEN_FROM} THEN 'calling' ELSE 'closed' END",
        "lane": "0",
        "marks": "'[]'",
        "due_at": f"CASE WHEN i > {OPEN_FROM} THEN i END",
    },
    "fact": {"callout": "'x' || i", "seq": "n"},
}
MANY = {"fact": f"{SERIES}, generate_series(1, {FACTS_EACH}) AS n"}

READS: dict[str, Work] = {
    "load": lambda c: callouts.load(c, [CALLOUT]),
    "still_open": lambda c: callouts.still_open(c, [CALLOUT]),
    "facts_of": lambda c: callouts.facts_of(c, CalloutId(CALLOUT)),
    "facts_of_each": lambda c: callouts.facts_of_each(c, [CALLOUT]),
    "open_of_chain": lambda c: callouts.open_of_chain(c, ChainId(ALERT)),
    "lead_answered": lambda c: callouts.lead_answered(c, ChainId(ALERT), "u7"),
    "board": lambda c: faces.of_alert(c, ALERT),
    "since": lambda c: faces.since(c, CALLOUTS * FACTS_EACH - 50),
    "newest_fact": faces.newest_fact,
    "tallies": lambda c: callouts.tallies_of(c, ALERT),
    "figures": lambda c: figures.figures(c, ALERT),
    "desk_counts": desk_counts.desk_counts,
    "todo.counts": todo.counts,
    "outbox.claim": lambda c: outbox.claim(c, after(0), lease(after(30)), 100),
    "doubtful": lambda c: outbox.doubtful(c, after(0), 100),
    "stuck": lambda c: outbox.stuck(c, after(0)),
    "any_gone": workers.any_gone,
    "bury": lambda c: workers.bury(c, after(0)),
    "doubt": lambda c: workers.doubt(c, 7, after(0)),
    "sent_to": lambda c: heard.sent_to(c, ["+9991"], after(-9), after(0)),
    "notes_on": lambda c: heard.notes_on(c, [CALLOUT]),
    "replies_since": lambda c: heard.replies_since(c, CALLOUT, after(0)),
}


def multiplied(table: str) -> str:
    """The statement that makes many rows of one."""
    changes = REAL[table]
    columns = [one.name for one in schema.metadata.tables[table].columns]
    kept = [name for name in columns if (table, name) != ("fact", "id")]
    values = ", ".join(changes.get(name, f'one."{name}"') for name in kept)
    names = ", ".join(f'"{name}"' for name in kept)
    one = f"(SELECT * FROM {table} LIMIT 1) AS one"  # noqa: S608 - our own
    return (
        f"INSERT INTO {table} ({names}) SELECT {values} "  # noqa: S608 - our own
        f"FROM {one}, {MANY.get(table, SERIES)}"
    )


@pytest.fixture(scope="module")
def full(postgresql: Server) -> str:
    """Where a database is with all of that in it."""
    others = [one for one in TABLES if one.name not in REAL]
    url = postgresql.apart(*(filled(one, CALLOUTS) for one in others))
    _fill(url)
    return url


def _fill(url: str) -> None:
    engine = opened(make_url(url), Vault(KnownRing()))
    with engine.connect() as connection:
        begin(connection, "c")
        for table in REAL:
            connection.exec_driver_sql(multiplied(table))
        for table in REAL:
            name = "callout" if table == "fact" else "id"
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE {name} = 'c'")  # noqa: S608 - our own
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


@pytest.fixture
async def store(full: str) -> AsyncIterator[Database]:
    """It opened."""
    async with Database(full, Vault(KnownRing())).running() as database:
        await database.write(appoint_settled)
        yield database


@pytest.mark.parametrize("name", [*READS, *WORK])
async def test_an_index_leads_to_it(store: Database, name: str) -> None:
    work = READS.get(name) or WORK[name]
    with pytest.raises(ToldError) as told:
        await store.write(explaining(work))

    plans = told.value.plans
    assert plans
    bad = [step for plan in plans for step in steps(plan) if walks(step)]
    assert bad == [], json.dumps(bad, indent=1)


async def test_there_are_a_million_facts(store: Database) -> None:
    def counted(connection: Connection) -> list[int]:
        return [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608 - our own
            for name in ("callout", "fact", "message")
        ]

    found = await store.read(counted)
    assert found == [CALLOUTS, CALLOUTS * FACTS_EACH, CALLOUTS]


async def test_all_that_is_shown_of_one_warning_is_found(store: Database) -> None:
    assert len(await store.read(READS["board"])) == OF_AN_ALERT
    assert len(await store.read(WORK["due"])) == 500
    assert len(await store.read(READS["facts_of"])) == FACTS_EACH
