"""Fixtures of the stories: one exchange process for all, a fresh town for each."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from dispatcher.engine.clock import ManualClock
from tests.stories.town import (
    ACCOUNT,
    START,
    TOKEN,
    Town,
    people_of,
    settings_of,
    town_of,
)

NUMBERS = itertools.count(1_000_000, 1_000)


@dataclass
class Line:
    """The exchange, and the port its callbacks come to."""

    url: str
    port: int


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dispatcher.sim.exchange", "--port", "0"]
    command += ["--account-sid", ACCOUNT, "--auth-token", TOKEN]
    command += ["--reply-url", f"http://127.0.0.1:{port}/hooks/sms/sms/reply"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        yield Line(f"http://127.0.0.1:{started['port']}", port)
        process.terminate()


Build = Callable[..., AbstractAsyncContextManager[Town]]


@pytest.fixture
def build(line: Line) -> Build:
    """Builds a town with so many grids, or with these people."""

    def built(grids: int = 1, **who: Any) -> AbstractAsyncContextManager[Town]:
        numbers = people_of(grids, next(NUMBERS), **who)
        settings = settings_of(line.port, line.url)
        return town_of(settings, line.url, numbers, ManualClock(START))

    return built


@pytest.fixture
async def town(build: Build) -> AsyncIterator[Town]:
    """A village with five grids."""
    async with build(5) as built:
        yield built
