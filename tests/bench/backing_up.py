"""How long a backup of a large store takes, and how long writers wait meanwhile.

``make bench``, or ``python tests/bench/backing_up.py --facts 1000000``: one writer
commits a fact every few milliseconds, as a calling worker does, while the command runs.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection

from config.settings import load
from dispatcher.engine.clock import wait_for
from dispatcher.engine.runtime import opened
from dispatcher.store import schema
from dispatcher.store.moment import EPOCH

PAUSE_SECONDS = 0.003
QUIET_SECONDS = 5.0
MEGABYTE = 1024**2
# As long as a real fact, and no two alike: equal ones would pack too well.
MANY = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO fact (callout, seq, at, kind, body)
SELECT 'callout-' || (i / 40) || '-' || hex(randomblob(8)), i % 40 + 1, i, 'delivered',
       '{"kind": "delivered", "by": "system", "attempt": "' || hex(randomblob(40)) ||
       '", "filler": "' || replace(hex(zeroblob(100)), '0', 'x') || '"}'
FROM n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was seen.

    :ivar seconds: of the backup
    :ivar quiet: how long each commit took before it, in seconds
    :ivar beside: the same while it ran
    """

    facts: int
    store_bytes: int
    backup_bytes: int
    seconds: float
    quiet: Sequence[float]
    beside: Sequence[float]

    def table(self) -> str:
        """Say it."""
        store, backup = self.store_bytes / MEGABYTE, self.backup_bytes / MEGABYTE
        sizes = f"{self.facts:,} facts, {store:.0f} MB: backup {backup:.0f} MB"
        return "\n".join(
            (
                f"{sizes}, {self.seconds:.1f} s",
                f"commits before it   {_spread(self.quiet)}",
                f"commits beside it   {_spread(self.beside)}",
            )
        )


def _spread(waits: Sequence[float]) -> str:
    ordered = sorted(one * 1000 for one in waits)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return (
        f"{len(ordered):6} median {middle:6.1f} ms  p99 {late:6.1f} ms  "
        f"longest {ordered[-1]:6.1f} ms"
    )


async def measure(facts: int, folder: Path) -> Measured:
    """Fill a store, and back it up beside a writer."""
    config, backup = folder / "jiaoying.toml", folder / "b.zip"
    config.write_text('[store]\nurl = "sqlite:///store.db"\n', encoding="utf-8")
    async with opened(load(config, {})) as database:
        with closing(sqlite3.connect(folder / "store.db")) as store:
            store.execute(MANY, (facts,))
            store.commit()
        waits: list[float] = []
        done = asyncio.Event()

        async def write() -> None:
            while not done.is_set():
                began, number = perf_counter(), len(waits)
                await database.write(partial(_add, number=number))
                waits.append(perf_counter() - began)
                await wait_for(done, PAUSE_SECONDS)

        writing = asyncio.create_task(write())
        await wait_for(asyncio.Event(), QUIET_SECONDS)
        before = len(waits)
        began = perf_counter()
        await _backed_up(config, backup)
        seconds = perf_counter() - began
        done.set()
        await writing
    return Measured(
        facts=facts,
        store_bytes=(folder / "store.db").stat().st_size,
        backup_bytes=backup.stat().st_size,
        seconds=seconds,
        quiet=waits[:before],
        beside=waits[before:],
    )


def _add(connection: Connection, *, number: int) -> None:
    row = {"callout": "bench", "seq": number, "at": EPOCH, "kind": "x", "body": "{}"}
    connection.execute(schema.fact.insert().values(row))


async def _backed_up(config: Path, backup: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispatcher.cli", "--config", str(config)),
        *("backup", str(backup), "--json"),
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        message = "the backup failed; its reason is above"
        raise RuntimeError(message)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--facts", type=int, default=1_000_000)
    facts = parser.parse_args().facts
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(measure(facts, Path(folder)))
    sys.stdout.write(f"{measured.table()}\n")


if __name__ == "__main__":
    main()
