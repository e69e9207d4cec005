"""SMS through Twilio's Messages resource.

Fit for Hong Kong, Macau, Taiwan and abroad. Numbers of the mainland can't answer a
Twilio SMS: serve them by a domestic gateway (docs/channels/twilio_sms.md).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypedDict, Unpack
from urllib.parse import parse_qs, urlsplit

import httpx
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm

# The SDK issues the requests: 205 us of CPU against 135 us for the same form built by
# hand (1.5 times, before any socket; medians of 5 runs). Importing it takes 0.5 s
# once, paid by the registry and only where this channel is configured.
from twilio.rest import Client

from channels.contract import (
    Accepted,
    Callback,
    Capabilities,
    Channel,
    Failed,
    FailureKind,
    HookRequest,
    Outcome,
    Outgoing,
    Rank,
    Receipt,
    Reply,
    Unknown,
)
from channels.http import client, retry_after, transport_outcome
from channels.text import fits

CAPABILITIES = Capabilities(
    channel=Channel.SMS,
    two_way=True,
    links=True,
    receipts=True,
    lookup=True,
    max_chars=1600,
)

# Twilio's code -> whose failure it is, and why. The page of this channel shows the
# same table; a test compares them.
CODES: Mapping[int, tuple[FailureKind, str]] = {
    20429: (FailureKind.THROTTLE, "too many requests at once; never processed"),
    14107: (FailureKind.THROTTLE, "message rate of the account exceeded"),
    63038: (FailureKind.THROTTLE, "daily cap of the account reached"),
    20500: (FailureKind.TRANSIENT, "error inside Twilio"),
    30001: (FailureKind.TRANSIENT, "queue of the sender is full"),
    30003: (FailureKind.TRANSIENT, "handset off or out of coverage"),
    30008: (FailureKind.TRANSIENT, "carrier gives no reason"),
    30036: (FailureKind.TRANSIENT, "validity ran out before delivery"),
    30410: (FailureKind.TRANSIENT, "carrier did not answer in time"),
    21211: (FailureKind.PERMANENT_ADDRESS, "not a valid number"),
    21214: (FailureKind.PERMANENT_ADDRESS, "number can't be reached"),
    21217: (FailureKind.PERMANENT_ADDRESS, "number appears to be invalid"),
    21610: (FailureKind.PERMANENT_ADDRESS, "the person has opted out"),
    21612: (FailureKind.PERMANENT_ADDRESS, "no route from this sender to the number"),
    21614: (FailureKind.PERMANENT_ADDRESS, "not a mobile number"),
    30004: (FailureKind.PERMANENT_ADDRESS, "number blocks messages"),
    30005: (FailureKind.PERMANENT_ADDRESS, "number unknown or out of use"),
    30006: (FailureKind.PERMANENT_ADDRESS, "landline or unreachable carrier"),
    21617: (FailureKind.PERMANENT_CONTENT, "text longer than 1600 characters"),
    30007: (FailureKind.PERMANENT_CONTENT, "text or sender filtered by the carrier"),
    13227: (FailureKind.CONFIG, "voice: country not enabled for the account"),
    20003: (FailureKind.CONFIG, "account SID or token refused"),
    21215: (FailureKind.CONFIG, "voice: country not enabled for the account"),
    21408: (FailureKind.CONFIG, "SMS: country not enabled for the account"),
    21606: (FailureKind.CONFIG, "sender can't send to this number"),
    21609: (FailureKind.CONFIG, "status callback URL refused: check public_base_url"),
    21659: (FailureKind.CONFIG, "sender is not a number of the account"),
    30002: (FailureKind.CONFIG, "account suspended"),
    32205: (FailureKind.CONFIG, "SIP trunk: country not enabled for the account"),
}

# For a refusal whose code is not in the table.
STATUS_KINDS: Mapping[int, FailureKind] = {
    401: FailureKind.CONFIG,
    403: FailureKind.CONFIG,
    404: FailureKind.CONFIG,  # wrong base_url or account_sid
    429: FailureKind.THROTTLE,
    500: FailureKind.TRANSIENT,
    503: FailureKind.TRANSIENT,
}

CLIENT_ERROR, SERVER_ERROR = 400, 500  # where these ranges of HTTP statuses begin

RANKS: Mapping[str, Rank] = {
    "accepted": Rank.ACCEPTED,
    "scheduled": Rank.ACCEPTED,
    "queued": Rank.QUEUED,
    "sending": Rank.SENDING,
    "sent": Rank.SENT,
    "delivered": Rank.FINAL,
    "partially_delivered": Rank.FINAL,
    "undelivered": Rank.FINAL,
    "failed": Rank.FINAL,
    "canceled": Rank.FINAL,
    "read": Rank.READ,
}
LOST = frozenset({"undelivered", "failed", "canceled"})

VALIDITY_SECONDS = (10, 36_000)  # below 10 queues drop it; Twilio's most is 10 hours

LOOKUP_MOST = 100  # messages to one number since the send in question: one page
CLOCK_SKEW = timedelta(minutes=1)  # between our clock and Twilio's


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSmsSettings:
    """One account.

    :ivar alternate_auth_token: a second token callbacks may be signed with, while
        the first is being changed, or the secret of a shared key
    :ivar sender: a number (E.164) or a messaging service (MG...)
    :ivar public_base_url: where Twilio reaches us
    """

    account_sid: str
    auth_token: str = field(repr=False)
    alternate_auth_token: str = field(default="", repr=False)
    sender: str = field(metadata={"key": "from"})
    base_url: str = "https://api.twilio.com"
    public_base_url: str
    timeout_seconds: float = 10

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token a callback may be signed with, the current one first."""
        both = (self.auth_token, self.alternate_auth_token)
        return tuple(token for token in both if token)


class TwilioSms:
    """A :class:`channels.contract.Provider` over one Twilio account."""

    settings_type = TwilioSmsSettings

    def __init__(
        self,
        name: str,
        settings: TwilioSmsSettings,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.name = name
        self.capabilities = CAPABILITIES
        self._settings = settings
        self._http = http or client(timeout_seconds=settings.timeout_seconds)
        self._messages = _sdk(settings, self._http).messages

    async def send(self, message: Outgoing) -> Outcome:
        """Post one message; a text too long for Twilio is not sent at all."""
        if not fits(message.text, self.capabilities.max_chars):
            return _failure(21617)
        try:
            sent = await self._messages.create_async(**self._form(message))
        except httpx.HTTPStatusError as error:
            return _refusal(error.response)
        except httpx.RequestError as error:
            return transport_outcome(error)
        except ValueError:
            return Unknown(code="unreadable_answer")
        return _outcome(sent.sid, sent.status, sent.error_code)

    def verify(self, request: HookRequest) -> bool:
        """Tell whether Twilio signed the callback with one of our tokens."""
        signature = request.headers.get("x-twilio-signature")
        if signature is None:
            return False
        algorithm = get_signature_algorithm(
            request.headers.get("x-twilio-webhooks-signature-settings")
        )
        form = _Form.of(request.form)
        return any(
            RequestValidator(token).validate(request.url, form, signature, algorithm)
            for token in self._settings.tokens
        )

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:
        """Read a status callback or an inbound message."""
        form = dict(request.form)
        if not form.get("MessageSid"):
            return ()
        if form.get("MessageStatus") in RANKS:
            return (self._receipt(request, form),)
        if form.get("SmsStatus") == "received":
            return (_reply(request, form),)
        return ()

    async def lookup(self, message: Outgoing, sent_at: datetime) -> Outcome | None:
        """Look for the message among those sent to its number since ``sent_at``.

        Unknown when the question failed, or when there are too many to be sure.
        """
        # The SDK writes "Z" behind whatever zone it is given.
        since = sent_at.astimezone(UTC) - CLOCK_SKEW
        try:
            listed = await self._messages.list_async(
                to=message.to, date_sent_after=since, limit=LOOKUP_MOST
            )
        except (httpx.HTTPError, TwilioException, ValueError) as error:
            return Unknown(code=f"lookup_{type(error).__name__}")
        for found in listed:  # newest first
            created = found.date_created
            if found.body == message.text and created and created >= since:
                return _outcome(found.sid, found.status, found.error_code)
        return Unknown(code="lookup_too_many") if len(listed) == LOOKUP_MOST else None

    async def poll(self, provider_id: str) -> Receipt | None:
        """Fetch the message resource and read it as a status callback."""
        try:
            found = await self._messages(provider_id).fetch_async()
        except (httpx.HTTPError, TwilioException, ValueError):
            return None
        status = found.status
        if status not in RANKS:
            return None
        return Receipt(
            event_key=f"{provider_id}:{status}",
            message=None,
            provider_id=provider_id,
            rank=RANKS[status],
            failure=_lost(status, found.error_code),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _receipt(self, request: HookRequest, form: Mapping[str, str]) -> Receipt:
        """Read a status callback."""
        sid, status = form["MessageSid"], form["MessageStatus"]
        return Receipt(
            event_key=_event_key(request) or f"{sid}:{status}",
            message=self._message_of(request.url),
            provider_id=sid,
            rank=RANKS[status],
            failure=_lost(status, form.get("ErrorCode")),
        )

    def _form(self, message: Outgoing) -> dict[str, object]:
        """The arguments of the SDK's create."""
        sender = self._settings.sender
        least, most = VALIDITY_SECONDS
        return {
            "to": message.to,
            "messaging_service_sid" if sender.startswith("MG") else "from_": sender,
            "body": message.text,
            "status_callback": self._status_callback(message.id),
            "validity_period": max(least, min(message.valid_seconds, most)),
        }

    def _status_callback(self, message: str) -> str:
        """A URL that names our message: Twilio may call before our POST returns."""
        base = self._settings.public_base_url.rstrip("/")
        check = self._check(message, self._settings.auth_token)
        return f"{base}/hooks/{self.name}/sms/status?a={message}&k={check}"

    def _message_of(self, url: str) -> str | None:
        """Our message id, if the URL carries one that we wrote there."""
        query = parse_qs(urlsplit(url).query)
        message, check = query.get("a", [""])[0], query.get("k", [""])[0].encode()
        ours = any(
            hmac.compare_digest(self._check(message, token).encode(), check)
            for token in self._settings.tokens
        )
        return message if ours else None

    def _check(self, message: str, token: str) -> str:
        """A short MAC of a message id, by a key made from a token for this alone."""
        key = hmac.digest(token.encode(), b"jiaoying status callback", sha256)
        return hmac.digest(key, f"{self.name}:{message}".encode(), sha256)[:8].hex()


class _Form(dict[str, list[str]]):
    """A form as the SDK's validator reads it: every value of a repeated field."""

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> _Form:
        form = cls()
        for name, value in fields:
            form.setdefault(name, []).append(value)
        return form

    def getlist(self, name: str) -> list[str]:
        return self[name]


class _Wire(TypedDict, total=False):
    """What the SDK hands to its HTTP client beside method and URL."""

    params: dict[str, str] | None
    data: dict[str, object] | None
    headers: dict[str, str]
    auth: tuple[str, str]
    timeout: float | None
    allow_redirects: bool


class _Seam:
    """The SDK's HTTP client, over ours.

    Refusals leave as httpx errors, before the SDK turns them into an exception of
    its own that has lost the Retry-After header.
    """

    is_async = True

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def request(self, method: str, url: str, **wire: Unpack[_Wire]) -> Response:
        """Issue one request; only an answer of 2xx with a JSON object comes back."""
        answer = await self._http.request(
            method,
            url,
            params=wire.get("params"),
            data=wire.get("data"),
            headers=wire.get("headers"),
            auth=wire.get("auth"),
        )
        answer.raise_for_status()
        if not isinstance(answer.json(), dict):
            reason = f"{method} answered with something else than a JSON object"
            raise httpx.DecodingError(reason, request=answer.request)
        return Response(answer.status_code, answer.text, answer.headers)


def _sdk(settings: TwilioSmsSettings, http: httpx.AsyncClient) -> Client:
    """The SDK's client, bound to our seam, our base URL and nothing of the host."""
    # An empty mapping would be replaced by os.environ, whose TWILIO_EDGE and
    # TWILIO_REGION rewrite the host.
    account = {
        "TWILIO_ACCOUNT_SID": settings.account_sid,
        "TWILIO_AUTH_TOKEN": settings.auth_token,
    }
    sdk = Client(environment=account, http_client=_Seam(http))
    sdk.api.base_url = settings.base_url
    return sdk


def _reply(request: HookRequest, form: Mapping[str, str]) -> Reply:
    """Read an inbound message."""
    sid = form["MessageSid"]
    return Reply(
        event_key=_event_key(request) or sid,
        sender=form.get("From", ""),
        to=form.get("To", ""),
        text=form.get("Body", ""),
        provider_id=sid,
    )


def _event_key(request: HookRequest) -> str | None:
    """Twilio's key of an event, the same in each of its own retries."""
    return request.headers.get("i-twilio-idempotency-token")


def _outcome(sid: str | None, status: str, error_code: object) -> Outcome:
    """Read the message resource Twilio shows."""
    if not sid:
        return Unknown(code="no_sid")
    lost = _lost(status, error_code)
    rank = RANKS.get(status, Rank.ACCEPTED)
    return lost or Accepted(provider_id=sid, rank=rank)


def _lost(status: str, error_code: object) -> Failed | None:
    """The failure a status tells of, None where it tells of none."""
    if status not in LOST:
        return None
    code = str(error_code or "")
    if code.isdecimal():
        return _failure(int(code))
    return Failed(kind=FailureKind.TRANSIENT, code=status)


def _failure(code: int, unlisted: FailureKind = FailureKind.TRANSIENT) -> Failed:
    """The failure of a code, by the table where it is listed."""
    kind, _ = CODES.get(code, (unlisted, ""))
    return Failed(kind=kind, code=str(code))


def _refusal(response: httpx.Response) -> Failed | Unknown:
    """Read an answer that is not 2xx."""
    status, code = response.status_code, _code(response)
    if status >= SERVER_ERROR and status not in STATUS_KINDS:
        # A gateway's word (502, 504): what stands behind it may have the message.
        return Unknown(code=str(code))
    if status < CLIENT_ERROR:  # a redirect: base_url is not Twilio's
        return Failed(kind=FailureKind.CONFIG, code=str(code))
    unlisted = STATUS_KINDS.get(status, FailureKind.PERMANENT_CONTENT)
    return replace(_failure(code, unlisted), retry_after=retry_after(response))


def _code(response: httpx.Response) -> int:
    """Twilio's code in the body, or the HTTP status where it has none."""
    try:
        return int(response.json()["code"])
    except (ValueError, TypeError, LookupError):
        return response.status_code
