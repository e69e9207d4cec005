"""What is read in a call, what a number is asked, and which calls ring for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from channels.contract import Channel
from dispatcher.core.alert import Lane
from dispatcher.core.callout import CalloutId, State
from dispatcher.store import calls, heard, outbox, whereabouts
from dispatcher.store.database import Database
from dispatcher.store.heard import Asked
from dispatcher.store.outbox import About, Message, MessageState
from dispatcher.store.spoken import Open, Reading, open_to, read_in
from tests.store.stock import (
    after,
    begin,
    carrying,
    ids,
    lease,
    message,
    person,
    post,
    settle,
    turn,
)

LI = "+999-li"
DAY = 24 * 3600
OPEN = ["waiting", "calling", "desk"]


def named(*names: str) -> tuple[CalloutId, ...]:
    return tuple(map(CalloutId, names))


def spoken(name: str, *about: str, **changes: Any) -> Message:
    """A message to be read in a call, about callouts."""
    return message(name, channel=Channel.VOICE, carries=carrying(*about), **changes)


def on_the_line(connection: Connection, *together: str, second: float = 0) -> None:
    """These are read in one call, which was taken and rings."""
    calls.claim(connection, [together], after(second), lease(after(second + 30)))
    rings = {"state": MessageState.ACCEPTED.value, "accepted_at": after(second)}
    rows = [{"id": name, "provider_id": f"CA{together[0]}"} for name in together]
    outbox.set_state(connection, [row | rings for row in rows])


async def test_a_call_reads_what_it_was_claimed_for_the_most_urgent_first(
    database: Database,
) -> None:
    def read(connection: Connection) -> list[Reading]:
        begin(connection, "c")
        blue = spoken("blue", "c", lane=Lane.BLUE)
        post(connection, blue, spoken("red", "c", place=9), spoken("other", "c"))
        on_the_line(connection, "red", "blue")
        return read_in(connection, "red")

    assert await database.write(read) == [
        Reading(id="red", about=About.OWN, text="text of red", open=True),
        Reading(id="blue", about=About.OWN, text="text of blue", open=True),
    ]


READ = [(state, about, True) for state in OPEN for about in About if about != "notice"]
READ += [
    ("taken", About.OWN, True),  # his own answer is still wanted
    ("taken", About.DIGEST, False),
    ("answered", About.OWN, False),
    ("answered", About.DIGEST, False),
    ("answered", About.INFO, True),  # who asks for help has answered
    ("notified", About.INFO, True),
    ("closed", About.INFO, False),
]


@pytest.mark.parametrize(("state", "about", "expected"), READ)
async def test_what_was_settled_while_it_rang_is_not_open(
    database: Database, state: str, about: About, *, expected: bool
) -> None:
    def read(connection: Connection) -> list[Reading]:
        begin(connection, "c")
        post(connection, spoken("a", "c", about=about))
        on_the_line(connection, "a")
        turn(connection, "c", State(state))
        return read_in(connection, "a")

    [reading] = await database.write(read)

    assert expected == reading.open


async def test_a_message_is_read_as_long_as_one_of_its_callouts_is_open(
    database: Database,
) -> None:
    def read(connection: Connection) -> list[Reading]:
        begin(connection, "c", "d")
        post(connection, spoken("a", "c", "d"), spoken("notice", question=None))
        on_the_line(connection, "a", "notice")
        turn(connection, "c", State.ANSWERED)
        return read_in(connection, "a")

    assert [one.open for one in await database.write(read)] == [True, True]


async def test_a_number_is_asked_red_first_and_then_the_newest(
    database: Database,
) -> None:
    def asked(connection: Connection) -> list[Open]:
        begin(connection, "c", "d")
        settle(connection, person("li"), person("zhao", LI))
        blue, red = {"question": "blue", "lane": Lane.BLUE}, {"question": "red"}
        newer = {"question": "newer", "person": "zhao", "address": "zhao0"}
        waiting = [
            spoken("1", "c", **blue),
            spoken("2", "c", **red, created_at=after(5)),
            spoken("3", "d", **red, created_at=after(7)),
            spoken("4", "c", **newer, created_at=after(9)),
        ]
        outbox.put(connection, waiting)
        return open_to(connection, LI, after(10), None)

    assert await database.write(asked) == [
        Open(question="newer", message="4", callouts=named("c")),
        Open(question="red", message="3", callouts=named("d", "c")),
        Open(question="blue", message="1", callouts=named("c")),
    ]


WAITS = spoken("a", "c")
ASKED = [
    (WAITS, {}, True),
    (WAITS, {"state": MessageState.DROPPED}, False),
    (message("a", carries=carrying("c")), {}, False),  # not sent yet
    (message("a", carries=carrying("c")), {"first_sent_at": after(1)}, True),
    (spoken("a", "c", about=About.INFO), {}, False),
    (spoken("a", "c", about=About.DIGEST), {}, True),
    (spoken("a", "c", created_at=after(-DAY)), {}, False),
]


@pytest.mark.parametrize(("asked", "became", "expected"), ASKED)
async def test_a_number_is_asked_what_it_was_sent_or_waits_to_be_read(
    database: Database, asked: Message, became: dict[str, Any], *, expected: bool
) -> None:
    def found(connection: Connection) -> list[Open]:
        begin(connection, "c")
        post(connection, asked)
        outbox.set_state(connection, [{"id": "a", "state": "waiting", **became}])
        return open_to(connection, LI, after(0), None)

    assert expected == bool(await database.write(found))


SETTLED = [(state, about, True) for state in OPEN for about in ("own", "digest")]
SETTLED += [("taken", "own", True), ("taken", "digest", False)]
SETTLED += [("answered", "own", False), ("closed", "digest", False)]


@pytest.mark.parametrize(("state", "about", "expected"), SETTLED)
async def test_what_is_settled_is_not_asked_any_more(
    database: Database, state: str, about: str, *, expected: bool
) -> None:
    def found(connection: Connection) -> list[Open]:
        begin(connection, "c")
        post(connection, spoken("a", "c", about=About(about)))
        turn(connection, "c", State(state))
        return open_to(connection, LI, after(0), None)

    assert expected == bool(await database.write(found))


async def test_what_is_being_read_stays_whatever_becomes_of_it(
    database: Database,
) -> None:
    def found(connection: Connection) -> list[Open]:
        begin(connection, "c")
        old, new = spoken("old", "c"), spoken("new", "c", created_at=after(5))
        post(connection, old, new)
        turn(connection, "c", State.ANSWERED)
        return open_to(connection, LI, after(9), "old")

    assert await database.write(found) == [
        Open(question="question", message="old", callouts=named("c"))
    ]


async def test_the_message_being_read_stands_for_its_question_when_a_newer_one_asks(
    database: Database,
) -> None:
    def found(connection: Connection) -> list[Open]:
        begin(connection, "c", "d")
        old, new = spoken("old", "c"), spoken("new", "d", created_at=after(5))
        post(connection, old, new)
        return open_to(connection, LI, after(9), "old")

    assert await database.write(found) == [
        Open(question="question", message="old", callouts=named("d", "c"))
    ]


HANG_UP = [(state, about, False) for state in OPEN for about in ("own", "digest")]
HANG_UP += [("taken", "own", False), ("taken", "digest", True)]
HANG_UP += [("answered", "own", True), ("closed", "digest", True)]


@pytest.mark.parametrize(("state", "about", "expected"), HANG_UP)
async def test_a_call_rings_for_nothing_when_nobody_asks_any_more(
    database: Database, state: str, about: str, *, expected: bool
) -> None:
    def settled(connection: Connection) -> list[str]:
        begin(connection, "c")
        post(connection, spoken("a", "c", about=About(about)))
        on_the_line(connection, "a")
        turn(connection, "c", State(state))
        calls.settle(connection, ["c"])
        return ids(calls.to_hang_up(connection, 9))

    assert (["a"] if expected else []) == await database.write(settled)


async def test_a_call_goes_on_ringing_for_the_rest_of_what_it_reads(
    database: Database,
) -> None:
    def one(connection: Connection) -> list[str]:
        begin(connection, "c", "d")
        post(connection, spoken("a", "c"), spoken("b", "d"))
        on_the_line(connection, "a", "b")
        turn(connection, "c", State.ANSWERED)
        calls.settle(connection, ["c"])
        return ids(calls.to_hang_up(connection, 9))

    def other(connection: Connection) -> list[str]:
        turn(connection, "d", State.ANSWERED)
        calls.settle(connection, ["d"])
        return ids(calls.to_hang_up(connection, 9))

    assert await database.write(one) == []
    assert await database.write(other) == ["a"]


RANKS = [
    ({}, True),
    ({"rank": 3}, True),
    ({"rank": 4}, False),  # he has picked up
    ({"state": "delivered"}, False),
    ({"provider_id": None}, False),  # its provider knows it by no name yet
]


@pytest.mark.parametrize(("became", "expected"), RANKS)
async def test_only_what_waits_or_rings_is_hung_up(
    database: Database, became: dict[str, Any], *, expected: bool
) -> None:
    def settled(connection: Connection) -> list[str]:
        begin(connection, "c")
        post(connection, spoken("a", "c"))
        on_the_line(connection, "a")
        turn(connection, "c", State.ANSWERED)
        calls.settle(connection, ["c"])
        outbox.set_state(connection, [{"id": "a", "state": "accepted", **became}])
        return ids(calls.to_hang_up(connection, 9))

    assert (["a"] if expected else []) == await database.write(settled)


async def test_a_call_is_hung_up_once(database: Database) -> None:
    def settled(connection: Connection) -> list[str]:
        begin(connection, "c")
        post(connection, spoken("a", "c"), spoken("b", "c"))
        on_the_line(connection, "a", "b")
        turn(connection, "c", State.ANSWERED)
        calls.settle(connection, ["c"])
        calls.hung_up(connection, ["a"])
        return ids(calls.to_hang_up(connection, 9))

    assert await database.write(settled) == []


async def test_no_more_are_hung_up_at_a_time_than_asked_for(
    database: Database,
) -> None:
    def settled(connection: Connection) -> list[str]:
        begin(connection, "c")
        post(connection, spoken("a", "c"), spoken("b", "c"))
        on_the_line(connection, "a")
        on_the_line(connection, "b")
        turn(connection, "c", State.ANSWERED)
        calls.settle(connection, ["c"])
        return ids(calls.to_hang_up(connection, 1))

    assert len(await database.write(settled)) == 1


async def test_a_message_tells_whom_it_asks_and_when_he_picked_up(
    database: Database,
) -> None:
    def asked(connection: Connection) -> list[Asked | None]:
        post(connection, spoken("a"), spoken("notice", question=None))
        row = {"id": "a", "state": "accepted", "picked_up_at": after(4)}
        outbox.set_state(connection, [row])
        return [heard.asked(connection, name) for name in ("a", "notice", "none")]

    expected = Asked(
        message="a",
        question="question",
        address="li0",
        number=LI,
        picked_up_at=after(4),
    )

    assert await database.write(asked) == [expected, None, None]


async def test_a_receipt_of_a_call_is_about_all_that_was_read_in_it(
    database: Database,
) -> None:
    def told(connection: Connection) -> tuple[list[str], list[str]]:
        post(connection, spoken("a"), spoken("b"), spoken("alone"))
        on_the_line(connection, "a", "b")
        on_the_line(connection, "alone")
        ours, theirs = whereabouts.by_receipt(connection, ["a"], ["CAa"])
        return sorted(ids(ours["a"])), sorted(ids(theirs["CAa"]))

    assert await database.write(told) == (["a", "b"], ["a", "b"])
