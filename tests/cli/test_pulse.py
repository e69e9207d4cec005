"""Who runs and does nothing any more is ended, and started again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict
from typing_extensions import override

from config.settings import Role
from dispatcher.cli import pulse
from dispatcher.cli.pulse import beating
from dispatcher.cli.supervisor import Child, Supervisor
from dispatcher.engine.clock import wait_for

BEAT, SILENT = 0.05, 0.5
# Beats as often as it is told to, and goes on running.
PLAYED = """
import os, sys, time
end = int(sys.argv[-1].rpartition("=")[2])
open(sys.argv[1], "a").write("began\\n")
for _ in range(int(sys.argv[2])):
    os.write(end, b".")
    time.sleep(0.05)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT_SECONDS", BEAT)
    monkeypatch.setattr(pulse, "SILENT_SECONDS", SILENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played(Child):
    """A child that does what a test wants."""

    beats: int
    diary: Path

    @property
    @override
    def command(self) -> list[str]:
        return [sys.executable, "-c", PLAYED, str(self.diary), str(self.beats)]


@asynccontextmanager
async def supervised(folder: Path, beats: int) -> AsyncIterator[Path]:
    """Keep such a child alive; gives where it notes that it began."""
    diary, supervisor = folder / "diary", Supervisor()
    child = Played(role=Role.WORKER, config=None, inherits={}, beats=beats, diary=diary)
    kept = asyncio.create_task(supervisor.keep([child]))
    try:
        yield diary
    finally:
        supervisor.stop()
        await kept


async def begun(diary: Path, times: int) -> None:
    """Wait until the child has begun so often."""
    async with asyncio.timeout(30):
        while beginnings(diary) < times:
            await wait_for(asyncio.Event(), 0.02)


def beginnings(diary: Path) -> int:
    return diary.read_text().count("began") if diary.exists() else 0


async def test_a_child_that_hangs_is_started_again(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with supervised(tmp_path, beats=3) as diary:
            await begun(diary, 2)

    told = [log["event"] for log in logs]
    assert told.index("server.child.stuck") < told.index("server.child.died")
    assert codes(logs)[0] == -9


def codes(logs: list[EventDict]) -> list[int]:
    return [log["code"] for log in logs if log["event"] == "server.child.died"]


@pytest.mark.parametrize("beats", [0, 1000])
async def test_a_child_that_starts_or_works_is_left_alone(
    tmp_path: Path, beats: int
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with supervised(tmp_path, beats) as diary:
            await begun(diary, 1)
            await wait_for(asyncio.Event(), 3 * SILENT)

    assert beginnings(diary) == 1
    assert "server.child.stuck" not in [log["event"] for log in logs]


async def test_it_beats_while_all_is_well() -> None:
    ours, theirs = os.pipe()
    well = True
    async with beating(theirs, lambda: well):
        assert await asyncio.to_thread(os.read, ours, 1) == b"."
        assert await asyncio.to_thread(os.read, ours, 1) == b"."
        well = False
        await wait_for(asyncio.Event(), 2 * BEAT)
        os.set_blocking(ours, False)
        _drained(ours)
        await wait_for(asyncio.Event(), 4 * BEAT)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
    os.close(ours)
    os.close(theirs)


def _drained(end: int) -> None:
    try:
        os.read(end, 4096)
    except BlockingIOError:
        return


async def test_who_is_not_felt_does_not_mind() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    async with beating(theirs, lambda: True), beating(None, lambda: True):
        await wait_for(asyncio.Event(), 3 * BEAT)
    os.close(theirs)
