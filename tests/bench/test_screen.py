"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

import pytest

from tests.bench.screen import Load, measure

LOADS = [
    Load(grids=5_000, rate=200, slower=1),
    Load(grids=5_000, rate=200, slower=4),
    Load(grids=20_000, rate=800, slower=4),
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("load", LOADS, ids=lambda load: f"{load.grids}-{load.slower}x")
async def test_screen(capsys: pytest.CaptureFixture[str], load: Load) -> None:
    words = await measure(load)
    with capsys.disabled():
        print("", words, sep="\n")  # noqa: T201 - the table is what a bench is for

    assert "fps" in words
