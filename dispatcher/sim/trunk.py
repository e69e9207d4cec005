"""Every call of the exchange: placed by the account, or by the people it has called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from dispatcher.sim.callee import RING_BACK_SECONDS, Ring
from dispatcher.sim.calls import LiveCall, Wires, is_over, was_missed
from dispatcher.sim.switchboard import REFUSED, NetworkMode, Switchboard, new_sid
from dispatcher.sim.timetable import Moment
from dispatcher.sim.twilio_calls import Call, CallOrder, Direction, Status
from dispatcher.sim.twilio_wire import Refusal
from dispatcher.sim.world import Habit


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """One call; times in seconds of the play since its start.

    :ivar reference: the account's own id, the ``a`` in its StatusCallback
    :ivar said: texts in the order heard; those not heard to the end begin with …
    :ivar keys: what was pressed, heeded or not
    :ivar fault: why a document could not be played; empty when all could
    """

    sid: str
    to: str
    sender: str
    reference: str
    status: Status
    direction: Direction
    placed_at: float
    picked_up_at: float | None
    ended_at: float | None
    said: tuple[str, ...]
    keys: tuple[str, ...]
    fault: str


class Trunk:
    """Calls, in memory: nothing outlives the process."""

    def __init__(self, board: Switchboard, wires: Wires, voice_url: str) -> None:
        self._board = board
        self._wires = wires
        self._voice_url = voice_url
        self._calls: dict[str, LiveCall] = {}
        self._of: dict[str, list[LiveCall]] = {}  # by person, oldest first
        self._up: dict[str, LiveCall] = {}

    def place(self, order: CallOrder, mode: NetworkMode) -> Call | Refusal:
        """Call somebody for the account."""
        if self._board.phone(order.to).habit is Habit.INVALID:
            return REFUSED[Habit.INVALID]
        live = self._new(order, Direction.OUT, mode)
        live.dial()
        return live.call

    def ring(self, number: str, to: str) -> Call:
        """Let a person call the account; without a voice URL the call fails."""
        order = CallOrder(to=to, sender=number, url=self._voice_url)
        live = self._new(order, Direction.IN, NetworkMode.OK)
        if self._voice_url:
            live.arrive()
        else:
            live.end(Status.FAILED)
        return live.call

    def find(self, sid: str) -> Call | None:
        """Give a call by its sid."""
        live = self._calls.get(sid)
        return live.call if live else None

    def listed(self, to: str, since: datetime | None) -> list[Call]:
        """Give calls newest first, to one number unless ``to`` is empty."""
        newest_first = (live.call for live in reversed(self._calls.values()))
        return [
            call
            for call in newest_first
            if to in {"", call.order.to} and (since is None or call.placed.at >= since)
        ]

    def finish(self, sid: str, status: Status) -> Call | None:
        """End a call for the account; None where there is none of this sid.

        What is canceled ends only while it rings; what is over stays as it is.
        """
        live = self._calls.get(sid)
        if live is None:
            return None
        if live.call.status is Status.RINGING:
            live.end(Status.CANCELED)
        elif not is_over(live.call) and status is Status.COMPLETED:
            live.end(Status.COMPLETED)
        return live.call

    def of(self, number: str, *statuses: Status) -> LiveCall | None:
        """Give a person's newest call in one of some statuses, if there is one."""
        for live in reversed(self.calls_with(number)):
            if live.call.status in statuses:
                return live
        return None

    def calls_with(self, number: str) -> list[LiveCall]:
        """Give a person's calls, oldest first."""
        return self._of.get(number, [])

    def take_in_hand(self, number: str) -> None:
        """Let a person do nothing more by himself in the calls that are up."""
        for live in self._up.values():
            if live.call.person == number:
                live.take_in_hand()

    def up(self, status: Status) -> int:
        """How many calls are in a state that is not their last."""
        return sum(live.call.status is status for live in self._up.values())

    @property
    def placed(self) -> int:
        """How many calls there have been."""
        return len(self._calls)

    def caller_of(self, number: str) -> str | None:
        """Give the number of the account that called a person last."""
        live = self.of(number, *Status)
        return live.call.account_number if live else None

    def entries(self) -> list[CallEntry]:
        """Give every call, oldest first."""
        return [entry(live) for live in self._calls.values()]

    def _new(
        self, order: CallOrder, direction: Direction, mode: NetworkMode
    ) -> LiveCall:
        call = Call(
            sid=new_sid("CA"),
            order=order,
            direction=direction,
            placed=self._wires.timetable.moment(),
        )
        phone = self._board.phone(call.person)
        live = LiveCall(call, phone, self._wires, mode, self._ended)
        self._calls[call.sid] = self._up[call.sid] = live
        self._of.setdefault(call.person, []).append(live)
        return live

    def _ended(self, live: LiveCall) -> None:
        self._up.pop(live.call.sid, None)
        if was_missed(live.call) and live.phone.ring is Ring.RING_BACK:
            ring_back = partial(self._ring_back, live.call)
            self._wires.timetable.later(ring_back, RING_BACK_SECONDS)

    def _ring_back(self, missed: Call) -> None:
        """Call back, unless he talks or sleeps now, or somebody speaks for him."""
        person = missed.person
        busy = self.of(person, Status.IN_PROGRESS) or self._board.in_hand(person)
        if not busy and self._board.phone(person).ring is Ring.RING_BACK:
            self.ring(person, missed.account_number)


def entry(live: LiveCall) -> CallEntry:
    """Write down a call as far as it has come."""
    call, order = live.call, live.call.order
    return CallEntry(
        sid=call.sid,
        to=order.to,
        sender=order.sender,
        reference=call.reference,
        status=call.status,
        direction=call.direction,
        placed_at=call.placed.seconds,
        picked_up_at=_seconds(call.picked_up),
        ended_at=_seconds(call.ended),
        said=tuple(live.conversation.said),
        keys=tuple(live.conversation.keys),
        fault=live.conversation.fault,
    )


def _seconds(moment: Moment | None) -> float | None:
    return None if moment is None else moment.seconds
