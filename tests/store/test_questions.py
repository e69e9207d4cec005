"""Questions: codes that mean one thing, and digests that gather before they speak."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import ChainId, Lane
from dispatcher.core.callout import AttemptId, CalloutId, Purpose
from dispatcher.store import questions
from dispatcher.store.database import Database
from dispatcher.store.questions import CODES, Key, Kind, Member, Named
from tests.store.stock import CHAIN, after, ask, ids, question

ONE, OTHER = "+9991", "+9992"
DAY = 24 * 3600


def digest(name: str = "q", lane: Lane = Lane.RED) -> questions.Question:
    key = Key(ChainId(f"chain of {name}"), 0, PersonId("head"), Kind.DIGEST)
    return question(name, key=key, lane=lane)


def member(name: str, second: float, of: str = "q") -> Member:
    return Member(
        question=of,
        attempt=AttemptId(f"{name}.attempt"),
        callout=CalloutId(name),
        channel=Channel.SMS,
        address=AddressId("head0"),
        purpose=Purpose.TRY,
        joined_at=after(second),
    )


def test_codes_are_two_digits_as_long_as_these_last() -> None:
    assert (CODES[0], CODES[39], CODES[40], CODES[-1]) == ("60", "99", "600", "999")
    assert len(CODES) == 440


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ({}, "60"),
        ({ONE: {"60", "61"}}, "62"),
        ({ONE: {"60"}, OTHER: {"61"}}, "62"),
        ({"+9993": {"60"}}, "60"),
        ({ONE: set(CODES[:40])}, "600"),
        ({ONE: set(CODES)}, None),
    ],
)
def test_a_code_is_free_on_every_number_it_is_for(
    used: dict[str, set[str]], expected: str | None
) -> None:
    assert expected == questions.free_code([ONE, OTHER], used)


async def test_a_code_stands_for_one_question_behind_a_shared_number(
    database: Database,
) -> None:
    def both(connection: Connection) -> tuple[str | None, str | None]:
        ask(connection, question("of li", "li"), ONE)
        used = questions.used_codes(connection, [ONE, OTHER], after(0))
        return questions.free_code([ONE], used), questions.free_code([OTHER], used)

    assert await database.write(both) == ("61", "60")


@pytest.mark.parametrize(
    ("second", "expected"), [(0, {"60"}), (DAY - 1, {"60"}), (DAY, set())]
)
async def test_a_code_rests_for_a_day_when_its_chain_is_over(
    database: Database, second: int, expected: set[str]
) -> None:
    def closed(connection: Connection) -> None:
        ask(connection, question("q"), ONE)
        questions.close_chain(connection, CHAIN, after(0))

    await database.write(closed)

    assert expected == await database.read(
        lambda c: questions.known_codes(c, [ONE], after(second))[ONE].keys()
    )


async def test_a_rested_code_may_be_given_again(database: Database) -> None:
    def again(connection: Connection) -> dict[str, set[str]]:
        ask(connection, question("first"), ONE)
        questions.close_chain(connection, CHAIN, after(0))
        key = Key(ChainId("next"), 1, PersonId("li"), Kind.OWN)
        ask(connection, question("second", key=key), ONE)
        return dict(questions.used_codes(connection, [ONE], after(0)))

    assert await database.write(again) == {ONE: {"60"}}


async def test_a_chain_without_an_open_callout_asks_no_number(
    database: Database,
) -> None:
    def three(connection: Connection) -> dict[str, set[ChainId]]:
        ask(connection, question("a", "li"), ONE, OTHER)
        ask(connection, question("c", "zhao", code=None), ONE)
        return dict(questions.open_chains(connection, [ONE, OTHER, "+9993"]))

    assert await database.write(three) == {}


async def test_a_question_is_found_by_what_it_is(database: Database) -> None:
    asked = question("q")
    await database.write(lambda c: ask(c, asked, ONE))
    other = Key(CHAIN, 1, PersonId("li"), Kind.DIGEST)

    assert {asked.key: asked} == await database.read(
        lambda c: questions.find(c, [asked.key, other])
    )


async def test_messages_made_for_a_question_are_counted(database: Database) -> None:
    def counted(connection: Connection) -> int:
        ask(connection, question("q"), ONE)
        questions.count_messages(connection, {"q": 3})
        return questions.by_id(connection, ["q"])["q"].messages

    assert await database.write(counted) == 3


async def test_a_digest_gathers_for_ten_seconds_and_then_keeps_pace(
    database: Database,
) -> None:
    def joined(connection: Connection, *who: Member) -> object:
        questions.join(connection, who)
        return questions.next_due_at(connection)

    def sent(connection: Connection, second: float) -> list[CalloutId]:
        waited = questions.members(connection, "q")
        done = Named(
            attempts=[one.attempt for one in waited],
            sent_at=after(second),
            called_at=None,
        )
        questions.named(connection, {"q": done})
        return [one.callout for one in waited]

    await database.write(lambda c: ask(c, digest(), ONE))

    # first: ten seconds after the first one, however many join meanwhile
    assert after(10) == await database.write(lambda c: joined(c, member("a", 0)))
    assert after(10) == await database.write(lambda c: joined(c, member("b", 7)))
    assert await database.write(lambda c: sent(c, 10)) == ["a", "b"]
    assert await database.read(questions.next_due_at) is None

    # then: two minutes after the last message
    assert after(130) == await database.write(lambda c: joined(c, member("c", 15)))
    assert await database.write(lambda c: sent(c, 130)) == ["c"]

    # later again: ten seconds
    assert after(910) == await database.write(lambda c: joined(c, member("d", 900)))


async def test_who_waits_already_does_not_join_again(database: Database) -> None:
    def twice(connection: Connection) -> object:
        ask(connection, digest(), ONE)
        questions.join(connection, [member("a", 0)])
        questions.join(connection, [member("a", 5)])
        return questions.members(connection, "q")

    assert [member("a", 0)] == await database.write(twice)


async def test_red_digests_are_sent_before_blue_ones(database: Database) -> None:
    def due(connection: Connection) -> list[str]:
        for name, lane in (("blue", Lane.BLUE), ("red", Lane.RED), ("new", Lane.RED)):
            ask(connection, digest(name, lane), ONE)
        joined = [member("a", 0, "blue"), member("b", 5, "red"), member("c", 9, "new")]
        questions.join(connection, joined)
        return ids(questions.due_digests(connection, after(15), 9))

    assert await database.write(due) == ["red", "blue"]


async def test_a_closed_chain_sends_no_digest(database: Database) -> None:
    def closed(connection: Connection) -> object:
        asked = digest()
        ask(connection, asked, ONE)
        questions.join(connection, [member("a", 0)])
        questions.close_chain(connection, asked.key.chain, after(1))
        return questions.next_due_at(connection)

    assert await database.write(closed) is None
