"""The contract between the dispatcher and every way of reaching a person.

A provider turns an :class:`Outgoing` message into one of three outcomes, and what
the provider calls back into :data:`Callback` values. Nothing here knows why a message
is sent. Kinds of failure: docs/architecture.md and, per provider, the code table in its
own file.
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
    UNREACHED = "unreached"  # it rang, or was busy, and no human pressed a key
    HELD_BACK = "held_back"  # never asked for: our own limit for this number is used up


class Rank(IntEnum):
    """How far a message has come. Only a higher rank is news, whatever the order."""

    ACCEPTED = 1
    QUEUED = 2
    SENDING = 3  # a telephone rings
    SENT = 4  # somebody, or something, has picked up
    FINAL = 5  # delivered, failed for good, or hung up
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


@dataclass(frozen=True, slots=True)
class Button:
    """One button of a card; ``key`` comes back when it is pressed."""

    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message, ready for the wire.

    A call says nothing of its own: its provider asks us what to say once somebody has
    picked up.

    :ivar id: our own id, 10 characters of base32: it comes back in each callback
    :ivar to: the number, E.164, or the account of the person
    :ivar valid_seconds: how long the provider may keep trying
    :ivar title: first line of a card
    :ivar link: page behind a card
    """

    id: str
    to: str
    text: str
    valid_seconds: int
    title: str = ""
    buttons: tuple[Button, ...] = ()
    link: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """Keys pressed on a telephone during a call.

    :ivar message: our own id of the call, None when the person rang us
    :ivar number: the person's number, E.164, whoever rang whom
    :ivar place: where in the conversation they were pressed, see :class:`Prompt`
    """

    event_key: str
    message: str | None
    provider_id: str
    number: str
    place: str
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RangBack:
    """A person has rung one of our numbers."""

    event_key: str
    provider_id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button of a card was pressed.

    :ivar message: our own id of the card
    :ivar account: who pressed it
    :ivar key: the button's
    """

    event_key: str
    message: str
    account: str
    key: str


Callback = Receipt | Reply | Keyed | RangBack | Pressed


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """A callback as it came in, before anything is believed.

    :ivar url: the public URL it was sent to, built from our own settings, with query
    :ivar headers: names in lower case
    :ivar form: every field in the order received, blank ones too
    :ivar body: the whole body where it is no form
    """

    url: str
    headers: Mapping[str, str]
    form: Sequence[tuple[str, str]]
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer:
    """What a callback is answered with."""

    content_type: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Something said in a call, and the keys listened for while it is said.

    :ivar place: where in the conversation it stands, comes back with the keys; empty:
        no key is listened for
    :ivar digits: the most keys of one answer; more than one are ended by # or silence
    :ivar seconds: how long keys are waited for after it
    """

    text: str
    place: str = ""
    digits: int = 1
    seconds: int = 5


Speech = Sequence[Prompt]
"""Prompts one after the other while no key comes; then the call is ended."""


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


class Telephone(Provider, Protocol):
    """A provider that places calls; each message is one call.

    Its callbacks besides: a :class:`Receipt` of rank SENT when somebody picks up, one
    of rank FINAL when the call is over (``failure`` of kind UNREACHED when nobody
    picked up), :class:`Keyed` and :class:`RangBack`.
    """

    async def hang_up(self, provider_id: str) -> None:
        """Stop a call that waits or rings; one that was picked up goes on."""
        ...

    def speak(self, message: str | None, speech: Speech) -> HookAnswer:
        """Write what is to be said next as the provider reads it.

        :param message: our id of the call; None in a call that came from outside
        """
        ...


class CardProvider(Provider, Protocol):
    """A provider whose messages are cards with buttons, and whose callbacks are bodies.

    Its callbacks besides: :class:`Pressed`.
    """

    def greet(self, request: HookRequest) -> str | None:
        """Answer a check of our callback address; None when it is not genuine."""
        ...
