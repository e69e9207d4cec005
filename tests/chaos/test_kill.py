"""A server killed in the middle of the night, several times, loses nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.house import LOOK_SECONDS, House, descendants, pause
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
    kill_senders(house)
    await house.server.until("sender.started", before)


async def let_nobody_send(house: House) -> None:
    """Kill the process that sends whenever it is there, until no other comes."""
    while not house.server.told("sender.hopeless"):
        kill_senders(house)
        await pause(LOOK_SECONDS)


def kill_senders(house: House) -> None:
    """Kill the process that sends, if there is one now."""
    for process in descendants(house.server.running.pid):
        with contextlib.suppress(OSError):  # it has died of an earlier blow
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            if b"sender" in words:
                os.kill(process, signal.SIGKILL)


@pytest.mark.chaos
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("trial", "kill"),
    [(TRIAL, kill_who_sends), (replace(TRIAL, kills=1), let_nobody_send)],
    ids=["another sends", "the worker sends"],
)
async def test_when_who_sends_is_killed_somebody_else_does(
    tmp_path: Path, trial: Trial, kill: Callable[[House], Awaitable[None]]
) -> None:
    toll = await survive(trial, tmp_path, kill)

    assert toll.losses() == {}
    assert toll.accepted.total() > TRIAL.grids
