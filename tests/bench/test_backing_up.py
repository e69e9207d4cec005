"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.backing_up import measure


@pytest.mark.timeout(300)
async def test_backing_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = await measure(1_000_000, tmp_path)
    with capsys.disabled():
        print(f"\n{measured.table()}")  # noqa: T201 - the table is what a bench is for

    assert measured.beside
