"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.ingest import measure


@pytest.mark.timeout(300)
async def test_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = await measure(tmp_path, requests=2000, rounds=3)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the table is what a bench is for

    assert words
