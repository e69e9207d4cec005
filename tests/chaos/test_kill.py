"""A server killed in the middle of the night, several times, loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.chaos.house import House, descendants
from tests.chaos.survive import Trial, survive

TRIAL = Trial(kills=4, grids=200, speed=30.0)


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_a_server_killed_while_it_calls_loses_nothing(tmp_path: Path) -> None:
    toll = await survive(TRIAL, tmp_path)

    assert toll.losses() == {}
    assert toll.accepted.total() > TRIAL.grids
    assert toll.calls > 0
    assert len(toll.restarts) == TRIAL.kills


async def kill_who_sends(house: House) -> None:
    """Kill the process that sends, alone; return when another does."""
    before = len(house.server.told("sender.started"))
    for pid in filter(sends, descendants(house.server.running.pid)):
        os.kill(pid, signal.SIGKILL)
    await house.server.until("sender.started", before)


def sends(process: int) -> bool:
    """Whether that is what a process is there for."""
    return b"sender" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_when_who_sends_is_killed_another_does(tmp_path: Path) -> None:
    toll = await survive(TRIAL, tmp_path, kill_who_sends)

    assert toll.losses() == {}
    assert toll.accepted.total() > TRIAL.grids
