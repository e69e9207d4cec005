"""How long an import of a whole county takes, and what the server feels of it.

``python -m tests.bench.importing [ROWS]``: a workbook is tried, applied and undone over
the API's own means; a pulse in the loop tells the longest time it stood still.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from config.settings import Security, Settings, Store
from contacts.importers.columns import Column
from dispatcher.engine.apart import Apart
from dispatcher.engine.import_orders import Apply, Order, Outcome, Try, Undo
from dispatcher.engine.runtime import opened
from dispatcher.store.database import Database
from tests.contacts.offices import HEADER, Row, Tab, as_xlsx, row

NOW = datetime(2026, 4, 1, tzinfo=UTC)
BEAT = 0.002
BY = "bench"


@dataclass(slots=True)
class Felt:
    """The longest stall of the loop in seconds, the most a child took in MiB."""

    stall: float = 0.0
    memory: float = 0.0


def county(rows: int) -> bytes:
    """A workbook of so many grids, 50 to a village."""
    return as_xlsx(Tab(rows=[HEADER, *map(_row, range(rows))]))


def _row(at: int) -> Row:
    village = f"990421{100 + at // 20_000}{100 + at // 50 % 400}"
    return row(
        {
            Column.CODE: village,
            Column.TOWNSHIP: f"{at // 20_000}镇",
            Column.VILLAGE: f"{at // 50}村",
            Column.GRID_CODE: f"{village}{at % 50 + 1:03}",
            Column.GRID_NAME: f"{at}网格",
            Column.NAME: f"李{chr(0x4E00 + at % 5000)}{chr(0x4E00 + at // 5000)}",
            Column.MOBILE: f"138{at:08}",
        }
    )


@contextlib.asynccontextmanager
async def feeling(apart: Apart) -> AsyncIterator[Felt]:
    """Watch the loop and the children while the block runs."""
    felt = Felt()

    async def watch() -> None:
        last = perf_counter()
        wait = asyncio.Event().wait
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wait(), BEAT)
            felt.stall = max(felt.stall, perf_counter() - last - BEAT)
            felt.memory = max([felt.memory, *map(_peak, apart.children)])
            last = perf_counter()

    task = asyncio.create_task(watch())
    try:
        yield felt
    finally:
        task.cancel()


def _peak(child: int) -> float:
    try:
        status = Path(f"/proc/{child}/status").read_text()
    except OSError:
        return 0.0
    lines = (line.split() for line in status.splitlines())
    return next((int(one[1]) / 1024 for one in lines if one[0] == "VmHWM:"), 0.0)


async def measure(rows: int, folder: Path) -> dict[str, float]:
    """Seconds of a try, an apply, an undo; memory and stall of the worst of them."""
    settings = Settings(
        store=Store(url=f"sqlite+aiosqlite:///{folder / 'store.db'}"),
        security=Security(keys_dir=folder / "keys"),
    )
    data, apart = county(rows), Apart()
    trial = Try(
        file="county.xlsx", by=BY, at=NOW, code_system="DEMO", allow_test_numbers=False
    )
    async with opened(settings) as database, feeling(apart) as felt:

        async def timed(order: Order, data: bytes = b"") -> tuple[float, Outcome]:
            return await _timed(apart, database, settings, order, data)

        tried, outcome = await timed(trial, data)
        applied, done = await timed(Apply(number=outcome.number, by=BY, at=NOW))
        undone, last = await timed(Undo(number=outcome.number, by=BY, at=NOW))
    assert (done.obstacle, last.obstacle, last.edition) == (None, None, 2)
    return {
        "rows": rows,
        "try_seconds": round(tried, 1),
        "apply_seconds": round(applied, 1),
        "undo_seconds": round(undone, 1),
        "child_peak_mib": round(felt.memory),
        "longest_stall_ms": round(felt.stall * 1000, 1),
    }


async def _timed(
    apart: Apart, database: Database, settings: Settings, order: Order, data: bytes
) -> tuple[float, Outcome]:
    begun = perf_counter()
    done = await apart.do(database, settings, order, data)
    return perf_counter() - begun, done


def main() -> None:
    """Measure, and print one JSON object."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{json.dumps(asyncio.run(measure(rows, Path(folder))))}\n")


if __name__ == "__main__":
    main()
