"""Fixtures of the engine: an office with a scripted provider and a clock by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.engine.office import Office, opened


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with opened() as office:
        yield office
