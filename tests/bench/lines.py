"""How long it takes until a whole county's telephones have rung.

``make bench``, or ``python tests/bench/lines.py --grids 1000 --lines 1100``: real
processes, real clock, texts beside the calls as in any red warning; nobody picks up.
There are lines for everybody, so that what is measured is us and not a ringing that has
to end first. Nothing here passes or fails; on a shared machine only the ratio compares
well.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from dispatcher.sim.trunk import CallEntry
from dispatcher.store import schema
from tests.bench.latency import CONNECTIONS, bare
from tests.chaos.house import House, Plan, housed, pause

LOOK_SECONDS = 0.25
MOST_SECONDS = 120.0
GOAL_SECONDS = 15.0
RING_SECONDS = "35"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    grids: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRound:
    """Everybody on the start list is rung once.

    :ivar people: on the start list
    :ivar rung: seconds from the POST to each number's first ringing, rising
    :ivar texts: accepted until then
    :ivar bare: seconds of a bare client for the same calls
    """

    people: int
    rung: tuple[float, ...]
    texts: int
    bare: float

    @property
    def seconds(self) -> float:
        """Until the last of them is rung."""
        return self.rung[-1]

    def table(self) -> str:
        """Say it."""
        spread = self.seconds - self.rung[0]
        rows = {
            "people on the start list": f"{self.people}",
            "numbers rung": f"{len(self.rung)}",
            "first telephone rings s": f"{self.rung[0]:.2f}",
            "half of them have rung s": f"{self.rung[len(self.rung) // 2]:.2f}",
            "all have rung s": f"{self.seconds:.2f}",
            f"all have rung, goal {GOAL_SECONDS:g} s": (
                "met" if self.seconds <= GOAL_SECONDS else "missed"
            ),
            "calls a second": f"{len(self.rung) / spread:.0f}",
            "texts beside them": f"{self.texts}",
            f"bare client, {CONNECTIONS} connections s": f"{self.bare:.2f}",
            "ratio": f"{self.seconds / self.bare:.2f}",
        }
        return "\n".join(f"{name:48}{value:>8}" for name, value in rows.items())


async def first_round(size: Size, folder: Path) -> FirstRound:
    """Ring a county, then let a bare client place the same calls."""
    plan = Plan(folder=folder, grids=size.grids, lines=size.lines)
    async with housed(plan) as house:
        await house.server.start()
        began = (await house.exchange.time()).now
        alert = await house.warn()
        people = await _people(house, alert)
        await _until_rung(house, people)
        calls = await house.exchange.calls()
        texts = len(await house.exchange.ledger())
        await house.server.stop()
        rung = first_rings(calls)
        return FirstRound(
            people=people,
            rung=tuple(sorted(at - began for at in rung.values())),
            texts=texts,
            bare=await bare(house, "Calls", forms(house, rung)),
        )


async def _people(house: House, alert: str) -> int:
    answer = await house.api.get(f"/api/v1/alerts/{alert}")
    return int(answer.json()["people"])


async def _until_rung(house: House, people: int) -> None:
    """Wait until as many numbers have been called as there are people."""
    async with asyncio.timeout(MOST_SECONDS):
        while await house.database.read(called) < people:
            await pause(LOOK_SECONDS)


def called(connection: Connection) -> int:
    """Numbers for which the exchange has taken a call."""
    message = schema.message.c
    query = select(func.count(message.address.distinct())).where(
        message.channel == "voice", message.accepted_at.isnot(None)
    )
    return connection.execute(query).scalar_one()


def first_rings(calls: list[CallEntry]) -> dict[str, float]:
    """When each number rang first, by the exchange's own clock."""
    rung: dict[str, float] = {}
    for call in calls:
        rung.setdefault(call.to, call.placed_at)
    return rung


def forms(house: House, numbers: dict[str, float]) -> list[dict[str, str]]:
    """What an account posts for such calls."""
    answer = f"{house.provider}/nobody-picks-up"
    return [
        {"To": number, "From": "+99900000001", "Url": answer, "Timeout": RING_SECONDS}
        for number in numbers
    ]


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=1100)
    size = Size(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(first_round(size, Path(folder)))
        sys.stdout.write(f"{measured.table()}\n")


if __name__ == "__main__":
    main()
