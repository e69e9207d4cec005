"""One call's life, from the order to its end, and what the account is told of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from dispatcher.sim.callee import (
    EARLY_SECONDS,
    HANG_UP_SECONDS,
    Ring,
    listener_of,
    pick_up_seconds,
)
from dispatcher.sim.conversation import Conversation, Wanted
from dispatcher.sim.diary import Diary
from dispatcher.sim.postman import Errand, Letter, Postman, Taken, write
from dispatcher.sim.switchboard import NetworkMode
from dispatcher.sim.timetable import Action, Ticket, Timetable
from dispatcher.sim.twilio_calls import (
    Call,
    Direction,
    Event,
    Status,
    event_fields,
    voice_fields,
)
from dispatcher.sim.world import Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """What every call needs of the exchange."""

    account_sid: str
    timetable: Timetable
    postman: Postman
    diary: Diary


class Herald:
    """Tells the account what becomes of one call, each event after the one before."""

    def __init__(self, wires: Wires, mode: NetworkMode) -> None:
        self._wires = wires
        self._mode = mode
        self._sequence = itertools.count()
        self._overtaken: Letter | None = None
        self._waiting: list[Letter] = []
        self._telling = False

    def tell(self, call: Call, event: Event) -> None:
        """Tell of an event, if the account wants to hear of its kind."""
        if call.order.callback and event in call.order.events:
            letter = self._letter(call, event)
            self._waiting += self._misplaced(letter, last=event is Event.COMPLETED)
            self._send()

    def _letter(self, call: Call, event: Event) -> Letter:
        wires, order = self._wires, call.order
        moment = wires.timetable.moment()
        fields = event_fields(call, wires.account_sid, event, moment)
        fields["SequenceNumber"] = str(next(self._sequence))
        return write(order.callback, fields, order.callback_method)

    def _misplaced(self, letter: Letter, *, last: bool) -> tuple[Letter, ...]:
        """Let one letter overtake another, or send it twice, as the network does."""
        overtaken = self._overtaken
        match self._mode:
            case NetworkMode.OUT_OF_ORDER if overtaken:
                self._overtaken = None
                return (letter, overtaken)
            case NetworkMode.OUT_OF_ORDER if not last:
                self._overtaken = letter
                return ()
            case NetworkMode.DUPLICATE:
                return (letter, letter)
            case _:
                return (letter,)

    def _send(self) -> None:
        if self._waiting and not self._telling:
            self._telling = True
            errand = Errand(letters=tuple(self._waiting), after=self._told)
            self._waiting.clear()
            self._wires.postman.submit_soon(errand)

    def _told(self) -> None:
        self._telling = False
        self._send()


class LiveCall:
    """A call that goes on, or went on.

    :ivar call: as far as it has come
    :ivar conversation: what is said and pressed in it
    """

    def __init__(
        self,
        call: Call,
        phone: Phone,
        wires: Wires,
        mode: NetworkMode,
        ended: Callable[[LiveCall], None],
    ) -> None:
        self.call = call
        self.phone = phone
        self._wires = wires
        self._herald = Herald(wires, mode)
        self._ended = ended
        self._tickets: list[Ticket] = []
        self.conversation = Conversation(
            wires.timetable,
            listener_of(phone.ring),
            self._ask,
            partial(self.end, Status.COMPLETED),
        )

    def dial(self) -> None:
        """Let the person's telephone ring, if it can."""
        self._herald.tell(self.call, Event.INITIATED)
        match self.phone.ring:
            case Ring.DEAD:
                self.end(Status.FAILED)
            case Ring.BUSY:
                self.end(Status.BUSY)
            case _:
                self._ring()

    def arrive(self) -> None:
        """Let the account pick up a call that a person has placed."""
        self._become(replace(self.call, status=Status.RINGING))
        self._ask_first()
        self._lift()

    def pick_up(self) -> None:
        """Let the person pick up while it rings."""
        self._forget()
        self._lift()
        self._herald.tell(self.call, Event.ANSWERED)
        self._ask_first()

    def hang_up(self) -> None:
        """Let the person end the call; one that rings is turned away."""
        ringing = self.call.status is Status.RINGING
        self.end(Status.BUSY if ringing else Status.COMPLETED)

    def take_in_hand(self) -> None:
        """Let the person do nothing more in this call by himself."""
        self.phone = replace(self.phone, ring=Ring.MANUAL)
        self.conversation.let_go()

    def end(self, status: Status) -> None:
        """End the call; whatever it still had to do is left undone."""
        self._forget()
        self.conversation.stop()
        moment = self._wires.timetable.moment()
        self._become(replace(self.call, status=status, ended=moment))
        self._herald.tell(self.call, Event.COMPLETED)
        self._ended(self)

    def _ring(self) -> None:
        self._become(replace(self.call, status=Status.RINGING))
        self._herald.tell(self.call, Event.RINGING)
        given_up = partial(self.end, Status.NO_ANSWER)
        self._later(given_up, self.call.order.timeout_seconds)
        seconds = pick_up_seconds(self.phone.ring, self.phone.ring_delay_seconds)
        if seconds is not None:
            self._by_habit(self.pick_up, seconds)

    def _lift(self) -> None:
        moment = self._wires.timetable.moment()
        talking = replace(self.call, status=Status.IN_PROGRESS, picked_up=moment)
        self._become(talking)
        too_long = partial(self.end, Status.COMPLETED)
        self._later(too_long, self.call.order.limit_seconds)
        if self.phone.ring is Ring.HANG_UP:
            self._by_habit(self.hang_up, HANG_UP_SECONDS)
        if self.phone.ring is Ring.EARLY:
            self._by_habit(self.conversation.press_early, EARLY_SECONDS)

    def _ask_first(self) -> None:
        order = self.call.order
        if order.url:
            self._ask(Wanted(url=order.url, method=order.method))
        else:
            self.conversation.play("", order.twiml)

    def _ask(self, wanted: Wanted) -> None:
        """Ask the account what to say next."""
        call = self.call
        fields = voice_fields(call, self._wires.account_sid, call.status)
        if wanted.digits is not None:
            fields["Digits"] = wanted.digits
        letter = write(wanted.url, fields, wanted.method)
        self._wires.postman.ask(letter, partial(self._go_on, wanted.url))

    def _go_on(self, url: str, taken: Taken | None) -> None:
        if self.call.status is not Status.IN_PROGRESS:
            return  # over while the account was thinking
        if taken is None:
            self.conversation.fail("TwiML: no answer, or none of 2xx")
        else:
            self.conversation.play(url, taken.body)

    def _become(self, call: Call) -> None:
        """Go on to the next state, and let who watches know."""
        self.call = call
        self._wires.diary.note(call.person)

    def _by_habit(self, action: Action, seconds: float) -> None:
        """Do something later, unless the phone is in somebody's hand by then."""
        self._later(partial(self._unless_in_hand, action), seconds)

    def _unless_in_hand(self, action: Action) -> None:
        if self.phone.ring is not Ring.MANUAL:
            action()

    def _later(self, action: Action, seconds: float) -> None:
        self._tickets.append(self._wires.timetable.later(action, seconds))

    def _forget(self) -> None:
        for ticket in self._tickets:
            self._wires.timetable.cancel(ticket)
        self._tickets.clear()


def is_over(call: Call) -> bool:
    """Tell whether a call has ended."""
    return call.ended is not None


def was_missed(call: Call) -> bool:
    """Tell whether the person has a missed call of ours on his telephone."""
    return call.direction is Direction.OUT and call.status is Status.NO_ANSWER
