"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.proving import measure


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [10_000, 100_000])
async def test_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    words = await measure(tmp_path, count)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the table is what a bench is for

    assert words
