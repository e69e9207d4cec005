"""WeCom in the exchange: an app's cards, group robots, and the members behind them.

Its two faces stand on the exchange's own: the provider's HTTP under /cgi-bin, and the
control of the play under /control/wecom. In memory: nothing outlives the process.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import count
from math import inf
from typing import assert_never

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from channels import http
from dispatcher.sim.diary import Diary
from dispatcher.sim.postman import pause
from dispatcher.sim.timetable import Moment
from dispatcher.sim.wecom_wire import (
    REFUSALS,
    ROBOT_KEY,
    TOKEN_SECONDS,
    Card,
    CardButton,
    Code,
    Member,
    MemberHabit,
    Stamp,
    WecomAccount,
    WecomMode,
    WecomOrder,
    answer,
    envelope,
    press_fields,
    read_message,
    read_notice,
    seal,
    signed,
    text_fields,
    told,
)

Later = Callable[[Callable[[], object], float], object]

CONNECTIONS = httpx.Limits(max_connections=8, max_keepalive_connections=8)
CALLBACK_TIMEOUT = httpx.Timeout(5.0, pool=None)  # WeCom's own limit
RETRY_SECONDS = (0.3, 2.0)  # real time between three tries: WeCom makes no more

WINDOW_SECONDS = 60.0
MEMBER_MOST = 30  # messages of one app to one member in a window: more are dropped
ROBOT_MOST = 20  # messages of one robot in a window: more are refused

HELP = ("求助", "支援", "帮")
RECEIVED = ("收到",)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPress:
    """A button pressed by hand; ``key`` with or without what follows its colon."""

    user: str
    task_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandText:
    """A text written to the app by hand."""

    user: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A card with its member, and the keys he has pressed on it."""

    card: Card
    at: Moment
    pressed: list[str]


class Wecom:
    """One WeCom with one app of ours, any number of members and of robots.

    :ivar courier: brings the app's events to the account's server; to be on duty
    :ivar diary: which members something has happened to
    """

    def __init__(
        self, account: WecomAccount, later: Later, moment: Callable[[], Moment]
    ) -> None:
        self.courier = Courier(account, moment)
        self.diary = Diary()
        self._got: dict[str, list[Got]] = {}
        self._in_hand: set[str] = set()
        self._account = account
        self._later = later
        self._moment = moment
        self._health = _Health()
        self._tokens = _Tokens()
        self._members: dict[str, Member] = {}
        self._cards: list[Card] = []
        self._tasks: set[str] = set()
        self._notices: dict[str, list[str]] = {}
        self._windows = {"member": _Window(MEMBER_MOST), "robot": _Window(ROBOT_MOST)}
        self._numbers = count(1)

    def mount(self, app: FastAPI) -> None:
        """Put both faces on the web."""
        app.add_route("/cgi-bin/gettoken", self.gettoken, ["GET"])
        app.add_route("/cgi-bin/message/send", self.send, ["POST"])
        app.add_route("/cgi-bin/webhook/send", self.notify, ["POST"])
        app.put("/control/wecom", status_code=204)(self.order)
        app.put("/control/wecom/members", status_code=204)(self.install)
        app.get("/control/wecom/cards")(self.cards)
        app.get("/control/wecom/robots")(self.robots)
        app.post("/control/wecom/press", status_code=204)(self.press)
        app.post("/control/wecom/write")(self.write)

    async def gettoken(self, request: Request) -> Response:
        """Give out an access token: GET gettoken?corpid=&corpsecret=."""
        asked = request.query_params
        if asked.get("corpid") != self._account.corp_id:
            return JSONResponse(answer(Code.BAD_CORP))
        if asked.get("corpsecret") != self._account.secret:
            return JSONResponse(answer(Code.BAD_SECRET))
        token = self._tokens.give()
        granted = answer(Code.OK, access_token=token, expires_in=TOKEN_SECONDS)
        return JSONResponse(granted)

    async def send(self, request: Request) -> Response:
        """Take a message to a member: POST message/send?access_token=."""
        code = self._tokens.judge(request.query_params.get("access_token", ""))
        if code is not Code.OK:
            return JSONResponse(answer(code))
        return await self._taken(request, self._accept)

    async def notify(self, request: Request) -> Response:
        """Take a robot's text: POST webhook/send?key=."""
        key = request.query_params.get("key", "")
        if not ROBOT_KEY.fullmatch(key):
            return JSONResponse(answer(Code.BAD_ROBOT))
        return await self._taken(request, partial(self._post_up, key))

    async def order(self, order: WecomOrder) -> None:
        """Misbehave, or be well again."""
        if order.expire_tokens:
            self._tokens.expire()
        if order.mode is not None:
            self._health.order(order.mode, order.for_next)

    async def install(self, members: list[Member]) -> None:
        """Give members their habits; others stay as they are."""
        self._members.update((member.user, member) for member in members)

    async def cards(self) -> list[Card]:
        """Show what members have been sent, oldest first."""
        return self._cards

    @property
    def mode(self) -> WecomMode:
        """How it is now."""
        return self._health.mode

    @property
    def sent(self) -> int:
        """How many cards and texts members have got."""
        return len(self._cards)

    def got(self, user: str) -> list[Got]:
        """Give what a member has got, oldest first."""
        return self._got.get(user, [])

    def in_hand(self, user: str) -> bool:
        """Tell whether somebody acts for a member."""
        return user in self._in_hand

    def take_in_hand(self, user: str, *, held: bool) -> None:
        """Act for a member from now on, or leave him to his habit again."""
        (self._in_hand.add if held else self._in_hand.discard)(user)
        self.diary.note(user)

    async def robots(self) -> dict[str, list[str]]:
        """Show what each robot has said, by its key, oldest first."""
        return self._notices

    async def press(self, press: HandPress) -> None:
        """Press a button for a member; answers when the account's server has it."""
        wanted = (press.user, press.task_id)
        card = next((c for c in self._cards if (c.user, c.task_id) == wanted), None)
        button = card.button(press.key) if card else None
        if card is None or button is None:
            raise HTTPException(404, f"{press.user} has no such card or button")
        await self._handed(self._pressed(card, button))
        self._mark(card, button)

    async def write(self, written: HandText) -> dict[str, str]:
        """Write to the app for a member; answers when the account's server has it."""
        number = secrets.randbits(62)  # no MsgId comes again, in no other play either
        fields = text_fields(self._account, written.text, number)
        await self._handed(Act(user=written.user, fields=fields))
        return {"msg_id": str(number)}

    async def _taken(
        self, request: Request, take: Callable[[bytes], dict[str, object]]
    ) -> Response:
        """Take a message as well as WeCom is."""
        mode = self._health.take()
        if mode is WecomMode.DOWN:
            return Response("<h1>Bad Gateway</h1>", 502, media_type="text/html")
        if mode in REFUSALS:
            return JSONResponse(answer(REFUSALS[mode]))
        try:
            body = await request.body()
        except ClientDisconnect:  # who dies while he speaks has sent nothing
            return JSONResponse(answer(Code.BAD_PARAMETER))
        answered = take(body)
        if mode is WecomMode.HANG:
            await _hang_up(request)
        return JSONResponse(answered)

    def _accept(self, body: bytes) -> dict[str, object]:
        """Show a card to its member, who may press a button on it."""
        card = read_message(body, self._account)
        if isinstance(card, Code):
            return answer(card)
        member = self._member(card.user)
        if member.habit is MemberHabit.GONE:
            return answer(Code.NOBODY, invaliduser=card.user.lower())
        if card.task_id in self._tasks:
            return answer(Code.TAKEN_TASK)
        if card.task_id:
            self._tasks.add(card.task_id)
        # Beyond the limit WeCom drops a message without a word.
        if self._windows["member"].admits(card.user, self._moment().seconds):
            self._cards.append(card)
            got = Got(card=card, at=self._moment(), pressed=[])
            self._got.setdefault(card.user, []).append(got)
            self.diary.note(card.user)
            self._react(member, card)
        sent = {"invaliduser": "", "msgid": f"msg{next(self._numbers)}"}
        return answer(Code.OK, **sent, response_code=secrets.token_hex(8))

    def _post_up(self, key: str, body: bytes) -> dict[str, object]:
        """Put a robot's text into its group."""
        notice = read_notice(body)
        if isinstance(notice, Code):
            return answer(notice)
        if not self._windows["robot"].admits(key, self._moment().seconds):
            return answer(Code.THROTTLED)
        self._notices.setdefault(key, []).append(notice)
        return answer(Code.OK)

    def _react(self, member: Member, card: Card) -> None:
        """Let a member do what his habit is."""
        button = choice(member.habit, card)
        if button:
            press = partial(self._press_by_habit, card, button)
            self._later(press, member.delay_seconds)

    def _press_by_habit(self, card: Card, button: CardButton) -> None:
        """Press a button, unless somebody acts for the member by now."""
        if card.user not in self._in_hand:
            self.courier.set_out(self._pressed(card, button))
            self._mark(card, button)

    def _mark(self, card: Card, button: CardButton) -> None:
        """Show a button as pressed."""
        for got in self.got(card.user):
            if got.card is card:
                got.pressed.append(button.key)
        self.diary.note(card.user)

    def _pressed(self, card: Card, button: CardButton) -> Act:
        response_code = secrets.token_hex(8)
        fields = press_fields(self._account, card, button.key, response_code)
        return Act(user=card.user, fields=fields)

    async def _handed(self, act: Act) -> None:
        if not await self.courier.bring(act):
            url = self._account.callback_url
            raise HTTPException(502, f"{url} did not answer the event with 200")

    def _member(self, user: str) -> Member:
        known = self._members.get(user)
        return known or Member(user=user, habit=MemberHabit.IGNORE)


def choice(habit: MemberHabit, card: Card) -> CardButton | None:
    """Tell which button of a card a member presses, if any."""
    match habit:
        case MemberHabit.ANSWER:
            return _asking(card, RECEIVED) or next(iter(card.buttons), None)
        case MemberHabit.HELP:
            return _asking(card, HELP)
        case MemberHabit.IGNORE | MemberHabit.GONE:
            return None
        case _:
            assert_never(habit)


def _asking(card: Card, words: Iterable[str]) -> CardButton | None:
    """The first button that says one of these words."""
    found = (b for b in card.buttons if any(word in b.text for word in words))
    return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a member did, told to the account as an event."""

    user: str
    fields: Mapping[str, str | int]


class Courier:
    """Brings events to the account's server, sealed and signed, three times at most."""

    def __init__(self, account: WecomAccount, moment: Callable[[], Moment]) -> None:
        self._account = account
        self._moment = moment
        self._http = httpx.AsyncClient(
            limits=CONNECTIONS,
            timeout=CALLBACK_TIMEOUT,
            verify=http.trusted(),
            trust_env=False,
        )
        self._under_way: set[asyncio.Task[bool]] = set()  # one for each act, no more

    def set_out(self, act: Act) -> None:
        """Bring an event without waiting for it."""
        task = asyncio.get_running_loop().create_task(self.bring(act))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def bring(self, act: Act) -> bool:
        """Bring an event, again until it is taken; False when given up."""
        url, body = self._written(act)
        taken = await self._offer(url, body)
        for seconds in RETRY_SECONDS:
            if taken:
                break
            await pause(seconds)
            taken = await self._offer(url, body)
        return taken

    async def settle(self) -> None:
        """Wait until no event is on its way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        """Bring events until the end; what is on its way then is dropped."""
        try:
            yield
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self._http.aclose()

    def _written(self, act: Act) -> tuple[str, str]:
        """The URL and the body of an event; its retries have the same."""
        now = int(self._moment().at.timestamp())
        plain = told(self._account, act.user, now, act.fields)
        sealed = seal(self._account, plain, secrets.token_bytes(16))
        stamp = Stamp(timestamp=now, nonce=str(secrets.randbelow(10**10)))
        query = signed(self._account, stamp, sealed)
        return f"{self._account.callback_url}?{query}", envelope(self._account, sealed)

    async def _offer(self, url: str, body: str) -> bool:
        """Post an event once; anything but a 200 is a refusal, even another 2xx."""
        headers = {"Content-Type": "text/xml"}
        try:
            reply = await self._http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return False  # nobody there, or a host name nobody can have
        return reply.status_code == HTTPStatus.OK


class _Health:
    """How WeCom is, used up message by message."""

    def __init__(self) -> None:
        self._mode = WecomMode.OK
        self._left = inf

    @property
    def mode(self) -> WecomMode:
        return self._mode if self._left > 0 else WecomMode.OK

    def order(self, mode: WecomMode, for_next: int | None) -> None:
        self._mode = mode
        self._left = inf if for_next is None else for_next

    def take(self) -> WecomMode:
        """Tell how this message fares, and count it."""
        if self._left <= 0:
            return WecomMode.OK
        self._left -= 1
        return self._mode


class _Tokens:
    """The access tokens given out; asked again, WeCom gives the same while it holds."""

    def __init__(self) -> None:
        self._good = ""
        self._expired: set[str] = set()

    def give(self) -> str:
        self._good = self._good or secrets.token_urlsafe(32)
        return self._good

    def expire(self) -> None:
        self._expired.add(self._good)
        self._good = ""

    def judge(self, token: str) -> Code:
        if token and token == self._good:
            return Code.OK
        return Code.STALE_TOKEN if token in self._expired else Code.BAD_TOKEN


class _Window:
    """So many of each name in any minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: dict[str, deque[float]] = {}

    def admits(self, name: str, now: float) -> bool:
        """Tell whether there is room for one more, and count it if so."""
        times = self._times.setdefault(name, deque(maxlen=self._most))
        if len(times) == self._most and now - times[0] < WINDOW_SECONDS:
            return False
        times.append(now)
        return True


async def _hang_up(request: Request) -> None:
    """Keep silent until the client has had enough."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
