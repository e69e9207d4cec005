"""SMS through Twilio's Messages resource.

Fit for Hong Kong, Macau, Taiwan and abroad. Numbers of the mainland can't answer a
Twilio SMS: serve them by a domestic gateway (docs/channels/twilio_sms.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import httpx
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.contract import (
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
from channels.providers.twilio_account import (
    ACCOUNT_CODES,
    CLOCK_SKEW,
    LOOKUP_MOST,
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
from channels.text import fits

CAPABILITIES = Capabilities(
    channel=Channel.SMS,
    two_way=True,
    links=True,
    receipts=True,
    lookup=True,
    max_chars=1600,
)

CODES: Codes = {
    **ACCOUNT_CODES,
    14107: (FailureKind.THROTTLE, "message rate of the account exceeded"),
    63038: (FailureKind.THROTTLE, "daily cap of the account reached"),
    30001: (FailureKind.TRANSIENT, "queue of the sender is full"),
    30003: (FailureKind.TRANSIENT, "handset off or out of coverage"),
    30008: (FailureKind.TRANSIENT, "carrier gives no reason"),
    30036: (FailureKind.TRANSIENT, "validity ran out before delivery"),
    30410: (FailureKind.TRANSIENT, "carrier did not answer in time"),
    21610: (FailureKind.PERMANENT_ADDRESS, "the person has opted out"),
    21612: (FailureKind.PERMANENT_ADDRESS, "no route from this sender to the number"),
    21614: (FailureKind.PERMANENT_ADDRESS, "not a mobile number"),
    30004: (FailureKind.PERMANENT_ADDRESS, "number blocks messages"),
    30005: (FailureKind.PERMANENT_ADDRESS, "number unknown or out of use"),
    30006: (FailureKind.PERMANENT_ADDRESS, "landline or unreachable carrier"),
    21617: (FailureKind.PERMANENT_CONTENT, "text longer than 1600 characters"),
    30007: (FailureKind.PERMANENT_CONTENT, "text or sender filtered by the carrier"),
    21408: (FailureKind.CONFIG, "SMS: country not enabled for the account"),
    21606: (FailureKind.CONFIG, "sender can't send to this number"),
    21659: (FailureKind.CONFIG, "sender is not a number of the account"),
}

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


class TwilioSms:
    """A :class:`channels.contract.Provider` over one Twilio account."""

    settings_type = TwilioSettings

    def __init__(
        self,
        name: str,
        settings: TwilioSettings,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.name = name
        self.capabilities = CAPABILITIES
        self._settings = settings
        self._account = TwilioAccount(name, settings, http)
        self._messages = self._account.api.messages

    async def send(self, message: Outgoing) -> Outcome:
        """Post one message; a text too long for Twilio is not sent at all."""
        if not fits(message.text, self.capabilities.max_chars):
            return failure(21617, CODES)
        creation = self._messages.create_async(**self._form(message))
        return await posted(creation, _outcome, CODES)

    def verify(self, request: HookRequest) -> bool:
        """Tell whether Twilio signed the callback with one of our tokens."""
        return self._account.verify(request)

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
        found = await listed(
            self._messages.list_async(
                to=message.to, date_sent_after=since, limit=LOOKUP_MOST
            )
        )
        if isinstance(found, Unknown):
            return found
        for each in found:  # newest first
            created = each.date_created
            if each.body == message.text and created and created >= since:
                return _outcome(each)
        return Unknown(code="lookup_too_many") if len(found) == LOOKUP_MOST else None

    async def poll(self, provider_id: str) -> Receipt | None:
        """Fetch the message resource and read it as a status callback."""
        fetching = self._messages(provider_id).fetch_async()
        return await polled(fetching, partial(_as_receipt, provider_id))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._account.aclose()

    def _receipt(self, request: HookRequest, form: Mapping[str, str]) -> Receipt:
        """Read a status callback."""
        sid, status = form["MessageSid"], form["MessageStatus"]
        return Receipt(
            event_key=event_key(request) or f"{sid}:{status}",
            message=self._account.message_of(request.url),
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
            "status_callback": self._account.callback_url("sms/status", message.id),
            "validity_period": max(least, min(message.valid_seconds, most)),
        }


def _reply(request: HookRequest, form: Mapping[str, str]) -> Reply:
    """Read an inbound message."""
    sid = form["MessageSid"]
    return Reply(
        event_key=event_key(request) or sid,
        sender=form.get("From", ""),
        to=form.get("To", ""),
        text=form.get("Body", ""),
        provider_id=sid,
    )


def _outcome(found: MessageInstance) -> Outcome:
    """Read the message resource Twilio shows."""
    rank = RANKS.get(found.status, Rank.ACCEPTED)
    return taken(found.sid, rank, _lost(found.status, found.error_code))


def _as_receipt(provider_id: str, found: MessageInstance) -> Receipt | None:
    """Read the message resource as the callback of its status."""
    if found.status not in RANKS:
        return None
    return Receipt(
        event_key=f"{provider_id}:{found.status}",
        message=None,
        provider_id=provider_id,
        rank=RANKS[found.status],
        failure=_lost(found.status, found.error_code),
    )


def _lost(status: str, error_code: object) -> Failed | None:
    """The failure a status tells of, None where it tells of none."""
    if status not in LOST:
        return None
    code = str(error_code or "")
    if code.isdecimal():
        return failure(int(code), CODES)
    return Failed(kind=FailureKind.TRANSIENT, code=status)
