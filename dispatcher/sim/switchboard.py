"""What the exchange knows: its phones, every message it has taken, its own health."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import inf
from uuid import uuid4

from dispatcher.sim.callee import Ring
from dispatcher.sim.crowd import Crowd, swayed
from dispatcher.sim.diary import Diary
from dispatcher.sim.twilio_wire import Inbound, Message, Order, Refusal
from dispatcher.sim.world import Habit, Phone, Reaction, react

Clock = Callable[[], datetime]

UNREACHABLE = 30005  # unknown destination handset

REFUSED = {
    Habit.INVALID: Refusal(status=400, code=21211, message="Invalid 'To' Phone Number"),
    Habit.LANDLINE: Refusal(
        status=400, code=21614, message="'To' number is not a valid mobile number"
    ),
    Habit.OPTED_OUT: Refusal(
        status=400, code=21610, message="Attempt to send to unsubscribed recipient"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """How an exchange is started.

    :ivar reply_url: where it posts what people write
    :ivar port: 0 takes a free one
    :ivar speed: people's delays are divided by it
    :ivar latency_ms: real time a new message's or call's HTTP answer takes
    :ivar voice_url: where it asks what to say to a caller; empty: nobody gets through
    :ivar manual_time: time stands still but for what the control API moves it
    :ivar wecom: the app of a WeCom as JSON; empty: there is no WeCom
    """

    account_sid: str
    auth_token: str
    reply_url: str
    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 1.0
    latency_ms: float = 0.0
    voice_url: str = ""
    manual_time: bool = False
    wecom: str = ""


class NetworkMode(StrEnum):
    """What is wrong with the exchange or with the line between it and us."""

    OK = "ok"
    THROTTLE = "throttle"  # new messages and calls: 429 with code 20429
    AUTH = "auth"  # new messages and calls: 401 with code 20003
    ERROR500 = "error500"  # new messages and calls: 500 with code 20500
    HANG = "hang"  # taken and carried out, but the HTTP answer never comes
    REFUSE_CALLBACKS = "refuse_callbacks"  # each try to call back fails at the line
    OUT_OF_ORDER = (
        "callbacks_out_of_order"  # a callback comes after the one that follows
    )
    DUPLICATE = "duplicate_callbacks"  # each callback comes twice, same token


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The order to misbehave.

    :ivar for_next: so many messages or calls (refuse_callbacks: tries to call back);
        None means until told otherwise
    """

    mode: NetworkMode
    for_next: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One accepted message.

    :ivar reference: the account's own id, the ``a`` in its StatusCallback
    :ivar status: its end: delivered or undelivered
    """

    sid: str
    to: str
    sender: str
    body: str
    reference: str
    status: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a person has written back, and when."""

    inbound: Inbound
    at: datetime


class Line:
    """The health of the exchange, used up message by message and call by call."""

    def __init__(self) -> None:
        self._mode = NetworkMode.OK
        self._left = inf

    @property
    def mode(self) -> NetworkMode:
        """How it is now."""
        return self._mode if self._left > 0 else NetworkMode.OK

    def order(self, network: Network) -> None:
        """Misbehave from now on as told."""
        self._mode = network.mode
        self._left = inf if network.for_next is None else network.for_next

    def take(self, *, calling_back: bool) -> NetworkMode:
        """Tell how this message, call or try to call back fares, and count it."""
        concerned = calling_back == (self._mode is NetworkMode.REFUSE_CALLBACKS)
        if not concerned or self._left <= 0:
            return NetworkMode.OK
        self._left -= 1
        return self._mode


class Switchboard:
    """Phones and messages, in memory: nothing outlives the process.

    :ivar diary: which phones have changed
    :ivar crowd: how those who are in nobody's hand behave
    :ivar replies: texts written back
    :ivar delivered: texts that have reached a phone
    """

    def __init__(self, clock: Clock) -> None:
        self.diary = Diary()
        self.crowd = Crowd()
        self._clock = clock
        self._in_hand: set[str] = set()
        self._written: dict[str, list[Written]] = {}
        self.replies = 0
        self.delivered = 0
        self._phones: dict[str, Phone] = {}
        self._messages: dict[str, Message] = {}
        self._sent_to: dict[str, list[Message]] = {}

    def install(self, phones: Iterable[Phone]) -> None:
        """Add phones; a number already there gets its new habit."""
        self._phones.update((phone.number, phone) for phone in phones)

    def accept(self, order: Order) -> Message | Refusal:
        """Take an order and carry it out; unknown numbers get it and stay silent."""
        habit = self.phone(order.to).habit
        if habit in REFUSED:
            return REFUSED[habit]
        dead = habit is Habit.DEAD
        message = Message(
            sid=new_sid(),
            order=order,
            accepted_at=self._clock(),
            end="undelivered" if dead else "delivered",
            error_code=UNREACHABLE if dead else None,
        )
        self._messages[message.sid] = message
        self._sent_to.setdefault(order.to, []).append(message)
        self.delivered += not dead
        self.diary.note(order.to)
        return message

    def take_in_hand(self, number: str, *, held: bool) -> None:
        """Speak for a person from now on, or leave him to his habits again."""
        (self._in_hand.add if held else self._in_hand.discard)(number)
        self.diary.note(number)

    def in_hand(self, number: str) -> bool:
        """Tell whether somebody speaks for a person."""
        return number in self._in_hand

    def write_down(self, inbound: Inbound) -> None:
        """Keep what a person writes back."""
        note = Written(inbound=inbound, at=self._clock())
        self._written.setdefault(inbound.sender, []).append(note)
        self.replies += 1
        self.diary.note(inbound.sender)

    def written(self, number: str) -> list[Written]:
        """Give what a person has written back, oldest first."""
        return self._written.get(number, [])

    @property
    def accepted(self) -> int:
        """How many texts have been taken."""
        return len(self._messages)

    def reaction(self, message: Message) -> Reaction | None:
        """Tell what the person called does with a message just accepted."""
        order = message.order
        nth = len(self.received(order.to))
        return react(self.phone(order.to), order.body, nth)

    def find(self, sid: str) -> Message | None:
        """Give a message by its sid."""
        return self._messages.get(sid)

    def listed(self, to: str, since: datetime | None) -> list[Message]:
        """Give messages newest first, to one number unless ``to`` is empty."""
        known = self._sent_to.get(to, ()) if to else tuple(self._messages.values())
        return [
            message
            for message in reversed(known)
            if since is None or message.accepted_at >= since
        ]

    def received(self, number: str) -> list[Message]:
        """Give what has reached a phone, oldest first."""
        sent = self._sent_to.get(number, ())
        return [message for message in sent if message.error_code is None]

    def writer_to(self, number: str) -> str | None:
        """Give the number that has written to a phone last."""
        received = self.received(number)
        return received[-1].order.sender if received else None

    def ledger(self) -> list[LedgerEntry]:
        """Give every accepted message, oldest first."""
        return [entry(message) for message in self._messages.values()]

    def phone(self, number: str) -> Phone:
        """Give the phone of a number as it behaves now; a stranger does nothing."""
        known = self._phones.get(number)
        if known is None:
            return Phone(number=number, habit=Habit.MANUAL)
        if number in self._in_hand:
            return replace(known, habit=Habit.MANUAL, ring=Ring.MANUAL)
        return swayed(known, self.crowd)


def entry(message: Message) -> LedgerEntry:
    """Write a message into the ledger."""
    order = message.order
    return LedgerEntry(
        sid=message.sid,
        to=order.to,
        sender=order.sender,
        body=order.body,
        reference=order.reference,
        status=message.end,
        accepted_at=message.accepted_at,
    )


def new_sid(prefix: str = "SM") -> str:
    """Make a sid: SM for a message or CA for a call, and 32 hexadecimal digits."""
    return f"{prefix}{uuid4().hex}"
