"""Fixtures of the stories: one exchange process for all, a fresh town for each."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from dispatcher.engine.clock import ManualClock
from dispatcher.sim.control import ExchangeProcess
from dispatcher.sim.switchboard import ExchangeSettings
from dispatcher.sim.wecom_control import WecomClient
from tests.stories.chat import Chat, in_wecom, wecom_account, with_accounts
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
Talk = Callable[..., AbstractAsyncContextManager[Chat]]


@pytest.fixture
def build(line: Line) -> Build:
    """Builds a town with so many grids, or with these people."""

    def built(grids: int = 1, **who: Any) -> AbstractAsyncContextManager[Town]:
        numbers = people_of(grids, next(NUMBERS) * 10, **who)
        settings = settings_of(line.port, line.url)
        return town_of(settings, line.url, numbers, ManualClock(START))

    return built


@pytest.fixture
def ringing(line: Line) -> Build:
    """Builds a town with telephones, and an exchange whose time goes with the clock."""

    @contextlib.asynccontextmanager
    async def built(
        grids: int = 1,
        lines: int = 10,
        rate: float = 100,
        *,
        suspended: bool = False,
        **who: Any,
    ) -> AsyncIterator[Town]:
        numbers = people_of(grids, next(NUMBERS) * 10, **who)
        async with (
            ExchangeProcess(exchange_of(line)) as exchange,
            town_of(
                settings_of(
                    line.port,
                    exchange.url,
                    lines=lines,
                    rate=rate,
                    suspended=suspended,
                ),
                exchange.url,
                numbers,
                ManualClock(START),
            ) as town,
        ):
            town.in_step = True
            yield town

    return built


def exchange_of(line: Line, wecom: str = "") -> ExchangeSettings:
    """An exchange whose time is moved by hand, with telephones."""
    hooks = f"http://127.0.0.1:{line.port}/hooks"
    return ExchangeSettings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        reply_url=f"{hooks}/sms/sms/reply",
        voice_url=f"{hooks}/voice/voice/inbound",
        manual_time=True,
        wecom=wecom,
    )


@pytest.fixture
def chatting(line: Line) -> Talk:
    """Builds a town with telephones, and its people in a WeCom besides."""

    @contextlib.asynccontextmanager
    async def built(
        grids: int = 1,
        robots: Mapping[str, Mapping[str, str]] | None = None,
        no_account: Iterable[str] = (),
        **who: Any,
    ) -> AsyncIterator[Chat]:
        people = people_of(grids, next(NUMBERS) * 10, **who)
        numbers = with_accounts(people, no_account)
        account = json.dumps(asdict(wecom_account(line.port)))
        async with ExchangeProcess(exchange_of(line, account)) as exchange:
            plain = settings_of(line.port, exchange.url, lines=10)
            settings = in_wecom(plain, exchange.url, robots or {})
            clock = ManualClock(START)
            async with (
                contextlib.aclosing(WecomClient(exchange.url)) as client,
                town_of(settings, exchange.url, numbers, clock) as town,
            ):
                town.in_step = True
                yield Chat(**vars(town), wecom=client)

    return built


@pytest.fixture
async def town(build: Build) -> AsyncIterator[Town]:
    """A village with five grids."""
    async with build(5) as built:
        yield built
