"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.boards import Size, measure


@pytest.mark.timeout(300)
@pytest.mark.parametrize("grids", [5_000, 20_000])
async def test_boards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], grids: int
) -> None:
    words = [line async for line in measure(tmp_path, Size(grids=grids, rate=200))]
    with capsys.disabled():
        print("", *words, sep="\n")  # noqa: T201 - the table is what a bench is for

    assert words
