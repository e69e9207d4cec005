"""Twilio's Calls on the wire: forms in, resources and callbacks out.

Sources: Twilio's published OpenAPI description (twilio_api_v2010), its pages on the
call resource, on status callbacks and on requests for TwiML, and its error dictionary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from enum import StrEnum
from urllib.parse import parse_qs

from dispatcher.sim.timetable import Moment
from dispatcher.sim.twilio_wire import (
    API_VERSION,
    E164,
    Checks,
    Refusal,
    bad_url,
    first_refusal,
    no_places,
    read_form,
    reference,
    refuse,
)

DEFAULT_TIMEOUT, LONGEST_TIMEOUT = 60, 600  # seconds it rings
DEFAULT_LIMIT, LONGEST_LIMIT = 14_400, 86_400  # seconds a call lasts
LONGEST_TWIML = 4_000  # characters of a document given with the call
METHODS = ("POST", "GET")
MINUTE = 60

SUBRESOURCES = (
    *("events", "notifications", "payments", "recordings", "siprec", "streams"),
    *("transcriptions", "user_defined_message_subscriptions", "user_defined_messages"),
)


class Event(StrEnum):
    """What the account can be told of; the last is the end, whichever it is."""

    INITIATED = "initiated"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"


class Status(StrEnum):
    """What has become of a call."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


class Direction(StrEnum):
    """Who called whom."""

    OUT = "outbound-api"
    IN = "inbound"


# What the last network on the way says of each end (RFC 3261, section 21).
SIP_CODES: Mapping[Status, int] = {
    Status.COMPLETED: 200,
    Status.BUSY: 486,
    Status.FAILED: 404,
    Status.NO_ANSWER: 487,
    Status.CANCELED: 487,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """A call as the account asked for it, or as a person has placed it.

    :ivar url: where what is to be said is asked for; empty when ``twiml`` is given
    :ivar callback: URL for status callbacks; empty when none is wanted
    :ivar timeout_seconds: how long it rings
    :ivar limit_seconds: how long it lasts at most
    """

    to: str
    sender: str
    url: str
    method: str = "POST"
    twiml: str = ""
    callback: str = ""
    callback_method: str = "POST"
    events: frozenset[Event] = frozenset()
    timeout_seconds: int = DEFAULT_TIMEOUT
    limit_seconds: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as far as it has come."""

    sid: str
    order: CallOrder
    direction: Direction
    placed: Moment
    status: Status = Status.QUEUED
    picked_up: Moment | None = None
    ended: Moment | None = None

    @property
    def reference(self) -> str:
        """The account's own id of the call: ``a`` in the callback's query."""
        return reference(self.order.callback)

    @property
    def person(self) -> str:
        """The number that is not the account's."""
        order = self.order
        return order.to if self.direction is Direction.OUT else order.sender

    @property
    def account_number(self) -> str:
        """The number that is the account's."""
        order = self.order
        return order.sender if self.direction is Direction.OUT else order.to

    @property
    def duration(self) -> int:
        """How many seconds were spoken; 0 before the end."""
        if self.picked_up is None or self.ended is None:
            return 0
        return round(self.ended.seconds - self.picked_up.seconds)


def _bad_count(text: str, most: int) -> bool:
    return not (text.isdecimal() and 1 <= int(text) <= most)


CHECKS: Checks = (
    (lambda form: not form.get("To"), refuse(21201, "No 'To' number is specified.")),
    (
        lambda form: not E164.fullmatch(form["To"]),
        refuse(21211, "Invalid 'To' Phone Number"),
    ),
    (
        lambda form: not form.get("From"),
        refuse(21213, "'From' phone number is required."),
    ),
    (
        lambda form: not E164.fullmatch(form["From"]),
        refuse(21212, "Invalid 'From' Phone Number"),
    ),
    (
        lambda form: not (form.get("Url") or form.get("Twiml")),
        refuse(21205, "Either Url or Twiml is required."),
    ),
    (lambda form: bad_url(form.get("Url", "")), refuse(21205, "Invalid Url.")),
    (
        lambda form: len(form.get("Twiml", "")) > LONGEST_TWIML,
        refuse(20001, "Twiml exceeds the 4000 character limit."),
    ),
    (
        lambda form: bad_url(form.get("StatusCallback", "")),
        refuse(21609, "The StatusCallback URL is not a valid URL."),
    ),
    (
        lambda form: form.get("Method", "POST") not in METHODS,
        refuse(20001, "Invalid Method."),
    ),
    (
        lambda form: form.get("StatusCallbackMethod", "POST") not in METHODS,
        refuse(20001, "Invalid StatusCallbackMethod."),
    ),
    (
        lambda form: _bad_count(form.get("Timeout", "1"), LONGEST_TIMEOUT),
        refuse(20001, "Invalid Timeout."),
    ),
    (
        lambda form: _bad_count(form.get("TimeLimit", "1"), LONGEST_LIMIT),
        refuse(20001, "Invalid TimeLimit."),
    ),
)
UNKNOWN_EVENT = refuse(21626, "Invalid StatusCallbackEvent.")


def read_call_order(raw: bytes) -> CallOrder | Refusal:
    """Read the form of a new call, or tell the first thing wrong with it."""
    form = read_form(raw)
    refusal = first_refusal(form, CHECKS)
    if refusal:
        return refusal
    named = parse_qs(raw.decode(errors="replace")).get("StatusCallbackEvent", ())
    if not set(named) <= set(Event):
        return UNKNOWN_EVENT
    url = form.get("Url", "")
    return CallOrder(
        to=form["To"],
        sender=form["From"],
        url=url,
        method=form.get("Method", "POST"),
        twiml="" if url else form["Twiml"],
        callback=form.get("StatusCallback", ""),
        callback_method=form.get("StatusCallbackMethod", "POST"),
        events=_events(named),
        timeout_seconds=int(form.get("Timeout", DEFAULT_TIMEOUT)),
        limit_seconds=int(form.get("TimeLimit", DEFAULT_LIMIT)),
    )


def _events(named: Iterable[str]) -> frozenset[Event]:
    """Who names none is told of the end alone."""
    return frozenset(map(Event, named)) or frozenset({Event.COMPLETED})


def read_end(raw: bytes) -> Status | Refusal:
    """Read the form that ends a call; this exchange redirects none."""
    status = read_form(raw).get("Status")
    if status not in {Status.CANCELED, Status.COMPLETED}:
        return refuse(20001, "Invalid Status.")
    return Status(status)


def fresh_call(call: Call, account_sid: str) -> dict[str, object]:
    """Give the resource as the answer to a new call shows it."""
    unstarted = {"status": Status.QUEUED, "start_time": None, "end_time": None}
    return call_resource(call, account_sid) | unstarted | {"duration": None}


def call_resource(call: Call, account_sid: str) -> dict[str, object]:
    """Give the resource as it stands, every published field."""
    order, ended = call.order, call.ended
    last = ended or call.picked_up or call.placed
    path = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "date_created": format_datetime(call.placed.at),
        "date_updated": format_datetime(last.at),
        "parent_call_sid": None,
        "account_sid": account_sid,
        "to": order.to,
        "to_formatted": order.to,
        "from": order.sender,
        "from_formatted": order.sender,
        "phone_number_sid": None,
        "status": call.status,
        "start_time": format_datetime(call.placed.at),
        "end_time": format_datetime(ended.at) if ended else None,
        "duration": str(call.duration) if ended else None,
        "price": None,
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{path}.json",
        "subresource_uris": {
            name: f"{path}/{name.title().replace('_', '')}.json"
            for name in SUBRESOURCES
        },
    }


def voice_fields(call: Call, account_sid: str, status: str) -> dict[str, str]:
    """Give the form every question about a call carries, blank fields included."""
    order = call.order
    return no_places("From", "To", "Caller", "Called") | {
        "CallSid": call.sid,
        "AccountSid": account_sid,
        "From": order.sender,
        "To": order.to,
        "Caller": order.sender,
        "Called": order.to,
        "CallStatus": status,
        "Direction": call.direction,
        "ApiVersion": API_VERSION,
    }


def event_fields(
    call: Call, account_sid: str, event: Event, moment: Moment
) -> dict[str, str]:
    """Give the form of a status callback, but for its SequenceNumber."""
    fields = voice_fields(call, account_sid, _told(call, event)) | {
        "CallbackSource": "call-progress-events",
        "Timestamp": format_datetime(moment.at),
    }
    if event is Event.COMPLETED:
        fields["SipResponseCode"] = str(SIP_CODES[call.status])
        fields["CallDuration"] = str(call.duration)
        fields["Duration"] = str(math.ceil(call.duration / MINUTE))  # as it is charged
    return fields


def _told(call: Call, event: Event) -> str:
    """Name a status as callbacks do: "initiated" is one for them alone."""
    return event if event is Event.INITIATED else call.status
