from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.engine.retention import TRAFFIC_SPAN
from dispatcher.store import outbox, schema, traffic
from dispatcher.store.outbox import About, Message
from tests.api.conftest import opened
from tests.api.hamlet import NOON, Hamlet, codes
from tests.api.test_texts_api import WHOLE

CHANNELS = "/api/v1/channels"
MESSAGE = Message(
    id="m0",
    alert=AlertId("a"),
    chain=ChainId("a"),
    question=None,
    about=About.NOTICE,
    person=PersonId("p1"),
    address=AddressId("a1"),
    channel=Channel.SMS,
    lane=Lane.RED,
    place=0,
    level=Level.RED,
    drill=False,
    code=None,
    text="",
    created_at=NOON,
)


async def test_what_waits_is_told_by_lane_with_its_age_and_reasons(
    hamlet: Hamlet,
) -> None:
    def fill(connection: Connection) -> None:
        later = NOON + timedelta(minutes=9)
        outbox.put(
            connection,
            [
                MESSAGE,
                replace(MESSAGE, id="m1"),
                replace(MESSAGE, id="m2", channel=Channel.VOICE),
                replace(MESSAGE, id="m3", lane=Lane.DRILL),
                replace(MESSAGE, id="m4", lane=Lane.BLUE, due_at=later),
            ],
        )
        table = schema.message
        held = table.update().where(table.c.id == "m1").values(reason="throttle:429")
        connection.execute(held)

    await hamlet.runtime.database.write(fill)
    hamlet.clock.move_to(NOON + timedelta(seconds=90))
    queue = (await hamlet.get(CHANNELS)).json()["queue"]

    assert queue == [
        {
            "lane": "red",
            "kind": "sms",
            "messages": 2,
            "oldest_seconds": 90.0,
            "held_back": [{"reason": "throttle:429", "messages": 1}],
        },
        {
            "lane": "red",
            "kind": "voice",
            "messages": 1,
            "oldest_seconds": 90.0,
            "held_back": [],
        },
        {
            "lane": "drill",
            "kind": "sms",
            "messages": 1,
            "oldest_seconds": 90.0,
            "held_back": [],
        },
    ]


async def test_failures_of_the_last_minutes_and_receipts_of_the_hour(
    hamlet: Hamlet,
) -> None:
    throttled = ("sms", traffic.failed(FailureKind.THROTTLE))
    slow = ("sms", traffic.delayed(timedelta(seconds=40)))
    quick = ("sms", traffic.delayed(timedelta(seconds=4)))
    lost = ("sms", traffic.delayed(timedelta(days=1)))
    sent = ("sms", traffic.ACCEPTED)

    def fill(connection: Connection) -> None:
        day = timedelta(days=1)
        traffic.add(connection, {sent: 5, quick: 99}, NOON - day)
        traffic.add(connection, {sent: 7, throttled: 2}, NOON - timedelta(minutes=30))
        traffic.add(connection, {throttled: 1, slow: 3, quick: 2, lost: 1}, NOON)
        traffic.add(connection, {throttled: 1}, NOON + timedelta(seconds=1))

    await hamlet.runtime.database.write(fill)
    hamlet.clock.move_to(NOON + timedelta(seconds=2))
    [sms] = (await hamlet.get(CHANNELS)).json()["channels"]

    assert [one["kinds"] for one in sms["failures"]] == [
        {"throttle": 2},
        {"throttle": 4},
    ]
    assert (sms["today"], sms["receipt_within"], sms["health"]) == (7, 60, "failing")
    assert sms["last_success_at"] == "2026-07-12T03:30:00Z"
    assert sms["last_failure_at"] == "2026-07-12T04:00:01Z"


async def test_every_channel_is_listed_with_what_it_is() -> None:
    async with opened(WHOLE) as hamlet:
        shown = (await hamlet.get(CHANNELS)).json()["channels"]

    assert [(one["name"], one["kind"], one["order"]) for one in shown] == [
        ("sms", "sms", 1),
        ("voice", "voice", 1),
        ("wecom", "wechat", 1),
        ("group", "group", None),
    ]
    assert "token" not in str(shown)


async def test_what_was_carried_long_ago_is_forgotten(hamlet: Hamlet) -> None:
    counts = {("sms", traffic.ACCEPTED): 1}
    long_ago = NOON - TRAFFIC_SPAN - timedelta(minutes=2)
    database = hamlet.runtime.database
    await database.write(lambda c: traffic.add(c, counts, long_ago))
    await database.write(lambda c: traffic.add(c, counts, NOON))
    await hamlet.runtime.engine._retention.turn()  # noqa: SLF001 - the worker's own duty

    assert await hamlet.count(schema.traffic) == 1


async def test_who_may_only_read_people_reads_no_channels(hamlet: Hamlet) -> None:
    answer = await hamlet.get(CHANNELS, key="clerk")

    assert (answer.status_code, codes(answer)) == (403, ["scope_missing"])
