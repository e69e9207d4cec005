"""A server whose disk is full for a while: nobody is told "done", nothing is lost."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.chaos.house import House, descendants, pause
from tests.chaos.survive import Trial, survive

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

FULL_SECONDS = 3.0
MOST_BYTES = 4096  # no file grows beyond; ours are longer already


def limited(house: House, most: int) -> None:
    """Let the files of a server's processes grow so long, and no longer."""
    for process in descendants(house.server.running.pid):
        _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, hard))


async def fill(house: House) -> None:
    """Let the disk be full for some seconds; a warning meanwhile is refused."""
    alive = set(descendants(house.server.running.pid))
    limited(house, MOST_BYTES)
    refused = await house.api.post("/api/v1/alerts", json=house.warning("W-full"))
    await pause(FULL_SECONDS)
    limited(house, resource.RLIM_INFINITY)

    assert refused.status_code == 503, refused.text
    assert alive == set(descendants(house.server.running.pid))


async def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    trial = Trial(kills=2, grids=100, speed=30.0)
    toll = await survive(trial, tmp_path, fill)

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids
