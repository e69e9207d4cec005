"""``pytest tests/bench``: measures, prints, and has no opinion."""

from __future__ import annotations

import pytest

from tests.bench.transport import WAYS, measured, table


@pytest.mark.timeout(300)
async def test_transport(capsys: pytest.CaptureFixture[str]) -> None:
    costs = await measured(requests=5_000)
    with capsys.disabled():
        print(f"\n{table(costs)}")  # noqa: T201 - the table is what a bench is for

    assert costs.keys() == WAYS.keys()
