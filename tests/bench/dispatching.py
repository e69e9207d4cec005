"""One warning to so many people, from the POST to the last durable outcome.

``python -m tests.bench.dispatching --callouts 1000 10000``: the server as it is run, a
gateway that costs nothing beside it, and the same client alone against the same
gateway in the same run: its rate is the ceiling. ``--workers 2 --store postgresql``
lets a second worker send as well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from config.settings import load
from contacts.model import UnitKind
from dispatcher.engine.clock import SystemClock
from dispatcher.engine.runtime import opened
from dispatcher.store import keys, people
from dispatcher.store.database import Database
from dispatcher.store.keys import ApiKey
from tests.bench.boards import CALLED_TOO, KEY, SCOPES, resident, roster
from tests.bench.latency import unrecorded
from tests.bench.servers import cpu
from tests.chaos.house import Server, descendants, free_port, pause
from tests.postgres import STORES, places

LOOK_SECONDS = 0.05
SENDER, TOKEN = "AC00000000000000000000000000000001", "token"
SETTLE_SECONDS = 1800.0
WARM_SECONDS = 1.0
TOML = """\
[server]
port = {port}
public_base_url = "http://127.0.0.1:{port}"
[store]
url = "{store}"
[intake]
code_system = "DEMO"
[security]
allow_test_numbers = true
[channels.sms]
provider = "twilio_sms"
account_sid = "AC00000000000000000000000000000001"
auth_token = "token"
from = "+99900000001"
base_url = "{gateway}"
rate_per_second = 1000000
[routes]
sms = ["sms"]
"""
SQLITE = "sqlite+aiosqlite:///dispatch.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What one warning cost; seconds count from its POST.

    :ivar accepted: until the 202
    :ivar first: until the first request at the gateway
    :ivar last: until the last person's
    :ivar recorded: until every outcome is on disk
    :ivar worker: seconds of CPU of the workers, and of who sends for them
    :ivar api: of the API
    :ivar ceiling: messages a second of the same client alone
    :ivar doubled: requests more than people: digests to those above
    """

    callouts: int
    accepted: float
    first: float
    last: float
    recorded: float
    worker: float
    api: float
    rss_mb: float
    ceiling: float
    doubled: int

    @property
    def rate(self) -> float:
        """Messages a second, all of them on disk."""
        return self.callouts / self.recorded

    @property
    def ratio(self) -> float:
        """Of the ceiling."""
        return self.rate / self.ceiling

    @property
    def cost(self) -> float:
        """Microseconds of the workers' CPU for each."""
        return self.worker / self.callouts * 1e6


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[str]:
    """Where a gateway of its own listens."""
    command = (sys.executable, "-m", "tests.bench.gateway")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is measured, and on what.

    :ivar workers: how many send; more than one need PostgreSQL
    """

    callouts: int
    store: str = SQLITE
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a server is measured with: its gateway, its store, its port."""

    http: httpx.AsyncClient
    gateway: str
    port: int
    database: Database

    async def counted(self) -> dict[str, float]:
        """What the gateway has counted."""
        found: dict[str, float] = (await self.http.get(self.gateway)).json()
        return found

    async def reached(self, wanted: int) -> list[str]:
        """Wait until it was told to reach so many; gives who they are, in order."""
        while (await self.counted())["numbers"] < wanted:
            await pause(LOOK_SECONDS)
        found: list[str] = (await self.http.get(f"{self.gateway}/numbers")).json()
        return found


@contextlib.asynccontextmanager
async def benched(folder: Path, store: str, callouts: int) -> AsyncIterator[Bench]:
    """Move so many people into a store of their own, with a gateway beside it."""
    port = free_port()
    async with gateway() as at, httpx.AsyncClient(timeout=60, trust_env=False) as http:
        file = folder / "jiaoying.toml"
        toml = TOML.format(port=port, store=store, gateway=at)
        file.write_text(toml, encoding="utf-8")
        async with opened(load(file, {})) as database:
            await settle(database, callouts)
            yield Bench(http=http, gateway=at, port=port, database=database)


async def dispatch(folder: Path, trial: Trial) -> Dispatched:
    """Warn so many people once."""
    async with (
        benched(folder, trial.store, trial.callouts) as bench,
        served(folder, trial.workers) as (api, workers),
    ):
        await warmed(bench)
        told = await warned(bench, api, workers, trial.callouts)
    return Dispatched(**told, ceiling=await ceiling(trial.callouts))


@contextlib.asynccontextmanager
async def served(
    folder: Path, workers: int
) -> AsyncIterator[tuple[int, tuple[int, ...]]]:
    """Start a server, and workers beside its own; gives its API and all workers."""
    server = Server(folder)
    others = [
        Server(folder, "--role", "worker", log=f"worker-{number}.log")
        for number in range(1, workers)
    ]
    try:
        await server.start()
        for other in others:
            await other.start(until="worker.joined")
        api, worker = processes_of(server)
        yield api, (worker, *(other.running.pid for other in others))
    finally:
        for one in (*others, server):
            await one.kill()


async def settle(database: Database, callouts: int) -> None:
    """Move so many people in, each with a post, and cut a key."""
    county, now = roster(callouts - CALLED_TOO), SystemClock().now()
    key = ApiKey(name="bench", scopes=SCOPES, senders=("*",))

    def moved_in(connection: Connection) -> None:
        people.save_roster(connection, county)
        keys.add(connection, key, KEY, now)

    await database.write(moved_in)


async def warned(
    bench: Bench, api: int, workers: tuple[int, ...], callouts: int
) -> dict[str, Any]:
    """Send one warning through these processes; gives what it cost."""
    every = [one for worker in workers for one in (worker, *descendants(worker))]
    before = cpu(*every), cpu(api)
    began = time.monotonic()
    answer = await post(bench, warning())
    accepted = time.monotonic() - began
    async with asyncio.timeout(SETTLE_SECONDS):
        while (seen := await bench.counted())["numbers"] < callouts:
            await pause(LOOK_SECONDS)
        alert = answer.json()["id"]
        while await bench.database.read(lambda c: unrecorded(c, alert)):
            await pause(LOOK_SECONDS)
    return {
        "callouts": callouts,
        "accepted": accepted,
        "first": seen["first"] - began,
        "last": seen["last"] - began,
        "recorded": time.monotonic() - began,
        "worker": cpu(*every) - before[0],
        "api": cpu(api) - before[1],
        "rss_mb": sum(map(resident, every[: len(every) // len(workers)])) / 1e6,
        "doubled": int(seen["requests"] - seen["numbers"]),
    }


async def warmed(bench: Bench) -> None:
    """Let a small warning go before: a server has been running for days."""
    grid = min(u.id for u in roster(1).units.values() if u.kind is UnitKind.GRID)
    small = {"identifier": "W-0", "event_code": "11B06", "areas": [{"units": [grid]}]}
    await post(bench, warning() | small)
    while not (await bench.counted())["requests"]:
        await pause(LOOK_SECONDS)
    await pause(WARM_SECONDS)
    await bench.http.delete(bench.gateway)


async def post(bench: Bench, body: dict[str, Any]) -> httpx.Response:
    """Send a warning; it is on disk when this returns."""
    answer = await bench.http.post(
        f"http://127.0.0.1:{bench.port}/api/v1/alerts",
        json=body,
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == 202, answer.text
    return answer


def warning() -> dict[str, Any]:
    """A red rainstorm over the whole county."""
    now = SystemClock().now()
    return {
        "sender": "rain@chengxi",
        "identifier": "W-1",
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
        "areas": [{"codes": [{"system": "DEMO", "code": "990421"}]}],
    }


def processes_of(server: Server) -> tuple[int, int]:
    """The API and the worker of a server."""
    found: dict[str, int] = {}
    for pid in descendants(server.running.pid):
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
        if "--role" in words:
            found[words[words.index("--role") + 1]] = pid
    return found["api"], found["worker"]


async def ceiling(messages: int) -> float:
    """Messages a second of our client alone, in a process of its own."""
    async with gateway() as at:
        command = (sys.executable, "-m", "tests.bench.client", at, str(messages))
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        out, _ = await process.communicate()
        assert process.returncode == 0, "the client failed"
        return messages / float(json.loads(out)["seconds"])


def table(runs: Sequence[Dispatched]) -> str:
    """Say it, a row for each figure and a column for each size."""
    rows: dict[str, list[str]] = {
        "callouts": [f"{run.callouts:,}" for run in runs],
        "POST answered, s": [f"{run.accepted:.3f}" for run in runs],
        "first request, s": [f"{run.first:.3f}" for run in runs],
        "last request, s": [f"{run.last:.2f}" for run in runs],
        "all recorded, s": [f"{run.recorded:.2f}" for run in runs],
        "messages/s": [f"{run.rate:,.0f}" for run in runs],
        "the client alone, messages/s": [f"{run.ceiling:,.0f}" for run in runs],
        "ratio": [f"{run.ratio:.2f}" for run in runs],
        "workers' CPU each, us": [f"{run.cost:.0f}" for run in runs],
        "API's CPU each, us": [f"{run.api / run.callouts * 1e6:.0f}" for run in runs],
        "worker's memory, MB": [f"{run.rss_mb:.0f}" for run in runs],
        "second texts (digests)": [f"{run.doubled}" for run in runs],
    }
    return "\n".join(
        f"{name:32}" + "".join(f"{value:>12}" for value in values)
        for name, values in rows.items()
    )


async def measure(
    sizes: Sequence[int], workers: int, place: Callable[[], str], times: int = 1
) -> list[Dispatched]:
    """Measure each size, in a house of its own each time; gives the median runs."""
    found = []
    for size in sizes:
        runs = [await _once(size, workers, place()) for _ in range(times)]
        found.append(sorted(runs, key=lambda run: run.rate)[times // 2])
    return found


async def _once(size: int, workers: int, store: str) -> Dispatched:
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(callouts=size, store=store, workers=workers)
        return await dispatch(Path(folder), trial)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--callouts", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--store", choices=STORES, default=STORES[0])
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with places(given.store, SQLITE) as place:
        runs = asyncio.run(measure(given.callouts, given.workers, place))
    sys.stdout.write(f"{table(runs)}\n")


if __name__ == "__main__":
    main()
