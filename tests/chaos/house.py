"""A whole house of real processes: exchange, server, roster, key.

The exchange stays up whatever happens, as a provider does. The server is what an
operator runs (supervisor, API, worker), and it can be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import secrets
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from config.settings import Settings, load
from config.sources import PREFIX
from contacts.importers.columns import Column
from contacts.roster import Roster
from dispatcher.cli import rosters
from dispatcher.engine.clock import Clock, SystemClock, wait_for
from dispatcher.engine.runtime import clock_of, opened
from dispatcher.sim.control import ExchangeClient, ExchangeProcess
from dispatcher.sim.county import CODE_SYSTEM, COUNTY_CODE, county_csv
from dispatcher.sim.switchboard import ExchangeSettings
from dispatcher.store.database import Database
from dispatcher.store.keys import ApiKey, add

LOOK_SECONDS = 0.02
START_SECONDS = 60.0
STOP_SECONDS = 30.0
STARTED = "engine.started"
KEY = "a-key-for-this-house"
SCOPES = ("alerts:write", "alerts:read", "alerts:cancel")

IN_A_FILE = "sqlite+aiosqlite:///house.db"

TOML = """\
[server]
port = {port}
public_base_url = "http://127.0.0.1:{port}"
[store]
url = "{store}"
[engine]
{clock}
[policies]
dir = "{policies}"
[intake]
code_system = "{code_system}"
[security]
allow_test_numbers = true
[texts]
signature = "澄溪应急"
[channels.sms]
provider = "twilio_sms"
account_sid = "{account}"
auth_token = "{token}"
from = "+99900000001"
base_url = "{exchange}"
rate_per_second = 100000
{voice}
[routes]
sms = ["sms"]
{voice_route}
"""
VOICE = """\
[channels.voice]
provider = "twilio_voice"
account_sid = "{account}"
auth_token = "{token}"
from = "+99900000001"
base_url = "{exchange}"
rate_per_second = 100000
lines = {lines}
"""
VOICE_ROUTE = 'voice = ["voice"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a house is to be.

    :ivar folder: an empty one
    :ivar speed: seconds of the house's clock in a real one; None: the real clock
    :ivar latency_ms: how long the exchange takes to answer a request
    :ivar policies: a policy other than the one shipped
    :ivar lines: calls at a time; 0: there is no telephone
    :ivar store: where its store is
    """

    folder: Path
    grids: int
    lines: int = 0
    speed: float | None = None
    latency_ms: float = 0.0
    policies: Path | None = None
    store: str = IN_A_FILE


class Server:
    """``jiaoying serve`` with all its processes, or with words that say which."""

    def __init__(self, folder: Path, *words: str, log: str = "server.log") -> None:
        self._folder = folder
        self._words = words
        self._log = folder / log
        self._process: Process | None = None

    @property
    def running(self) -> Process:
        """The supervisor."""
        assert self._process, "the server was not started"
        return self._process

    async def start(self, until: str = STARTED) -> None:
        """Start it, and wait until its log tells of an event: its worker works."""
        before = len(self.told(until))
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dispatcher.cli", "serve"),
                *("--config", str(self._folder / "jiaoying.toml"), *self._words),
                env={k: v for k, v in os.environ.items() if not k.startswith(PREFIX)},
                stdout=DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        async with asyncio.timeout(START_SECONDS):
            await self.until(until, before)

    async def until(self, event: str, before: int = 0) -> None:
        """Wait until its log tells of an event more often than before."""
        while len(self.told(event)) <= before:
            assert self.running.returncode is None, self._log.read_text()
            await pause(LOOK_SECONDS)

    async def kill(self) -> None:
        """End all its processes at once, without a word."""
        if self._process is None:
            return
        for process in (*descendants(self.running.pid), self.running.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        await self.running.wait()

    async def stop(self) -> None:
        """Ask it to finish."""
        if self.running.returncode is None:
            self.running.terminate()
            await asyncio.wait_for(self.running.wait(), STOP_SECONDS)

    def told(self, event: str) -> list[dict[str, Any]]:
        """What its log says of an event, each time it happened."""
        if not self._log.exists():
            return []
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if f'"{event}"' in line]


def descendants(process: int) -> Iterator[int]:
    """Processes that a process started, and theirs, while it lives."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # pid (name) state parent ...; a name may hold blanks
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process:
                child = int(status.parent.name)
                yield from descendants(child)
                yield child


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What can be looked at and played with.

    :ivar provider: where the exchange takes messages
    :ivar account: its id and token there
    """

    settings: Settings
    clock: Clock
    roster: Roster
    database: Database
    exchange: ExchangeClient
    provider: str
    account: tuple[str, str]
    server: Server
    api: httpx.AsyncClient

    async def warn(self, identifier: str = "W-1", **changes: Any) -> str:
        """Post a red warning for the whole county; gives its id once it is on disk."""
        body = self.warning(identifier, **changes)
        answer = await self.api.post("/api/v1/alerts", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def warning(self, identifier: str, **changes: Any) -> dict[str, Any]:
        """A red warning for the whole county."""
        now = self.clock.now()
        return {
            "sender": "rain@chengxi",
            "identifier": identifier,
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
            "areas": [{"codes": [{"system": CODE_SYSTEM, "code": COUNTY_CODE}]}],
            **changes,
        }


@contextlib.asynccontextmanager
async def housed(plan: Plan) -> AsyncIterator[House]:
    """Build a house; its server is not started yet, and is killed at the end."""
    port = free_port()
    account = ExchangeSettings(
        account_sid=f"AC{secrets.token_hex(16)}",
        auth_token=secrets.token_hex(16),
        reply_url=f"http://127.0.0.1:{port}/hooks/sms/sms/reply",
        voice_url=f"http://127.0.0.1:{port}/hooks/voice/voice/inbound",
        speed=plan.speed or 1.0,
        latency_ms=plan.latency_ms,
    )
    async with ExchangeProcess(account) as exchange:
        file = plan.folder / "jiaoying.toml"
        file.write_text(_toml(plan, port, account, exchange.url), encoding="utf-8")
        settings = load(file, {})
        async with opened(settings) as database, _client(port) as api:
            server = Server(plan.folder)
            try:
                yield House(
                    settings=settings,
                    clock=clock_of(settings),
                    roster=await _settle(database, settings, plan.grids),
                    database=database,
                    exchange=exchange.client,
                    provider=exchange.url,
                    account=(account.account_sid, account.auth_token),
                    server=server,
                    api=api,
                )
            finally:
                await server.kill()


def _toml(plan: Plan, port: int, account: ExchangeSettings, exchange: str) -> str:
    origin = SystemClock().now().isoformat()
    clock = f"speed = {plan.speed}\nclock_origin = {origin}" if plan.speed else ""
    to_exchange = {
        "account": account.account_sid,
        "token": account.auth_token,
        "exchange": exchange,
    }
    return TOML.format(
        port=port,
        store=plan.store,
        clock=clock,
        policies=plan.policies or "",
        code_system=CODE_SYSTEM,
        voice=VOICE.format(lines=plan.lines, **to_exchange) if plan.lines else "",
        voice_route=VOICE_ROUTE if plan.lines else "",
        **to_exchange,
    )


async def _settle(database: Database, settings: Settings, grids: int) -> Roster:
    """Move the people in, and cut a key."""
    key = ApiKey(name="house", scopes=SCOPES, senders=("*",))
    now = SystemClock().now()
    await database.write(lambda c: add(c, key, KEY, now))
    return await rosters.move_in(database, settings, county_of(grids), "county")


def county_of(grids: int, seed: int = 7) -> bytes:
    """The made-up county, cut off after so many grids."""
    sheet = io.StringIO(county_csv(seed).decode("utf-8-sig"), newline="")
    rows = csv.DictReader(sheet)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=[column.value for column in Column])
    writer.writeheader()
    seen: set[str] = set()
    for row in rows:
        seen |= {code} if (code := row[Column.GRID_CODE]) else set()
        if len(seen) > grids:
            break
        writer.writerow(row)
    return out.getvalue().encode("utf-8-sig")


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30.0,
        trust_env=False,
    )


def free_port() -> int:
    """A port nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def pause(seconds: float) -> None:
    """Let real time pass: other processes need it."""
    await wait_for(asyncio.Event(), seconds)
