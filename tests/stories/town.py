"""A small town for stories: real server, real exchange process, a clock moved by hand.

Everything goes over HTTP: the warning comes in through the API, texts leave for the
exchange, receipts and replies come back signed through the hooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import uvicorn

from config.settings import Security, Server, Settings, Store, TextSettings
from contacts.importers.merge import merge
from contacts.importers.roster_file import read_roster
from dispatcher.api.app import create_app
from dispatcher.engine.clock import Clock, ManualClock
from dispatcher.engine.runtime import Runtime, running
from dispatcher.sim.callee import Ring
from dispatcher.sim.control import ExchangeClient
from dispatcher.sim.trunk import CallEntry
from dispatcher.sim.world import Habit, Phone
from dispatcher.store import callouts, keys, outbox, people

START = datetime(2026, 7, 12, 4, 1, tzinfo=timezone(timedelta(hours=8)))
ACCOUNT, TOKEN = "AC" + "a" * 32, "t" * 32
COUNTY, TOWNSHIP, VILLAGE = "990421", "990421100", "990421100200"
OURS = "+9990001000"
KEY = "story-key"
# What follows the name of somebody where it stands for another way to reach him.
SPARE_OF, ACCOUNT_OF = "_spare", "_wecom"
SCOPES = (
    "alerts:write",
    "alerts:drill",
    "alerts:cancel",
    "alerts:read",
    "alerts:approve",
    "callouts:write",
    "people:read",
    "records:read",
)

POSTS = {
    "lead": "网格长",
    "backup": "B角",
    "head": "村负责人",
    "village_duty": "村值班",
    "township_duty": "乡镇值班",
    "township_leader": "乡镇主要负责人",
    "county_duty": "县值班",
    "county_leader": "县带班领导",
}
ABOVE = tuple(POSTS)[2:]
COLUMNS = (
    *("区划代码", "县(区)", "乡镇", "村(社区)", "网格编码", "网格名称"),
    *("职务(角色)", "姓名", "手机", "备用号码", "风险等级", "企业微信"),
)


def area_of(role: str, grid: int) -> tuple[str, str]:
    """The codes of a role: area code and grid code."""
    if role in {"lead", "backup"}:
        return VILLAGE, f"{VILLAGE}{grid:03}"
    level = {"head": VILLAGE, "village": VILLAGE, "township": TOWNSHIP}
    return level.get(role.split("_", maxsplit=1)[0], COUNTY), ""


@dataclass
class Sms:
    """A text as it reached a phone: seconds since the start, who, what."""

    at: float
    who: str
    text: str

    @property
    def short(self) -> tuple[int, str, str]:
        """Seconds, who, and what kind of text."""
        return round(self.at), self.who, kind_of(self.text)


KINDS = {
    "请派人叫醒": "digest",
    "特此告知": "info",
    "求助!": "help",
    "续发或解除": "expiry",
    "自动续至": "renewed",
    "始终未应答": "silent",
    "已到期": "expired",
    "系误发": "correction",
    "解除": "cancel",
    "请报": "reminder",
    "等您处理": "desk",
    "收到回": "own",
}


def kind_of(text: str) -> str:
    """What a text is, told by its words."""
    return next((kind for words, kind in KINDS.items() if words in text), "reply")


@dataclass
class Town:
    """What a story plays with.

    :ivar in_step: the exchange's time is moved by hand as well, from zero on
    """

    runtime: Runtime
    clock: Clock
    exchange: ExchangeClient
    api: httpx.AsyncClient
    numbers: dict[str, str]
    in_step: bool = False
    log: list[Sms] = field(default_factory=list)
    seen: int = 0

    async def warn(self, **changes: Any) -> dict[str, Any]:
        """Post a warning and let everything happen that is due at once."""
        answer = await self.post(**changes)
        assert answer.status_code == 202, answer.text
        await self.settle()
        return dict(answer.json())

    async def post(self, **changes: Any) -> httpx.Response:
        """Post a warning."""
        return await self.api.post("/api/v1/alerts", json=warning(self.now, **changes))

    @property
    def now(self) -> datetime:
        """The present moment of the story."""
        return self.clock.now()

    async def advance(self, **span: float) -> None:
        """Let time pass, stopping at everything that falls due."""
        assert isinstance(self.clock, ManualClock)
        until = self.now + timedelta(**span)
        due = None
        for _ in range(2000):
            due = await self.next_due_at()
            if due is None or due > until:
                break
            await self._move_to(max(due, self.now))
        else:
            message = f"something is due at {due} again and again"
            raise AssertionError(message)
        await self._move_to(until)

    async def _move_to(self, moment: datetime) -> None:
        assert isinstance(self.clock, ManualClock)
        self.clock.move_to(moment)
        if self.in_step:
            await self.exchange.move_time((moment - START).total_seconds())
        await self.settle()

    async def next_due_at(self) -> datetime | None:
        """When something happens next, here or in the outside world."""
        moments = [await self.runtime.engine.next_due_at()]
        if self.in_step:
            theirs = (await self.exchange.time()).next_due
            if theirs is not None:
                moments.append(START + timedelta(seconds=theirs))
        return min((moment for moment in moments if moment), default=None)

    async def until(self, seconds: float) -> None:
        """Go on to so many seconds after the start."""
        passed = (self.now - START).total_seconds()
        await self.advance(seconds=seconds - passed)

    async def settle(self) -> None:
        """Let messages, receipts and replies flow until nothing moves."""
        for _ in range(200):
            done = await self.runtime.engine.turn()
            settled = await self.exchange.settle()
            if not done and not settled.delivered:
                break
        else:
            message = "messages go round in circles"
            raise AssertionError(message)
        await self.collect()

    async def collect(self) -> None:
        named = reversed(self.numbers.items())
        who = {number: name for name, number in named if number}
        ledger = [e for e in await self.exchange.ledger() if e.to in who]
        at = (self.now - START).total_seconds()
        fresh = ledger[self.seen :]
        self.log += [Sms(at, who[entry.to], entry.body) for entry in fresh]
        self.seen = len(ledger)

    async def replies(self, who: str, text: str) -> None:
        """Let somebody write back."""
        await self.exchange.reply(self.numbers[who], text)
        await self.settle()

    async def habit(
        self, who: str, habit: Habit = Habit.MANUAL, ring: Ring = Ring.RING_OUT
    ) -> None:
        """Give a phone its habits."""
        phone = Phone(number=self.numbers[who], habit=habit, ring=ring)
        await self.exchange.phones([phone])

    async def calls(self, *who: str) -> list[tuple[int, str, str]]:
        """All calls of ours so far as (second placed, who, status), in order."""
        return [
            (round(call.placed_at), name, call.status)
            for call, name in await self._calls()
            if not who or name in who
        ]

    async def said(self, who: str) -> list[str]:
        """What somebody has heard in his last call."""
        calls = [call for call, name in await self._calls() if name == who]
        return list(calls[-1].said)

    async def _calls(self) -> list[tuple[CallEntry, str]]:
        names = {number: name for name, number in self.numbers.items() if number}
        return [
            (call, names[number])
            for call in await self.exchange.calls()
            if (number := call.sender if call.to == OURS else call.to) in names
        ]

    async def picks_up(self, who: str) -> None:
        """Somebody whose telephone rings picks up."""
        await self.exchange.pick_up(self.numbers[who])
        await self.settle()

    async def presses(self, who: str, keys: str) -> None:
        """Somebody on the telephone presses keys."""
        await self.exchange.press(self.numbers[who], keys)
        await self.settle()

    async def hangs_up(self, who: str) -> None:
        """Somebody hangs up, or turns a call away."""
        await self.exchange.hang_up(self.numbers[who])
        await self.settle()

    async def rings_us(self, who: str) -> None:
        """Somebody rings us back."""
        await self.exchange.ring(self.numbers[who], OURS)
        await self.settle()

    def texts(self, *who: str) -> list[tuple[int, str, str]]:
        """All texts so far, of these people only if any are named, sorted."""
        return sorted(s.short for s in self.log if not who or s.who in who)

    def last(self, who: str) -> str:
        """The last text somebody got."""
        return next(sms.text for sms in reversed(self.log) if sms.who == who)

    async def get(self, path: str, **query: str) -> Any:
        """Ask the API."""
        answer = await self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def callout(self, alert: str, unit: str, post: str) -> dict[str, Any]:
        """One callout of an alert, in full."""
        found = await self.get(f"/api/v1/alerts/{alert}/callouts", limit="1000")
        name = next(
            c["id"] for c in found["items"] if (c["unit"], c["post"]) == (unit, post)
        )
        return dict(await self.get(f"/api/v1/callouts/{name}"))

    async def grid(self, alert: str, number: int) -> dict[str, Any]:
        """The callout of a grid's lead."""
        return await self.callout(alert, f"{VILLAGE}{number:03}", "grid_lead")

    async def lost(self) -> int:
        """What the store can't account for."""
        now = self.now
        return await self.runtime.database.read(
            lambda c: callouts.ownerless(c) + outbox.stuck(c, now)
        )


def warning(now: datetime, **changes: Any) -> dict[str, Any]:
    """A red rain warning for the village, with changes; None leaves a field out."""
    body = {
        "sender": "rain@chengxi",
        "identifier": f"W-{now.timestamp():.0f}",
        "sent": now.isoformat(),
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11B03",
        "event": "暴雨",
        "level": "red",
        "headline": "暴雨红色预警",
        "description": "3小时超100毫米",
        "instruction": "立即转移山边河边群众",
        "issuer": "澄溪县气象台",
        "effective": now.isoformat(),
        "expires": (now + timedelta(hours=12)).isoformat(),
        "areas": [{"codes": [{"system": "DEMO", "code": VILLAGE}]}],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def roster_file(numbers: dict[str, str]) -> bytes:
    """The town's people as a county would hand them in."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(COLUMNS)
    names = {number: f"人{name}" for name, number in reversed(numbers.items())}
    for name, number in numbers.items():
        if name.endswith((SPARE_OF, ACCOUNT_OF)):
            continue
        role, _, grid = name.partition("-")
        area, code = area_of(role, int(grid or 0))
        township = "柳林镇" if len(area) > len(COUNTY) else ""
        village = "青石村" if len(area) > len(TOWNSHIP) else ""
        place = [area, "澄溪县", township, village, code, f"{grid}网格" if code else ""]
        person = [POSTS[role], names[number] if number else "", number]
        spare, account = numbers.get(name + SPARE_OF), numbers.get(name + ACCOUNT_OF)
        sheet.writerow([*place, *person, spare, "1", account])
    return out.getvalue().encode("utf-8")


def people_of(
    grids: int,
    first_number: int,
    *,
    leave_out: Iterable[str] = (),
    spare: Iterable[str] = (),
    same: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Who lives there, with a number each.

    :param leave_out: posts that nobody fills
    :param spare: people with a second number
    :param same: posts held by the person who holds another one
    """
    names = [f"{role}-{n}" for n in range(1, grids + 1) for role in ("lead", "backup")]
    spares = [f"{name}{SPARE_OF}" for name in spare]
    everybody = (*names, *ABOVE, *spares)
    numbers = {name: f"+999{first_number + i:010}" for i, name in enumerate(everybody)}
    numbers |= dict.fromkeys(leave_out, "")
    for post, holder in (same or {}).items():
        numbers[post] = numbers[holder]
    return numbers


async def load_sheet(runtime: Runtime, file: bytes) -> None:
    """Put a roster file in place of what is there, as the command line does."""
    sheet = read_roster(file, code_system="DEMO", allow_test_numbers=True)
    assert sheet.problems == ()
    current = await runtime.database.read(people.load_roster)
    roster = merge(current, sheet, lambda: secrets.token_hex(6))
    await runtime.database.write(lambda c: people.save_roster(c, roster))


async def import_roster(runtime: Runtime, numbers: dict[str, str]) -> None:
    """Load the town's people and a key."""
    await load_sheet(runtime, roster_file(numbers))
    key = keys.ApiKey(name="story", scopes=SCOPES, senders=("*",))
    now = runtime.clock.now()
    await runtime.database.write(lambda c: keys.add(c, key, KEY, now))


def settings_of(
    port: int,
    exchange: str,
    *,
    lines: int = 0,
    rate: float = 100,
    suspended: bool = False,
    **changes: Any,
) -> Settings:
    """Settings of a town: one SMS route to the exchange, and so many voice lines.

    :param rate: messages a second, on each channel
    :param suspended: the account for SMS is not let in
    """
    base = f"http://127.0.0.1:{port}"
    sms = {
        "provider": "twilio_sms",
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "from": OURS,
        "base_url": exchange,
        "timeout_seconds": 3.0,
        "rate_per_second": rate,
    }
    given: dict[str, Any] = {
        "server": Server(port=port, public_base_url=base),
        "store": Store(url="sqlite+aiosqlite://"),
        "security": Security(allow_test_numbers=True),
        "texts": TextSettings(signature="澄溪应急"),
        "channels": {"sms": sms},
        "routes": {"sms": ["sms"]},
    }
    if suspended:
        given["channels"] = {"sms": sms | {"account_sid": "AC" + "b" * 32}}
    if lines:
        voice = sms | {"provider": "twilio_voice", "from": OURS, "lines": lines}
        given["channels"]["voice"] = voice
        given["routes"] = {"sms": ["sms"], "voice": ["voice"]}
    return Settings(**(given | changes))


@contextlib.asynccontextmanager
async def town_of(
    settings: Settings,
    exchange: str,
    numbers: dict[str, str],
    clock: Clock,
    committed: Callable[[Runtime], None] = lambda _: None,
) -> AsyncIterator[Town]:
    """A town with its server up."""
    async with running(settings, clock) as runtime:
        await import_roster(runtime, numbers)
        app = create_app(runtime, lambda: committed(runtime))
        config = uvicorn.Config(
            app, port=settings.server.port, log_level="warning", lifespan="off"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        client = ExchangeClient(exchange)
        headers = {"Authorization": f"Bearer {KEY}"}
        base = settings.server.public_base_url
        try:
            async with httpx.AsyncClient(base_url=base, headers=headers) as api:
                await _up(api)
                yield Town(runtime, clock, client, api, numbers)
        finally:
            await client.aclose()
            server.should_exit = True
            await serving


async def _up(api: httpx.AsyncClient) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.ConnectError):
            await api.get("/healthz")
            return
    message = "the server did not come up"
    raise AssertionError(message)
