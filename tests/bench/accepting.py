"""How long a warning of 1,000 units takes until it is accepted durably.

``make bench``, or ``python tests/bench/accepting.py --grids 1000 --alerts 100``: the
API as the server runs it, on a file; then the whole server while its worker calls a
county. Each warning is cancelled before the next comes, so that none joins a chain.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from contacts.model import UnitKind
from dispatcher.sim.county import CENTRE, CODE_SYSTEM, COUNTY_CODE
from tests.bench.latency import unrecorded
from tests.bench.servers import api, cpu, served
from tests.chaos.house import House, Plan, descendants, housed

GOAL_SECONDS = 0.05
LINES = 1100
WIDE = 0.6  # degrees round the county's centre: all of it
CORNERS = 60
CAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>{name}</identifier><sender>rain@chengxi</sender><sent>{now}</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>暴雨</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
<eventCode><valueName>GB/T 35561</valueName><value>{code}</value></eventCode>
<effective>{now}</effective><expires>{until}</expires>
<senderName>澄溪县气象台</senderName><headline>暴雨红色预警</headline>
<description>3小时超100毫米</description><instruction>立即转移</instruction>
<area><areaDesc>图上区域</areaDesc><polygon>{ring}</polygon></area></info></alert>
"""

Body = tuple[str, bytes | dict[str, Any]]  # a media type, and what is sent
Make = Callable[[House, str], Body]
RAIN, QUAKE = "11B03", "11D01"  # kinds that never join one another


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A warning that was posted.

    :ivar seconds: until the 202
    :ivar cpu: seconds of CPU that the API had for it
    """

    seconds: float
    cpu: float


Found = dict[str, list[Taken]]  # by the way it was written


def by_code(house: House, name: str) -> Body:
    """The county by its code."""
    return _json(house, name, {"codes": [{"system": CODE_SYSTEM, "code": COUNTY_CODE}]})


def one_unit(house: House, name: str) -> Body:
    """One grid by its id, to compare with."""
    grids = (u.id for u in house.roster.units.values() if u.kind is UnitKind.GRID)
    return _json(house, name, {"units": [next(grids)]})


def by_polygon(house: House, name: str) -> Body:
    """The county by a ring round it."""
    ring = [[east, north] for north, east in ring_of()]
    drawn = {"type": "Polygon", "coordinates": [ring]}
    return _json(house, name, {"geometry": drawn})


def by_cap(house: House, name: str) -> Body:
    """The same in CAP."""
    now = house.clock.now()
    ring = " ".join(f"{north:.5f},{east:.5f}" for north, east in ring_of())
    until = now + timedelta(hours=12)
    times = {"now": stamp(now), "until": stamp(until)}
    text = CAP.format(name=name, ring=ring, code=RAIN, **times)
    return "application/cap+xml", text.encode()


def stamp(moment: Any) -> str:
    """A time as CAP writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"


WAYS: dict[str, Make] = {
    "JSON, one unit": one_unit,
    "JSON by code": by_code,
    "JSON by polygon": by_polygon,
    "CAP by polygon": by_cap,
}


def ring_of() -> Iterator[tuple[float, float]]:
    """A closed ring round the whole county, north before east."""
    north, east = CENTRE
    for corner in (*range(CORNERS), 0):
        angle = math.tau * corner / CORNERS
        yield north + WIDE * math.sin(angle), east + WIDE * math.cos(angle)


def _json(house: House, name: str, area: dict[str, Any]) -> Body:
    now = house.clock.now()
    return "application/json", {
        "sender": "rain@chengxi",
        "identifier": name,
        "sent": now.isoformat(),
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": RAIN,
        "event": "暴雨",
        "level": "red",
        "headline": "暴雨红色预警",
        "description": "3小时超100毫米",
        "instruction": "立即转移山边河边群众",
        "issuer": "澄溪县气象台",
        "effective": now.isoformat(),
        "expires": (now + timedelta(hours=12)).isoformat(),
        "areas": [area],
    }


async def post(house: House, name: str, make: Make, pid: int) -> Taken:
    """Post a warning, and cancel it again outside of what is measured."""
    kind, body = make(house, name)
    told = {"content": body} if isinstance(body, bytes) else {"json": body}
    clock, had = asyncio.get_running_loop().time, cpu(pid)
    began = clock()
    answer = await house.api.post(
        "/api/v1/alerts", headers={"Content-Type": kind}, **told
    )
    taken = Taken(seconds=clock() - began, cpu=cpu(pid) - had)
    assert answer.status_code == 202, answer.text
    found = answer.json()
    reached = 1 if make is one_unit else grids_of(house)
    assert found["units"] >= reached, "it did not reach everybody"
    ended = await house.api.post(
        f"/api/v1/alerts/{found['id']}/cancel", json={"reason": "measured"}
    )
    assert ended.status_code == 200, ended.text
    return taken


def grids_of(house: House) -> int:
    """How many grids its roster has."""
    return sum(unit.kind is UnitKind.GRID for unit in house.roster.units.values())


async def quiet(folder: Path, grids: int, alerts: int) -> Found:
    """An API that has nothing else to do: so many warnings in each way, in turn."""
    async with housed(Plan(folder=folder, grids=grids, lines=LINES)) as house:
        port = house.settings.server.port
        async with served(api(folder / "jiaoying.toml"), port) as process:
            await post(house, "warm", by_code, process.pid)
            found: Found = {way: [] for way in WAYS}
            for number in range(alerts):
                for turn, (way, make) in enumerate(WAYS.items()):
                    name = f"W-{number}-{turn}"
                    found[way].append(await post(house, name, make, process.pid))
            return found


async def busy(folder: Path, grids: int) -> Found:
    """The whole server while it opens and sends what a county's warning needs."""
    async with housed(Plan(folder=folder, grids=grids, lines=LINES)) as house:
        await house.server.start()
        pid = api_of(house)
        await post(house, "warm", by_code, pid)
        called = await house.warn(event_code=QUAKE, event="地震")
        found: list[Taken] = []
        while await house.database.read(lambda c: unrecorded(c, called)):
            found.append(await post(house, f"busy{len(found)}", by_code, pid))
        return {"JSON by code, worker busy": found}


def api_of(house: House) -> int:
    """The process that is the API."""
    processes = descendants(house.server.running.pid)
    told = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes}
    return next(pid for pid, command in told.items() if b"api" in command.split(b"\0"))


def table(found: Found) -> str:
    """Say it."""
    head = ("posted", "p50 ms", "p90 ms", "p99 ms", "max ms", "CPU ms", "p99 < 50")
    rows = [f"{'':28}" + "".join(f"{name:>9}" for name in head)]
    rows += [f"{way:28}" + "".join(_cells(taken)) for way, taken in found.items()]
    return "\n".join(rows)


def _cells(taken: list[Taken]) -> Iterator[str]:
    seconds = [one.seconds for one in taken]
    percents = quantiles(seconds, n=100, method="inclusive")
    yield f"{len(taken):9}"
    for value in (percents[49], percents[89], percents[98], max(seconds)):
        yield f"{value * 1000:9.1f}"
    yield f"{median(one.cpu for one in taken) * 1000:9.1f}"
    yield f"{'met' if percents[98] < GOAL_SECONDS else 'missed':>9}"


async def measure(folder: Path, grids: int, alerts: int) -> str:
    """Measure both; gives the table."""
    rooms = [folder / name for name in ("quiet", "busy")]
    for room in rooms:
        room.mkdir()
    found = await quiet(rooms[0], grids, alerts)
    return table(found | await busy(rooms[1], grids))


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(measure(Path(folder), given.grids, given.alerts))
        sys.stdout.write(f"{measured}\n")


if __name__ == "__main__":
    main()
