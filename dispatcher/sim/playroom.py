"""What somebody sees and does who plays with the virtual people by hand.

The page asks for what has changed since its cursor, so a county of thousands costs it
no more than what happens there. The figures come with every answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from pydantic import Field

from dispatcher.sim.calls import LiveCall
from dispatcher.sim.crowd import Crowd
from dispatcher.sim.switchboard import (
    ExchangeSettings,
    Line,
    NetworkMode,
    Switchboard,
    Written,
)
from dispatcher.sim.trunk import Trunk, entry
from dispatcher.sim.twilio_calls import Direction, Status
from dispatcher.sim.twilio_wire import Message
from dispatcher.sim.wecom import Got, Wecom
from dispatcher.sim.wecom_wire import CardButton, WecomMode

MOST_PHONES = 500
MOST_ITEMS = 200
PREVIEW = 60  # characters of the last text

Cursor = Annotated[int, Query(ge=0)]


class Kind(StrEnum):
    """What lies on a phone's screen."""

    TEXT = "text"
    REPLY = "reply"
    CALL = "call"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing on a phone's screen.

    :ivar said: of a call, what was heard so far
    :ivar keys: of a call those pressed on the pad, of a card those of its buttons
    :ivar by_us: of a call, whether the account has placed it
    """

    kind: Kind
    id: str
    at: datetime
    text: str = ""
    title: str = ""
    link: str = ""
    status: str = ""
    said: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    by_us: bool = True
    buttons: tuple[CardButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """A phone as the list shows it.

    :ivar number: of a WeCom's member his user id
    :ivar call: ``ringing``, ``in-progress``, or empty
    """

    number: str
    member: bool
    name: str
    at: datetime | None
    last: str
    last_kind: Kind | None
    texts: int
    replies: int
    calls: int
    call: str
    in_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """All that is on one phone, oldest first."""

    line: PhoneLine
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How it goes on the whole."""

    phones: int
    sent: int
    delivered: int
    replies: int
    calls: int
    ringing: int
    talking: int
    cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """What has changed, and how everything stands.

    :ivar cursor: to ask with the next time
    :ivar more: whether to ask again at once
    :ivar wecom: how WeCom is; None: there is none
    """

    cursor: tuple[int, int]
    more: bool
    lines: tuple[PhoneLine, ...]
    figures: Figures
    network: NetworkMode
    wecom: WecomMode | None
    crowd: Crowd
    speed: float
    manual_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whether somebody takes a phone in hand, or puts it down."""

    held: Annotated[bool, Field(strict=True)]


class Playroom:
    """The exchange's people as one who plays with them has them."""

    def __init__(
        self,
        board: Switchboard,
        line: Line,
        trunk: Trunk,
        wecom: Wecom | None,
        settings: ExchangeSettings,
    ) -> None:
        self._board = board
        self._line = line
        self._trunk = trunk
        self._wecom = wecom
        self._settings = settings

    def mount(self, app: FastAPI) -> None:
        """Put the room on the web."""
        app.get("/control/play")(self.playing)
        app.put("/control/crowd", status_code=204)(self.sway)
        app.get("/control/phones/{number}")(self.screen)
        app.put("/control/phones/{number}/hand", status_code=204)(self.hand)
        if self._wecom:
            app.get("/control/wecom/members/{user}")(self.member_screen)
            hand = "/control/wecom/members/{user}/hand"
            app.put(hand, status_code=204)(self.member_hand)

    async def playing(self, phones: Cursor = 0, members: Cursor = 0) -> Playing:
        """Tell what has changed since two cursors, a bounded part at a time."""
        numbers, phones = self._board.diary.since(phones, MOST_PHONES)
        users: list[str] = []
        if self._wecom:
            users, members = self._wecom.diary.since(members, MOST_PHONES)
        return Playing(
            cursor=(phones, members),
            more=MOST_PHONES in {len(numbers), len(users)},
            lines=(*map(self._phone, numbers), *map(self._member, users)),
            figures=self._figures(),
            network=self._line.mode,
            wecom=self._wecom.mode if self._wecom else None,
            crowd=self._board.crowd,
            speed=self._settings.speed,
            manual_time=self._settings.manual_time,
        )

    async def sway(self, crowd: Crowd) -> None:
        """Let so many answer and so many sleep, from the next text or call on."""
        self._board.crowd = crowd

    async def screen(self, number: str) -> Screen:
        """Show all that is on a phone."""
        items = sorted(self._items(number), key=lambda item: item.at)
        return Screen(line=self._phone(number), items=tuple(items[-MOST_ITEMS:]))

    async def hand(self, number: str, hand: Hand) -> None:
        """Take a phone in hand: its person does nothing more by habit."""
        self._board.take_in_hand(number, held=hand.held)
        if hand.held:
            self._trunk.take_in_hand(number)

    async def member_screen(self, user: str) -> Screen:
        """Show all that a member of the WeCom has got."""
        cards = self._there().got(user)[-MOST_ITEMS:]
        return Screen(line=self._member(user), items=tuple(map(_card, cards)))

    async def member_hand(self, user: str, hand: Hand) -> None:
        """Act for a member of the WeCom, or leave him to his habit again."""
        self._there().take_in_hand(user, held=hand.held)

    def _there(self) -> Wecom:
        if self._wecom is None:
            raise HTTPException(404, "there is no WeCom: start with --wecom")
        return self._wecom

    def _items(self, number: str) -> Iterator[Item]:
        yield from map(_text, self._board.received(number))
        yield from map(_reply, self._board.written(number))
        yield from map(_call, self._trunk.calls_with(number))

    def _phone(self, number: str) -> PhoneLine:
        texts = self._board.received(number)
        replies = self._board.written(number)
        calls = self._trunk.calls_with(number)
        ends = (
            *map(_text, texts[-1:]),
            *map(_reply, replies[-1:]),
            *map(_call, calls[-1:]),
        )
        last = max(ends, key=lambda item: item.at, default=None)
        up = self._trunk.of(number, Status.RINGING, Status.IN_PROGRESS)
        return PhoneLine(
            number=number,
            member=False,
            name=self._board.phone(number).name,
            at=last.at if last else None,
            last=last.text[:PREVIEW] if last else "",
            last_kind=last.kind if last else None,
            texts=len(texts),
            replies=len(replies),
            calls=len(calls),
            call=up.call.status if up else "",
            in_hand=self._board.in_hand(number),
        )

    def _member(self, user: str) -> PhoneLine:
        wecom = self._there()
        got = wecom.got(user)
        last = _card(got[-1]) if got else None
        return PhoneLine(
            number=user,
            member=True,
            name="",
            at=last.at if last else None,
            last=(last.title or last.text)[:PREVIEW] if last else "",
            last_kind=last.kind if last else None,
            texts=len(got),
            replies=sum(len(one.pressed) for one in got),
            calls=0,
            call="",
            in_hand=wecom.in_hand(user),
        )

    def _figures(self) -> Figures:
        board, trunk, wecom = self._board, self._trunk, self._wecom
        return Figures(
            phones=len(board.diary) + (len(wecom.diary) if wecom else 0),
            sent=board.accepted,
            delivered=board.delivered,
            replies=board.replies,
            calls=trunk.placed,
            ringing=trunk.up(Status.RINGING),
            talking=trunk.up(Status.IN_PROGRESS),
            cards=wecom.sent if wecom else 0,
        )


def _text(message: Message) -> Item:
    text = message.order.body
    return Item(kind=Kind.TEXT, id=message.sid, at=message.accepted_at, text=text)


def _reply(written: Written) -> Item:
    inbound = written.inbound
    return Item(kind=Kind.REPLY, id=inbound.sid, at=written.at, text=inbound.body)


def _call(live: LiveCall) -> Item:
    call = entry(live)
    return Item(
        kind=Kind.CALL,
        id=call.sid,
        at=live.call.placed.at,
        status=call.status,
        said=call.said,
        keys=call.keys,
        by_us=live.call.direction is Direction.OUT,
    )


def _card(got: Got) -> Item:
    card = got.card
    return Item(
        kind=Kind.CARD,
        id=card.task_id,
        at=got.at.at,
        text=card.text,
        title=card.title,
        link=card.link,
        buttons=card.buttons,
        keys=tuple(got.pressed),
    )
