"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.accepting import measure


@pytest.mark.timeout(300)
async def test_accepting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = await measure(tmp_path, grids=1000, alerts=100)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the table is what a bench is for

    assert words
