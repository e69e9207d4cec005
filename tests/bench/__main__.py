"""``make bench``: one table of what the house promises of speed, or one JSON object.

``python -m tests.bench --json --callouts 10000 100000 300000``. What compares is a
ratio of two things measured in this run. Nothing passes or fails here: what the goals
are, and how far we are, is told in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.bench import stages
from tests.bench.answering import Answers, answers
from tests.bench.dispatching import (
    SQLITE,
    Dispatched,
    table,
)
from tests.bench.dispatching import measure as dispatched
from tests.bench.latency import climbing
from tests.postgres import STORES, obtainable, places

HISTORY = Path("var/bench/history.jsonl")
REFERENCE = 10_000  # callouts: what the largest size's cost is compared with
LARGE = 100_000
SIZES = (REFERENCE, LARGE)
TIMES = 3  # so often for the median, up to the reference

Figures = Mapping[str, float | None]


def machine() -> dict[str, Any]:
    """What this was measured on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load": os.getloadavg()[0],
        "at": datetime.now(UTC).isoformat(),  # noqa: TID251 - the bench's own time
    }


def figures(
    runs: Sequence[Dispatched], late: Sequence[float], heard: Answers
) -> Figures:
    """The promises, by their fixed names; None: not measured in this run."""
    by_size = {run.callouts: run for run in runs}
    largest = runs[-1]
    large = by_size.get(LARGE, largest)
    reference = by_size.get(REFERENCE, runs[0])
    return {
        "dispatch_ratio": large.ratio,
        "cost_flatness": largest.cost / reference.cost,
        "first_request_p99_seconds": max(run.first for run in runs),
        "lateness_p99_seconds": _p99(late),
        "answers_per_second": heard.rate,
        "answer_p99_seconds": heard.p99_while_sending,
        "answer_p99_seconds_idle": heard.p99,
        "answer_heard_p99_seconds": heard.heard_p99,
        "rss_mb_100k": large.rss_mb if large.callouts == LARGE else None,
        "callouts_most": float(largest.callouts),
    }


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


async def measure(sizes: Sequence[int], stores: Sequence[str]) -> dict[str, Any]:
    """Measure stores, one after the other."""
    found: dict[str, Any] = {"machine": machine()}
    for name in stores:
        with places(name, SQLITE) as place:
            runs, promised = await measured(sorted(sizes), place)
            spent = await stages.measure(stages.CALLOUTS, place())
        found[name] = {**promised, "stages_us": spent}
        sys.stderr.write(f"{name}\n{table(runs)}\n\n{stages.told(spent)}\n")
    return found


async def measured(
    sizes: Sequence[int], place: Callable[[], str]
) -> tuple[list[Dispatched], Figures]:
    """Measure one store: each house has a place of its own."""
    small = [size for size in sizes if size <= REFERENCE]
    runs = await dispatched(small, 1, place, TIMES)
    runs += await dispatched(sizes[len(small) :], 1, place)
    with tempfile.TemporaryDirectory() as folder:
        late = await climbing(Path(folder), place())
    with tempfile.TemporaryDirectory() as folder:
        heard = await answers(Path(folder), place())
    return runs, figures(runs, late, heard)


def told(found: Mapping[str, Any]) -> str:
    """The table: a row for each figure, a column for each store."""
    stores = [name for name in found if name != "machine"]
    names = found[stores[0]]
    rows = [f"{'':32}" + "".join(f"{name:>14}" for name in stores)]
    rows += [
        f"{name:32}" + "".join(f"{_figure(found[one][name]):>14}" for one in stores)
        for name in names
        if name != "stages_us"
    ]
    return "\n".join(rows)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def kept(found: Mapping[str, Any]) -> None:
    """Add a run to the history of this checkout."""
    HISTORY.parent.mkdir(parents=True, exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(found)}\n")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--callouts", type=int, nargs="+", default=[*SIZES])
    parser.add_argument("--store", choices=STORES, nargs="+", default=obtainable())
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(measure(given.callouts, given.store))
    kept(found)
    sys.stdout.write(f"{json.dumps(found) if given.json else told(found)}\n")


if __name__ == "__main__":
    main()
