"""``jiaoying demo``: one warning over a made-up county, from the first text to the end.

Everything but the people is real: the server, its store, the HTTP API, the code that
speaks to Twilio. Only time runs faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from dispatcher.api.files import FORMS
from dispatcher.cli import alerts
from dispatcher.cli.closing import Ending, climbing, closing, in_json
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.ground import on_signals
from dispatcher.cli.screen import LINES, TOLD, Screen, View, told
from dispatcher.cli.stage import VOICE_LINES, Plan, Stage, staged
from dispatcher.cli.traffic import ahead, traffic
from dispatcher.cli.warned import read_warning, restamped
from dispatcher.core.alert import AlertId, AlertState
from dispatcher.core.fact import SYSTEM
from dispatcher.core.officer import OfficerRole
from dispatcher.engine import accounts
from dispatcher.engine.accounts import Doing
from dispatcher.engine.clock import SystemClock, wait_for
from dispatcher.engine.passwords import Passwords, one_time
from dispatcher.sim.county import CODE_SYSTEM
from dispatcher.store import callouts, sessions
from dispatcher.store.gauges import lost
from dispatcher.store.officers import Officer

FOLDER = Path("var/demo")
RECORD = FOLDER / "叫应记录表"
SERVER_LOG = FOLDER / "server.log"
SHIPPED = files("dispatcher.sim").joinpath("data", "red_rain.xml")
ADMINISTRATOR = "admin"
POLL_SECONDS = 1.0
# Slow enough to be watched on the board, or as fast as a small machine keeps up with.
SEEN_SPEED, UNSEEN_SPEED = 5.0, 10.0
# A demo that has not ended by then does not end: half an hour of its own time, or time
# enough of ours, for a quick play on a slow machine is slower than it should be.
MOST = timedelta(minutes=30)
MOST_SECONDS = 180.0

Json = dict[str, Any]
Show = Callable[[View], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is played.

    :ivar serve: keep the server up afterwards
    :ivar alert: a warning to send instead of the shipped one
    """

    serve: bool
    alert: Path | None
    seed: int
    speed: float
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A warning as it was written; it is sent with the times of now."""

    body: bytes
    headline: str
    identifier: str

    def again(self, nth: int) -> Script:
        """The same warning as another one."""
        new = f"{self.identifier}-{nth}"
        body = self.body.replace(self.identifier.encode(), new.encode())
        return replace(self, body=body)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where one looks while the demo is up, and how one gets in."""

    stage: Stage
    password: str

    def open(self, path: str = "") -> str:
        """Tell of them, Chinese first; the board's link carries what signs in.

        What stands behind the # of an address stays in the browser.
        """
        board = f"{self.stage.base}/console/{path}#{ADMINISTRATOR}:{self.password}"
        return (
            f"\n看板    {board}\n"
            f"        打开后按“登录”;用户名 {ADMINISTRATOR},"
            f"密码 {self.password}(只用于这次演示)\n"
            f"模拟器  {self.stage.simulator}\n"
            f"        替虚构的人回短信、接电话,让人睡着,切断网络\n"
            f"接口    {self.stage.base}/api/v1/,密钥 {self.stage.key}\n"
            f"Open the board (看板), press 登录 to sign in; the simulator (模拟器) "
            f"is where the people live.\nCtrl-C 结束 ends it.\n\n"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The warning that is being played."""

    name: AlertId
    headline: str
    at: datetime


def demo(play: Play, show: Show | None = None) -> None:
    """Play it, and say how it went.

    :param show: is given every view; None: they are drawn on stderr
    :raises CommandError: when the warning is refused, or the play does not end well
    """
    script = _read(play.alert or SHIPPED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        asyncio.run(_demo(play, script, Path(folder), show))


async def _demo(play: Play, script: Script, folder: Path, show: Show | None) -> None:
    stopping = asyncio.Event()
    on_signals(stopping.set)
    loop = asyncio.get_running_loop()
    origin = SystemClock().now()
    plan = Plan(folder=folder, log=SERVER_LOG, seed=play.seed, speed=play.speed)
    async with staged(plan, origin) as stage:
        run = Run(stage=stage, stopping=stopping, speed=play.speed)
        doors = Doors(stage, await _administrator(stage)) if play.serve else None
        began = loop.time()
        issued = await run.issue(script)
        sys.stderr.write(doors.open(f"w/{issued.name}") if doors else "")
        with Screen(Console(stderr=True)) as screen:
            summary = await run.watch(issued, show or screen.show)
        ending = await run.end(issued, summary, loop.time() - began)
        _tell(ending, as_json=play.as_json)
        if doors:
            sys.stderr.write(doors.open())
            await Encores(run, doors, script).go_on()


async def _administrator(stage: Stage) -> str:
    """Let there be somebody who can sign in; gives his password, drawn for once."""
    password, now = one_time(), stage.clock.now()
    new = Officer(
        name=ADMINISTRATOR,
        display="演示管理员",
        role=OfficerRole.ADMINISTRATOR,
        password=await asyncio.to_thread(Passwords().hashed, password),
        must_change=False,  # it ends with the demo
        created_at=now,
    )
    await stage.database.write(
        lambda c: accounts.create(Doing(connection=c, by=SYSTEM, now=now), new)
    )
    return password


def _read(source: Path | Traversable) -> Script:
    """Read a warning that can be sent now.

    :raises CommandError: with everything that is wrong with it
    """
    now = SystemClock().now()
    try:
        body = source.read_bytes()
        fresh = restamped(body, now)
    except (OSError, ValueError, TypeError) as error:
        problem = f"{source}: no warning that can be sent ({error}): see docs/api.md"
        raise CommandError([problem], BAD_INPUT) from error
    content = read_warning(str(source), fresh, now, CODE_SYSTEM).content
    identifier = content.identifier
    headline = content.headline or identifier
    return Script(body=body, headline=headline, identifier=identifier)


def _tell(ending: Ending, *, as_json: bool) -> None:
    words, out = closing(ending), json.dumps(in_json(ending), ensure_ascii=False)
    sys.stderr.write(f"{words}\n" if as_json else "")
    sys.stdout.write(f"{out}\n" if as_json else f"{words}\n")
    sys.stdout.flush()
    if ending.climbing or ending.lost:
        problem = f"未了结 {ending.climbing} 个,丢失 {ending.lost} 个:见 {SERVER_LOG}"
        raise CommandError([problem])


class Encores:
    """The warning again: when somebody first signs in, and at each press of Enter.

    Who comes to the board after the play would find nothing there that lives.
    """

    def __init__(self, run: Run, doors: Doors, script: Script) -> None:
        self._run = run
        self._doors = doors
        self._script = script
        self._wanted = asyncio.Event()
        self._count = 1

    async def go_on(self) -> None:
        """Play on until the demo is stopped."""
        with _enter_pressed(self._wanted.set) as can:
            if can:
                sys.stderr.write("按回车再发布一次 Enter: once more\n")
            met = await self._somebody()
            while not await wait_for(self._run.stopping, POLL_SECONDS):
                here = await self._somebody()
                if self._wanted.is_set() or (here and not met):
                    self._wanted.clear()
                    await self._again()
                met = met or here

    async def _again(self) -> None:
        self._count += 1
        issued = await self._run.issue(self._script.again(self._count))
        sys.stderr.write(f"又发布一次:{issued.headline}。看板上看,Ctrl-C 结束\n")

    async def _somebody(self) -> bool:
        return await self._doors.stage.database.read(sessions.any_begun)


@contextlib.contextmanager
def _enter_pressed(then: Callable[[], None]) -> Iterator[bool]:
    """Have each line typed call a function; gives whether anything can be typed."""
    if not sys.stdin.isatty():
        yield False
        return
    loop = asyncio.get_running_loop()

    def typed() -> None:
        if sys.stdin.readline():
            then()
        else:
            loop.remove_reader(sys.stdin)  # Ctrl-D: nothing more comes

    loop.add_reader(sys.stdin, typed)
    try:
        yield True
    finally:
        loop.remove_reader(sys.stdin)


class Run:
    """One warning, from its issue to its record.

    :ivar stopping: set when the demo is to end
    """

    def __init__(self, stage: Stage, stopping: asyncio.Event, speed: float) -> None:
        self._stage = stage
        self.stopping = stopping
        self._speed = speed

    async def issue(self, script: Script) -> Issued:
        """Send the warning as any system would.

        :raises CommandError: when it is refused, or is not called out
        """
        at = self._stage.clock.now()
        body = restamped(script.body, at)
        stage = self._stage
        taken = await asyncio.to_thread(alerts.post, stage.base, body, stage.key)
        if taken["state"] != AlertState.ACTIVE:
            problem = f"the warning is {taken['state']}: {taken['reason']}"
            raise CommandError([problem], BAD_INPUT)
        return Issued(name=AlertId(taken["id"]), headline=script.headline, at=at)

    async def watch(self, issued: Issued, show: Show) -> Json:
        """Show how it goes until nobody is being called; gives the last figures.

        :raises CommandError: when it is interrupted
        """
        most = max(MOST, timedelta(seconds=MOST_SECONDS * self._speed))
        while True:
            summary = await self._summary(issued)
            elapsed = self._elapsed(issued)
            show(await self._view(issued, summary, elapsed))
            if (summary["callouts"] and not climbing(summary)) or elapsed > most:
                return summary
            if await wait_for(self.stopping, POLL_SECONDS):
                raise CommandError(["interrupted"])

    async def end(self, issued: Issued, summary: Json, seconds: float) -> Ending:
        """Fetch the record, and count what was lost."""
        now, database = self._stage.clock.now(), self._stage.database
        rows = await self._record(issued, "json")
        for ending in FORMS:
            await self._record(issued, ending)
        return Ending(
            alert=issued.name,
            headline=issued.headline,
            elapsed=self._elapsed(issued),
            seconds=seconds,
            summary=summary,
            traffic=await database.read(lambda c: traffic(c, issued.name)),
            rows=rows.json()["rows"],
            lost=await database.read(lambda c: lost(c, now)),
            record=RECORD.with_suffix(".csv"),
        )

    async def _record(self, issued: Issued, ending: str) -> httpx.Response:
        """Fetch the record in one form, and lay it beside the others."""
        answer = await self._get(f"alerts/{issued.name}/record?format={ending}")
        RECORD.with_suffix(f".{ending}").write_bytes(answer.content)
        return answer

    async def _view(self, issued: Issued, summary: Json, elapsed: timedelta) -> View:
        read, alert, now = self._stage.database.read, issued.name, issued.at + elapsed
        facts = await read(lambda c: callouts.latest_facts(c, alert, TOLD, LINES))
        return View(
            headline=issued.headline,
            speed=self._speed,
            elapsed=elapsed,
            summary=summary,
            traffic=await read(lambda c: traffic(c, alert)),
            voice_lines=VOICE_LINES,
            ahead=await read(lambda c: ahead(c, alert, now)),
            issued_at=issued.at,
            lines=tuple(told(facts, self._stage.roster, issued.at)),
        )

    async def _summary(self, issued: Issued) -> Json:
        answer = await self._get(f"alerts/{issued.name}/summary")
        summary: Json = answer.json()
        return summary

    async def _get(self, path: str) -> httpx.Response:
        try:
            answer = await self._stage.client.get(f"/api/v1/{path}")
            return answer.raise_for_status()
        except httpx.HTTPError as error:
            problem = f"{path}: {error!r}; the server's log is {SERVER_LOG}"
            raise CommandError([problem]) from error

    def _elapsed(self, issued: Issued) -> timedelta:
        return self._stage.clock.now() - issued.at
