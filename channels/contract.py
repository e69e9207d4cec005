"""The contract between the dispatcher and every way of reaching a person.

A provider turns an :class:`Outgoing` message into one of three outcomes, and what
the provider calls back into :class:`Receipt` and :class:`Reply` values. Nothing
here knows why a message is sent. Kinds of failure: docs/architecture.md and, per
provider, the code table in its own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol


class Channel(StrEnum):
    """A way of reaching a person, as policies and rosters name it."""

    SMS = "sms"
    VOICE = "voice"
    WECHAT = "wechat"


class FailureKind(StrEnum):
    """Whose failure it is, and so what has to move (rules of calling, section 5)."""

    THROTTLE = "throttle"  # the provider refuses for now: the route's failure
    TRANSIENT = "transient"  # this time only, may succeed later: the route's failure
    PERMANENT_ADDRESS = "permanent_address"  # this number can't be reached here
    PERMANENT_CONTENT = "permanent_content"  # this text or sender is refused
    CONFIG = "config"  # our account or set-up is wrong: somebody must mend it


class Rank(IntEnum):
    """How far a message has come. Only a higher rank is news, whatever the order."""

    ACCEPTED = 1
    QUEUED = 2
    SENDING = 3
    SENT = 4
    FINAL = 5  # delivered, or failed for good
    READ = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a route can carry.

    :ivar two_way: a reply to the message comes back to us
    :ivar links: a URL in the text is allowed
    :ivar receipts: the provider tells what became of an accepted message
    :ivar lookup: the provider can be asked for a message whose outcome is unknown
    :ivar max_chars: longest text taken
    :ivar prefixes: leading digits of the numbers it serves; empty means all
    """

    channel: Channel
    two_way: bool
    links: bool
    receipts: bool
    lookup: bool
    max_chars: int
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message, ready for the wire.

    :ivar id: our own id, 10 characters of base32: it comes back in each callback
    :ivar to: the number, E.164
    :ivar valid_seconds: how long the provider may keep trying
    """

    id: str
    to: str
    text: str
    valid_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has taken the message and answers for it."""

    provider_id: str
    rank: Rank = Rank.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The provider has certainly not sent the message.

    :ivar code: the provider's own code, or the name of the transport error
    :ivar retry_after: seconds the provider asks us to wait, where it says so
    """

    kind: FailureKind
    code: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The request was written, its answer never came: it may have been sent."""

    code: str


Outcome = Accepted | Failed | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a message, told by its provider.

    :ivar message: our own message id, where the callback carries it
    :ivar failure: set when the message did not arrive
    """

    event_key: str
    message: str | None
    provider_id: str
    rank: Rank
    failure: Failed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person wrote back.

    :ivar sender: his number, E.164
    :ivar to: the number he wrote to, with its extension code if it has one
    """

    event_key: str
    sender: str
    to: str
    text: str
    provider_id: str


Callback = Receipt | Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """A callback as it came in, before anything is believed.

    :ivar url: the public URL it was sent to, built from our own settings, with query
    :ivar headers: names in lower case
    :ivar form: every field in the order received, blank ones too
    """

    url: str
    headers: Mapping[str, str]
    form: Sequence[tuple[str, str]]


class Provider(Protocol):
    """One configured account at one provider."""

    name: str
    capabilities: Capabilities

    async def send(self, message: Outgoing) -> Outcome:
        """Put one message on the wire; never raises for the provider's failures."""
        ...

    def verify(self, request: HookRequest) -> bool:
        """Tell whether the callback was sent by the provider."""
        ...

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:
        """Read a verified callback; empty when it tells nothing of use."""
        ...

    async def lookup(self, message: Outgoing, sent_at: datetime) -> Outcome | None:
        """Ask what became of a message; None when the provider never had it."""
        ...

    async def poll(self, provider_id: str) -> Receipt | None:
        """Ask how far an accepted message has come; None when that can't be told."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
