"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.latency import Size, measure


@pytest.mark.timeout(600)
async def test_latency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = await measure(Size(grids=1000, rounds=3), tmp_path)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the table is what a bench is for

    assert words
