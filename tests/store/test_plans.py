"""How SQLite finds what calls need: by an index, never by reading every message."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from contacts.model import PersonId
from dispatcher.core.alert import AlertId, AlertState, ChainId, Lane
from dispatcher.core.callout import CalloutId
from dispatcher.core.lines import Hold, HoldReason
from dispatcher.store import (
    alerts,
    callouts,
    calls,
    contacted,
    gauges,
    heard,
    outbox,
    questions,
    spoken,
    todo,
    traffic,
    whereabouts,
)
from dispatcher.store.callouts import Filter
from dispatcher.store.database import Database
from dispatcher.store.questions import Named
from tests.store.stock import ON_SQLITE, after, ask, begin, lease, question
from tests.store.test_intake_store import offered

pytestmark = ON_SQLITE
Work = Callable[[Connection], Any]

# Whoever waits, rings or asks is found among few; the rest of the store may be years.
WORK: dict[str, Work] = {
    "waiting": lambda c: calls.waiting(c, after(0), 9),
    "busy": calls.busy,
    "recent": lambda c: calls.recent(c, ["+9991"], after(0)),
    "put_off": lambda c: calls.put_off(c, {"a": Hold(after(9), HoldReason.GAP)}),
    "drop": lambda c: calls.drop(c, {"a": "gap"}),
    "claim": lambda c: calls.claim(c, [], after(0), lease(after(30))),
    "next_due_at": lambda c: calls.next_due_at(c, list(Lane), ["+9991"]),
    "read_in": lambda c: spoken.read_in(c, "a"),
    "open_to": lambda c: spoken.open_to(c, "+9991", after(0), "a"),
    "read_out": lambda c: spoken.read_out(c, ["a"], after(0)),
    "keyed": lambda c: spoken.keyed(c, {"a": after(0)}),
    "settle": lambda c: calls.settle(c, ["c"]),
    "to_hang_up": lambda c: calls.to_hang_up(c, 9),
    "hung_up": lambda c: calls.hung_up(c, ["a"]),
    "of_question": lambda c: calls.of_question(c, "q", "li0"),
    "join": lambda c: calls.join(c, "a", "text", [], None),
    "to_number": lambda c: spoken.to_number(c, "+9991"),
    "callouts.page": lambda c: callouts.page(c, Filter(alert=AlertId("a"), limit=50)),
    "page of a state": lambda c: callouts.page(c, Filter(state="desk")),
    "page of a unit": lambda c: callouts.page(c, Filter(unit="u7")),
    "page of a mark": lambda c: callouts.page(c, Filter(mark="need_help")),
    "due": lambda c: callouts.due(c, after(0), 500),
    "callouts.next_due_at": callouts.next_due_at,
    "overdue": lambda c: callouts.overdue(c, after(0)),
    "ownerless": callouts.ownerless,
    "gauges": lambda c: gauges.gauges(c, ["sms"], after(0)),
    "contacts": lambda c: contacted.contacts(c, ChainId("a")),
    "by_receipt": lambda c: whereabouts.by_receipt(c, ["a"], ["CA"]),
    "known": lambda c: whereabouts.known(c, ["a"]),
    "drop_late": lambda c: outbox.drop_late(c, after(0)),
    "silent": lambda c: outbox.silent(c, after(0), 9),
    "outbox.next_due_at": outbox.next_due_at,
    "queue": lambda c: traffic.queue(c, after(0)),
    "lines_busy": traffic.lines_busy,
    "carried": lambda c: traffic.carried(c, "sms", after(0), after(-9)),
    "todo.quieten": lambda c: todo.quieten(c, [CalloutId("c")], after(0)),
    "asked": lambda c: heard.asked(c, "a"),
    "own_of": lambda c: questions.own_of(c, [(ChainId("chain"), PersonId("li"))]),
    "pending": lambda c: questions.pending(c, ["q"]),
    "named": lambda c: questions.named(
        c, {"q": Named(attempts=["a"], sent_at=None, called_at=None)}
    ),
    "open_chains": lambda c: questions.open_chains(c, ["+9991"]),
}


def plan(connection: Connection, work: Work) -> list[str]:
    """The steps SQLite takes for every statement of some work."""
    said: list[tuple[str, Any]] = []

    def hear(_: object, __: object, statement: str, given: Any, *___: object) -> None:
        said.append((statement, given))

    event.listen(connection, "before_cursor_execute", hear)
    work(connection)
    event.remove(connection, "before_cursor_execute", hear)
    return [
        row[3]
        for statement, given in said
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
    ]


WHOLE = re.compile(r"SCAN (message|callout|carried|address|question|member|code)\b")
FEW = "USING INDEX message_on_the_line"  # an index that holds nothing else
# What these hold is all there is to see: calls that wait; who is marked; nothing, if
# all is well.
SMALL = (
    *(FEW, "USING INDEX message_call_waiting", "USING INDEX callout_ownerless"),
    "USING INDEX callout_marked",
)


@pytest.mark.parametrize("name", WORK)
async def test_no_table_is_read_from_end_to_end(database: Database, name: str) -> None:
    def planned(connection: Connection) -> list[str]:
        begin(connection, "c")
        ask(connection, question("q"), "+9991")
        return plan(connection, WORK[name])

    steps = await database.write(planned)

    assert steps
    walked = [step for step in steps if WHOLE.match(step)]
    assert [one for one in walked if not any(name in one for name in SMALL)] == []


OF_PEOPLE: dict[str, Work] = {
    "find": lambda c: questions.find(
        c, [questions.Key(ChainId("chain"), 1, PersonId("li"), questions.Kind.OWN)]
    ),
    "own_of": WORK["own_of"],
    "roles": lambda c: heard.roles(c, ChainId("chain"), "li"),
}


@pytest.mark.parametrize("name", OF_PEOPLE)
async def test_people_are_found_without_all_others_of_their_chain(
    database: Database, name: str
) -> None:
    steps = await database.write(lambda c: plan(c, OF_PEOPLE[name]))
    of_chain = [step for step in steps if "(chain=?" in step]

    assert of_chain
    assert [step for step in of_chain if "person=?" not in step] == []


COVERED = "callout USING COVERING INDEX callout_due"


@pytest.mark.parametrize("name", ["busy", "settle", "to_hang_up"])
async def test_busy_lines_are_found_by_an_index_of_their_own(
    database: Database, name: str
) -> None:
    steps = await database.write(lambda c: plan(c, WORK[name]))

    assert any(FEW in step for step in steps)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("next_due_at", "message USING INDEX message_call_waiting (lane>? AND lane<?)"),
        ("read_in", "message USING INDEX ix_message_call (call=?)"),
        ("of_question", "message USING INDEX ix_message_question (question=?)"),
        ("to_number", "message USING INDEX message_address (address=?)"),
        ("due", "callout USING INDEX callout_due (lane=? AND due_at<?)"),
        ("callouts.next_due_at", f"{COVERED} (lane=? AND due_at>?)"),
        ("overdue", f"{COVERED} (lane=? AND due_at<?)"),
        ("open_to", "message USING INDEX message_address (address=? AND created_at>?)"),
    ],
)
async def test_it_is_found_by_what_is_known_of_it(
    database: Database, name: str, index: str
) -> None:
    steps = await database.write(lambda c: plan(c, WORK[name]))

    assert f"SEARCH {index}" in steps


async def test_what_waits_is_counted_without_looking_at_a_message(
    database: Database,
) -> None:
    steps = await database.write(lambda c: plan(c, WORK["queue"]))
    touched = {step for step in steps if "message" in step}

    assert touched == {"SEARCH message USING COVERING INDEX message_waiting (lane=?)"}


async def test_what_is_due_is_read_in_the_order_of_an_index(
    database: Database,
) -> None:
    steps = await database.write(lambda c: plan(c, WORK["due"]))

    assert [step for step in steps if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("state", [None, AlertState.ACTIVE])
@pytest.mark.parametrize("cursor", [None, "first"])
async def test_alerts_are_read_in_the_order_of_an_index(
    database: Database, state: AlertState | None, cursor: str | None
) -> None:
    def planned(connection: Connection) -> list[str]:
        alerts.accept(connection, offered())
        return plan(connection, lambda c: alerts.page(c, state, cursor, 9))

    steps = await database.write(planned)

    assert steps
    assert [step for step in steps if "TEMP B-TREE" in step] == []
