from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dispatcher.sim.control import ExchangeProcess
from dispatcher.sim.switchboard import ExchangeSettings, NetworkMode
from tests.sim.callplay import CallPlay
from tests.sim.play import ACCOUNT, SPEED, TOKEN, Inbox, Play

AN_HOUR = 3600  # no call of a test is longer


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
async def process(inbox: Inbox) -> AsyncIterator[ExchangeProcess]:
    settings = ExchangeSettings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        reply_url=f"{inbox.url}/reply",
        speed=SPEED,
    )
    async with ExchangeProcess(settings) as process:
        yield process


@pytest.fixture
async def play(inbox: Inbox, process: ExchangeProcess) -> AsyncIterator[Play]:
    async with httpx.AsyncClient(
        base_url=process.url, auth=(ACCOUNT, TOKEN), trust_env=False
    ) as account:
        yield Play(inbox=inbox, exchange=process.client, account=account)
    await process.client.network(NetworkMode.OK)
    await process.client.release()
    await process.client.settle()
    inbox.posted.clear()
    inbox.refused.clear()


@pytest.fixture(scope="module")
async def still(inbox: Inbox) -> AsyncIterator[ExchangeProcess]:
    """Runs an exchange whose time is moved by hand."""
    settings = ExchangeSettings(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        reply_url=f"{inbox.url}/reply",
        voice_url=f"{inbox.url}/inbound",
        manual_time=True,
    )
    async with ExchangeProcess(settings) as process:
        yield process


@pytest.fixture
async def calls(inbox: Inbox, still: ExchangeProcess) -> AsyncIterator[CallPlay]:
    time = await still.client.time()
    async with httpx.AsyncClient(
        base_url=still.url, auth=(ACCOUNT, TOKEN), trust_env=False
    ) as account:
        yield CallPlay(
            inbox=inbox, exchange=still.client, account=account, began=time.now
        )
    await still.client.network(NetworkMode.OK)
    await still.client.release()
    await still.client.move_time(time.now + AN_HOUR)
    inbox.script.clear()
    inbox.posted.clear()
    inbox.refused.clear()


NUMBERS = itertools.count(99_910_000_001)


@pytest.fixture
def to() -> str:
    """Give a number no other test has called."""
    return f"+{next(NUMBERS)}"
