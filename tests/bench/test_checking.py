"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

import pytest

from tests.bench.checking import measure


@pytest.mark.timeout(300)
def test_checking(capsys: pytest.CaptureFixture[str]) -> None:
    words = measure(100_000)
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - the figure is what a bench is for

    assert words
