"""A play for calls: time is moved by hand, the account's server keeps to a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from dispatcher.sim.callee import Ring
from dispatcher.sim.control import ExchangeClient
from dispatcher.sim.trunk import CallEntry
from dispatcher.sim.world import Habit, Phone
from tests.sim.play import ACCOUNT, SENDER, Answered, Inbox, Posted, Script, twiml

CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
PLACES = {
    f"{end}{part}": ""
    for end in ("From", "To", "Caller", "Called")
    for part in ("Country", "State", "City", "Zip")
}
EVENTS = ["initiated", "ringing", "answered", "completed"]

OPENING = (
    "我是澄溪县应急指挥部,现在是真实的预警,不是演练,请您一定要听完以下内容。" + "。" * 8
)
TEXT = "暴雨红色预警" * 15
THANKS = "收到,谢谢。"
OPENING_SECONDS, TEXT_SECONDS = 10, 20
APOLOGY = "We are sorry, an application error has occurred. Goodbye."


def one(sid: str) -> str:
    """The address of one call."""
    return CALLS.replace(".json", f"/{sid}.json")


def gather(place: str, text: str, digits: str = 'numDigits="1"') -> str:
    """Say something and listen, a second longer than it takes."""
    action = f'action="keys?p={place}" timeout="1"'
    return f"<Gather {action} {digits}><Say>{text}</Say></Gather>"


FLOW = gather("opening", OPENING) + gather("text", TEXT) + gather("text", TEXT)
NUMBER = gather("number", "请输入转移人数,按井号键结束。", 'numDigits="5"')


def flow(posted: Posted) -> Answered:
    """Converse as the rules of calling say: too early replays, 2 asks for a number."""
    place = posted.path.partition("p=")[2]
    if place == "opening" or posted.form.get("Digits") == "9":
        return twiml(FLOW)(posted)
    if posted.form.get("Digits") == "2":
        return twiml(NUMBER)(posted)
    return twiml(f"<Say>{THANKS}</Say>")(posted)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlay:
    """An exchange, its account's server and client; seconds count from ``began``."""

    inbox: Inbox
    exchange: ExchangeClient
    account: httpx.AsyncClient
    began: float

    def says(self, page: str, script: Script | str) -> None:
        """Let the account's server answer a page with a document, or as told."""
        self.inbox.script[page] = twiml(script) if isinstance(script, str) else script

    async def call(self, to: str, **form: Any) -> httpx.Response:
        """Call somebody."""
        defaults = {
            "To": to,
            "From": SENDER,
            "Url": f"{self.inbox.url}/answer?a=ABCDEFGH23",
            "StatusCallback": f"{self.inbox.url}/status?a=ABCDEFGH23&k=x",
            "StatusCallbackEvent": EVENTS,
            "Timeout": "30",
        }
        filled = {key: value for key, value in (defaults | form).items() if value}
        return await self.account.post(CALLS, data=filled)

    async def person(
        self, to: str, ring: Ring, delay_seconds: float = 4, habit: Habit = Habit.MANUAL
    ) -> None:
        """Put somebody behind a number."""
        phone = Phone(
            number=to, habit=habit, ring=ring, ring_delay_seconds=delay_seconds
        )
        await self.exchange.phones([phone])

    async def until(self, seconds: float) -> None:
        """Go on to so many seconds after the play's beginning."""
        await self.exchange.move_time(self.began + seconds)

    async def answered(self, to: str, script: Script | str) -> None:
        """Call somebody who picks up at once and is told this."""
        self.says("/answer", script)
        await self.person(to, Ring.MANUAL)
        await self.call(to)
        await self.exchange.pick_up(to)
        await self.exchange.settle()

    async def entries(self, number: str) -> list[CallEntry]:
        """Every call from or to a number."""
        everything = await self.exchange.calls()
        return [entry for entry in everything if number in {entry.to, entry.sender}]

    async def entry(self, number: str) -> CallEntry:
        """The newest call of a number."""
        return (await self.entries(number))[-1]

    def since(self, moment: float | None) -> float:
        """Seconds from the play's beginning."""
        assert moment is not None
        return round(moment - self.began, 3)

    def told(self) -> list[str]:
        """Statuses told in callbacks, in the order told."""
        return [posted.form["CallStatus"] for posted in self.at("/status")]

    def at(self, page: str) -> list[Posted]:
        """What came to a page."""
        return [posted for posted in self.inbox.posted if posted.page == page]

    def digits(self) -> list[tuple[str, str]]:
        """Keys told: where they were pressed, and which."""
        keyed = (posted for posted in self.inbox.posted if "Digits" in posted.form)
        return [(posted.path, posted.form["Digits"]) for posted in keyed]
