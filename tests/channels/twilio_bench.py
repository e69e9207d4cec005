"""A Twilio account before a server of the test's choice, and what Twilio calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
from twilio.request_validator import RequestValidator

from channels.conformance import ProviderConformance
from channels.contract import HookRequest
from channels.providers.twilio_account import TwilioSettings
from channels.providers.twilio_sms import TwilioSms

CURRENT = "0123456789abcdef0123456789abcdef"
NEXT = "fedcba9876543210fedcba9876543210"
SID = "SM" + "0" * 31 + "1"
AT = datetime(2026, 7, 12, 9, 12, tzinfo=timezone(timedelta(hours=8)))
MESSAGE = ProviderConformance.message
SETTINGS = TwilioSettings(
    account_sid="AC" + "a" * 32,
    auth_token=CURRENT,
    sender="+85251234567",
    base_url="http://127.0.0.1:4010",
    public_base_url="https://jiaoying.example.cn/",
)

Form = tuple[tuple[str, str], ...]
Handler = Callable[[httpx.Request], httpx.Response]


def provider(handler: Handler, settings: TwilioSettings = SETTINGS) -> TwilioSms:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return TwilioSms("sms", settings, http)


def answering(status: int, body: str = "", **headers: str) -> Handler:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=body, headers=headers)

    return answer


def refusing(status: int, code: int, **headers: str) -> Handler:
    return answering(status, json.dumps({"code": code, "message": "no"}), **headers)


def resource(**changes: object) -> dict[str, object]:
    created = format_datetime(AT.astimezone(UTC))
    whole: dict[str, object] = {
        "sid": SID,
        "status": "queued",
        "error_code": None,
        "body": MESSAGE.text,
        "date_created": created,
        "date_updated": created,
        "date_sent": None,
        "to": MESSAGE.to,
        "from": SETTINGS.sender,
    }
    return whole | changes


def signed(url: str, form: Form, key: str = CURRENT, **headers: str) -> HookRequest:
    signature = RequestValidator(key).compute_signature(url, dict(form))
    return HookRequest(
        url=url, headers={"x-twilio-signature": signature} | headers, form=form
    )


def status_url(message: str = MESSAGE.id, check: str = "36e0e1178ead3ea5") -> str:
    return f"https://jiaoying.example.cn/hooks/sms/sms/status?a={message}&k={check}"


def status_form(status: str, **more: str) -> Form:
    named = {"MessageSid": SID, "MessageStatus": status, "SmsStatus": status} | more
    return tuple(named.items())


INBOUND = tuple(
    {
        "MessageSid": SID,
        "SmsSid": SID,
        "SmsMessageSid": SID,
        "AccountSid": SETTINGS.account_sid,
        "MessagingServiceSid": "MG" + "b" * 32,
        "From": "+85291234567",
        "To": "+85251234567",
        "Body": "1 收到",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "FromCountry": "HK",
        "FromState": "",
        "FromCity": "",
        "FromZip": "",
        "ToCountry": "HK",
        "ToState": "",
        "ToCity": "",
        "ToZip": "",
    }.items()
)
INBOUND_URL = "https://jiaoying.example.cn/hooks/twilio/sms/inbound"


def refused(_: httpx.Request) -> httpx.Response:
    reason = "refused"
    raise httpx.ConnectError(reason)


def silent(_: httpx.Request) -> httpx.Response:
    reason = "nothing came"
    raise httpx.ReadTimeout(reason)
