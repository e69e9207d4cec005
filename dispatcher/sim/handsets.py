"""Virtual telephones as somebody sees them who holds them in his hand.

A telephone taken in hand does nothing by itself any more; what is done with it goes the
way of every person's: the account's own webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from pydantic import Field

from dispatcher.sim.callee import Ring
from dispatcher.sim.calls import LiveCall
from dispatcher.sim.switchboard import Line, NetworkMode, Said, Switchboard
from dispatcher.sim.trunk import CallEntry, Trunk
from dispatcher.sim.twilio_calls import Status
from dispatcher.sim.world import Habit, Phone, populate

SHOWN_MOST = 200
SHOWN_USUAL = 40
CROWD_SEED = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """A telephone as it lies on the table.

    :ivar last: what was written to it, or by it, last; empty: it only rang
    :ivar call: of a call that rings or goes on
    """

    number: str
    in_hand: bool
    last: str
    at: datetime | None
    call: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that has got something, the newest first.

    :ivar phones: how many there are in all, whoever got something or not
    :ivar more: how many are not shown
    """

    handsets: tuple[Handset, ...]
    more: int
    phones: int
    texts: int
    replies: int
    ringing: int
    talking: int
    network: NetworkMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A telephone looked at closely.

    :ivar call: the newest one
    """

    number: str
    in_hand: bool
    said: tuple[Said, ...]
    call: CallEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whether somebody holds it."""

    taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How people behave from now on, in shares of a hundred; the rest is silent."""

    answer: Annotated[int, Field(ge=0, le=100)]
    dead: Annotated[int, Field(ge=0, le=100)]


class Handsets:
    """The telephones of an exchange, for a page that shows them."""

    def __init__(self, board: Switchboard, trunk: Trunk, line: Line) -> None:
        self._board = board
        self._trunk = trunk
        self._line = line
        self._before: dict[str, Phone] = {}  # what those in hand were like

    def mount(self, app: FastAPI) -> None:
        """Put them on the web."""
        app.get("/control/handsets")(self.overview)
        app.get("/control/handsets/{number}")(self.show)
        app.put("/control/handsets/{number}/hand", status_code=204)(self.take)
        app.put("/control/crowd", status_code=204)(self.crowd)

    async def overview(
        self,
        q: str = "",
        limit: Annotated[int, Query(ge=1, le=SHOWN_MOST)] = SHOWN_USUAL,
    ) -> Overview:
        """Show those whose number holds ``q``, and what all have had."""
        calls = self._trunk.going_on()
        found = [number for number in self._board.touched() if q in number]
        state = [call.call.status for call in calls.values()]
        return Overview(
            handsets=tuple(self._handset(number, calls) for number in found[:limit]),
            more=max(0, len(found) - limit),
            phones=len(self._board.numbers()),
            texts=self._board.texts,
            replies=self._board.replies,
            ringing=state.count(Status.RINGING),
            talking=state.count(Status.IN_PROGRESS),
            network=self._line.mode,
        )

    async def show(self, number: str) -> Held:
        """Show one telephone."""
        return Held(
            number=number,
            in_hand=number in self._before,
            said=tuple(self._board.said(number)),
            call=self._trunk.newest(number),
        )

    async def take(self, number: str, hand: Hand) -> None:
        """Take a telephone in hand, or put it back to who it belongs to."""
        if not hand.taken:
            if before := self._before.pop(number, None):
                self._board.install([before])
            return
        phone = self._board.phone(number)
        self._before.setdefault(number, phone)
        mine = replace(phone, habit=Habit.MANUAL, ring=Ring.MANUAL)
        self._board.install([mine])
        self._trunk.hold(mine)

    async def crowd(self, crowd: Crowd) -> None:
        """Let everybody whose telephone nobody holds behave anew.

        :raises HTTPException: when the shares are more than all
        """
        silent = 100 - crowd.answer - crowd.dead
        if silent < 0:
            raise HTTPException(422, "answer and dead are more than a hundred")
        habits = {Habit.ANSWER: crowd.answer, Habit.DEAD: crowd.dead}
        rings = {Ring.ANSWER: crowd.answer, Ring.DEAD: crowd.dead}
        free = [one for one in self._board.numbers() if one not in self._before]
        people = populate(
            free,
            CROWD_SEED,
            habits | {Habit.IGNORE: silent},
            rings | {Ring.RING_OUT: silent},
        )
        self._board.install(people)

    def _handset(self, number: str, calls: dict[str, LiveCall]) -> Handset:
        said = self._board.said(number)
        live = calls.get(number)
        return Handset(
            number=number,
            in_hand=number in self._before,
            last=said[-1].text if said else "",
            at=said[-1].at if said else None,
            call=live.call.status if live else None,
        )
