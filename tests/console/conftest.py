"""Fixtures of the desk: one house for all windows, on one loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from dispatcher.console.page import STATIC
from tests.console.desk import CHROMIUM, Desk, desk_of, need

# On a machine that two suites share, five seconds are no proof of anything.
expect.set_options(timeout=20_000)

GRIDS = 120
SPEED = 8.0  # a red warning's ten minutes in a little more than one


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("desk"), GRIDS, SPEED) as found:
        yield found
