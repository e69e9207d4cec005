"""Calls through Twilio's Calls resource.

Fit for Hong Kong, Macau, Taiwan and abroad. Twilio serves no number of the mainland
(docs/channels/twilio_voice.md). No machine detection: only a pressed key is an answer,
and neither voicemail nor a handset's assistant presses one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.contract import (
    Callback,
    Capabilities,
    Channel,
    Failed,
    FailureKind,
    HookAnswer,
    HookRequest,
    Keyed,
    Outcome,
    Outgoing,
    Prompt,
    RangBack,
    Rank,
    Receipt,
    Speech,
    Unknown,
)
from channels.providers.twilio_account import (
    ACCOUNT_CODES,
    CLOCK_SKEW,
    LOOKUP_MOST,
    UNANSWERED,
    Codes,
    TwilioAccount,
    TwilioSettings,
    event_key,
    failure,
    listed,
    polled,
    posted,
    taken,
)

CAPABILITIES = Capabilities(
    channel=Channel.VOICE,
    two_way=True,
    links=False,
    receipts=True,
    lookup=True,
    max_chars=3000,
)

CODES: Codes = {
    **ACCOUNT_CODES,
    10004: (FailureKind.THROTTLE, "too many calls at once for the account"),
    13223: (FailureKind.PERMANENT_ADDRESS, "number is not written in E.164"),
    13224: (FailureKind.PERMANENT_ADDRESS, "number invalid, or no carrier reaches it"),
    13226: (FailureKind.PERMANENT_ADDRESS, "no such country code"),
    10001: (FailureKind.CONFIG, "account not active"),
    13225: (FailureKind.CONFIG, "number blocked by Twilio: ask its support"),
    21203: (FailureKind.CONFIG, "calls abroad not enabled for the account"),
    21205: (FailureKind.CONFIG, "answer URL refused: check public_base_url"),
    21210: (FailureKind.CONFIG, "caller number not verified for the account"),
    21212: (FailureKind.CONFIG, "caller number is not a valid number"),
    21213: (FailureKind.CONFIG, "no caller number given"),
    21216: (
        FailureKind.CONFIG,
        "number blocked for the account: ask its support",
    ),
    21219: (FailureKind.CONFIG, "trial account: number not verified"),
}

# Why a call has failed, where only the network behind Twilio says so (RFC 3261, and
# RFC 3398 for what networks mean by it): kind, our code, why.
SIP_CODES: Mapping[int, tuple[FailureKind, str, str]] = {
    404: (FailureKind.PERMANENT_ADDRESS, "sip_404", "no such number"),
    410: (FailureKind.PERMANENT_ADDRESS, "sip_410", "number given up or changed"),
    484: (FailureKind.PERMANENT_ADDRESS, "sip_484", "number incomplete"),
    604: (FailureKind.PERMANENT_ADDRESS, "sip_604", "no such number anywhere"),
    408: (FailureKind.UNREACHED, "no_answer", "the handset does not respond"),
    480: (FailureKind.UNREACHED, "no_answer", "not answered, off or out of coverage"),
    486: (FailureKind.UNREACHED, "busy", "busy"),
    600: (FailureKind.UNREACHED, "busy", "busy everywhere"),
    603: (FailureKind.UNREACHED, "busy", "turned down"),
}

RANKS: Mapping[str, Rank] = {
    "queued": Rank.ACCEPTED,
    "initiated": Rank.QUEUED,
    "ringing": Rank.SENDING,
    "in-progress": Rank.SENT,
    "completed": Rank.FINAL,
    "busy": Rank.FINAL,
    "no-answer": Rank.FINAL,
    "canceled": Rank.FINAL,
    "failed": Rank.FINAL,
}
UNREACHED: Mapping[str, str] = {
    "busy": "busy",
    "no-answer": "no_answer",
    "canceled": "canceled",
}
FAILED = "failed"
OUTBOUND = "outbound-api"  # the direction of a call that we have placed

TOLD_OF = ("initiated", "ringing", "answered", "completed")
TWIML = "text/xml; charset=utf-8"
END_KEY = "#"
# One such character from an alert or a name, and the whole answer is unreadable (XML
# 1.0, section 2.2): the call would end with Twilio's own words.
UNREADABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioVoiceSettings(TwilioSettings):
    """One account, and how its calls are made.

    :ivar ring_seconds: how long a telephone rings; beyond 30 to 40 voicemail answers
    :ivar limit_seconds: the longest a call may take once it is answered
    :ivar voice: one that speaks ``language``: else Twilio says nothing
    """

    ring_seconds: int = 35
    limit_seconds: int = 180
    language: str = "cmn-CN"
    voice: str = "Polly.Zhiyu"


class TwilioVoice:
    """A :class:`channels.contract.Telephone` over one Twilio account."""

    settings_type = TwilioVoiceSettings

    def __init__(
        self,
        name: str,
        settings: TwilioVoiceSettings,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.name = name
        self.capabilities = CAPABILITIES
        self._settings = settings
        self._account = TwilioAccount(name, settings, http)
        self._calls = self._account.api.calls

    async def send(self, message: Outgoing) -> Outcome:
        """Place one call; what is to be said is asked for when it is answered."""
        creation = self._calls.create_async(**self._form(message))
        return await posted(creation, _outcome, CODES)

    def verify(self, request: HookRequest) -> bool:
        """Tell whether Twilio signed the callback with one of our tokens."""
        return self._account.verify(request)

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:
        """Read what is told or asked of a call, by the path it is told to."""
        form = dict(request.form)
        if not form.get("CallSid"):
            return ()
        match urlsplit(request.url).path.split("/")[-2:]:
            case ["voice", "answer"]:
                return (self._picked_up(request, form),)
            case ["voice", "keys"] if form.get("Digits"):
                return (self._keyed(request, form),)
            case ["voice", "status"] if form.get("CallStatus") in RANKS:
                return (self._receipt(request, form),)
            case ["voice", "inbound"]:
                return (_rang_back(form),)
            case _:
                return ()

    async def lookup(self, message: Outgoing, sent_at: datetime) -> Outcome | None:
        """Look for the call among those placed to its number since ``sent_at``.

        Unknown when the question failed, or when more than one may be ours: a call
        carries nothing of the message.
        """
        since = sent_at.astimezone(UTC) - CLOCK_SKEW
        # Not by Twilio's own filter: it goes by the start, and a call that still waits
        # for its turn has none.
        found = await listed(
            self._calls.list_async(
                to=message.to, from_=self._settings.sender, limit=LOOKUP_MOST
            )
        )
        if isinstance(found, Unknown):
            return found
        match [each for each in found if _placed_since(each, since)]:  # newest first
            case []:
                return None
            case [call]:
                return _outcome(call)
            case _:
                return Unknown(code="lookup_ambiguous")

    async def poll(self, provider_id: str) -> Receipt | None:
        """Fetch the call resource and read it as a status callback.

        It names no code: why a call has failed, only the callback tells.
        """
        fetching = self._calls(provider_id).fetch_async()
        return await polled(fetching, partial(_as_receipt, provider_id))

    async def hang_up(self, provider_id: str) -> None:
        """Cancel a call that waits or rings; Twilio refuses it for any other."""
        with suppress(*UNANSWERED):
            await self._calls(provider_id).update_async(status="canceled")

    def speak(self, message: str | None, speech: Speech) -> HookAnswer:
        """Write prompts as TwiML; after the last, or without any, the call ends."""
        said = VoiceResponse()
        for prompt in speech:
            self._say(self._listening(said, message, prompt), prompt)
        if not speech:
            said.hangup()
        return HookAnswer(content_type=TWIML, body=str(said))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._account.aclose()

    def _form(self, message: Outgoing) -> dict[str, object]:
        """The arguments of the SDK's create."""
        url = self._account.callback_url
        return {
            "to": message.to,
            "from_": self._settings.sender,
            "url": url("voice/answer", message.id),
            "method": "POST",
            "status_callback": url("voice/status", message.id),
            "status_callback_method": "POST",
            "status_callback_event": [*TOLD_OF],
            "timeout": self._settings.ring_seconds,
            "time_limit": self._settings.limit_seconds,
        }

    def _listening(
        self, said: VoiceResponse, message: str | None, prompt: Prompt
    ) -> VoiceResponse | Gather:
        """Where a prompt is said: inside a verb that takes keys, if any are awaited."""
        if not prompt.place:
            return said
        return said.gather(
            input="dtmf",
            num_digits=prompt.digits,
            finish_on_key=END_KEY if prompt.digits > 1 else "",
            timeout=prompt.seconds,
            action_on_empty_result=False,
            action=self._account.callback_url("voice/keys", message, p=prompt.place),
            method="POST",
        )

    def _say(self, into: VoiceResponse | Gather, prompt: Prompt) -> None:
        """Say a prompt's text, without what no XML can hold."""
        into.say(
            UNREADABLE.sub("", prompt.text),
            language=self._settings.language,
            voice=self._settings.voice,
        )

    def _picked_up(self, request: HookRequest, form: Mapping[str, str]) -> Receipt:
        """Read the question what to say, which comes when somebody picks up."""
        sid = form["CallSid"]
        return Receipt(
            event_key=f"{sid}:answer",
            message=self._account.message_of(request.url),
            provider_id=sid,
            rank=Rank.SENT,
        )

    def _keyed(self, request: HookRequest, form: Mapping[str, str]) -> Keyed:
        """Read pressed keys.

        The same key may be pressed again at the same place: only Twilio's own key
        tells that from a repetition.
        """
        sid, digits = form["CallSid"], form["Digits"]
        place = parse_qs(urlsplit(request.url).query).get("p", [""])[0]
        person = "To" if form.get("Direction") == OUTBOUND else "From"
        return Keyed(
            event_key=event_key(request) or f"{sid}:{place}:{digits}",
            message=self._account.message_of(request.url),
            provider_id=sid,
            number=form.get(person, ""),
            place=place,
            keys=digits,
        )

    def _receipt(self, request: HookRequest, form: Mapping[str, str]) -> Receipt:
        """Read a status callback."""
        sid, status = form["CallSid"], form["CallStatus"]
        return Receipt(
            event_key=f"{sid}:{status}",
            message=self._account.message_of(request.url),
            provider_id=sid,
            rank=RANKS[status],
            failure=_lost(status, form),
        )


def _rang_back(form: Mapping[str, str]) -> RangBack:
    """Read the question what to say to somebody who rings us."""
    sid = form["CallSid"]
    return RangBack(event_key=sid, provider_id=sid, number=form.get("From", ""))


def _outcome(call: CallInstance) -> Outcome:
    """Read the call resource Twilio shows."""
    rank = RANKS.get(call.status, Rank.ACCEPTED)
    return taken(call.sid, rank, _lost(call.status, {}))


def _as_receipt(provider_id: str, call: CallInstance) -> Receipt | None:
    """Read the call resource as the callback of its status."""
    if call.status not in RANKS:
        return None
    return Receipt(
        event_key=f"{provider_id}:{call.status}",
        message=None,
        provider_id=provider_id,
        rank=RANKS[call.status],
        failure=_lost(call.status, {}),
    )


def _lost(status: str, told: Mapping[str, str]) -> Failed | None:
    """The failure a status tells of, None where it tells of none.

    :param told: the fields of the callback, which may say why
    """
    if status in UNREACHED:
        return Failed(kind=FailureKind.UNREACHED, code=UNREACHED[status])
    if status != FAILED:
        return None
    code, sip = _number(told, "ErrorCode"), _number(told, "SipResponseCode")
    if code in CODES or (code and not sip):
        return failure(code, CODES)
    return _by_sip(sip) if sip else Failed(kind=FailureKind.TRANSIENT, code=FAILED)


def _by_sip(code: int) -> Failed:
    """The failure that the network's own code tells of."""
    kind, ours, _ = SIP_CODES.get(code, (FailureKind.TRANSIENT, f"sip_{code}", ""))
    return Failed(kind=kind, code=ours)


def _number(told: Mapping[str, str], name: str) -> int:
    """A field that holds a number; 0 where it is missing or holds none."""
    value = told.get(name, "")
    return int(value) if value.isdecimal() else 0


def _placed_since(call: CallInstance, since: datetime) -> bool:
    """Whether a call is so young; one that waits for its turn may have no time yet."""
    placed = call.date_created or call.start_time
    return placed is None or placed >= since
