"""Cards and texts to members of a WeCom (企业微信) through an app of our own.

A card has buttons, and a button pressed comes back: the only way over WeCom that is
answered by a person and known to be his (docs/channels/wecom_app.md).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

import httpx

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
    Pressed,
    Receipt,
    Reply,
    Unknown,
)
from channels.http import client
from channels.providers.wecom_answer import Answer, Codes, ask, failure
from channels.providers.wecom_crypto import decrypt, elements, key_of, sign
from channels.registry import ChannelConfigError
from channels.text import fits

CAPABILITIES = Capabilities(
    channel=Channel.WECHAT,
    two_way=True,
    links=True,
    receipts=False,
    lookup=False,
    max_chars=160,
)

TITLE_MOST = 36  # characters
BUTTONS_MOST = 6

# As the roster has it. Anything else could address more than one: "@all", "a|b".
USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}")

# WeCom's code -> whose failure it is, and why. The page of this channel shows the same
# table; a test compares them.
CODES: Codes = {
    -1: (FailureKind.TRANSIENT, "WeCom is busy"),
    45009: (FailureKind.THROTTLE, "too many requests in a minute, an hour or a day"),
    45033: (FailureKind.THROTTLE, "too many requests at once"),
    40003: (FailureKind.PERMANENT_ADDRESS, "not a valid user id"),
    43004: (FailureKind.PERMANENT_ADDRESS, "the member has not joined yet"),
    46004: (FailureKind.PERMANENT_ADDRESS, "no such member"),
    60111: (FailureKind.PERMANENT_ADDRESS, "no such member"),
    81013: (FailureKind.PERMANENT_ADDRESS, "member deleted, or may not see the app"),
    301021: (FailureKind.PERMANENT_ADDRESS, "no such member"),
    40008: (FailureKind.PERMANENT_CONTENT, "type of message not known"),
    40058: (FailureKind.PERMANENT_CONTENT, "a field is wrong"),
    40063: (FailureKind.PERMANENT_CONTENT, "a field is missing"),
    42014: (FailureKind.PERMANENT_CONTENT, "task_id of the card is taken"),
    44004: (FailureKind.PERMANENT_CONTENT, "text is empty"),
    45002: (FailureKind.PERMANENT_CONTENT, "text longer than 160 characters"),
    82004: (FailureKind.PERMANENT_CONTENT, "text could break the members' app"),
    40001: (FailureKind.CONFIG, "secret refused"),
    40013: (FailureKind.CONFIG, "corp_id refused"),
    40014: (FailureKind.CONFIG, "access token refused, a new one too"),
    40056: (FailureKind.CONFIG, "agent_id refused"),
    42001: (FailureKind.CONFIG, "access token expired, a new one too"),
    43012: (FailureKind.CONFIG, "the app has no callback URL: it may not send cards"),
    48002: (FailureKind.CONFIG, "the app may not send messages"),
    48006: (FailureKind.CONFIG, "rights withdrawn: the app was long out of use"),
    50003: (FailureKind.CONFIG, "app disabled"),
    60020: (FailureKind.CONFIG, "our address is not among the app's trusted IPs"),
    301002: (FailureKind.CONFIG, "secret and agent_id are of different apps"),
}

BAD_ACCOUNT, TOO_LONG, BAD_FIELD, TASK_TAKEN = 40003, 45002, 40058, 42014
UNLICENSED = "unlicensed"  # no code of WeCom's: it accepts and names the member

STALE_TOKEN = frozenset({40001, 40014, 42001})
TOKEN_SHARE = 0.9  # of its life an access token is used


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomAppSettings:
    """One app of one WeCom.

    :ivar agent_id: the app's number, AgentId
    :ivar token: callbacks are signed with it
    :ivar aes_key: EncodingAESKey, 43 characters: callbacks are encrypted with it
    """

    corp_id: str
    secret: str = field(repr=False)
    agent_id: int
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    base_url: str = "https://qyapi.weixin.qq.com"
    timeout_seconds: float = 10


class WecomApp:
    """A :class:`channels.contract.CardProvider` over one app.

    Callbacks are not judged by their age, which is the dispatcher's clock's matter: one
    played back has the ``event_key`` of the first and is no news.
    """

    settings_type = WecomAppSettings

    def __init__(
        self,
        name: str,
        settings: WecomAppSettings,
        http: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        key = key_of(settings.aes_key)
        if key is None:
            problem = "aes_key is wrong: copy the 43 characters of EncodingAESKey"
            raise ChannelConfigError(name, [problem])
        self.name = name
        self.capabilities = CAPABILITIES
        self._settings = settings
        self._key = key
        self._http = http or client(timeout_seconds=settings.timeout_seconds)
        self._access = _Access(self._gettoken, monotonic)

    async def send(self, message: Outgoing) -> Outcome:
        """Post one card, or a text where there is nothing to press.

        What is too long for WeCom is not sent at all; only a title is cut.
        """
        if refusal := self._refusal(message):
            return refusal
        answer = await self._posted(_body(message, message.id))
        if isinstance(answer, Answer) and answer.errcode == TASK_TAKEN:
            # An earlier try of this message got that far. Whether the card was shown
            # nobody can tell: a second card is better than none.
            task = f"{message.id}@{token_hex(2)}"
            answer = await self._posted(_body(message, task))
        return _outcome(answer, message)

    def verify(self, request: HookRequest) -> bool:
        """Tell whether WeCom signed the callback with our token, for our corp_id."""
        return self._plain(request) is not None

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:
        """Read a button pressed on a card, or a text written to the app."""
        told = elements(self._plain(request) or "") or {}
        match told:
            case {"MsgType": "event", "Event": "template_card_event", "TaskId": _}:
                return (_pressed(told),)
            case {"MsgType": "text", "MsgId": _}:
                return (self._reply(told),)
            case _:
                return ()

    def greet(self, request: HookRequest) -> str | None:
        """Give the decrypted echostr of a check; None when it is not genuine."""
        return self._decrypted(request, _query(request).get("echostr", ""))

    async def lookup(
        self,
        message: Outgoing,  # noqa: ARG002  the contract's name
        sent_at: datetime,  # noqa: ARG002  likewise
    ) -> Outcome | None:
        """Leave it open: WeCom can't be asked what it has sent."""
        return Unknown(code="no_lookup")

    async def poll(self, provider_id: str) -> Receipt | None:  # noqa: ARG002  likewise
        """Tell nothing: WeCom keeps no receipts."""
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _refusal(self, message: Outgoing) -> Failed | None:
        """What would be refused, or would go to others, before anything is sent."""
        if not USER_ID.fullmatch(message.to):
            return failure(BAD_ACCOUNT, CODES)
        if not fits(message.text, self.capabilities.max_chars):
            return failure(TOO_LONG, CODES)
        if len(message.buttons) > BUTTONS_MOST:
            return failure(BAD_FIELD, CODES)
        return None

    async def _posted(self, body: Mapping[str, object]) -> Answer | Failed | Unknown:
        """Post a message; again, once, where only the access token was refused."""
        answer = await self._post(body)
        if isinstance(answer, Answer) and answer.errcode in STALE_TOKEN:
            return await self._post(body)
        return answer

    async def _post(self, body: Mapping[str, object]) -> Answer | Failed | Unknown:
        access = await self._access.token()
        if isinstance(access, Failed):
            return access
        request = self._http.build_request(
            "POST",
            self._url("message/send"),
            params={"access_token": access},
            json={**body, "agentid": self._settings.agent_id},
        )
        answer = await ask(self._http, request)
        if isinstance(answer, Answer) and answer.errcode in STALE_TOKEN:
            self._access.drop(access)
        return answer

    async def _gettoken(self) -> Answer | Failed | Unknown:
        account = {
            "corpid": self._settings.corp_id,
            "corpsecret": self._settings.secret,
        }
        url = self._url("gettoken")
        return await ask(
            self._http, self._http.build_request("GET", url, params=account)
        )

    def _url(self, path: str) -> str:
        return f"{self._settings.base_url.rstrip('/')}/cgi-bin/{path}"

    def _plain(self, request: HookRequest) -> str | None:
        """What a genuine callback says; None when it is not genuine."""
        envelope = elements(request.body) or {}
        return self._decrypted(request, envelope.get("Encrypt", ""))

    def _decrypted(self, request: HookRequest, sealed: str) -> str | None:
        """The text that was signed with our token and encrypted for our corp_id."""
        query = _query(request)
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        expected = sign(self._settings.token, timestamp, nonce, sealed)
        given = query.get("msg_signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            return None
        return decrypt(self._key, sealed, self._settings.corp_id)

    def _reply(self, told: Mapping[str, str]) -> Reply:
        return Reply(
            event_key=told["MsgId"],
            sender=told.get("FromUserName", ""),
            to=str(self._settings.agent_id),
            text=told.get("Content", ""),
            provider_id=told["MsgId"],
        )


class _Access:
    """The app's access token: one for all who send, fetched once for all who wait."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Answer | Failed | Unknown]],
        monotonic: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._token = ""
        self._good_until = -inf
        self._fetching: asyncio.Task[str | Failed] | None = None

    async def token(self) -> str | Failed:
        """Give a token that holds a while yet, or why there is none."""
        if self._monotonic() < self._good_until:
            return self._token
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._renewed())
        # One who is cancelled must not take the others' answer with him.
        return await asyncio.shield(self._fetching)

    def drop(self, token: str) -> None:
        """Forget a token that was refused, unless a newer one has come meanwhile."""
        if token == self._token:
            self._good_until = -inf

    async def _renewed(self) -> str | Failed:
        asked_at = self._monotonic()
        match await self._fetch():
            case Answer(errcode=0, access_token=str(token), expires_in=seconds):
                self._token = token
                self._good_until = asked_at + TOKEN_SHARE * seconds
                return token
            case Answer(errcode=0):
                return Failed(kind=FailureKind.TRANSIENT, code="gettoken_without_token")
            case Answer(errcode=code):
                return failure(code, CODES)
            case Unknown(code=code):  # but the message itself has not been sent
                return Failed(kind=FailureKind.TRANSIENT, code=f"gettoken_{code}")
            case failed:
                return failed


def _body(message: Outgoing, task: str) -> Mapping[str, object]:
    """The message as WeCom reads it, but for the app."""
    common = {"touser": message.to, "enable_duplicate_check": 0}
    if not message.buttons:
        return common | {"msgtype": "text", "text": {"content": message.text}}
    card = {
        "card_type": "button_interaction",
        "task_id": task,
        "main_title": {"title": _cut(message.title)},
        "sub_title_text": message.text,
        "button_list": [
            {"text": button.text, "style": 1, "key": f"{button.key}:{message.id}"}
            for button in message.buttons
        ],
    }
    if message.link:
        card |= {"card_action": {"type": 1, "url": message.link}}
    return common | {"msgtype": "template_card", "template_card": card}


def _cut(title: str) -> str:
    """A title no longer than WeCom shows."""
    return title if len(title) <= TITLE_MOST else f"{title[: TITLE_MOST - 1]}…"


def _outcome(answer: Answer | Failed | Unknown, message: Outgoing) -> Outcome:
    """Read the answer to a message for one member."""
    match answer:
        case Answer(errcode=0, invaliduser=str(user)) if user:
            return failure(BAD_ACCOUNT, CODES)
        case Answer(errcode=0, unlicenseduser=str(user)) if user:
            return Failed(kind=FailureKind.CONFIG, code=UNLICENSED)
        case Answer(errcode=0, msgid=sent):
            return Accepted(provider_id=sent or message.id)
        case Answer(errcode=code):
            return failure(code, CODES)
        case outcome:
            return outcome


def _pressed(told: Mapping[str, str]) -> Pressed:
    """Read a button pressed; a card sent a second time has our id and a suffix."""
    task, key = told["TaskId"], told.get("EventKey", "")
    account, message = told.get("FromUserName", ""), task.partition("@")[0]
    return Pressed(
        event_key=f"{task}:{key}:{account}",
        message=message,
        account=account,
        key=key.removesuffix(f":{message}"),
    )


def _query(request: HookRequest) -> Mapping[str, str]:
    """The query of a callback's URL, the first of each name."""
    given = parse_qs(urlsplit(request.url).query)
    return {name: values[0] for name, values in given.items()}
