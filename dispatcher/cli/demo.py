"""``jiaoying demo``: one warning over a made-up county, from the first text to the end.

Everything but the people is real: the server, its store, the HTTP API, the code that
speaks to Twilio. Only time runs faster.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from sqlalchemy import Connection

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
from dispatcher.store import callouts, outbox
from dispatcher.store.officers import Officer

FOLDER = Path("var/demo")
RECORD = FOLDER / "叫应记录表"
SERVER_LOG = FOLDER / "server.log"
SHIPPED = files("dispatcher.sim").joinpath("data", "red_rain.xml")
ADMINISTRATOR = "admin"
POLL_SECONDS = 1.0
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
        began = loop.time()
        issued = await run.issue(script)
        if play.serve:
            sys.stderr.write(await _invitation(stage, issued))
        with Screen(Console(stderr=True)) as screen:
            summary = await run.watch(issued, show or screen.show)
        ending = await run.end(issued, summary, loop.time() - began)
        _tell(ending, as_json=play.as_json)
        if play.serve:
            sys.stderr.write(f"值班台还开着,接口密钥 {stage.key};Ctrl-C 结束\n")
            await stopping.wait()


INVITATION = """\
值班台(看地图一格一格变绿):{base}/console/w/{alert}
用户名 {name}  密码 {password}
"""


async def _invitation(stage: Stage, issued: Issued) -> str:
    """Where the board is, and who may look at it."""
    return INVITATION.format(
        base=stage.base,
        alert=issued.name,
        name=ADMINISTRATOR,
        password=await _administrator(stage),
    )


async def _administrator(stage: Stage) -> str:
    """Let there be somebody who can sign in, in a county that is made up; his password.

    It lasts as long as the play, so he is not made to change it first.
    """
    password, now = one_time(), stage.clock.now()
    new = Officer(
        name=ADMINISTRATOR,
        display="演示管理员",
        role=OfficerRole.ADMINISTRATOR,
        password=await asyncio.to_thread(Passwords().hashed, password),
        must_change=False,
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
    return Script(body=body, headline=content.headline or content.identifier)


def _tell(ending: Ending, *, as_json: bool) -> None:
    words, out = closing(ending), json.dumps(in_json(ending), ensure_ascii=False)
    sys.stderr.write(f"{words}\n" if as_json else "")
    sys.stdout.write(f"{out}\n" if as_json else f"{words}\n")
    sys.stdout.flush()
    if ending.climbing or ending.lost:
        problem = f"未了结 {ending.climbing} 个,丢失 {ending.lost} 个:见 {SERVER_LOG}"
        raise CommandError([problem])


class Run:
    """One warning, from its issue to its record."""

    def __init__(self, stage: Stage, stopping: asyncio.Event, speed: float) -> None:
        self._stage = stage
        self._stopping = stopping
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
            if await wait_for(self._stopping, POLL_SECONDS):
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


def lost(connection: Connection, now: datetime) -> int:
    """What nobody looks after any more; there must be none."""
    return callouts.ownerless(connection) + outbox.stuck(connection, now)
