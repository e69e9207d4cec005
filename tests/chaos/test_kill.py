"""A server killed in the middle of the night, several times, loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

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
