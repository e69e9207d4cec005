"""Where the CPU of a message goes, by stage: the server as it runs, seen by py-spy.

``python -m tests.bench.stages --callouts 5000``. py-spy looks at the stacks of both
processes that work, the rules and who sends, a hundred times a second. A sample belongs
to the innermost function that a stage claims; the CPU that a process has had is shared
out by the samples of its threads that were at work.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench.dispatching import (
    SQLITE,
    benched,
    served,
    warmed,
    warned,
)
from tests.bench.servers import cpu
from tests.chaos.house import descendants
from tests.postgres import STORES, places

CALLOUTS = 5_000
A_SECOND = 100
OTHER = "loops and threads"
# A thread that waits for work stands in one of these, whatever the kernel says.
WAITING = ("concurrent/futures/thread.py", "cli/leash.py", "asyncio/runners.py")
# Who comes first, has it: a function of ours in what it was called by.
STAGES: Mapping[str, Sequence[str]] = {
    "the wire (our transport, httpx)": ("channels/transport/", "httpx/"),
    "the provider's SDK": ("channels/", "twilio/"),
    "deciding (rules, ladders, people)": ("dispatcher/core/", "contacts/"),
    "texts": tuple(
        f"dispatcher/engine/{one}.py" for one in ("compose", "wording", "envelope")
    ),
    "as it is kept (bodies, hashes, rows)": ("dispatcher/store/", "pydantic/"),
    "statements (SQLAlchemy, the driver)": ("sqlalchemy/", "psycopg/"),
    "turns (engine)": ("dispatcher/engine/",),
}
Stages = Mapping[str, float]


def stage_of(stack: str) -> str:
    """The stage of a stack of ``function (file:line)``, outermost first."""
    for frame in reversed(stack.split(";")):
        for stage, files in STAGES.items():
            if any(file in frame for file in files):
                return stage
    return OTHER


def counted(lines: Iterable[str]) -> Counter[str]:
    """How many samples each stage has, of lines ``stack samples``."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, samples = line.rpartition(" ")
        if not any(file in stack.rpartition(";")[2] for file in WAITING):
            found[stage_of(stack)] += int(samples)
    return found


def stacks(folder: Path, pid: int) -> Iterator[str]:
    """What was seen of a process."""
    yield from (folder / f"{pid}.stacks").read_text(encoding="utf-8").splitlines()


@contextlib.asynccontextmanager
async def looked_into(pid: int, file: Path) -> AsyncIterator[None]:
    """Sample a process while the block runs; its stacks are in the file then."""
    spy = Path(sys.executable).with_name("py-spy")
    process = await asyncio.create_subprocess_exec(
        *(spy, "record", "--pid", str(pid), "--output", file, "--format", "raw"),
        *("--rate", str(A_SECOND), "--full-filenames"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert process.returncode == 0, f"py-spy: {said.decode()}"


async def measure(callouts: int, store: str) -> Stages:
    """Microseconds of CPU for each message, by stage, of both processes together."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with (
            benched(folder, store, callouts) as bench,
            served(folder, 1) as (api, (worker,)),
        ):
            await warmed(bench)
            both = (worker, *descendants(worker))
            before = [cpu(one) for one in both]
            async with contextlib.AsyncExitStack() as spies:
                for one in both:
                    await spies.enter_async_context(
                        looked_into(one, folder / f"{one}.stacks")
                    )
                await warned(bench, api, (worker,), callouts)
                spent = [cpu(one) - was for one, was in zip(both, before, strict=True)]
        found: dict[str, float] = defaultdict(float)
        for one, seconds in zip(both, spent, strict=True):
            samples = counted(stacks(folder, one))
            each = seconds / callouts * 1e6 / samples.total()
            for stage, number in samples.items():
                found[stage] += number * each
    return {stage: found[stage] for stage in (*STAGES, OTHER)}


def told(stages: Stages) -> str:
    """The table: microseconds and the share of each stage."""
    whole = sum(stages.values())
    return "\n".join(
        f"{stage:40}{each:8.0f} us{each / whole:8.0%}" for stage, each in stages.items()
    )


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--callouts", type=int, default=CALLOUTS)
    parser.add_argument("--store", choices=STORES, default=STORES[0])
    given = parser.parse_args()
    with places(given.store, SQLITE) as place:
        stages = asyncio.run(measure(given.callouts, place()))
    sys.stdout.write(f"{told(stages)}\n")


if __name__ == "__main__":
    main()
