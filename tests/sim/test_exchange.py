"""The account's side of the real exchange process: HTTP as Twilio publishes it."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from dispatcher.sim.control import ExchangeProcess
from dispatcher.sim.switchboard import ExchangeSettings, NetworkMode
from dispatcher.sim.world import Habit
from tests.sim.play import (
    ACCOUNT,
    MESSAGES,
    QUESTION,
    SENDER,
    SERVICE,
    TOKEN,
    Play,
)

PUBLISHED = {
    *("sid", "date_created", "date_updated", "date_sent", "account_sid", "to"),
    *("from", "messaging_service_sid", "body", "status", "num_segments"),
    *("num_media", "direction", "api_version", "price", "price_unit", "error_code"),
    *("error_message", "uri", "subresource_uris"),
}


# The account's HTTP


async def test_a_new_message_is_answered_with_every_published_field(
    play: Play, to: str
) -> None:
    answer = await play.send(to)
    body = answer.json()
    created = parsedate_to_datetime(body["date_created"])

    assert answer.status_code == 201
    assert set(body) == PUBLISHED
    assert re.fullmatch(r"SM[0-9a-f]{32}", body["sid"])
    assert created.utcoffset() == timedelta(0)
    assert {
        "status": "queued",
        "to": to,
        "from": SENDER,
        "body": QUESTION,
        "num_segments": "1",
        "date_sent": None,
        "error_code": None,
        "messaging_service_sid": None,
    }.items() <= body.items()


async def test_a_messaging_service_has_not_chosen_its_sender_yet(
    play: Play, to: str
) -> None:
    answer = await play.send(to, From="", MessagingServiceSid=SERVICE)

    assert {
        "status": "accepted",
        "from": None,
        "num_segments": "0",
        "messaging_service_sid": SERVICE,
    }.items() <= answer.json().items()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "13800000000"}, 21211),
        ({"From": ""}, 21603),
        ({"MessagingServiceSid": "MG12"}, 21701),
        ({"Body": ""}, 21602),
        ({"Body": "雨" * 1601}, 21617),
        ({"StatusCallback": "http://my_host/status"}, 21609),
        ({"StatusCallback": "my-host/status"}, 21609),
        ({"StatusCallback": "http://host:65536/status"}, 21609),
        ({"StatusCallback": "http://host:0/status"}, 21609),
        ({"StatusCallback": f"http://host/{'x' * 4000}"}, 21609),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "soon"}, 21624),
    ],
)
async def test_a_bad_form_is_refused_with_its_code(
    play: Play, to: str, form: dict[str, str], code: int
) -> None:
    answer = await play.send(to, **form)
    body = answer.json()
    message = body.pop("message")

    assert message
    assert {
        "code": code,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": 400,
    } == body


@pytest.mark.parametrize(
    "form",
    [
        {"Body": "雨" * 1600},
        {"ValidityPeriod": "1"},
        {"ValidityPeriod": "36000"},
        {"StatusCallback": ""},
    ],
)
async def test_a_form_at_its_limit_is_taken(
    play: Play, to: str, form: dict[str, str]
) -> None:
    answer = await play.send(to, **form)

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("habit", "code"),
    [(Habit.INVALID, 21211), (Habit.LANDLINE, 21614), (Habit.OPTED_OUT, 21610)],
)
async def test_a_number_that_takes_no_texts_is_refused(
    play: Play, to: str, habit: Habit, code: int
) -> None:
    await play.person(to, habit)
    answer = await play.send(to)

    assert (400, code) == (answer.status_code, answer.json()["code"])
    assert await play.exchange.messages(to) == []


@pytest.mark.parametrize(
    ("account", "password"), [(ACCOUNT, "wrong"), ("AC" + "c" * 32, TOKEN)]
)
async def test_a_stranger_is_turned_away(
    play: Play, account: str, password: str
) -> None:
    answers = [
        await play.account.request(method, path, auth=(account, password))
        for method, path in [
            ("POST", MESSAGES),
            ("GET", MESSAGES),
            ("GET", MESSAGES.replace(".json", "/SM1.json")),
        ]
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(401, 20003)] * 3
    assert answers[0].headers["www-authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        (NetworkMode.THROTTLE, 429, 20429),
        (NetworkMode.AUTH, 401, 20003),
        (NetworkMode.ERROR500, 500, 20500),
    ],
)
async def test_the_exchange_misbehaves_for_as_many_messages_as_told(
    play: Play, to: str, mode: NetworkMode, status: int, code: int
) -> None:
    await play.exchange.network(mode, for_next=2)
    answers = [await play.send(to) for _ in range(3)]

    assert [status, status, 201] == [answer.status_code for answer in answers]
    assert [code, code] == [answer.json()["code"] for answer in answers[:2]]


async def test_throttling_says_when_to_come_back(play: Play, to: str) -> None:
    await play.exchange.network(NetworkMode.THROTTLE)
    answer = await play.send(to)

    assert answer.headers["retry-after"] == "1"


async def test_a_message_can_be_asked_for_by_its_sid(play: Play, to: str) -> None:
    sid = (await play.send(to)).json()["sid"]
    answer = await play.account.get(MESSAGES.replace(".json", f"/{sid}.json"))

    assert (sid, "delivered") == (answer.json()["sid"], answer.json()["status"])


async def test_an_unknown_sid_is_not_found(play: Play) -> None:
    answer = await play.account.get(MESSAGES.replace(".json", "/SM0.json"))

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_messages_are_listed_newest_first_page_by_page(
    play: Play, to: str
) -> None:
    for body in "123":
        await play.send(to, Body=body)
    first = await play.account.get(MESSAGES, params={"To": to, "PageSize": "2"})
    second = await play.account.get(first.json()["next_page_uri"])

    pages = [[m["body"] for m in page.json()["messages"]] for page in (first, second)]
    assert pages == [["3", "2"], ["1"]]
    assert second.json()["next_page_uri"] is None


@pytest.mark.parametrize(
    ("since", "found"),
    [
        (timedelta(days=-1), 1),
        (timedelta(days=1), 0),
    ],
)
async def test_messages_are_listed_from_a_time_on(
    play: Play, to: str, since: timedelta, found: int
) -> None:
    sent = parsedate_to_datetime((await play.send(to)).json()["date_created"])
    asked = (sent + since).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await play.account.get(MESSAGES, params={"To": to, "DateSent>": asked})

    assert found == len(answer.json()["messages"])


@pytest.mark.parametrize(
    "query", [{"PageSize": "0"}, {"PageSize": "many"}, {"DateSent>": "today"}]
)
async def test_a_bad_question_is_refused(play: Play, query: dict[str, str]) -> None:
    answer = await play.account.get(MESSAGES, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


# The process


async def test_an_exchange_that_cannot_listen_is_an_error_with_a_reason(
    process: ExchangeProcess,
) -> None:
    port = int(process.url.rpartition(":")[2])
    taken = ExchangeSettings(
        account_sid=ACCOUNT, auth_token=TOKEN, reply_url="http://h", port=port
    )
    with pytest.raises(RuntimeError, match="ended before it listened"):
        await ExchangeProcess(taken).__aenter__()


async def test_an_exchange_ends_with_its_context() -> None:
    settings = ExchangeSettings(
        account_sid=ACCOUNT, auth_token=TOKEN, reply_url="http://h"
    )
    async with ExchangeProcess(settings) as process:
        assert await process.client.ledger() == []

    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(process.url)
