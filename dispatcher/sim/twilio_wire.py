"""Twilio's Messages on the wire: forms in, resources, callbacks and refusals out.

What calls have in common with messages stands here too.

Sources: Twilio's published OpenAPI description (twilio_api_v2010), its guides on
message status callbacks and inbound requests, and its error dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from channels.text import segments

API_VERSION = "2010-04-01"
LONGEST_BODY = 1600
LONGEST_URL = 4000
LONGEST_PAGE = 1000
LONGEST_VALIDITY = 36_000  # seconds: ten hours
SERVICE_SENDER = "+9990000"  # writes for every messaging service

E164 = re.compile(r"\+[1-9]\d{6,14}")
SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:[/?#]\S*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request Twilio doesn't take: HTTP status, its own code, its words."""

    status: int
    code: int
    message: str

    def body(self) -> dict[str, object]:
        """Give the published error body."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message as the account asked for it.

    :ivar service_sid: the messaging service that sends it; empty when a number does
    :ivar callback: URL for status callbacks; empty when none is wanted
    """

    to: str
    body: str
    sender: str
    service_sid: str
    callback: str

    @property
    def reference(self) -> str:
        """The account's own id of the message: ``a`` in the callback's query."""
        return reference(self.callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An accepted order and how it ends; its end is known from the start here."""

    sid: str
    order: Order
    accepted_at: datetime
    end: str
    error_code: int | None = None


def reference(callback: str) -> str:
    """Give the ``a`` in a callback's query: the account's own id; empty for none."""
    return parse_qs(urlsplit(callback).query).get("a", [""])[0]


def refuse(code: int, message: str) -> Refusal:
    """Refuse a form, with Twilio's code and words."""
    return Refusal(status=400, code=code, message=message)


def _bad_validity(text: str) -> bool:
    return not (text.isdecimal() and 1 <= int(text) <= LONGEST_VALIDITY)


def _bad_service(sid: str) -> bool:
    return bool(sid) and not SERVICE_SID.fullmatch(sid)


def bad_url(url: str) -> bool:
    """Tell whether Twilio could not call this URL; none at all is not bad."""
    try:
        port = urlsplit(url).port
    except ValueError:  # beyond 65535
        return True
    broken = port == 0 or len(url) > LONGEST_URL or not URL.fullmatch(url)
    return bool(url) and broken


Form = Mapping[str, str]
Checks = tuple[tuple[Callable[[Form], bool], Refusal], ...]
CHECKS: Checks = (
    (lambda form: not form.get("To"), refuse(21604, "A 'To' number is required.")),
    (
        lambda form: not E164.fullmatch(form["To"]),
        refuse(21211, "Invalid 'To' Phone Number"),
    ),
    (
        lambda form: not (form.get("From") or form.get("MessagingServiceSid")),
        refuse(21603, "A 'From' number or a MessagingServiceSid is required."),
    ),
    (
        lambda form: _bad_service(form.get("MessagingServiceSid", "")),
        refuse(21701, "The Messaging Service does not exist."),
    ),
    (lambda form: not form.get("Body"), refuse(21602, "Message body is required.")),
    (
        lambda form: len(form["Body"]) > LONGEST_BODY,
        refuse(21617, "The message body exceeds the 1600 character limit."),
    ),
    (
        lambda form: bad_url(form.get("StatusCallback", "")),
        refuse(21609, "The StatusCallback URL is not a valid URL."),
    ),
    (
        lambda form: _bad_validity(form.get("ValidityPeriod", "1")),
        refuse(21624, "Invalid validity period value."),
    ),
)


def read_form(raw: bytes) -> dict[str, str]:
    """Read a form; of a repeated field the last value holds."""
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))


def first_refusal(form: Form, checks: Checks) -> Refusal | None:
    """Give the first thing wrong with a form; None when it is well."""
    return next((refusal for broken, refusal in checks if broken(form)), None)


def read_order(raw: bytes) -> Order | Refusal:
    """Read the form of a new message, or tell the first thing wrong with it."""
    form = read_form(raw)
    refusal = first_refusal(form, CHECKS)
    return refusal or Order(
        to=form["To"],
        body=form["Body"],
        sender=form.get("From") or SERVICE_SENDER,
        service_sid=form.get("MessagingServiceSid", ""),
        callback=form.get("StatusCallback", ""),
    )


def fresh(message: Message, account_sid: str) -> dict[str, object]:
    """Give the resource as the answer to a new message shows it.

    A messaging service has chosen no sender yet: no From, no count of segments.
    """
    chosen: dict[str, object] = (
        {"status": "accepted", "from": None, "num_segments": "0"}
        if message.order.service_sid
        else {"status": "queued"}
    )
    unsent = {"date_sent": None, "error_code": None}
    return resource(message, account_sid) | unsent | chosen


def resource(message: Message, account_sid: str) -> dict[str, object]:
    """Give the resource as it stands at the end, every published field."""
    order = message.order
    when = format_datetime(message.accepted_at)
    path = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "date_created": when,
        "date_updated": when,
        "date_sent": when,
        "account_sid": account_sid,
        "to": order.to,
        "from": order.sender,
        "messaging_service_sid": order.service_sid or None,
        "body": order.body,
        "status": message.end,
        "num_segments": str(segments(order.body)),
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": API_VERSION,
        "price": None,
        "price_unit": "USD",
        "error_code": message.error_code,
        "error_message": None,
        "uri": f"{path}.json",
        "subresource_uris": {"media": f"{path}/Media.json"},
    }


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A list resource of an account, such as its Messages."""

    account_sid: str
    noun: str

    def page(
        self,
        rows: Sequence[Row],
        show: Callable[[Row, str], dict[str, object]],
        query: Mapping[str, str],
    ) -> dict[str, object]:
        """Give one page, as its query asks: PageSize (1..1000) and Page.

        :raises ValueError: when either is no such number
        """
        size, number = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        if not (1 <= size <= LONGEST_PAGE and number >= 0):
            raise ValueError(query)
        start, end = number * size, (number + 1) * size
        shown = [show(row, self.account_sid) for row in rows[start:end]]
        asked = dict(query) | {"PageSize": str(size)}
        return {
            self.noun.lower(): shown,
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, start + len(shown) - 1),
            "uri": self._uri(asked, number),
            "first_page_uri": self._uri(asked, 0),
            "next_page_uri": self._uri(asked, number + 1) if end < len(rows) else None,
            "previous_page_uri": self._uri(asked, number - 1) if number else None,
        }

    def _uri(self, asked: Mapping[str, str], number: int) -> str:
        query = urlencode(dict(asked) | {"Page": str(number)})
        account = f"/{API_VERSION}/Accounts/{self.account_sid}"
        return f"{account}/{self.noun}.json?{query}"


def since(query: Mapping[str, str], name: str) -> datetime | None:
    """Read the earliest time asked for: a UTC day or an ISO time.

    :raises ValueError: when it is neither
    """
    text = query.get(name)
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def status_fields(message: Message, account_sid: str, status: str) -> dict[str, str]:
    """Give the form of one status callback; ``RawDlrDoneDate`` is YYMMDDhhmm."""
    order = message.order
    fields = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "To": order.to,
        "From": order.sender,
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
    }
    if order.service_sid:
        fields["MessagingServiceSid"] = order.service_sid
    if status == message.end:
        fields["RawDlrDoneDate"] = message.accepted_at.strftime("%y%m%d%H%M")
        if message.error_code is not None:
            fields["ErrorCode"] = str(message.error_code)
    return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A text a person has written to one of the account's numbers.

    :ivar service_sid: the messaging service that number belongs to, empty for none
    """

    sid: str
    sender: str
    to: str
    body: str
    service_sid: str = ""


def no_places(*ends: str) -> dict[str, str]:
    """Say that Twilio knows no place of a number; blank fields are sent, and signed."""
    parts = ("Country", "State", "City", "Zip")
    return {f"{end}{part}": "" for end in ends for part in parts}


def inbound_fields(inbound: Inbound, account_sid: str) -> dict[str, str]:
    """Give the form an inbound text is posted with, blank fields included."""
    fields = {
        "MessageSid": inbound.sid,
        "SmsSid": inbound.sid,
        "SmsMessageSid": inbound.sid,
        "AccountSid": account_sid,
        "From": inbound.sender,
        "To": inbound.to,
        "Body": inbound.body,
        "NumMedia": "0",
        "NumSegments": str(segments(inbound.body)),
        "SmsStatus": "received",
        "ApiVersion": API_VERSION,
    }
    if inbound.service_sid:
        fields["MessagingServiceSid"] = inbound.service_sid
    return no_places("From", "To") | fields


def sign(auth_token: str, url: str, fields: Mapping[str, object]) -> str:
    """Give X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and sorted fields."""
    signature: str = RequestValidator(auth_token).compute_signature(url, fields)
    return signature
