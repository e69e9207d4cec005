"""How long people wait for us, measured on the server as it is run.

``make bench``, or ``python tests/bench/latency.py --grids 1000 --rounds 3``: real
processes, real clock, an exchange that answers at once. Nothing here passes or fails;
on a shared machine only the ratio compares well.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

import httpx
from sqlalchemy import Connection, func, select

from contacts.model import Post, UnitKind
from dispatcher.core.callout import CalloutId
from dispatcher.sim.twilio_wire import API_VERSION
from dispatcher.store import alerts, callouts, outbox, schema
from dispatcher.store.outbox import Sending
from tests.chaos.house import IN_A_FILE, House, Plan, housed, pause
from tests.stories.test_realtime import scaled_policy

CONNECTIONS = 8
ALERTS = 30
LOOK_SECONDS = 0.02
QUIET_SECONDS = 0.5
CLIMBERS = 200  # grids that are silent together
STAND_IN = "1"  # the rung of the B角
SETTLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    grids: int
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The first texts of one warning for the whole county.

    :ivar first: seconds from the POST to the first text at the exchange
    :ivar seconds: to the last one accepted and recorded
    :ivar bare: seconds of a bare client for the same forms
    """

    messages: int
    first: float
    seconds: float
    bare: float


async def idle(folder: Path) -> list[float]:
    """Seconds from the POST of a small warning to its first text, nothing else on."""
    async with housed(Plan(folder=folder, grids=ALERTS)) as house:
        await house.server.start()
        grids = [u for u in house.roster.units.values() if u.kind is UnitKind.GRID]
        return [
            await _first(house, f"W-{number}", grids[number % len(grids)].id)
            for number in range(ALERTS)
        ]


async def _first(house: House, name: str, grid: str) -> float:
    before = len(await house.exchange.ledger())
    began = house.clock.now()
    await house.warn(name, areas=[{"units": [grid]}])
    while len(ledger := await house.exchange.ledger()) == before:
        await pause(LOOK_SECONDS)
    await house.exchange.settle()
    await pause(QUIET_SECONDS)
    return (ledger[before].accepted_at - began).total_seconds()


async def wave(folder: Path, grids: int) -> Wave:
    """Everybody's first text, and the same forms by a bare client."""
    async with housed(Plan(folder=folder, grids=grids)) as house:
        await house.server.start()
        began = house.clock.now()
        alert = await house.warn()
        await until_recorded(house, alert)
        seconds = (house.clock.now() - began).total_seconds()
        ledger = await house.exchange.ledger()
        await house.exchange.settle()
        rows = await house.database.read(first_texts)
        await house.server.stop()
        return Wave(
            messages=len(rows),
            first=(ledger[0].accepted_at - began).total_seconds(),
            seconds=seconds,
            bare=await bare(house, "Messages", forms(rows)),
        )


async def until_recorded(house: House, alert: str) -> None:
    """Wait until every callout is open and every text is accepted in the store."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while await house.database.read(lambda c: unrecorded(c, alert)):
            await pause(LOOK_SECONDS)


def unrecorded(connection: Connection, alert: str) -> int:
    """Texts without an answer of the exchange, and a launch that is not done."""
    message, launching = schema.message, ~alerts.LAUNCHED
    waiting = message.c.state.in_(["waiting", "sending", "unknown"])
    texts = select(func.count()).where(message.c.alert == alert, waiting)
    launches = select(func.count()).where(schema.alert.c.id == alert, launching)
    return sum(connection.execute(query).scalar_one() for query in (texts, launches))


def first_texts(connection: Connection) -> list[Sending]:
    """What was sent, and to whom."""
    return outbox.find(connection, connection.scalars(select(schema.message.c.id)))


def forms(rows: Iterable[Sending]) -> list[dict[str, str]]:
    """What an account posts for such texts."""
    return [
        {
            "To": row.number,
            "From": "+99900000001",
            "Body": row.text,
            "ValidityPeriod": "3600",
        }
        for row in rows
    ]


async def bare(house: House, noun: str, forms: list[dict[str, str]]) -> float:
    """Seconds of a plain httpx client for the same forms, over as many connections.

    Nothing else runs then, and the exchange has nobody to call back: a ceiling.

    :param noun: the provider's word for what is made: Messages or Calls
    """
    url = f"{house.provider}/{API_VERSION}/Accounts/{house.account[0]}/{noun}.json"
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        auth=house.account, limits=limits, timeout=30.0, trust_env=False
    ) as client:

        async def line() -> None:
            while forms:
                (await client.post(url, data=forms.pop())).raise_for_status()

        began = house.clock.now()
        await asyncio.gather(*(line() for _ in range(CONNECTIONS)))
        return (house.clock.now() - began).total_seconds()


async def climbing(folder: Path, store: str = IN_A_FILE) -> list[float]:
    """Seconds from the due time of a stand-in to his text, where nobody answers."""
    policies = scaled_policy(folder)
    plan = Plan(folder=folder, grids=CLIMBERS, policies=policies, store=store)
    async with housed(plan) as house:
        await house.server.start()
        alert = await house.warn()
        await until_recorded(house, alert)
        async with asyncio.timeout(SETTLE_SECONDS):
            while len(late := await house.database.read(lateness)) < CLIMBERS * 0.9:
                await pause(QUIET_SECONDS)
        return late


def lateness(connection: Connection) -> list[float]:
    """How late each stand-in's first text went to the wire."""
    message, carried = schema.message, schema.carried
    rows = connection.execute(
        select(carried.c.attempt, carried.c.callout, message.c.sent_at)
        .join(message, message.c.id == carried.c.message)
        .where(message.c.sent_at.isnot(None), message.c.purpose == "own")
    ).all()
    stand_ins = [row for row in rows if row.attempt.split(".")[1] == STAND_IN]
    seen = callouts.load(connection, {row.callout for row in stand_ins})
    found = []
    for row in stand_ins:
        callout = seen[CalloutId(row.callout)].callout
        if callout.post is Post.GRID_LEAD:
            due = callout.opened_at + timedelta(seconds=callout.ladder.rungs[1].at)
            found.append((row.sent_at - due).total_seconds())
    return found


def table(waits: list[float], late: list[float], waves: Sequence[Wave]) -> str:
    """Say it."""
    rows = {
        f"POST to first text, {len(waits)} alone, p50 ms": _ms(median(waits)),
        f"POST to first text, {len(waits)} alone, p99 ms": _ms(_p99(waits)),
        f"stand-in late, {len(late)} at once, first ms": _ms(min(late)),
        f"stand-in late, {len(late)} at once, p50 ms": _ms(median(late)),
        f"stand-in late, {len(late)} at once, p99 ms": _ms(_p99(late)),
    }
    for number, one in enumerate(waves, start=1):
        rows |= {
            f"wave {number}: texts": f"{one.messages}",
            f"wave {number}: first text ms": _ms(one.first),
            f"wave {number}: all accepted and recorded s": f"{one.seconds:.2f}",
            f"wave {number}: bare client s": f"{one.bare:.2f}",
            f"wave {number}: ratio": f"{one.seconds / one.bare:.2f}",
        }
    middle = median(one.seconds / one.bare for one in waves)
    rows |= {"ratio, median": f"{middle:.2f}"}
    return "\n".join(f"{name:48}{value:>8}" for name, value in rows.items())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


async def measure(size: Size, folder: Path) -> str:
    """Measure everything, one after the other; gives the table."""
    rooms = iter(range(size.rounds + 2))

    def room() -> Path:
        path = folder / f"{next(rooms)}"
        path.mkdir()
        return path

    waits = await idle(room())
    late = await climbing(room())
    waves = [await wave(room(), size.grids) for _ in range(size.rounds)]
    return table(waits, late, waves)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    size = Size(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{asyncio.run(measure(size, Path(folder)))}\n")


if __name__ == "__main__":
    main()
