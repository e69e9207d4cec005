"""Twilio's telephone before a server of the test's choice, and what Twilio calls."""

from __future__ import annotations

import itertools
from datetime import UTC
from email.utils import format_datetime
from xml.etree import ElementTree as ET

import httpx

from channels.conformance import TelephoneConformance
from channels.contract import HookAnswer, HookRequest
from channels.providers.twilio_voice import TwilioVoice, TwilioVoiceSettings
from tests.channels.twilio_bench import AT, CURRENT, Form, Handler, signed

SID = "CA" + "0" * 31 + "1"
MESSAGE = TelephoneConformance.message
SETTINGS = TwilioVoiceSettings(
    account_sid="AC" + "a" * 32,
    auth_token=CURRENT,
    sender="+85251234567",
    base_url="http://127.0.0.1:4010",
    public_base_url="https://jiaoying.example.cn/",
)
HOOKS = "https://jiaoying.example.cn/hooks/voice/voice"
MAC = "662620cf96412ee9"
PLACES = {
    f"{end}{part}": ""
    for end in ("From", "To", "Caller", "Called")
    for part in ("City", "State", "Zip", "Country")
}
TOKENS = itertools.count(1)


def provider(handler: Handler, settings: TwilioVoiceSettings = SETTINGS) -> TwilioVoice:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return TwilioVoice("voice", settings, http)


def resource(**changes: object) -> dict[str, object]:
    """A call as the answer to its request shows it, long before it begins."""
    created = format_datetime(AT.astimezone(UTC))
    whole: dict[str, object] = {
        "sid": SID,
        "status": "queued",
        "date_created": created,
        "date_updated": created,
        "start_time": None,
        "end_time": None,
        "to": MESSAGE.to,
        "from": SETTINGS.sender,
        "direction": "outbound-api",
    }
    return whole | changes


def hook(path: str, message: str = MESSAGE.id, check: str = MAC) -> str:
    """A URL that we have given Twilio for a call."""
    return f"{HOOKS}/{path}?a={message}&k={check}"


def call_form(**more: str) -> Form:
    """What Twilio tells of a call that we have placed."""
    fields = PLACES | {
        "CallSid": SID,
        "AccountSid": SETTINGS.account_sid,
        "ApiVersion": "2010-04-01",
        "Direction": "outbound-api",
        "CallStatus": "in-progress",
        "From": SETTINGS.sender,
        "Caller": SETTINGS.sender,
        "To": MESSAGE.to,
        "Called": MESSAGE.to,
    }
    return tuple((fields | more).items())


def inbound_form(**more: str) -> Form:
    """What Twilio tells of a call from outside."""
    inbound = {
        "CallSid": "CA" + "0" * 31 + "2",
        "Direction": "inbound",
        "From": MESSAGE.to,
        "Caller": MESSAGE.to,
        "To": SETTINGS.sender,
        "Called": SETTINGS.sender,
    }
    return call_form(**(inbound | more))


def status_form(status: str, **more: str) -> Form:
    named = {
        "CallStatus": status,
        "CallbackSource": "call-progress-events",
        "SequenceNumber": "0",
        "Timestamp": "Sun, 12 Jul 2026 01:12:00 +0000",
    }
    return call_form(**(named | more))


def told(status: str, **more: str) -> HookRequest:
    """A genuine status callback."""
    return signed(hook("status"), status_form(status, **more))


def verbs(answer: HookAnswer, name: str) -> list[ET.Element]:
    """The verbs of a name in what is said, in order, nested ones too."""
    said = ET.fromstring(answer.body)  # noqa: S314 - our own provider has written it
    return list(said.iter(name))


def pressed(
    answer: HookAnswer, keys: str, *, at: int = 0, outside: bool = False
) -> HookRequest:
    """What Twilio tells when keys are pressed while an answer is played."""
    action = verbs(answer, "Gather")[at].attrib["action"]
    form = inbound_form(Digits=keys) if outside else call_form(Digits=keys)
    token = {"i-twilio-idempotency-token": f"t-{next(TOKENS)}"}
    return signed(action, form, **token)
