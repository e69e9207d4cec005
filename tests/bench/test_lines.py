"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.lines import Size, first_round


@pytest.mark.timeout(300)
async def test_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = await first_round(Size(grids=1000, lines=1100), tmp_path)
    with capsys.disabled():
        print(f"\n{measured.table()}")  # noqa: T201 - the table is what a bench is for

    assert len(measured.rung) == measured.people
