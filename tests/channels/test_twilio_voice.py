from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    Outcome,
    Rank,
    Receipt,
    Unknown,
)
from channels.providers.twilio_voice import (
    CAPABILITIES,
    CODES,
    RANKS,
    SIP_CODES,
    UNREACHED,
    TwilioVoice,
    TwilioVoiceSettings,
)
from tests.channels.pages import capability_cells, rows, setting_keys
from tests.channels.twilio_bench import (
    AT,
    CURRENT,
    NEXT,
    Handler,
    answering,
    refused,
    refusing,
    silent,
)
from tests.channels.twilio_voice_bench import (
    MESSAGE,
    SETTINGS,
    SID,
    hook,
    provider,
    resource,
)

CALLS = f"http://127.0.0.1:4010/2010-04-01/Accounts/{SETTINGS.account_sid}/Calls"


async def posted(settings: TwilioVoiceSettings = SETTINGS) -> httpx.Request:
    """The request by which a call is placed."""
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=resource())

    await provider(record, settings).send(MESSAGE)
    (request,) = seen
    return request


def form_of(request: httpx.Request) -> dict[str, list[str]]:
    return parse_qs(request.content.decode(), keep_blank_values=True)


async def test_a_call_is_posted_to_the_account_with_every_field() -> None:
    request = await posted()

    assert ("POST", f"{CALLS}.json") == (request.method, str(request.url))
    assert {
        "To": [MESSAGE.to],
        "From": [SETTINGS.sender],
        "Url": [hook("answer")],
        "Method": ["POST"],
        "StatusCallback": [hook("status")],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["35"],
        "TimeLimit": ["180"],
    } == form_of(request)


async def test_how_long_it_rings_and_lasts_can_be_set() -> None:
    form = form_of(await posted(replace(SETTINGS, ring_seconds=20, limit_seconds=90)))

    assert (form["Timeout"], form["TimeLimit"]) == (["20"], ["90"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        ({"status": "ringing"}, Accepted(provider_id=SID, rank=Rank.SENDING)),
        ({"status": "new word"}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        ({"date_created": None}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        ({"status": "busy"}, Failed(kind=FailureKind.UNREACHED, code="busy")),
        ({"status": "failed"}, Failed(kind=FailureKind.TRANSIENT, code="failed")),
        ({"sid": None}, Unknown(code="no_sid")),
        (
            {"date_created": "Sun, 99 Jul 2026 01:12:00 +0000"},
            Unknown(code="unreadable_answer"),
        ),
    ],
)
async def test_an_accepted_call_is_as_far_as_its_resource_says(
    changes: dict[str, object], expected: Outcome
) -> None:
    shown = answering(201, json.dumps(resource(**changes)))

    assert expected == await provider(shown).send(MESSAGE)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (refusing(400, 21210), Failed(kind=FailureKind.CONFIG, code="21210")),
        (
            refusing(400, 29999),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="29999"),
        ),
        (refusing(401, 20003), Failed(kind=FailureKind.CONFIG, code="20003")),
        (answering(302), Failed(kind=FailureKind.CONFIG, code="302")),
        (
            refusing(429, 10004, **{"Retry-After": "3"}),
            Failed(kind=FailureKind.THROTTLE, code="10004", retry_after=3),
        ),
        (refusing(500, 20500), Failed(kind=FailureKind.TRANSIENT, code="20500")),
        (answering(502, "<h1>Bad"), Unknown(code="502")),
        (answering(201, "[]"), Unknown(code="DecodingError")),
    ],
)
async def test_an_answer_tells_whose_failure_it_is(
    handler: Handler, expected: Outcome
) -> None:
    assert expected == await provider(handler).send(MESSAGE)


@pytest.mark.parametrize("code", CODES)
async def test_each_listed_code_keeps_its_kind_in_an_answer(code: int) -> None:
    outcome = await provider(refusing(400, code)).send(MESSAGE)

    assert Failed(kind=CODES[code][0], code=str(code)) == outcome


def listing(*shown: dict[str, object]) -> Handler:
    return answering(200, json.dumps({"calls": shown, "next_page_uri": None}))


async def test_a_lookup_asks_for_the_calls_from_our_number_to_his() -> None:
    seen: list[httpx.URL] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return listing()(request)

    await provider(record).lookup(MESSAGE, AT)

    (url,) = seen
    assert {
        "To": [MESSAGE.to],
        "From": [SETTINGS.sender],
        "PageSize": ["100"],
    } == parse_qs(urlsplit(str(url)).query)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [resource(date_created="Sun, 12 Jul 2026 01:10:59 +0000")],
        [resource(date_created=None, start_time="Sun, 12 Jul 2026 01:10:59 +0000")],
        [resource(date_created="Sat, 11 Jul 2026 01:12:00 +0000")] * 100,
    ],
)
async def test_a_call_not_in_the_list_was_never_placed(
    shown: list[dict[str, object]],
) -> None:
    assert await provider(listing(*shown)).lookup(MESSAGE, AT) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        ({"date_created": None}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        (
            {"date_created": "Sun, 12 Jul 2026 01:11:00 +0000", "status": "ringing"},
            Accepted(provider_id=SID, rank=Rank.SENDING),
        ),
        (
            {"date_created": None, "start_time": "Sun, 12 Jul 2026 01:11:00 +0000"},
            Accepted(provider_id=SID, rank=Rank.ACCEPTED),
        ),
        ({"status": "completed"}, Accepted(provider_id=SID, rank=Rank.FINAL)),
        (
            {"status": "no-answer"},
            Failed(kind=FailureKind.UNREACHED, code="no_answer"),
        ),
        ({"status": "failed"}, Failed(kind=FailureKind.TRANSIENT, code="failed")),
    ],
)
async def test_the_only_call_since_the_sending_is_ours(
    changes: dict[str, object], expected: Outcome
) -> None:
    before = resource(sid="CA0", date_created="Sun, 12 Jul 2026 01:00:00 +0000")

    shown = listing(resource(**changes), before)

    assert expected == await provider(shown).lookup(MESSAGE, AT)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (listing(resource(sid="CA2"), resource()), "lookup_ambiguous"),
        (refused, "lookup_ConnectError"),
        (silent, "lookup_ReadTimeout"),
        (answering(503), "lookup_HTTPStatusError"),
        (answering(200, "{}"), "lookup_TwilioException"),
        (answering(200, "<html>"), "lookup_JSONDecodeError"),
    ],
)
async def test_a_lookup_that_can_not_be_sure_says_so(
    handler: Handler, code: str
) -> None:
    assert Unknown(code=code) == await provider(handler).lookup(MESSAGE, AT)


@pytest.mark.parametrize(("status", "rank"), RANKS.items())
async def test_a_call_asked_for_is_as_far_as_its_resource_says(
    status: str, rank: Rank
) -> None:
    shown = answering(200, json.dumps(resource(status=status)))

    found = await provider(shown).poll(SID)

    assert isinstance(found, Receipt)
    assert (f"{SID}:{status}", None, SID, rank) == (
        found.event_key,
        found.message,
        found.provider_id,
        found.rank,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ringing", None),
        ("completed", None),
        ("busy", Failed(kind=FailureKind.UNREACHED, code="busy")),
        ("canceled", Failed(kind=FailureKind.UNREACHED, code="canceled")),
        ("failed", Failed(kind=FailureKind.TRANSIENT, code="failed")),
    ],
)
async def test_a_call_asked_for_says_whether_it_was_in_vain(
    status: str, expected: Failed | None
) -> None:
    shown = answering(200, json.dumps(resource(status=status)))

    found = await provider(shown).poll(SID)

    assert isinstance(found, Receipt)
    assert expected == found.failure


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, '{"code": 20404}'),
        (503, ""),
        (200, "<html>"),
        (200, "{}"),
        (200, json.dumps(resource(status="new word"))),
    ],
)
async def test_a_call_that_can_not_be_read_tells_nothing(
    status: int, body: str
) -> None:
    assert await provider(answering(status, body)).poll(SID) is None


@pytest.mark.parametrize("handler", [refused, silent])
async def test_a_call_asked_for_in_vain_tells_nothing(handler: Handler) -> None:
    assert await provider(handler).poll(SID) is None


async def test_a_call_is_canceled_not_cut_off() -> None:
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=resource(status="canceled"))

    await provider(record).hang_up(SID)

    (request,) = seen
    assert ("POST", f"{CALLS}/{SID}.json", {"Status": ["canceled"]}) == (
        request.method,
        str(request.url),
        form_of(request),
    )


@pytest.mark.parametrize(
    ("status", "body"), [(400, '{"code": 21220}'), (502, ""), (200, "<html>")]
)
async def test_a_call_that_can_not_be_stopped_goes_on(status: int, body: str) -> None:
    asked: list[str] = []

    def record(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(status, text=body)

    await provider(record).hang_up(SID)

    assert asked == ["POST"]


async def test_closing_gives_back_the_connections() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(refused))

    await TwilioVoice("voice", SETTINGS, http).aclose()

    assert http.is_closed


def test_the_settings_do_not_print_their_secrets() -> None:
    shown = repr(replace(SETTINGS, alternate_auth_token=NEXT))

    assert CURRENT not in shown
    assert NEXT not in shown


def test_the_page_lists_the_codes_of_the_provider() -> None:
    expected = [[str(code), kind.value, why] for code, (kind, why) in CODES.items()]

    assert expected == rows("twilio_voice", "Codes")


def test_the_page_lists_the_networks_codes() -> None:
    expected = [
        [str(sip), kind.value, code, why]
        for sip, (kind, code, why) in SIP_CODES.items()
    ]

    assert expected == rows("twilio_voice", "Codes of the network")


def test_the_page_lists_the_statuses_of_a_call() -> None:
    failures = {
        status: f"{FailureKind.UNREACHED}, {code}" for status, code in UNREACHED.items()
    }
    failures["failed"] = "by its codes"
    expected = [
        [status, rank.name, failures.get(status, "none")]
        for status, rank in RANKS.items()
    ]

    assert expected == rows("twilio_voice", "Statuses")


def test_the_page_lists_the_capabilities_of_the_provider() -> None:
    shown = [row[:2] for row in rows("twilio_voice", "Capabilities")]

    assert capability_cells(CAPABILITIES) == shown


def test_the_page_lists_the_settings_of_the_provider() -> None:
    shown = [row[0] for row in rows("twilio_voice", "Settings")]

    assert setting_keys(TwilioVoiceSettings) == shown
