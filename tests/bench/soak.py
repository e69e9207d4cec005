"""What grows in a server that calls hour after hour: nothing but its store.

``python -m tests.bench.soak --minutes 60``: real processes and an exchange with people
behind its numbers. A county is warned, answers as people do, and the warning is
cancelled; again and again. Every round is told on a line: memory, open files, threads,
the store and its logs, how long the warning took to be accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from dispatcher.store import schema
from dispatcher.store.gauges import lost
from tests.bench.boards import resident
from tests.bench.dispatching import processes_of
from tests.chaos.house import House, Plan, housed, pause
from tests.chaos.survive import phones

GRIDS = 40
LINES = 20
SPEED = 10.0  # seconds of the house in a real one
ROUND_SECONDS = 30.0
FILES = ("house.db", "house.db-wal", "house.db.spool", "house.db.spool-wal")
MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was seen at the end of one round; sizes in MB.

    :ivar accepted: seconds from the POST to its 202
    :ivar answered: callouts that a human answered, of all so far
    """

    number: int
    accepted: float
    callouts: int
    answered: int
    lost: int
    memory: tuple[float, float]
    files: tuple[int, int]
    threads: tuple[int, int]
    store: tuple[float, ...]

    def told(self) -> str:
        """As a line of the table."""
        pairs = (self.memory, self.files, self.threads)
        parts = [f"{one[0]:.0f}/{one[1]:.0f}" for one in pairs]
        sizes = " ".join(f"{size:.1f}" for size in self.store)
        return (
            f"{self.number:5} {self.accepted:7.3f} {self.callouts:8} {self.answered:8} "
            f"{self.lost:4} {parts[0]:>9} {parts[1]:>7} {parts[2]:>7}  {sizes}"
        )


HEAD = (
    "round  POST s callouts answered lost  API/work.  files threads  "
    "MB of store, log, spool, its log"
)


async def soaked(folder: Path, seconds: float) -> Sequence[Round]:
    """Warn and cancel until the time is over; gives what was seen after each round."""
    plan = Plan(folder=folder, grids=GRIDS, lines=LINES, speed=SPEED)
    found: list[Round] = []
    async with housed(plan) as house:
        await house.exchange.phones(phones(house.roster))
        await house.server.start()
        ends = time.monotonic() + seconds
        sys.stdout.write(f"{HEAD}\n")
        while not found or time.monotonic() < ends:
            found.append(await _round(house, folder, len(found) + 1))
            sys.stdout.write(f"{found[-1].told()}\n")
            sys.stdout.flush()
    return found


async def _round(house: House, folder: Path, number: int) -> Round:
    began = time.monotonic()
    alert = await house.warn(f"W-{number}")
    accepted = time.monotonic() - began
    await pause(ROUND_SECONDS)
    reason = {"reason": "雨停了"}
    done = await house.api.post(f"/api/v1/alerts/{alert}/cancel", json=reason)
    assert done.is_success, done.text
    now, processes = house.clock.now(), processes_of(house.server)
    callouts, answered, gone = await house.database.read(
        lambda c: (*_counted(c), lost(c, now))
    )
    api, worker = processes
    return Round(
        number=number,
        accepted=accepted,
        callouts=callouts,
        answered=answered,
        lost=gone,
        memory=(resident(api) / MB, resident(worker) / MB),
        files=(_held(api, "fd"), _held(worker, "fd")),
        threads=(_held(api, "task"), _held(worker, "task")),
        store=tuple(_sizes(folder)),
    )


def _counted(connection: Connection) -> tuple[int, int]:
    callouts = select(func.count()).select_from(schema.callout)
    answered = select(func.count(schema.fact.c.callout.distinct())).where(
        schema.fact.c.kind == "answered"
    )
    return (
        connection.execute(callouts).scalar_one(),
        connection.execute(answered).scalar_one(),
    )


def _held(process: int, what: str) -> int:
    """How many of something a process has, by the kernel's name for it."""
    return len(os.listdir(f"/proc/{process}/{what}"))  # noqa: PTH208 - nothing but counted


def _sizes(folder: Path) -> Iterator[float]:
    for name in FILES:
        file = folder / name
        yield file.stat().st_size / MB if file.exists() else 0.0


def main() -> None:
    """Soak from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soaked(Path(folder), given.minutes * 60))
    worst = max(found, key=lambda one: one.accepted)
    sys.stdout.write(f"longest POST {worst.accepted:.3f} s, in round {worst.number}\n")


if __name__ == "__main__":
    main()
