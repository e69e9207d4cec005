"""What the real exchange posts, checked by Twilio's own validator."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest
from fastapi.datastructures import FormData
from twilio.request_validator import RequestValidator

from dispatcher.sim.postman import Settled
from dispatcher.sim.switchboard import NetworkMode
from dispatcher.sim.twilio_wire import sign
from dispatcher.sim.world import Habit
from tests.sim.play import (
    ACCOUNT,
    QUESTION,
    SENDER,
    SERVICE,
    SPEED,
    TOKEN,
    Inbox,
    Play,
)

INBOUND = {
    "SmsStatus": "received",
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "NumMedia": "0",
    "NumSegments": "1",
    **dict.fromkeys(("FromCountry", "FromState", "FromCity", "FromZip"), ""),
    **dict.fromkeys(("ToCountry", "ToState", "ToCity", "ToZip"), ""),
}


# Signatures


@pytest.mark.parametrize(
    ("token", "url", "fields", "signature"),
    [
        pytest.param(
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {
                "Digits": "1234",
                "To": "+18005551212",
                "From": "+14158675310",
                "Caller": "+14158675310",
                "CallSid": "CA1234567890ABCDE",
            },
            "GvWf1cFY/Q7PnoempGyD5oXAezc=",
            id="A: query and fields",
        ),
        pytest.param(
            TOKEN,
            "https://jiaoying.example.cn/hooks/twilio/sms/inbound",
            {
                **INBOUND,
                **dict.fromkeys(
                    ("MessageSid", "SmsSid", "SmsMessageSid"), "SM" + "0" * 31 + "1"
                ),
                "MessagingServiceSid": SERVICE,
                "From": "+85291234567",
                "To": "+85251234567",
                "Body": "1 收到",
                "FromCountry": "HK",
                "ToCountry": "HK",
            },
            "eftNTOnYI8nO2hWLQG2lXZ0Qtjk=",
            id="B: inbound with blank fields",
        ),
        pytest.param(
            TOKEN,
            "https://jiaoying.example.cn/hooks/twilio/json?bodySHA256="
            "7dc7456a13428deb5048cecbbf9c27b97a29ad32bbc932a7dd1f3f1742d732ee",
            {},
            "8s1HUCteMX0nS5I4cY0fAbhZCKo=",
            id="C: a body by its hash",
        ),
        pytest.param(
            TOKEN,
            "https://h/p",
            FormData([("A", "2"), ("A", "1"), ("A", "1"), ("B", "x")]),
            "Tffgj7qkMIg2DL4FMb4hifnqAZo=",
            id="D: many values",
        ),
    ],
)
def test_the_published_signatures_are_reproduced(
    token: str, url: str, fields: Mapping[str, object], signature: str
) -> None:
    assert signature == sign(token, url, fields)


# Callbacks


async def test_sent_and_delivered_are_told_in_order_with_the_published_fields(
    play: Play, to: str
) -> None:
    sid = (await play.send(to, MessagingServiceSid=SERVICE)).json()["sid"]
    await play.exchange.settle()
    entry = (await play.exchange.messages(to))[0]

    common = {
        "MessageSid": sid,
        "SmsSid": sid,
        "To": to,
        "From": SENDER,
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "MessagingServiceSid": SERVICE,
    }
    done = entry.accepted_at.strftime("%y%m%d%H%M")
    sent = {"MessageStatus": "sent", "SmsStatus": "sent"}
    delivered = {"MessageStatus": "delivered", "SmsStatus": "delivered"}
    assert [
        common | sent,
        common | delivered | {"RawDlrDoneDate": done},
    ] == [posted.form for posted in play.inbox.posted]


async def test_every_callback_carries_a_true_signature_of_its_exact_url(
    play: Play, to: str
) -> None:
    await play.person(to, Habit.ANSWER)
    await play.send(to)
    await play.exchange.settle()

    assert [posted.path for posted in play.inbox.posted] == [
        "/status?a=ABCDEFGH23&k=x"
    ] * 2 + ["/reply"]
    assert all(
        RequestValidator(TOKEN).validate(
            play.inbox.url + posted.path, posted.form, posted.signature
        )
        for posted in play.inbox.posted
    )


async def test_a_dead_number_is_accepted_then_undelivered(play: Play, to: str) -> None:
    await play.person(to, Habit.DEAD)
    answer = await play.send(to)
    await play.exchange.settle()

    assert answer.status_code == 201
    assert play.inbox.statuses() == ["sent", "undelivered"]
    assert play.inbox.posted[1].form["ErrorCode"] == "30005"
    assert await play.exchange.messages(to) == []


async def test_no_callback_comes_where_none_was_asked_for(play: Play, to: str) -> None:
    await play.send(to, StatusCallback="")

    assert Settled(delivered=0, given_up=0) == await play.exchange.settle()


async def test_callbacks_can_come_out_of_order(play: Play, to: str) -> None:
    await play.exchange.network(NetworkMode.OUT_OF_ORDER, for_next=1)
    await play.send(to)
    await play.exchange.settle()

    assert play.inbox.statuses() == ["delivered", "sent"]


async def test_a_duplicate_has_the_token_of_the_first(play: Play, to: str) -> None:
    await play.exchange.network(NetworkMode.DUPLICATE, for_next=1)
    await play.send(to)
    await play.exchange.settle()

    first, again, second, second_again = (p.token for p in play.inbox.posted)
    assert play.inbox.statuses() == ["sent", "sent", "delivered", "delivered"]
    assert (first, second) == (again, second_again)
    assert first != second


async def test_a_refused_callback_comes_again_with_its_token(
    play: Play, to: str
) -> None:
    play.inbox.refuse_next = 2
    await play.send(to)
    settled = await play.exchange.settle()

    assert Settled(delivered=2, given_up=0) == settled
    assert [play.inbox.posted[0]] * 2 == play.inbox.refused
    assert play.inbox.statuses() == ["sent", "delivered"]


async def test_a_broken_line_delays_callbacks_and_loses_none(
    play: Play, to: str
) -> None:
    await play.exchange.network(NetworkMode.REFUSE_CALLBACKS, for_next=2)
    await play.send(to)
    await play.exchange.settle()

    assert play.inbox.statuses() == ["sent", "delivered"]


async def test_a_server_started_again_gets_what_it_missed(play: Play, to: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    await play.send(to, StatusCallback=f"http://127.0.0.1:{port}/status")
    with Inbox(port) as started:
        await play.exchange.settle()

    assert started.statuses() == ["sent", "delivered"]


async def test_callbacks_are_held_and_released(play: Play, to: str) -> None:
    await play.person(to, Habit.ANSWER)
    await play.exchange.hold()
    await play.send(to)
    held = await play.exchange.settle()
    await play.exchange.release()
    released = await play.exchange.settle()

    assert (held.delivered, released.delivered) == (0, 3)


async def test_a_hanging_exchange_has_taken_the_message(play: Play, to: str) -> None:
    await play.exchange.network(NetworkMode.HANG, for_next=1)
    play.account.timeout = httpx.Timeout(5, read=1)
    with pytest.raises(httpx.ReadTimeout):
        await play.send(to)
    await play.exchange.settle()

    ledger = [e for e in await play.exchange.ledger() if e.to == to]
    assert [(entry.body, entry.reference, entry.status) for entry in ledger] == [
        (QUESTION, "ABCDEFGH23", "delivered")
    ]
    assert ledger == await play.exchange.messages(to)
    assert play.inbox.statuses() == ["sent", "delivered"]


# People


async def test_an_answer_comes_with_every_inbound_field(play: Play, to: str) -> None:
    await play.person(to, Habit.EVACUATE)
    await play.send(to, Body="收到回67", MessagingServiceSid=SERVICE)
    await play.exchange.settle()

    answer = play.inbox.posted[2]
    sid = answer.form["MessageSid"]
    assert {
        **INBOUND,
        **dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), sid),
        "MessagingServiceSid": SERVICE,
        "From": to,
        "To": SENDER,
        "Body": "67 2 35",
    } == answer.form
    assert re.fullmatch(r"SM[0-9a-f]{32}", sid)


async def test_an_answer_not_due_yet_is_not_waited_for(play: Play, to: str) -> None:
    await play.person(to, Habit.ANSWER, delay_seconds=1.0 * SPEED)
    await play.send(to)
    settled = await play.exchange.settle()
    await play.inbox.wait(3)

    assert settled.delivered == 2
    assert play.inbox.posted[2].form["Body"] == "1"


async def test_a_test_speaks_for_a_person(play: Play, to: str) -> None:
    await play.send(to, StatusCallback="")
    sid = await play.exchange.reply(to, "收到！马上安排")

    form = play.inbox.posted[0].form
    assert (sid, to, SENDER, "收到！马上安排") == (
        form["MessageSid"],
        form["From"],
        form["To"],
        form["Body"],
    )


async def test_a_person_can_write_first_to_a_number_given(play: Play, to: str) -> None:
    await play.exchange.reply(to, "3", to="+9995550000767")

    assert play.inbox.posted[0].form["To"] == "+9995550000767"


async def test_a_person_nobody_wrote_to_cannot_answer(play: Play, to: str) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await play.exchange.reply(to, "1")


async def test_texts_are_kept_in_the_order_they_came(play: Play, to: str) -> None:
    before = datetime.now(UTC)  # noqa: TID251  compared with the exchange's own clock
    for body in ("1", "2", "3"):
        await play.send(to, Body=body)
    texts = await play.exchange.messages(to)

    assert [text.body for text in texts] == ["1", "2", "3"]
    assert before <= texts[0].accepted_at
