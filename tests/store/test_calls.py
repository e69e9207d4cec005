"""Calls: who waits for a line, which lines are busy, what a call reads and did."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from channels.contract import Channel
from dispatcher.core.alert import Lane
from dispatcher.core.lines import Hold, HoldReason, Rung
from dispatcher.store import calls, outbox, schema
from dispatcher.store.calls import Call, Waiting
from dispatcher.store.database import Database
from dispatcher.store.outbox import About, Message, MessageState
from dispatcher.store.spoken import keyed, read_out, to_number
from tests.store.stock import (
    after,
    carrying,
    column,
    ids,
    lease,
    line,
    message,
    person,
    post,
    settle,
    states,
)

LI, WANG = "+999-li", "+999-wang"
LI_LINE, WANG_LINE = line(LI), line(WANG)
DAY = 24 * 3600


def spoken(name: str, to: str = "li", **changes: Any) -> Message:
    """A message to be read in a call."""
    return message(name, to, channel=Channel.VOICE, **changes)


def place(
    connection: Connection, *together: list[str], second: float = 0
) -> list[Call]:
    """Claim calls that begin at a second."""
    return calls.claim(connection, together, after(second), lease(after(second + 30)))


def went(
    connection: Connection, name: str, state: MessageState, **more: object
) -> None:
    """What became of a message."""
    outbox.set_state(connection, [{"id": name, "state": state.value, **more}])


def kept(connection: Connection, name: str) -> dict[str, Any]:
    """A column of every message."""
    return column(connection, schema.message, name)


LIVE_RED = {"red": True, "drill": False}  # as issued, whatever its lane


async def test_what_is_due_waits_for_a_line_the_most_urgent_first(
    database: Database,
) -> None:
    def waiting(connection: Connection) -> list[Waiting]:
        post(
            connection,
            spoken("blue", lane=Lane.BLUE),
            spoken("later", due_at=after(2)),
            spoken("second", "wang", place=100, not_after=after(90)),
            spoken("first"),
            spoken("rings"),
            message("text"),
        )
        place(connection, ["rings"])
        return calls.waiting(connection, after(1), 9)

    assert await database.write(waiting) == [
        Waiting(id="first", line=LI_LINE, lane=Lane.RED, first=True, **LIVE_RED),
        Waiting(id="second", line=WANG_LINE, lane=Lane.RED, first=False, **LIVE_RED),
        Waiting(id="blue", line=LI_LINE, lane=Lane.BLUE, first=True, **LIVE_RED),
    ]


async def test_no_more_are_looked_at_than_asked_for(database: Database) -> None:
    await database.write(lambda c: post(c, spoken("a"), spoken("b", "wang")))

    assert ids(await database.read(lambda c: calls.waiting(c, after(0), 1))) == ["a"]


BUSY = [(state, True) for state in ("sending", "unknown", "accepted")]
BUSY += [(state, False) for state in ("waiting", "delivered", "failed", "dropped")]


@pytest.mark.parametrize(("state", "expected"), BUSY)
async def test_a_number_is_busy_while_its_call_may_go_on(
    database: Database, state: str, *, expected: bool
) -> None:
    def busy(connection: Connection) -> dict[str, Lane]:
        post(connection, spoken("a", lane=Lane.BLUE), message("text", "wang"))
        for name in ("a", "text"):
            went(connection, name, MessageState(state))
        return calls.busy(connection)

    assert ({LI_LINE: Lane.BLUE} if expected else {}) == await database.write(busy)


async def test_a_call_that_reads_red_and_blue_is_a_red_one(database: Database) -> None:
    def busy(connection: Connection) -> dict[str, Lane]:
        post(connection, spoken("red"), spoken("blue", lane=Lane.BLUE))
        place(connection, ["red", "blue"])
        return calls.busy(connection)

    assert await database.write(busy) == {LI_LINE: Lane.RED}


async def test_a_call_counts_once_towards_its_number_however_much_it_read(
    database: Database,
) -> None:
    def rung(connection: Connection) -> object:
        post(connection, spoken("a"), spoken("b"), spoken("w", "wang"), spoken("x"))
        place(connection, ["a", "b"], ["w"], second=5)
        for name in "abw":
            went(connection, name, MessageState.ACCEPTED, accepted_at=after(6))
        for name in "ab":
            went(connection, name, MessageState.FAILED, ended_at=after(40))
        return calls.recent(connection, [LI_LINE], after(50))

    assert await database.write(rung) == {
        LI_LINE: [Rung(at=after(5), ended_at=after(40))]
    }


@pytest.mark.parametrize(("second", "counts"), [(DAY + 4, True), (DAY + 5, False)])
async def test_a_call_counts_for_a_day(
    database: Database, second: int, *, counts: bool
) -> None:
    def rung(connection: Connection) -> object:
        post(connection, spoken("a"))
        place(connection, ["a"], second=5)
        went(connection, "a", MessageState.ACCEPTED, accepted_at=after(6))
        return calls.recent(connection, [LI_LINE], after(second))

    expected = {LI_LINE: [Rung(at=after(5), ended_at=None)]} if counts else {}

    assert expected == await database.write(rung)


async def test_what_no_provider_took_has_not_rung(database: Database) -> None:
    def rung(connection: Connection) -> object:
        post(connection, spoken("a"))
        place(connection, ["a"])
        went(connection, "a", MessageState.FAILED)
        return calls.recent(connection, [LI_LINE], after(50))

    assert await database.write(rung) == {}


async def test_what_is_put_off_waits_with_its_reason(database: Database) -> None:
    def put_off(connection: Connection) -> list[Waiting]:
        post(connection, spoken("a"))
        calls.put_off(connection, {"a": Hold(after(60), HoldReason.GAP)})
        return calls.waiting(connection, after(59), 9)

    assert await database.write(put_off) == []
    assert await database.read(lambda c: kept(c, "reason")) == {"a": "gap"}
    assert ids(await database.read(lambda c: calls.waiting(c, after(60), 9))) == ["a"]


async def test_what_is_dropped_says_why(database: Database) -> None:
    def drop(connection: Connection) -> None:
        post(connection, spoken("a"), spoken("b"))
        calls.drop(connection, {"a": "budget_hour"})

    await database.write(drop)

    assert await database.read(states) == {"a": "dropped", "b": "waiting"}
    assert await database.read(lambda c: kept(c, "reason")) == {
        "a": "budget_hour",
        "b": None,
    }
    assert await database.read(lambda c: kept(c, "due_at")) == {
        "a": None,
        "b": after(0),
    }


async def test_messages_of_one_call_are_claimed_together_the_first_leads(
    database: Database,
) -> None:
    def both(connection: Connection) -> list[Call]:
        post(connection, spoken("a", place=1), spoken("b"), spoken("w", "wang"))
        return place(connection, ["a", "b"], ["w"], second=3)

    together, alone = await database.write(both)

    assert (together.first.id, ids(together.messages)) == ("a", ["a", "b"])
    assert (alone.first.id, alone.first.number) == ("w", WANG)
    assert (together.first.tries, together.first.sent_at) == (1, after(3))
    assert await database.read(states) == dict.fromkeys("abw", "sending")
    assert await database.read(lambda c: kept(c, "call")) == {
        "a": "a",
        "b": "a",
        "w": "w",
    }


async def test_a_second_call_begins_with_a_clean_slate(database: Database) -> None:
    def again(connection: Connection) -> Call:
        post(connection, spoken("a"))
        place(connection, ["a"])
        times = dict.fromkeys(("picked_up_at", "keyed_at", "ended_at"), after(20))
        went(connection, "a", MessageState.WAITING, hang_up=True, **times)
        [call] = place(connection, ["a"], second=60)
        return call

    call = await database.write(again)

    assert (call.first.tries, call.first.sent_at) == (2, after(60))
    for name in ("picked_up_at", "keyed_at", "ended_at"):
        assert await database.read(partial(kept, name=name)) == {"a": None}
    assert await database.read(lambda c: kept(c, "hang_up")) == {"a": False}
    assert await database.read(lambda c: kept(c, "first_sent_at")) == {"a": after(0)}


@pytest.mark.parametrize(
    ("lanes", "busy", "expected"),
    [
        (list(Lane), [], 1),
        ([Lane.RED], [], 5),
        ([Lane.RED], [LI_LINE], 7),
        ([Lane.RED], [LI_LINE, WANG_LINE], None),
        ([Lane.DRILL], [], None),
    ],
)
async def test_the_next_call_is_of_a_free_lane_and_to_a_free_number(
    database: Database, lanes: list[Lane], busy: list[str], expected: int | None
) -> None:
    def three(connection: Connection) -> None:
        post(
            connection,
            spoken("blue", lane=Lane.BLUE, due_at=after(1)),
            spoken("red", due_at=after(5)),
            spoken("other", "wang", due_at=after(7)),
            message("text"),
        )

    await database.write(three)
    due_at = await database.read(lambda c: calls.next_due_at(c, lanes, busy))

    assert (None if expected is None else after(expected)) == due_at


async def test_who_rings_us_has_heard_what_waited_for_him(database: Database) -> None:
    def rang(connection: Connection) -> None:
        post(connection, spoken("a"), spoken("b"))
        read_out(connection, ["a"], after(9))

    await database.write(rang)

    assert await database.read(states) == {"a": "delivered", "b": "waiting"}
    for name in ("sent_at", "first_sent_at", "delivered_at"):
        found = await database.read(partial(kept, name=name))
        assert found == {"a": after(9), "b": None}
    assert await database.read(lambda c: kept(c, "reason")) == {
        "a": "rang_back",
        "b": None,
    }
    assert await database.read(lambda c: calls.recent(c, [LI_LINE], after(10))) == {}


async def test_a_key_is_put_down_for_the_message_it_was_pressed_in(
    database: Database,
) -> None:
    def pressed(connection: Connection) -> None:
        post(connection, spoken("a"), spoken("b"))
        keyed(connection, {"a": after(12)})

    await database.write(pressed)

    assert await database.read(lambda c: kept(c, "keyed_at")) == {
        "a": after(12),
        "b": None,
    }


async def test_the_waiting_call_of_a_question_is_found(database: Database) -> None:
    def found(connection: Connection) -> list[str | None]:
        post(
            connection,
            spoken("rings"),
            message("text"),
            spoken("other", question="other"),
            spoken("hers", "wang"),
        )
        place(connection, ["rings"])
        before = calls.of_question(connection, "question", "li0")
        outbox.put(connection, [spoken("waits")])
        return [before, calls.of_question(connection, "question", "li0")]

    assert await database.write(found) == [None, "waits"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(90, 120, 120), (120, 90, 120), (None, 90, None), (90, None, None)],
)
async def test_a_call_says_more_and_is_of_use_as_long_as_any_part_of_it(
    database: Database, first: int | None, second: int | None, expected: int | None
) -> None:
    ends = [None if end is None else after(end) for end in (first, second, expected)]

    def joined(connection: Connection) -> object:
        post(connection, spoken("a", not_after=ends[0], carries=carrying("c")))
        for _ in range(2):
            calls.join(connection, "a", "c and d", carrying("d"), ends[1])
        return outbox.carries(connection, ["a"])

    assert await database.write(joined) == {"a": [*carrying("c"), *carrying("d")]}
    [said] = await database.read(lambda c: outbox.find(c, ["a"]))
    assert said.text == "c and d"
    assert await database.read(lambda c: kept(c, "not_after")) == {"a": ends[2]}


async def test_what_asks_and_waits_for_a_number_is_found_for_all_who_share_it(
    database: Database,
) -> None:
    def found(connection: Connection) -> list[str]:
        settle(connection, person("li"), person("zhao", LI), person("wang"))
        waiting = [
            spoken("own"),
            spoken("shared", "zhao"),
            spoken("hers", "wang"),
            spoken("digest", about=About.DIGEST),
            # Neither is read to who rings us, so it must not count as heard.
            spoken("help", about=About.INFO),
            spoken("lifted", about=About.NOTICE, question=None),
            message("text"),
        ]
        outbox.put(connection, [spoken("rings")])
        place(connection, ["rings"])
        outbox.put(connection, waiting)
        return sorted(to_number(connection, LI))

    assert await database.write(found) == ["digest", "own", "shared"]


async def test_a_call_whose_end_nobody_told_is_asked_for_however_old_it_is(
    database: Database,
) -> None:
    def down(connection: Connection) -> list[str]:
        post(connection, spoken("call"), message("text"))
        for name in ("call", "text"):
            times = {"accepted_at": after(0), "due_at": after(90)}
            went(connection, name, MessageState.ACCEPTED, **times)
        return ids(outbox.silent(connection, after(2 * DAY), 9))

    assert await database.write(down) == ["call"]
