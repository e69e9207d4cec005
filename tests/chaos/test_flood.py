"""Many at once, and far too much: what the real server does with it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, func, select

from dispatcher.store import schema
from tests.bench.accepting import api_of
from tests.chaos.house import House, Plan, housed
from tests.intake.documents import CAP

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

TIMES = 20
BIG = 20 << 20
GROWTH_MOST_MB = 60
QUICK_SECONDS = 2.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with housed(Plan(folder=tmp_path, grids=3)) as house:
        await house.server.start()
        await house.warn("warm")
        yield house


def warning(house: House, identifier: str, **changed: object) -> dict[str, object]:
    now = house.clock.now().isoformat()
    return {
        "sender": "rain@chengxi",
        "identifier": identifier,
        "sent": now,
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11D01",
        "event": "地震",
        "level": "red",
        "description": "3小时超100毫米",
        "instruction": "立即转移",
        "issuer": "澄溪县气象台",
        "effective": now,
        "areas": [{"codes": [{"system": "DEMO", "code": "990421"}]}],
        **changed,
    }


async def all_at_once(
    house: House, bodies: list[dict[str, object]]
) -> list[httpx.Response]:
    posts = (house.api.post("/api/v1/alerts", json=body) for body in bodies)
    return list(await asyncio.gather(*posts))


async def counted(house: House) -> tuple[int, int]:
    """How many alerts there are, and how many callouts."""

    def count(connection: Connection) -> tuple[int, int]:
        found = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (schema.alert, schema.callout)
        ]
        return found[0], found[1]

    return await house.database.read(count)


async def test_one_alert_from_twenty_at_once_is_one_alert(house: House) -> None:
    alerts, _ = await counted(house)
    same = warning(house, "W-1")
    answers = await all_at_once(house, [same] * TIMES)
    after, _ = await counted(house)

    assert Counter(one.status_code for one in answers) == {202: 1, 200: TIMES - 1}
    assert len({one.json()["id"] for one in answers}) == 1
    assert after == alerts + 1


async def test_twenty_contents_under_one_name_are_one_alert(house: House) -> None:
    alerts, _ = await counted(house)
    bodies = [warning(house, "W-1", description=f"水位 {n} 米") for n in range(TIMES)]
    answers = await all_at_once(house, bodies)
    after, _ = await counted(house)
    [first] = [one.json()["id"] for one in answers if one.status_code == 202]

    assert Counter(one.status_code for one in answers) == {202: 1, 409: TIMES - 1}
    assert {one.json()["first"]["id"] for one in answers if one.status_code == 409} == {
        first
    }
    assert after == alerts + 1


async def test_twenty_alerts_at_once_are_twenty(house: House) -> None:
    alerts, _ = await counted(house)
    answers = await all_at_once(house, [warning(house, f"W-{n}") for n in range(TIMES)])
    after, _ = await counted(house)

    assert {one.status_code for one in answers} == {202}
    assert after == alerts + TIMES


def resident(process: int) -> float:
    """The most memory a process has had at a time, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    [line] = [one for one in status.splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def in_pieces(length: int) -> AsyncIterator[bytes]:
    for _ in range(length >> 16):
        yield b" " * (1 << 16)


def deep() -> bytes:
    return b"<a>" * 100_000


def wide() -> bytes:
    return b"<a " + b" ".join(b'a%d="1"' % n for n in range(60_000)) + b"/>"


def many() -> bytes:
    return b"<a>" + b"<b/>" * 200_000 + b"</a>"


def rings() -> bytes:
    """A megabyte of corners, each ring as long as it may be."""
    ring = " ".join(f"{30 + n % 7 / 1e4:.4f},110.{n % 9}" for n in range(20_000))
    text = CAP.partition("<polygon>")
    return (f"{text[0]}<polygon>{ring}</polygon>" * 3).encode()[: 1 << 20]


def lists() -> bytes:
    return b"[" * 500_000


def units(house: House) -> bytes:
    body = warning(house, "W-units", areas=[{"units": ["x" * 40] * 20_000}])
    return json.dumps(body).encode()


Attack = Callable[[], Awaitable[httpx.Response]]


async def test_twenty_megabytes_at_a_time_take_no_memory_and_no_time(
    house: House,
) -> None:
    process = api_of(house)
    before = resident(process)
    statuses: Counter[int] = Counter()

    async def throw(content: bytes | AsyncIterator[bytes], kind: str) -> None:
        try:
            answer = await house.api.post(
                "/api/v1/alerts", content=content, headers={"Content-Type": kind}
            )
        except httpx.TransportError:  # it stopped reading, and hung up
            statuses[413] += 1
            return
        statuses[answer.status_code] += 1

    xml, plain = "application/xml", "application/json"
    throws = [
        *(throw(in_pieces(BIG), plain) for _ in range(10)),
        *(throw(b" " * BIG, plain) for _ in range(10)),
        *(throw(make(), xml) for make in (deep, wide, many, rings) for _ in range(3)),
        *(throw(lists(), plain) for _ in range(3)),
        throw(units(house), plain),
    ]
    flood = asyncio.gather(*throws)
    clock = asyncio.get_running_loop().time
    waits = []
    for number in range(5):
        began = clock()
        answer = await house.api.post(
            "/api/v1/alerts", json=warning(house, f"meanwhile-{number}")
        )
        waits.append(clock() - began)
        assert answer.status_code == 202
    await flood

    assert set(statuses) <= {400, 413, 422}, statuses
    assert statuses[413] >= TIMES
    *quick, slowest = sorted(waits)  # a disk may stall once: that is not the flood's
    assert max(quick) < QUICK_SECONDS
    assert slowest < 2 * QUICK_SECONDS
    assert resident(process) - before < GROWTH_MOST_MB
