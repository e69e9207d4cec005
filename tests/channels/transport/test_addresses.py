"""A host with several addresses is reached by one that answers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from channels.transport import addresses
from channels.transport.addresses import Address
from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.cutting import cancelled_at
from tests.channels.transport.wire import OK, Wire, listening, says, settled, tick

NOBODY = "127.0.0.1:9"

Has = Callable[..., None]


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch) -> Has:
    """Give every host these addresses."""

    def give(*given: str) -> None:
        found = [one.rpartition(":") for one in given]
        listed = [(socket.AF_INET, (host, int(port))) for host, _, port in found]

        async def known(_host: str, _port: int) -> list[Address]:
            await tick()
            return [*listed]

        monkeypatch.setattr(addresses, "addresses_of", known)

    return give


def place(wire: Wire) -> str:
    return wire.url.removeprefix("http://")


@OWN
@pytest.mark.parametrize("before", [1, 2])
async def test_an_address_that_is_silent_is_passed_by(
    made: Made, full: str, has: Has, before: int
) -> None:
    async with listening(says(OK)) as wire, made(1, connect=3) as http:
        has(*[full] * before, place(wire))
        got = await http.get("http://gateway.example/")

    assert (got.text, wire.lines) == ("ok", 1)


@OWN
async def test_an_address_that_refuses_is_passed_by_at_once(
    made: Made, has: Has, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "NEXT_AFTER_SECONDS", 60)
    async with listening(says(OK)) as wire, made(1, connect=3) as http:
        has(NOBODY, NOBODY, place(wire))
        got = await http.get("http://gateway.example/")

    assert got.text == "ok"


@OWN
async def test_where_nobody_answers_it_is_told(made: Made, full: str, has: Has) -> None:
    async with made(1, connect=0.5) as http:
        has(NOBODY, NOBODY)
        with pytest.raises(httpx.ConnectError):
            await http.get("http://gateway.example/")
        has(full, full)
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("http://gateway.example/")
        has()
        with pytest.raises(httpx.ConnectError, match="no address"):
            await http.get("http://gateway.example/")


@OWN
@pytest.mark.parametrize("late", [False, True])
async def test_what_comes_second_or_too_late_is_closed(
    made: Made, has: Has, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    monkeypatch.setattr(addresses, "NEXT_AFTER_SECONDS", 0)
    before = sockets()
    async with listening(says(OK)) as wire:
        has(*[place(wire)] * 4)
        for at in range(20):
            async with made(1) as http:
                cut = await cancelled_at(
                    http.get("http://gateway.example/"), at, late=late
                )
                await http.get("http://gateway.example/")
            await settled(wire)
            if not cut:
                break
    async with asyncio.timeout(5):
        while sockets() > before:
            await tick()

    assert at >= 2


def sockets() -> int:
    """Sockets this process has open."""
    files = Path("/proc/self/fd").iterdir()
    return sum(os.path.realpath(file).count("socket:") for file in files)
