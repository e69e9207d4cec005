from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    Outcome,
    Outgoing,
    Rank,
    Receipt,
    Unknown,
)
from channels.providers.twilio_account import TwilioSettings
from channels.providers.twilio_sms import CAPABILITIES, CODES, TwilioSms
from tests.channels.pages import capability_cells, rows, setting_keys
from tests.channels.twilio_bench import (
    AT,
    CURRENT,
    MESSAGE,
    NEXT,
    SETTINGS,
    SID,
    Handler,
    answering,
    provider,
    refused,
    refusing,
    resource,
    silent,
    status_url,
)


async def posted(
    settings: TwilioSettings = SETTINGS, message: Outgoing = MESSAGE
) -> httpx.Request:
    """The request by which a message leaves."""
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=resource())

    await provider(record, settings).send(message)
    (request,) = seen
    return request


def form_of(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode(), keep_blank_values=True))


async def test_a_message_is_posted_to_the_account_with_every_field() -> None:
    request = await posted()

    account = f"/2010-04-01/Accounts/{SETTINGS.account_sid}/Messages.json"
    assert ("POST", f"http://127.0.0.1:4010{account}") == (
        request.method,
        str(request.url),
    )
    assert {
        "To": MESSAGE.to,
        "From": SETTINGS.sender,
        "Body": MESSAGE.text,
        "StatusCallback": status_url(),
        "ValidityPeriod": "600",
    } == form_of(request)


async def test_the_account_signs_in_with_its_token() -> None:
    request = await posted()

    expected = httpx.BasicAuth(SETTINGS.account_sid, CURRENT)
    (authorized,) = expected.auth_flow(httpx.Request("POST", request.url))
    assert authorized.headers["authorization"] == request.headers["authorization"]


async def test_a_messaging_service_stands_for_the_sender() -> None:
    service = "MG" + "b" * 32

    form = form_of(await posted(replace(SETTINGS, sender=service)))

    assert service == form["MessagingServiceSid"]
    assert "From" not in form


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(0, "10"), (9, "10"), (10, "10"), (36_000, "36000"), (36_001, "36000")],
)
async def test_the_validity_stays_within_what_twilio_takes(
    asked: int, expected: str
) -> None:
    form = form_of(await posted(message=replace(MESSAGE, valid_seconds=asked)))

    assert expected == form["ValidityPeriod"]


async def test_the_environment_of_the_host_does_not_move_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "f" * 32)

    request = await posted(replace(SETTINGS, base_url="https://api.twilio.com"))

    assert request.url.host == "api.twilio.com"
    assert SETTINGS.account_sid in request.url.path


async def test_a_text_too_long_is_not_posted() -> None:
    outcome = await provider(refused).send(replace(MESSAGE, text="险" * 1601))

    assert Failed(kind=FailureKind.PERMANENT_CONTENT, code="21617") == outcome


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Accepted(provider_id=SID, rank=Rank.QUEUED)),
        ({"status": "accepted"}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        ({"status": "new word"}, Accepted(provider_id=SID, rank=Rank.ACCEPTED)),
        (
            {"status": "failed", "error_code": 30007},
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="30007"),
        ),
        ({"sid": None}, Unknown(code="no_sid")),
        (
            {"date_created": "Sun, 99 Jul 2026 01:12:00 +0000"},
            Unknown(code="unreadable_answer"),
        ),
    ],
)
async def test_an_accepted_message_is_as_far_as_its_resource_says(
    changes: dict[str, object], expected: Outcome
) -> None:
    outcome = await provider(answering(201, json.dumps(resource(**changes)))).send(
        MESSAGE
    )

    assert expected == outcome


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (
            refusing(400, 21610),
            Failed(kind=FailureKind.PERMANENT_ADDRESS, code="21610"),
        ),
        (refusing(400, 21606), Failed(kind=FailureKind.CONFIG, code="21606")),
        (
            refusing(400, 29999),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="29999"),
        ),
        (refusing(401, 20003), Failed(kind=FailureKind.CONFIG, code="20003")),
        (answering(401), Failed(kind=FailureKind.CONFIG, code="401")),
        (answering(403), Failed(kind=FailureKind.CONFIG, code="403")),
        (refusing(404, 20404), Failed(kind=FailureKind.CONFIG, code="20404")),
        (answering(302), Failed(kind=FailureKind.CONFIG, code="302")),
        (
            answering(429, "slow down", **{"Retry-After": "3"}),
            Failed(kind=FailureKind.THROTTLE, code="429", retry_after=3),
        ),
        (refusing(500, 20500), Failed(kind=FailureKind.TRANSIENT, code="20500")),
        (answering(503), Failed(kind=FailureKind.TRANSIENT, code="503")),
        (answering(502, "<h1>Bad"), Unknown(code="502")),
        (refusing(504, 20003), Unknown(code="20003")),
        (answering(521), Unknown(code="521")),
        (
            answering(400, "[]"),
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="400"),
        ),
        (answering(201, "[]"), Unknown(code="DecodingError")),
        (answering(201, "<html>"), Unknown(code="unreadable_answer")),
        (answering(201), Unknown(code="unreadable_answer")),
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


def listing(*shown: dict[str, object], more: str | None = None) -> Handler:
    return answering(200, json.dumps({"messages": shown, "next_page_uri": more}))


async def test_a_lookup_asks_for_the_number_since_the_sending_in_utc() -> None:
    seen: list[httpx.URL] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return listing()(request)

    await provider(record).lookup(MESSAGE, AT)

    assert {
        "To": [MESSAGE.to],
        "DateSent>": ["2026-07-12T01:11:00Z"],
        "PageSize": ["100"],
    } == parse_qs(urlsplit(str(seen[0])).query)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [resource(body="another")],
        [resource(body=MESSAGE.text + " ")],
        [resource(date_created="Sun, 12 Jul 2026 01:10:59 +0000")],
        [resource(date_created=None)],
    ],
)
async def test_a_message_not_in_the_list_was_never_taken(
    shown: list[dict[str, object]],
) -> None:
    assert await provider(listing(*shown)).lookup(MESSAGE, AT) is None


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (
            [resource(body="another"), resource(status="delivered")],
            Accepted(provider_id=SID, rank=Rank.FINAL),
        ),
        (
            [resource(sid="SMnew", status="sent"), resource()],
            Accepted(provider_id="SMnew", rank=Rank.SENT),
        ),
        (
            [resource(date_created="Sun, 12 Jul 2026 01:11:00 +0000")],
            Accepted(provider_id=SID, rank=Rank.QUEUED),
        ),
        (
            [resource(status="undelivered", error_code=30006)],
            Failed(kind=FailureKind.PERMANENT_ADDRESS, code="30006"),
        ),
    ],
)
async def test_the_newest_message_of_the_same_text_is_ours(
    shown: list[dict[str, object]], expected: Outcome
) -> None:
    assert expected == await provider(listing(*shown)).lookup(MESSAGE, AT)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (listing(*[resource(body="another")] * 100), "lookup_too_many"),
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


async def test_a_lookup_reads_on_over_pages() -> None:
    def paged(request: httpx.Request) -> httpx.Response:
        if "Page=1" in str(request.url):
            return listing(resource())(request)
        return listing(resource(body="another"), more="/2010-04-01/x?Page=1")(request)

    outcome = await provider(paged).lookup(MESSAGE, AT)

    assert Accepted(provider_id=SID, rank=Rank.QUEUED) == outcome


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "sent"}, (Rank.SENT, None)),
        ({"status": "delivered", "error_code": None}, (Rank.FINAL, None)),
        (
            {"status": "undelivered", "error_code": 30005},
            (
                Rank.FINAL,
                Failed(kind=FailureKind.PERMANENT_ADDRESS, code="30005"),
            ),
        ),
    ],
)
async def test_a_message_asked_for_is_as_far_as_its_resource_says(
    changes: dict[str, object], expected: tuple[Rank, Failed | None]
) -> None:
    shown = answering(200, json.dumps(resource(**changes)))

    found = await provider(shown).poll(SID)

    assert isinstance(found, Receipt)
    assert expected == (found.rank, found.failure)


@pytest.mark.parametrize("status", [200, 404])
async def test_a_message_asked_for_in_vain_tells_nothing(status: int) -> None:
    shown = answering(status, json.dumps(resource(status="new word")))

    assert await provider(shown).poll(SID) is None


async def test_closing_gives_back_the_connections() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(refused))

    await TwilioSms("sms", SETTINGS, http).aclose()

    assert http.is_closed


def test_the_settings_do_not_print_their_secrets() -> None:
    shown = repr(replace(SETTINGS, alternate_auth_token=NEXT))

    assert CURRENT not in shown
    assert NEXT not in shown


def test_the_page_lists_the_codes_of_the_provider() -> None:
    expected = [[str(code), kind.value, why] for code, (kind, why) in CODES.items()]

    assert expected == rows("twilio_sms", "Codes")


def test_the_page_lists_the_capabilities_of_the_provider() -> None:
    shown = [row[:2] for row in rows("twilio_sms", "Capabilities")]

    assert capability_cells(CAPABILITIES) == shown


def test_the_page_lists_the_settings_of_the_provider() -> None:
    shown = [row[0] for row in rows("twilio_sms", "Settings")]

    assert setting_keys(TwilioSettings) == shown
