"""What the desk's board costs: snapshots, streams, viewers, the map.

``make bench``, or ``python tests/bench/boards.py --grids 5000 --rate 200``: the API as
the server runs it, on a file that another process writes to. CPU is the API's own; what
a viewer adds is the difference between four viewers and one in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles

import httpx
import shapely
from shapely.geometry import Polygon, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from config.settings import load
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.callout import CalloutId, Progress
from dispatcher.core.event import Reported
from dispatcher.engine.launching import Launches
from dispatcher.engine.runtime import Runtime, running
from dispatcher.engine.step import step
from dispatcher.store import callouts, keys, people, places, schema
from dispatcher.store.keys import ApiKey
from tests.bench.servers import api, cpu, served
from tests.chaos.house import free_port, pause

KEY = "a-key-for-the-bench"
SCOPES = ("alerts:write", "alerts:read", "alerts:cancel")
TOWNS, VILLAGES = 20, 10
CALLED_TOO = TOWNS * VILLAGES  # people above the grids who are called at once as well
WINDOW_SECONDS = 8.0
BEAT_SECONDS = 0.05
CROWD = 60
PAGE = 4096
BEND = 0.0002  # degrees
TOML = """\
[server]
port = {port}
[store]
url = "sqlite+aiosqlite:///board.db"
[intake]
code_system = "DEMO"
[security]
allow_test_numbers = true
[channels.sms]
provider = "twilio_sms"
account_sid = "AC00000000000000000000000000000001"
auth_token = "token"
from = "+9990000"
base_url = "http://127.0.0.1:9"
[routes]
sms = ["sms"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured.

    :ivar rate: callouts that change in a second, each of them once
    :ivar rounds: of nobody, one viewer and four
    """

    grids: int
    rate: int
    rounds: int = 1


def roster(grids: int) -> Roster:
    """A county of so many grids, each with a lead."""
    county = _unit("990421", UnitKind.COUNTY, None)
    towns = [
        _unit(f"990421{n + 100}", UnitKind.TOWNSHIP, county.id) for n in range(TOWNS)
    ]
    villages = [
        _unit(f"{town.id}{n + 200}", UnitKind.VILLAGE, town.id)
        for town in towns
        for n in range(VILLAGES)
    ]
    leaves = [
        _unit(f"{parent.id}{n:04d}", UnitKind.GRID, parent.id)
        for n in range(grids)
        for parent in (villages[n % len(villages)],)
    ]
    posts = {
        UnitKind.GRID: Post.GRID_LEAD,
        UnitKind.VILLAGE: Post.VILLAGE_HEAD,
        UnitKind.TOWNSHIP: Post.TOWNSHIP_DUTY,
        UnitKind.COUNTY: Post.COUNTY_DUTY,
    }
    units = [county, *towns, *villages, *leaves]
    return Roster.build(
        units,
        [_person(unit.id, n) for n, unit in enumerate(units)],
        [
            Holding(ref=PostRef(unit.id, posts[unit.kind]), person=PersonId(unit.id))
            for unit in units
        ],
    )


def _unit(code: str, kind: UnitKind, parent: UnitId | None) -> Unit:
    name = f"单元{code[-6:]}"
    return Unit(
        id=UnitId(code), kind=kind, name=name, parent=parent, code_system="DEMO"
    )


def _person(name: str, number: int) -> Person:
    address = Address(
        id=AddressId(f"a{name}"),
        kind=AddressKind.MOBILE,
        value=f"+999138{number:08d}",
    )
    return Person(id=PersonId(name), name=f"王建国{number}", addresses=(address,))


def lands(grids: Sequence[UnitId]) -> dict[UnitId, BaseGeometry]:
    """Land that lies without gaps, with borders that are not straight."""
    rng = Random(7)
    points = shapely.MultiPoint(
        [(110 + rng.random(), 30 + rng.random()) for _ in grids]
    )
    cells = shapely.voronoi_polygons(points, extend_to=shapely.box(110, 30, 111, 31))
    sides = shapely.segmentize([*cells.geoms], 0.4 / math.sqrt(len(grids)))
    bent = [Polygon(map(_aside, cell.exterior.coords)) for cell in sides]
    return dict(zip(grids, bent, strict=True))


def _aside(corner: tuple[float, float]) -> tuple[float, float]:
    """A corner a little aside, by where it is: neighbours move together."""
    east, north = corner
    return east + BEND * math.sin(9000 * north), north + BEND * math.sin(7000 * east)


@dataclass(slots=True)
class Heard:
    """What one viewer heard.

    :ivar at: when a callout's news came, by its id
    """

    at: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    resyncs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A served county with one warning."""

    runtime: Runtime
    http: httpx.AsyncClient
    pid: int
    alert: str
    names: list[str]

    async def board(self) -> tuple[float, int, int]:
        """Milliseconds, bytes on the wire and bytes of a snapshot."""
        began = time.perf_counter()
        path = f"/api/v1/alerts/{self.alert}/board"
        async with self.http.stream("GET", path) as answer:
            packed = b"".join([part async for part in answer.aiter_raw()])
        took = (time.perf_counter() - began) * 1000
        plain = await self.http.get(path)
        return took, len(packed), len(plain.content)

    async def watch(self, heard: Heard, *, thorough: bool) -> None:
        """Read a stream until cancelled."""
        path = f"/api/v1/alerts/{self.alert}/stream"
        async with self.http.stream("GET", path, timeout=None) as answer:
            async for line in answer.aiter_lines():
                heard.bytes += len(line)
                heard.resyncs += line == "event: resync"
                if thorough and line.startswith('data: {"alert"'):
                    moment = time.perf_counter()
                    for name in json.loads(line[6:])["rows"]["id"]:
                        heard.at.setdefault(name, moment)

    async def write(self, names: Sequence[str], rate: int) -> dict[str, float]:
        """Let these callouts change at a rate; when each was on disk."""
        written: dict[str, float] = {}
        beat = max(1, round(rate * BEAT_SECONDS))
        begun = time.perf_counter()
        for number, first in enumerate(range(0, len(names), beat), 1):
            some = names[first : first + beat]
            await self._change(some)
            written |= dict.fromkeys(some, time.perf_counter())
            await pause(max(0.0, begun + number * beat / rate - time.perf_counter()))
        return written

    async def _change(self, names: Sequence[str]) -> None:
        context, now = await self.runtime.keeper.context(), self.runtime.clock.now()

        def arrive(connection: Connection) -> None:
            found = callouts.load(connection, names)
            told = {
                CalloutId(name): (
                    Reported(
                        attempt=seen.callout.attempts[0].id,
                        progress=Progress.DELIVERED,
                    ),
                )
                for name, seen in found.items()
            }
            step(connection, context, told, now)

        await self.runtime.database.write(arrive)


@contextlib.asynccontextmanager
async def benched(folder: Path, size: Size) -> AsyncIterator[Bench]:
    """A county with one warning, launched, and the API over it."""
    port = free_port()
    file = folder / "jiaoying.toml"
    file.write_text(TOML.format(port=port), encoding="utf-8")
    settings = load(file, {})
    async with running(settings) as runtime:
        await _settle(runtime, size)
        async with (
            served(api(file), port) as process,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=60.0,
                trust_env=False,
            ) as http,
        ):
            alert = await _warn(runtime, http)
            names = await runtime.database.read(_ids)
            Random(7).shuffle(names)
            pid = process.pid
            yield Bench(runtime=runtime, http=http, pid=pid, alert=alert, names=names)


async def _settle(runtime: Runtime, size: Size) -> None:
    people_of = roster(size.grids)
    grids = [u.id for u in people_of.units.values() if u.kind is UnitKind.GRID]
    key = ApiKey(name="bench", scopes=SCOPES, senders=("*",))
    now = runtime.clock.now()
    land = lands(grids)

    def moved_in(connection: Connection) -> None:
        people.save_roster(connection, people_of)
        places.save_outlines(connection, land)
        keys.add(connection, key, KEY, now)

    await runtime.database.write(moved_in)


async def _warn(runtime: Runtime, http: httpx.AsyncClient) -> str:
    now = runtime.clock.now().isoformat()
    body = {
        "sender": "rain@chengxi",
        "identifier": "W-1",
        "sent": now,
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11B03",
        "event": "暴雨",
        "level": "red",
        "headline": "暴雨红色预警",
        "description": "3小时超100毫米",
        "instruction": "立即转移",
        "issuer": "澄溪县气象台",
        "effective": now,
        "areas": [{"codes": [{"system": "DEMO", "code": "990421"}]}],
    }
    answer = await http.post("/api/v1/alerts", json=body)
    assert answer.status_code == 202, answer.text
    context = await runtime.keeper.refresh()
    moment = runtime.clock.now()
    launches = Launches()
    while await runtime.database.write(lambda c: launches.due(c, context, moment)):
        launches.committed()
    return str(answer.json()["id"])


def _ids(connection: Connection) -> list[str]:
    table = schema.callout
    wanted = select(table.c.id).where(table.c.post == Post.GRID_LEAD.value)
    return list(connection.scalars(wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What some viewers cost for a while.

    :ivar share: of a core, what the API had
    :ivar late: milliseconds from a commit to its event
    """

    viewers: int
    share: float
    late: list[float]
    lost: int
    bytes: int


async def watched(
    bench: Bench, names: Sequence[str], viewers: int, rate: int
) -> Watched:
    """Let so many watch while callouts change."""
    heard = [Heard() for _ in range(viewers)]
    tasks = [
        asyncio.create_task(bench.watch(one, thorough=number == 0))
        for number, one in enumerate(heard)
    ]
    await pause(1.0)
    before, began = cpu(bench.pid), time.perf_counter()
    written = await bench.write(names, rate)
    await pause(0.5)
    share = (cpu(bench.pid) - before) / (time.perf_counter() - began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    found = heard[0].at if heard else {}
    return Watched(
        viewers=viewers,
        share=share,
        late=[(found[n] - at) * 1000 for n, at in written.items() if n in found],
        lost=len(written.keys() - found.keys()) if heard else 0,
        bytes=heard[0].bytes if heard else 0,
    )


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


async def crowd(bench: Bench) -> float:
    """Kilobytes of memory that one viewer more takes."""
    limits = httpx.Limits(max_connections=CROWD + 1)
    async with httpx.AsyncClient(
        base_url=bench.http.base_url,
        headers=bench.http.headers,
        limits=limits,
        trust_env=False,
    ) as http:
        before = resident(bench.pid)
        many = Bench(
            runtime=bench.runtime,
            http=http,
            pid=bench.pid,
            alert=bench.alert,
            names=bench.names,
        )
        tasks = [
            asyncio.create_task(many.watch(Heard(), thorough=False))
            for _ in range(CROWD)
        ]
        await pause(3.0)
        grown = resident(bench.pid) - before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return grown / CROWD / 1024


async def measure(folder: Path, size: Size) -> AsyncIterator[str]:
    """Measure, and put it into words line by line."""
    async with benched(folder, size) as bench:
        for line in (*await _snapshots(bench, size), *await _map(bench)):
            yield line
        names = iter(bench.names)
        each = round(size.rate * WINDOW_SECONDS)
        runs: list[Watched] = []
        for viewers in (0, 1, 4) * size.rounds:
            some = [name for _, name in zip(range(each), names, strict=False)]
            if some:
                runs.append(await watched(bench, some, viewers, size.rate))
        for line in _streams(runs, size):
            yield line
        yield f"memory per viewer: {await crowd(bench):.0f} kB"
        yield await _replay(bench)


async def _snapshots(bench: Bench, size: Size) -> list[str]:
    cold, packed, plain = await bench.board()
    warm = [(await bench.board())[0] for _ in range(5)]
    return [
        f"{size.grids} grids, {size.rate} changes/s",
        f"snapshot: first {cold:.0f} ms, then {median(warm):.0f} ms",
        f"snapshot: {sizes(packed, plain)}",
    ]


async def _map(bench: Bench) -> list[str]:
    began = time.perf_counter()
    async with bench.http.stream("GET", "/api/v1/map") as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    first = (time.perf_counter() - began) * 1000
    tag = {"If-None-Match": answer.headers["etag"]}
    began = time.perf_counter()
    again = await bench.http.get("/api/v1/map", headers=tag)
    known = (time.perf_counter() - began) * 1000
    plain = len((await bench.http.get("/api/v1/map")).content)
    context = await bench.runtime.keeper.context()
    geojson = json.dumps([mapping(land) for land in context.outlines.values()])
    return [
        f"map: first {first:.0f} ms, {sizes(len(packed), plain)}",
        f"map: {plain / len(geojson):.2f} of the outlines' GeoJSON",
        f"map: {again.status_code} in {known:.0f} ms",
    ]


def sizes(packed: int, plain: int) -> str:
    """Bytes on the wire and before."""
    return f"{packed / 1024:.0f} kB packed of {plain / 1024:.0f}"


async def _replay(bench: Bench) -> str:
    began, before = time.perf_counter(), cpu(bench.pid)
    path = f"/api/v1/alerts/{bench.alert}/replay"
    async with bench.http.stream("GET", path) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    took, used = time.perf_counter() - began, cpu(bench.pid) - before
    return (
        f"replay: {took:.1f} s ({used:.1f} s CPU), {len(packed) / 1024:.0f} kB packed"
    )


def _streams(runs: Sequence[Watched], size: Size) -> Iterator[str]:
    share = {
        viewers: median([run.share for run in runs if run.viewers == viewers])
        for viewers in sorted({run.viewers for run in runs})
    }
    late = sorted(ms for run in runs for ms in run.late)
    cuts = quantiles(late, n=100)
    yield "viewers: API's share of a core: " + ", ".join(
        f"{viewers}: {part:.1%}" for viewers, part in share.items()
    )
    if {0, 1, 4} <= share.keys():
        yield (
            f"the reader {share[1] - share[0]:.1%}; "
            f"one viewer more {(share[4] - share[1]) / 3:.2%}"
        )
    yield (
        f"commit to event: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms; "
        f"lost {sum(run.lost for run in runs)} of {len(late)}"
    )
    sent = median([run.bytes for run in runs if run.viewers])
    yield f"a viewer is sent {sent / WINDOW_SECONDS / 1024:.0f} kB/s at {size.rate}/s"


def main() -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=5000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(_told(Size(**vars(given))))
    return 0


async def _told(size: Size) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async for line in measure(Path(folder), size):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
