"""What every channel over a Twilio account shares: settings, signatures, refusals."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, lru_cache
from hashlib import sha256
from typing import TypedDict, TypeVar, Unpack
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm

# The SDK issues the requests: 205 us of CPU against 135 us for the same form built by
# hand (1.5 times, before any socket; medians of 5 runs). Importing it takes 0.5 s
# once, paid by the registry and only where such a channel is configured.
from twilio.rest import Client

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    HookRequest,
    Outcome,
    Rank,
    Receipt,
    Unknown,
)
from channels.http import client, retry_after, transport_outcome

# Twilio's code -> whose failure it is, and why.
Codes = Mapping[int, tuple[FailureKind, str]]

# Those a text and a call may both meet; each channel adds its own, and its page shows
# the whole table; a test compares them.
ACCOUNT_CODES: Codes = {
    20429: (FailureKind.THROTTLE, "too many requests at once; never processed"),
    20500: (FailureKind.TRANSIENT, "error inside Twilio"),
    21211: (FailureKind.PERMANENT_ADDRESS, "not a valid number"),
    21214: (FailureKind.PERMANENT_ADDRESS, "number can't be reached"),
    21217: (FailureKind.PERMANENT_ADDRESS, "number appears to be invalid"),
    13227: (FailureKind.CONFIG, "voice: country not enabled for the account"),
    20003: (FailureKind.CONFIG, "account SID or token refused"),
    21215: (FailureKind.CONFIG, "voice: country not enabled for the account"),
    21609: (FailureKind.CONFIG, "status callback URL refused: check public_base_url"),
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

LOOKUP_MOST = 100  # resources looked through for the one in doubt: one page
CLOCK_SKEW = timedelta(minutes=1)  # between our clock and Twilio's
ADDRESSES = 64  # URLs kept apart: of an account, and of what is asked for just now

# How a question to Twilio ends that is not answered as it should be.
UNANSWERED = (httpx.HTTPError, TwilioException, ValueError)

Shown = TypeVar("Shown")  # a resource as the SDK shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """One account.

    :ivar alternate_auth_token: a second token callbacks may be signed with, while
        the first is being changed, or the secret of a shared key
    :ivar sender: a number (E.164) or, for texts, a messaging service (MG...)
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


class TwilioAccount:
    """One account as one channel uses it.

    :ivar api: the SDK's client of the account
    """

    def __init__(
        self, channel: str, settings: TwilioSettings, http: httpx.AsyncClient | None
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._http = http or client(timeout_seconds=settings.timeout_seconds)
        self.api = _sdk(settings, self._http)

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

    def callback_url(self, path: str, message: str | None, **query: str) -> str:
        """A URL of this channel that names our message, so that it can't be mistaken.

        Twilio may call before it has told us its own id.

        :param query: what else is to come back
        """
        named = {}
        if message is not None:
            check = self._check(message, self._settings.auth_token)
            named = {"a": message, "k": check}
        base = self._settings.public_base_url.rstrip("/")
        asked = urlencode(named | query, quote_via=quote)
        return f"{base}/hooks/{self._channel}/{path}?{asked}"

    def message_of(self, url: str) -> str | None:
        """Our message id, if the URL carries one that we wrote there."""
        query = parse_qs(urlsplit(url).query)
        message, check = query.get("a", [""])[0], query.get("k", [""])[0].encode()
        ours = any(
            hmac.compare_digest(self._check(message, token).encode(), check)
            for token in self._settings.tokens
        )
        return message if ours else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _check(self, message: str, token: str) -> str:
        """A short MAC of a message id, by a key made from a token for this alone."""
        named = f"{self._channel}:{message}".encode()
        return hmac.digest(_callback_key(token), named, sha256)[:8].hex()


@cache
def _callback_key(token: str) -> bytes:
    return hmac.digest(token.encode(), b"jiaoying status callback", sha256)


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


@lru_cache(maxsize=ADDRESSES)
def address(url: str) -> httpx.URL:
    """A URL taken apart: all messages of an account go to the same one."""
    return httpx.URL(url)


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
            address(url),
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


def _sdk(settings: TwilioSettings, http: httpx.AsyncClient) -> Client:
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


def event_key(request: HookRequest) -> str | None:
    """Twilio's key of an event, the same in each of its own retries."""
    return request.headers.get("i-twilio-idempotency-token")


async def posted(
    creation: Awaitable[Shown], read: Callable[[Shown], Outcome], codes: Codes
) -> Outcome:
    """Wait for the answer to a request that makes something, and read it."""
    try:
        made = await creation
    except httpx.HTTPStatusError as error:
        return _refusal(error.response, codes)
    except httpx.RequestError as error:
        return transport_outcome(error)
    except ValueError:
        return Unknown(code="unreadable_answer")
    return read(made)


async def listed(listing: Awaitable[list[Shown]]) -> list[Shown] | Unknown:
    """Wait for a list to look for something in; Unknown when it can't be had."""
    try:
        return await listing
    except UNANSWERED as error:
        return Unknown(code=f"lookup_{type(error).__name__}")


async def polled(
    fetching: Awaitable[Shown], read: Callable[[Shown], Receipt | None]
) -> Receipt | None:
    """Wait for one resource, and read it as a callback; None when it can't be had."""
    try:
        found = await fetching
    except UNANSWERED:
        return None
    return read(found)


def taken(sid: str | None, rank: Rank, failure: Failed | None) -> Outcome:
    """The outcome that the resource of something we asked for tells of."""
    if not sid:
        return Unknown(code="no_sid")
    return failure or Accepted(provider_id=sid, rank=rank)


def failure(
    code: int, codes: Codes, unlisted: FailureKind = FailureKind.TRANSIENT
) -> Failed:
    """The failure of a code, by the table where it is listed."""
    kind, _ = codes.get(code, (unlisted, ""))
    return Failed(kind=kind, code=str(code))


def _refusal(response: httpx.Response, codes: Codes) -> Failed | Unknown:
    """Read an answer that is not 2xx."""
    status, code = response.status_code, _code(response)
    if status >= SERVER_ERROR and status not in STATUS_KINDS:
        # A gateway's word (502, 504): what stands behind it may have the message.
        return Unknown(code=str(code))
    if status < CLIENT_ERROR:  # a redirect: base_url is not Twilio's
        return Failed(kind=FailureKind.CONFIG, code=str(code))
    unlisted = STATUS_KINDS.get(status, FailureKind.PERMANENT_CONTENT)
    return replace(failure(code, codes, unlisted), retry_after=retry_after(response))


def _code(response: httpx.Response) -> int:
    """Twilio's code in the body, or the HTTP status where it has none."""
    try:
        return int(response.json()["code"])
    except (ValueError, TypeError, LookupError):
        return response.status_code
