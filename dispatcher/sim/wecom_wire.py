"""WeCom on the wire: messages in, codes and answers out, sealed events to the account.

Sources: WeCom's guides on sending messages (90236), receiving messages and events
(90239, 90240), encrypting callbacks and group robots (99110), and its table of codes.
The sealing is written a second time here, so that the provider is not its own peer.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import sha1
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from pydantic import TypeAdapter, ValidationError

TOKEN_SECONDS = 7200
LONGEST_CONTENT = 2048  # bytes of a text
LONGEST_KEY = 1024  # bytes of a button's key
MOST_BUTTONS = 6
PADDED_TO_BITS = 256

TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
ROBOT_KEY = re.compile(r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}")


class Code(IntEnum):
    """What a request is answered with."""

    OK = 0
    BUSY = -1
    BAD_SECRET = 40001
    BAD_TYPE = 40008
    BAD_CORP = 40013
    BAD_TOKEN = 40014
    BAD_PARAMETER = 40058
    MISSING_PARAMETER = 40063
    STALE_TOKEN = 42001
    TAKEN_TASK = 42014
    NO_CALLBACK = 43012
    EMPTY_TEXT = 44004
    LONG_TEXT = 45002
    THROTTLED = 45009
    UNTRUSTED = 60020
    NOBODY = 81013
    BAD_ROBOT = 93000
    FOREIGN_AGENT = 301002


WORDS = {
    Code.OK: "ok",
    Code.BUSY: "system error",
    Code.BAD_SECRET: "invalid credential",
    Code.BAD_TYPE: "invalid message type",
    Code.BAD_CORP: "invalid corpid",
    Code.BAD_TOKEN: "invalid access_token",
    Code.BAD_PARAMETER: "invalid Request Parameter",
    Code.MISSING_PARAMETER: "some parameters are empty",
    Code.STALE_TOKEN: "access_token expired",
    Code.TAKEN_TASK: "taskid has existed or empty or exceed max len",
    Code.NO_CALLBACK: "need set callback url",
    Code.EMPTY_TEXT: "text content is empty",
    Code.LONG_TEXT: "content size out of limit",
    Code.THROTTLED: "api freq out of limit",
    Code.UNTRUSTED: "not allow to access from your ip",
    Code.NOBODY: "user & party & tag all invalid",
    Code.BAD_ROBOT: "invalid webhook url",
    Code.FOREIGN_AGENT: "not allow operate another agent with this accesstoken",
}


class WecomMode(StrEnum):
    """What is wrong with WeCom, or with us in its eyes, when something is sent."""

    OK = "ok"
    BUSY = "busy"  # -1
    THROTTLE = "throttle"  # 45009
    UNTRUSTED = "untrusted"  # 60020: our address is not on the list
    DOWN = "down"  # a gateway's 502, nothing is taken
    HANG = "hang"  # taken and shown, but the HTTP answer never comes


REFUSALS = {
    WecomMode.BUSY: Code.BUSY,
    WecomMode.THROTTLE: Code.THROTTLED,
    WecomMode.UNTRUSTED: Code.UNTRUSTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomOrder:
    """The order to misbehave; what is None stays as it is.

    :ivar expire_tokens: every access token given out so far ends now
    :ivar for_next: so many messages; None means until told otherwise
    """

    expire_tokens: bool = False
    mode: WecomMode | None = None
    for_next: int | None = None


class MemberHabit(StrEnum):
    """What a member does with the cards he gets."""

    ANSWER = "answer"  # presses 收到, else the first button
    IGNORE = "ignore"
    HELP = "help"  # presses what asks for help
    GONE = "gone"  # has left: refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the WeCom; one not named ignores what he gets.

    :ivar delay_seconds: from getting a card to pressing its button
    """

    user: str
    habit: MemberHabit
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomAccount:
    """The app as both sides know it.

    :ivar callback_url: where its events are posted; empty: none is set
    """

    corp_id: str
    secret: str
    agent_id: int
    token: str
    aes_key: str
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardButton:
    """A button as the member sees it; ``key`` is what its event names."""

    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a member was sent; a plain text has neither title, task nor buttons."""

    user: str
    text: str
    title: str = ""
    task_id: str = ""
    link: str = ""
    buttons: tuple[CardButton, ...] = ()

    def button(self, key: str) -> CardButton | None:
        """Find a button by its key, or by what stands before the key's colon."""
        named = (b for b in self.buttons if key in (b.key, b.key.partition(":")[0]))
        return next(named, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    content: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    card_type: str = ""
    task_id: str = ""
    main_title: _Title = _Title()
    sub_title_text: str = ""
    card_action: _Action = _Action()
    button_list: tuple[CardButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """The body of message/send, and of webhook/send."""

    msgtype: str = ""
    touser: str = ""
    agentid: int = 0
    text: _Text = _Text()
    template_card: _Template = _Template()


SENDING = TypeAdapter(_Sending)


def _bad_buttons(buttons: Sequence[CardButton]) -> bool:
    """Too few or too many, or keys that are too long or not different."""
    keys = {button.key for button in buttons}
    long = any(len(key.encode()) > LONGEST_KEY for key in keys)
    return long or not 1 <= len(keys) == len(buttons) <= MOST_BUTTONS


CARD_CHECKS: tuple[tuple[Callable[[_Template], bool], Code], ...] = (
    (lambda card: card.card_type != "button_interaction", Code.BAD_PARAMETER),
    (lambda card: not TASK_ID.fullmatch(card.task_id), Code.TAKEN_TASK),
    (lambda card: not card.main_title.title, Code.MISSING_PARAMETER),
    (lambda card: not all(b.text for b in card.button_list), Code.MISSING_PARAMETER),
    (lambda card: _bad_buttons(card.button_list), Code.BAD_PARAMETER),
)


def answer(code: Code, **more: object) -> dict[str, object]:
    """Write the body of an answer."""
    return {"errcode": int(code), "errmsg": WORDS[code], **more}


def read_message(raw: bytes, account: WecomAccount) -> Card | Code:
    """Read a message to one member, or tell the first thing wrong with it."""
    try:
        sending = SENDING.validate_json(raw)
    except ValidationError:
        return Code.BAD_PARAMETER
    if sending.agentid != account.agent_id:
        return Code.FOREIGN_AGENT
    if not sending.touser:
        return Code.MISSING_PARAMETER
    match sending.msgtype:
        case "text":
            text = sending.text.content
            return Card(user=sending.touser, text=text) if text else Code.EMPTY_TEXT
        case "template_card":
            return _card(sending, account)
        case _:
            return Code.BAD_TYPE


def _card(sending: _Sending, account: WecomAccount) -> Card | Code:
    if not account.callback_url:
        return Code.NO_CALLBACK
    card = sending.template_card
    for broken, code in CARD_CHECKS:
        if broken(card):
            return code
    return Card(
        user=sending.touser,
        text=card.sub_title_text,
        title=card.main_title.title,
        task_id=card.task_id,
        link=card.card_action.url,
        buttons=card.button_list,
    )


def read_notice(raw: bytes) -> str | Code:
    """Read the text a robot is to say, or tell the first thing wrong with it."""
    try:
        sending = SENDING.validate_json(raw)
    except ValidationError:
        return Code.BAD_PARAMETER
    if sending.msgtype != "text":
        return Code.BAD_TYPE
    text = sending.text.content
    if len(text.encode()) > LONGEST_CONTENT:
        return Code.LONG_TEXT
    return text or Code.EMPTY_TEXT


def press_fields(
    account: WecomAccount, card: Card, key: str, response_code: str
) -> dict[str, str | int]:
    """Give what the event of a button pressed says of its own."""
    return {
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": key,
        "TaskId": card.task_id,
        "CardType": "button_interaction",
        "ResponseCode": response_code,
        "AgentID": account.agent_id,
    }


def text_fields(account: WecomAccount, text: str, msg_id: int) -> dict[str, str | int]:
    """Give what a text written to the app says of its own."""
    return {
        "MsgType": "text",
        "Content": text,
        "MsgId": msg_id,
        "AgentID": account.agent_id,
    }


def told(
    account: WecomAccount, user: str, created: int, fields: Mapping[str, str | int]
) -> str:
    """Write what a member did as XML; ``created`` is in seconds since 1970."""
    head: dict[str, str | int] = {
        "ToUserName": account.corp_id,
        "FromUserName": user,
        "CreateTime": created,
    }
    return xml({**head, **fields})


def xml(fields: Mapping[str, str | int]) -> str:
    """Write elements as WeCom does: words in CDATA, numbers bare."""
    inner = "".join(f"<{name}>{_cdata(it)}</{name}>" for name, it in fields.items())
    return f"<xml>{inner}</xml>"


def _cdata(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"


def seal(account: WecomAccount, text: str, random: bytes) -> str:
    """Encrypt a text for the account behind 16 random bytes."""
    key = b64decode(f"{account.aes_key}=")
    encoded = text.encode()
    plain = random + len(encoded).to_bytes(4) + encoded + account.corp_id.encode()
    padder = PKCS7(PADDED_TO_BITS).padder()
    padded = padder.update(plain) + padder.finalize()
    enciphering = Cipher(AES256(key), CBC(key[:16])).encryptor()
    return b64encode(enciphering.update(padded) + enciphering.finalize()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What goes into a signature beside the text; ``timestamp`` is since 1970."""

    timestamp: int
    nonce: str


def signed(account: WecomAccount, stamp: Stamp, sealed: str) -> str:
    """Give the query of a callback URL: the stamp, and its signature over the text."""
    timestamp = str(stamp.timestamp)
    parts = sorted((account.token, timestamp, stamp.nonce, sealed))
    signature = sha1("".join(parts).encode()).hexdigest()  # noqa: S324  WeCom's own
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": stamp.nonce}
    return urlencode(query)


def envelope(account: WecomAccount, sealed: str) -> str:
    """Write the body of a callback."""
    return xml(
        {
            "ToUserName": account.corp_id,
            "Encrypt": sealed,
            "AgentID": str(account.agent_id),
        }
    )
