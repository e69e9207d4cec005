from __future__ import annotations

import asyncio
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.contract import (
    Accepted,
    Button,
    Failed,
    FailureKind,
    Outcome,
    Outgoing,
    Unknown,
)
from channels.providers.wecom_app import (
    CAPABILITIES,
    CODES,
    STALE_TOKEN,
    WecomApp,
    WecomAppSettings,
)
from channels.registry import ChannelConfigError, build
from tests.channels.twilio_bench import AT
from tests.channels.wecom_bench import (
    ACCOUNT,
    CARD,
    SECRET,
    SETTINGS,
    TAKEN,
    TEXT,
    USER,
    Counter,
    Handler,
    answering,
    coded,
    granting,
    provider,
    refused,
    silent,
)

PAGE = Path(__file__).parents[2] / "docs" / "channels" / "wecom_app.md"


async def posted(message: Outgoing) -> Any:
    """The body by which a message leaves."""
    counter = Counter(TAKEN)
    await provider(counter).send(message)
    (request,) = counter.posted
    return json.loads(request.content)


# What is posted


async def test_a_card_is_posted_with_every_field() -> None:
    body = await posted(replace(CARD, link="https://jiaoying.example.cn/a/T"))

    assert body == {
        "touser": USER,
        "msgtype": "template_card",
        "agentid": 1000002,
        "enable_duplicate_check": 0,
        "template_card": {
            "card_type": "button_interaction",
            "task_id": CARD.id,
            "main_title": {"title": "山洪灾害红色预警"},
            "sub_title_text": CARD.text,
            "card_action": {"type": 1, "url": "https://jiaoying.example.cn/a/T"},
            "button_list": [
                {"text": "收到", "style": 1, "key": f"received:{CARD.id}"},
                {"text": "求助", "style": 1, "key": f"need_help:{CARD.id}"},
            ],
        },
    }


async def test_a_card_without_a_page_opens_none() -> None:
    body = await posted(CARD)

    assert "card_action" not in body["template_card"]


async def test_a_message_without_buttons_is_a_text() -> None:
    body = await posted(replace(TEXT, title="不显示"))

    assert body == {
        "touser": USER,
        "msgtype": "text",
        "agentid": 1000002,
        "enable_duplicate_check": 0,
        "text": {"content": TEXT.text},
    }


@pytest.mark.parametrize(
    ("title", "expected"),
    [("险" * 36, "险" * 36), ("险" * 37, "险" * 35 + "…"), ("", "")],
)
async def test_a_title_is_cut_where_the_card_ends(title: str, expected: str) -> None:
    body = await posted(replace(CARD, title=title))

    assert body["template_card"]["main_title"] == {"title": expected}


async def test_chinese_is_written_as_it_is() -> None:
    counter = Counter(TAKEN)
    await provider(counter).send(CARD)

    # WeCom refuses escapes such as \u6536 (code 40033).
    assert "收到".encode() in counter.posted[0].content


async def test_the_server_is_asked_where_the_settings_say() -> None:
    counter = Counter(TAKEN)
    await provider(counter).send(CARD)

    token = f"corpid={ACCOUNT.corp_id}&corpsecret={SECRET}"
    assert [str(request.url) for request in (*counter.asked, *counter.posted)] == [
        f"http://127.0.0.1:4010/cgi-bin/gettoken?{token}",
        "http://127.0.0.1:4010/cgi-bin/message/send?access_token=access-1",
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            replace(CARD, text="险" * 161),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002"),
            id="long card",
        ),
        pytest.param(
            replace(TEXT, text="险" * 161),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002"),
            id="long text",
        ),
        pytest.param(
            replace(CARD, buttons=(Button("收到", "received"),) * 7),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="40058"),
            id="seven buttons",
        ),
        *(
            pytest.param(
                replace(CARD, to=to),
                Failed(kind=FailureKind.PERMANENT_ADDRESS, code="40003"),
                id=f"to {to!r}",
            )
            for to in ("@all", "a|b", "", "王建国", "+99910000001", "x" * 65, "a\n")
        ),
    ],
)
async def test_what_would_be_refused_or_reach_others_is_not_posted(
    message: Outgoing, expected: Failed
) -> None:
    counter = Counter(TAKEN)
    outcome = await provider(counter).send(message)

    assert (counter.asked, counter.posted) == ([], [])
    assert expected == outcome


# What it is answered with


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (TAKEN, Accepted(provider_id="msg-1")),
        (coded(0), Accepted(provider_id=CARD.id)),
        (coded(0, msgid=None, invaliduser=None), Accepted(provider_id=CARD.id)),
        (
            coded(0, msgid="msg-1", invaliduser=USER),
            Failed(kind=FailureKind.PERMANENT_ADDRESS, code="40003"),
        ),
        (
            coded(0, msgid="msg-1", unlicenseduser=USER),
            Failed(kind=FailureKind.CONFIG, code="unlicensed"),
        ),
        (coded(99999), Failed(kind=FailureKind.PERMANENT_CONTENT, code="99999")),
        (answering(502, "<h1>Bad"), Unknown(code="502")),
        (answering(500), Unknown(code="500")),
        (
            answering(500, '{"errcode": -1}'),
            Failed(kind=FailureKind.TRANSIENT, code="-1"),
        ),
        (answering(404), Failed(kind=FailureKind.CONFIG, code="404")),
        (answering(302), Failed(kind=FailureKind.CONFIG, code="302")),
        (
            answering(429, "slow down", **{"Retry-After": "3"}),
            Failed(kind=FailureKind.THROTTLE, code="429", retry_after=3),
        ),
        (answering(200, "<html>"), Unknown(code="unreadable_answer")),
        (answering(200, "[]"), Unknown(code="unreadable_answer")),
        (answering(200, '{"errmsg": "ok"}'), Unknown(code="unreadable_answer")),
        (silent, Unknown(code="ReadTimeout")),
        (refused, Failed(kind=FailureKind.TRANSIENT, code="ConnectError")),
    ],
)
async def test_an_answer_tells_whose_failure_it_is(
    handler: Handler, expected: Outcome
) -> None:
    assert expected == await provider(Counter(handler)).send(CARD)


@pytest.mark.parametrize("code", CODES)
async def test_each_listed_code_keeps_its_kind(code: int) -> None:
    outcome = await provider(Counter(coded(code))).send(CARD)

    wait = 60 if code == 45009 else None
    assert Failed(kind=CODES[code][0], code=str(code), retry_after=wait) == outcome


async def test_a_card_taken_before_goes_again_under_another_task() -> None:
    counter = Counter(coded(42014), TAKEN)
    outcome = await provider(counter).send(CARD)

    first, again = (json.loads(r.content)["template_card"] for r in counter.posted)
    assert Accepted(provider_id="msg-1") == outcome
    assert first["task_id"] == CARD.id
    assert re.fullmatch(rf"{CARD.id}@[0-9a-f]{{4}}", again["task_id"])
    assert again == first | {"task_id": again["task_id"]}


async def test_nobody_can_be_asked_what_became_of_a_message() -> None:
    wecom = provider(refused)

    assert Unknown(code="no_lookup") == await wecom.lookup(CARD, AT)
    assert await wecom.poll("msg-1") is None


# The access token


async def test_one_access_token_serves_many_messages() -> None:
    counter = Counter(TAKEN)
    wecom = provider(counter)
    await asyncio.gather(*(wecom.send(CARD) for _ in range(20)))
    await wecom.send(CARD)

    assert len(counter.asked) == 1
    assert counter.tokens() == ["access-1"] * 21


@pytest.mark.parametrize(
    ("seconds", "expected"), [(6479, "access-1"), (6480, "access-2")]
)
async def test_a_token_is_renewed_when_nine_tenths_of_its_life_are_over(
    seconds: float, expected: str
) -> None:
    counter, times = Counter(TAKEN), [100.0]
    wecom = provider(counter, lambda: times[-1])
    await wecom.send(CARD)
    times.append(100.0 + seconds)
    await wecom.send(CARD)

    assert ["access-1", expected] == counter.tokens()


@pytest.mark.parametrize("code", STALE_TOKEN)
async def test_a_token_refused_is_renewed_and_the_message_sent(code: int) -> None:
    counter = Counter(coded(code), TAKEN)
    outcome = await provider(counter).send(CARD)

    assert Accepted(provider_id="msg-1") == outcome
    assert counter.tokens() == ["access-1", "access-2"]


@pytest.mark.parametrize("code", STALE_TOKEN)
async def test_a_new_token_that_is_refused_too_is_not_tried_again(code: int) -> None:
    counter = Counter(coded(code))
    outcome = await provider(counter).send(CARD)

    assert Failed(kind=FailureKind.CONFIG, code=str(code)) == outcome
    assert counter.tokens() == ["access-1", "access-2"]


async def test_a_token_refused_to_many_is_renewed_once() -> None:
    def judge(request: httpx.Request) -> httpx.Response:
        fresh = request.url.params["access_token"].endswith("2")
        return (TAKEN if fresh else coded(42001))(request)

    counter = Counter(judge)
    wecom = provider(counter)
    outcomes = await asyncio.gather(*(wecom.send(CARD) for _ in range(20)))

    assert len(counter.asked) == 2
    assert [Accepted(provider_id="msg-1")] * 20 == outcomes


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        (coded(40001), Failed(kind=FailureKind.CONFIG, code="40001")),
        (coded(40013), Failed(kind=FailureKind.CONFIG, code="40013")),
        (coded(-1), Failed(kind=FailureKind.TRANSIENT, code="-1")),
        (
            coded(45009),
            Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60),
        ),
        (
            coded(0),
            Failed(kind=FailureKind.TRANSIENT, code="gettoken_without_token"),
        ),
        (
            answering(502),
            Failed(kind=FailureKind.TRANSIENT, code="gettoken_502"),
        ),
        (
            silent,
            Failed(kind=FailureKind.TRANSIENT, code="gettoken_ReadTimeout"),
        ),
        (refused, Failed(kind=FailureKind.TRANSIENT, code="ConnectError")),
    ],
)
async def test_without_a_token_nothing_has_been_sent(
    grants: Handler, expected: Failed
) -> None:
    counter = Counter(TAKEN, grants=grants)
    outcome = await provider(counter).send(CARD)

    assert counter.posted == []
    assert expected == outcome


async def test_those_who_wait_for_a_token_fail_together_and_later_ones_ask_anew() -> (
    None
):
    counter = Counter(TAKEN, grants=coded(-1))
    wecom = provider(counter)
    together = await asyncio.gather(*(wecom.send(CARD) for _ in range(20)))
    asked = len(counter.asked)
    counter.grants = granting("late")
    later = await wecom.send(CARD)

    assert asked == 1
    assert [Failed(kind=FailureKind.TRANSIENT, code="-1")] * 20 == together
    assert Accepted(provider_id="msg-1") == later


async def test_one_who_is_cancelled_leaves_the_others_their_token() -> None:
    asked, go, counter = asyncio.Event(), asyncio.Event(), Counter(TAKEN)

    async def slow(request: httpx.Request) -> httpx.Response:
        asked.set()
        await go.wait()
        return counter(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(slow))
    wecom = WecomApp("wecom", SETTINGS, http)
    first, second = (asyncio.create_task(wecom.send(CARD)) for _ in range(2))
    await asked.wait()
    first.cancel()
    go.set()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)

    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert Accepted(provider_id="msg-1") == outcomes[1]


# Set-up


async def test_closing_gives_back_the_connections() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(refused))

    await WecomApp("wecom", SETTINGS, http).aclose()

    assert http.is_closed


async def test_a_channel_is_built_from_its_section() -> None:
    section = {
        "provider": "wecom_app",
        "corp_id": ACCOUNT.corp_id,
        "secret": SECRET,
        "agent_id": "1000002",
        "token": ACCOUNT.token,
        "aes_key": ACCOUNT.aes_key,
    }
    built = build("wecom", section, public_base_url="https://jiaoying.example.cn")
    await built.aclose()

    assert isinstance(built, WecomApp)
    assert (built.name, built.capabilities) == ("wecom", CAPABILITIES)


def test_a_key_copied_in_part_is_told_without_being_shown() -> None:
    with pytest.raises(ChannelConfigError) as caught:
        WecomApp("wecom", replace(SETTINGS, aes_key=ACCOUNT.aes_key[:-1]))

    assert str(caught.value) == (
        "[channels.wecom] aes_key is wrong: copy the 43 characters of EncodingAESKey"
    )


def test_the_settings_do_not_print_their_secrets() -> None:
    shown = repr(SETTINGS)

    assert not [
        secret for secret in (SECRET, ACCOUNT.token, ACCOUNT.aes_key) if secret in shown
    ]


# The page


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of this channel's page, as plain text."""
    section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]
    return [row.replace("`", "").split(" | ") for row in table]


def test_the_page_lists_the_codes_of_the_provider() -> None:
    expected = [[str(code), kind.value, why] for code, (kind, why) in CODES.items()]

    assert expected == rows("Codes")


def test_the_page_lists_the_capabilities_of_the_provider() -> None:
    words = {True: "yes", False: "no", (): "all"}
    values = {
        each.name: getattr(CAPABILITIES, each.name) for each in fields(CAPABILITIES)
    }
    expected = [[name, str(words.get(value, value))] for name, value in values.items()]

    assert expected == [row[:2] for row in rows("Capabilities")]


def test_the_page_lists_the_settings_of_the_provider() -> None:
    keys = [each.name for each in fields(WecomAppSettings)]

    assert keys == [row[0] for row in rows("Settings")]
