"""What lies at the desk is counted at once, however much the store holds."""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy import Connection, text

from contacts.model import PersonId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.core.todo import Settling, TodoKind
from dispatcher.store import todo
from dispatcher.store.database import Database
from dispatcher.store.todo import Filter, Settled, Todo
from tests.store.stock import ON_SQLITE, after
from tests.store.test_plans import plan

REPLY = Todo(
    kind=TodoKind.UNCLEAR_REPLY,
    subject="event",
    at=after(0),
    person=PersonId("li"),
    callouts=(CalloutId("c"),),
    callback=7,
    meaning=Meaning.UNCLEAR,
    message="m",
)
DONE = Settled(at=after(9), by="key:wang", how=Settling.DISMISSED, note="已看")
MANY = 100_000


async def test_what_is_put_there_twice_lies_there_once(database: Database) -> None:
    def put(connection: Connection) -> list[todo.Kept]:
        todo.put(connection, [REPLY])
        todo.put(connection, [replace(REPLY, at=after(5))])
        return todo.page(connection, Filter())

    [kept] = await database.write(put)

    assert (kept.todo, kept.settled) == (REPLY, None)


async def test_what_is_settled_may_come_again_and_both_are_kept(
    database: Database,
) -> None:
    def twice(connection: Connection) -> tuple[list[todo.Kept], list[todo.Kept]]:
        todo.put(connection, [REPLY])
        [first] = todo.page(connection, Filter())
        settled = todo.settle(connection, first.id, DONE)
        again = todo.settle(connection, first.id, DONE)
        assert (settled, again) == (True, False)
        todo.put(connection, [REPLY])
        return (
            todo.page(connection, Filter()),
            todo.page(connection, Filter(settled=True, kind="unclear_reply")),
        )

    opened, settled = await database.write(twice)

    assert [one.settled for one in opened] == [None]
    assert [one.settled for one in settled] == [DONE]
    assert opened[0].id > settled[0].id


FILL = text(
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
    INSERT INTO todo (kind, subject, at, settled_at, settled_by, settled, note)
    SELECT 'unclear_reply', CAST(i AS text), i, CASE WHEN i % 100 <> 0 THEN i END,
           'key:a', 'dismissed', ''
    FROM n
    """
)


async def test_a_hundred_thousand_are_counted_in_a_few_milliseconds(
    database: Database,
) -> None:
    await database.write(lambda c: c.execute(FILL, {"many": MANY}))
    took = []
    for _ in range(5):  # the quickest: this machine has other work
        begun = time.perf_counter()
        found = await database.read(todo.counts)
        took.append(time.perf_counter() - begun)

        assert found == {TodoKind.UNCLEAR_REPLY: MANY // 100}
    assert min(took) < 0.05


@ON_SQLITE
async def test_they_are_counted_by_the_index_of_what_is_open(
    database: Database,
) -> None:
    steps = await database.write(lambda c: plan(c, todo.counts))

    assert steps == ["SCAN todo USING INDEX todo_open"]


@ON_SQLITE
async def test_a_page_is_read_by_an_index_of_what_is_open(database: Database) -> None:
    wanted = Filter(kind="opt_out", before=9)
    steps = await database.write(lambda c: plan(c, lambda d: todo.page(d, wanted)))

    assert steps
    assert not any(
        step.startswith("SCAN todo") and "INDEX" not in step for step in steps
    )
