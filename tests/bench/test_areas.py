"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

import pytest

from tests.bench.areas import measure


@pytest.mark.timeout(300)
def test_areas(capsys: pytest.CaptureFixture[str]) -> None:
    words = measure(300_000)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the table is what a bench is for

    assert words
