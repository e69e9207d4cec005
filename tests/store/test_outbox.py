"""The outbox: what is claimed first, what is dropped, and what is in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from contacts.model import PersonId
from dispatcher.core.alert import AlertId, Lane
from dispatcher.core.callout import CalloutId, State
from dispatcher.store import figures, outbox, schema, whereabouts, workers
from dispatcher.store.database import Database
from dispatcher.store.outbox import About, MessageState
from tests.store.stock import (
    CHAIN,
    after,
    begin,
    carrying,
    column,
    ids,
    lease,
    message,
    person,
    post,
    settle,
    states,
    turn,
)

LEASE = timedelta(seconds=30)


def claimed(connection: Connection, second: float = 0, most: int = 10) -> list[str]:
    now = after(second)
    return ids(outbox.claim(connection, now, lease(now + LEASE), most))


def reported(
    connection: Connection, name: str, state: MessageState, **more: object
) -> None:
    outbox.set_state(connection, [{"id": name, "state": state.value, **more}])


ORDER = [
    message("drill", lane=Lane.DRILL),
    message("blue", lane=Lane.BLUE),
    message("red, a later try", place=103),
    message("red, b first", place=13),
    message("red, a first", place=3),
    message("red, a first, since long", place=3, created_at=after(-60)),
    message("orange", lane=Lane.ORANGE),
]
FIRST_TO_LAST = [
    "red, a first, since long",
    "red, a first",
    "red, b first",
    "red, a later try",
    "orange",
    "blue",
    "drill",
]


@pytest.mark.parametrize("most", range(1, len(ORDER) + 1))
async def test_the_most_urgent_are_claimed_and_sent_first(
    database: Database, most: int
) -> None:
    await database.write(lambda c: post(c, *ORDER))

    assert FIRST_TO_LAST[:most] == await database.write(lambda c: claimed(c, most=most))


async def test_what_is_claimed_is_nobody_elses(database: Database) -> None:
    await database.write(lambda c: post(c, message("a"), message("b")))

    assert await database.write(lambda c: claimed(c, most=1)) == ["a"]
    assert await database.write(lambda c: claimed(c, most=2)) == ["b"]
    assert await database.write(claimed) == []


async def test_nothing_is_claimed_before_its_time(database: Database) -> None:
    await database.write(lambda c: post(c, message("a", created_at=after(5))))

    assert await database.write(lambda c: claimed(c, 4)) == []
    assert after(5) == await database.read(outbox.next_due_at)
    assert await database.write(lambda c: claimed(c, 5)) == ["a"]


async def test_a_claim_counts_the_try_and_says_where_it_goes(
    database: Database,
) -> None:
    def both(connection: Connection) -> list[outbox.Sending]:
        post(connection, message("a"))
        return outbox.claim(connection, after(3), lease(after(33)), 5)

    [sending] = await database.write(both)

    assert (1, after(3), "+999-li") == (sending.tries, sending.sent_at, sending.number)
    assert (sending.state, sending.route) == (MessageState.SENDING, None)


async def test_the_same_message_is_made_once(database: Database) -> None:
    def twice(connection: Connection) -> None:
        post(connection, message("a", text="first", carries=carrying("c")))
        claimed(connection)
        post(connection, message("a", text="second", carries=carrying("c")))

    await database.write(twice)

    assert await database.read(states) == {"a": "sending"}
    [kept] = await database.read(lambda c: outbox.find(c, ["a"]))
    assert kept.text == "first"
    assert await database.read(lambda c: outbox.carries(c, ["a"])) == {
        "a": [("c.attempt", "c")]
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"not_after": after(9)}, "dropped"),
        ({"not_after": after(10)}, "waiting"),
        ({"not_after": None}, "waiting"),
        ({"not_after": after(9), "created_at": after(11)}, "waiting"),
    ],
)
async def test_what_nobody_needs_any_more_is_dropped_when_it_falls_due(
    database: Database, changes: dict[str, Any], expected: str
) -> None:
    def late(connection: Connection) -> list[str]:
        post(connection, message("a", **changes))
        return outbox.drop_late(connection, after(10))

    dropped = await database.write(late)

    assert {"a": expected} == await database.read(states)
    assert dropped == []  # only calls have to be told of


async def test_a_message_waits_as_long_as_one_of_its_callouts_does(
    database: Database,
) -> None:
    def made(connection: Connection) -> None:
        begin(connection, "c", "d")
        post(connection, message("both", carries=carrying("c", "d")))
        turn(connection, "c", State.ANSWERED)
        outbox.drop_settled(connection, [CalloutId("c")], "answered")

    def settled(connection: Connection) -> None:
        turn(connection, "d", State.CLOSED)
        outbox.drop_settled(connection, [CalloutId("d")], "closed")

    await database.write(made)

    assert await database.read(states) == {"both": "waiting"}

    await database.write(settled)

    assert await database.read(states) == {"both": "dropped"}
    assert await database.read(lambda c: column(c, schema.message, "reason")) == {
        "both": "closed"
    }
    assert await database.write(claimed) == []


@pytest.mark.parametrize("state", ["taken", "desk", "calling", "waiting"])
async def test_an_open_callout_keeps_its_messages(
    database: Database, state: str
) -> None:
    def made(connection: Connection) -> None:
        begin(connection, "c")
        post(connection, message("m", carries=carrying("c")))
        turn(connection, "c", State(state))
        outbox.drop_settled(connection, [CalloutId("c")], state)

    await database.write(made)

    assert await database.read(states) == {"m": "waiting"}


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (About.OWN, "dropped"),
        (About.REMINDER, "waiting"),
        (About.DIGEST, "dropped"),
        (About.INFO, "waiting"),
    ],
)
async def test_an_answer_drops_only_what_asked_for_it(
    database: Database, about: About, expected: str
) -> None:
    def made(connection: Connection) -> None:
        begin(connection, "c")
        post(connection, message("m", about=about, carries=carrying("c")))
        turn(connection, "c", State.ANSWERED)
        outbox.drop_settled(connection, [CalloutId("c")], "answered")

    await database.write(made)

    assert {"m": expected} == await database.read(states)


async def test_a_cancel_drops_all_that_waits_and_nothing_that_left(
    database: Database,
) -> None:
    def made(connection: Connection) -> None:
        post(connection, message("sent"), message("waits", created_at=after(9)))
        post(connection, message("other", chain="other", created_at=after(9)))
        claimed(connection)
        outbox.drop_chain(connection, CHAIN, "cancelled")

    await database.write(made)

    assert await database.read(states) == {
        "sent": "sending",
        "waits": "dropped",
        "other": "waiting",
    }


async def test_a_new_worker_doubts_all_that_the_dead_one_held(
    database: Database,
) -> None:
    def crashed(connection: Connection) -> int:
        post(connection, message("held"), message("waits", created_at=after(60)))
        claimed(connection)
        return workers.bury(connection, after(1))

    assert await database.write(crashed) == 1
    assert await database.read(states) == {"held": "unknown", "waits": "waiting"}
    assert ids(await database.read(lambda c: outbox.doubtful(c, after(1), 10))) == [
        "held"
    ]


async def test_what_a_worker_was_sending_is_in_doubt_and_not_what_others_are(
    database: Database,
) -> None:
    def held(connection: Connection) -> int:
        post(connection, message("ours"), message("theirs", created_at=after(60)))
        outbox.claim(connection, after(1), lease(after(30), 7), 1)
        outbox.claim(connection, after(61), lease(after(90), 8), 1)
        return workers.doubt(connection, 7, after(62))

    assert await database.write(held) == 1
    assert await database.read(states) == {"ours": "unknown", "theirs": "sending"}


@pytest.mark.parametrize(
    ("second", "in_doubt", "stuck"), [(29, [], 0), (30, [], 0), (31, ["a"], 1)]
)
async def test_a_message_past_its_lease_is_in_doubt(
    database: Database, second: int, in_doubt: list[str], stuck: int
) -> None:
    def held(connection: Connection) -> None:
        post(connection, message("a"))
        claimed(connection)

    await database.write(held)

    assert in_doubt == ids(
        await database.read(lambda c: outbox.doubtful(c, after(second), 10))
    )
    assert stuck == await database.read(lambda c: outbox.stuck(c, after(second)))


async def test_doubt_is_left_alone_until_it_is_due(database: Database) -> None:
    def unknown(connection: Connection) -> None:
        post(connection, message("a"))
        claimed(connection)
        reported(connection, "a", MessageState.UNKNOWN, due_at=after(2))

    await database.write(unknown)

    assert await database.read(lambda c: outbox.doubtful(c, after(1), 10)) == []
    assert after(2) == await database.read(outbox.next_due_at)
    assert ids(await database.read(lambda c: outbox.doubtful(c, after(2), 10))) == ["a"]


@pytest.mark.parametrize(
    ("state", "accepted", "due", "expected"),
    [
        (MessageState.ACCEPTED, 0, 0, ["a"]),
        (MessageState.ACCEPTED, 0, 500, []),
        (MessageState.DELIVERED, 0, 0, []),
    ],
)
async def test_who_accepts_and_then_keeps_silent_is_asked(
    database: Database,
    state: MessageState,
    accepted: int,
    due: int,
    expected: list[str],
) -> None:
    def sent(connection: Connection) -> None:
        post(connection, message("a"))
        times = {"accepted_at": after(accepted), "due_at": after(due)}
        reported(connection, "a", state, **times)

    await database.write(sent)

    assert expected == ids(
        await database.read(lambda c: outbox.silent(c, after(400), 9))
    )


async def test_who_was_asked_is_left_alone_for_a_while(database: Database) -> None:
    def asked(connection: Connection) -> None:
        post(connection, message("a"))
        times = {"accepted_at": after(0), "due_at": after(0)}
        reported(connection, "a", MessageState.ACCEPTED, **times)
        outbox.ask_again(connection, {"a": after(700)})

    await database.write(asked)

    assert await database.read(lambda c: outbox.silent(c, after(699), 9)) == []


async def test_a_receipt_finds_its_message_by_either_name(database: Database) -> None:
    def sent(connection: Connection) -> None:
        post(connection, message("a"), message("b"))
        reported(connection, "b", MessageState.ACCEPTED, provider_id="SM2")

    await database.write(sent)
    ours, theirs = await database.read(
        lambda c: whereabouts.by_receipt(c, ["a"], ["SM2", "SM3"])
    )

    assert {"a", "b"} == set(ours)
    assert {"SM2": ours["b"]} == theirs


async def test_messages_of_an_alert_are_counted(database: Database) -> None:
    def sent(connection: Connection) -> None:
        post(connection, *(message(name) for name in "abcd"))
        reported(connection, "a", MessageState.ACCEPTED, possible_duplicate=True)
        reported(connection, "b", MessageState.DROPPED)
        reported(connection, "c", MessageState.WAITING, reason="throttle:20429")

    await database.write(sent)
    counted = await database.read(lambda c: figures.figures(c, AlertId("alert")))

    assert (counted.messages, counted.possible_duplicates) == (1, 1)
    assert counted.held_back == {"throttle:20429": 1}


async def test_a_message_goes_to_the_number_of_its_own_version_of_a_person(
    database: Database,
) -> None:
    def moved(connection: Connection) -> list[str]:
        settle(connection, person("li", "+9991"))
        outbox.put(connection, [message("old")])
        settle(connection, replace(person("li", "+9992"), id=PersonId("li2")))
        outbox.put(connection, [message("new", person="li2")])
        found = outbox.claim(connection, after(0), lease(after(30)), 9)
        return sorted(f"{one.id} {one.number}" for one in found)

    assert await database.write(moved) == ["new +9992", "old +9991"]
