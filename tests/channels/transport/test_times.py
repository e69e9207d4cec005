"""What takes too long ends in time, with the error that says what it was."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.wire import (
    OK,
    Reader,
    Wire,
    Writer,
    listening,
    says,
    settled,
    silent,
    tick,
)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_who_accepts_nobody_is_a_connect_timeout(
    made: Made, full: str, scheme: str
) -> None:
    async with made(1, connect=0.1) as http:
        for _ in range(2):  # the place is free again
            with pytest.raises(httpx.ConnectTimeout):
                await http.post(f"{scheme}://{full}/", content=b"x")


async def test_who_does_not_shake_hands_is_a_connect_timeout(made: Made) -> None:
    async with listening(Wire(silent)) as wire, made(1, connect=0.1) as http:
        for _ in range(2):
            with pytest.raises(httpx.ConnectTimeout):
                await http.get(wire.url.replace("http:", "https:"))


@pytest.mark.parametrize("cut", [1, len(OK) - 1])
async def test_an_answer_that_stands_still_is_a_read_timeout(
    made: Made, cut: int
) -> None:
    async def drip(_wire: Wire, reader: Reader, writer: Writer) -> None:
        writer.write(OK[:cut])
        await silent(_wire, reader, writer)

    async with listening(Wire(drip)) as wire, made(1, read=0.1) as http:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await http.get(wire.url)
        await settled(wire)

    assert wire.lines == 2


async def test_an_answer_that_drips_is_waited_for_as_long_as_it_drips(
    made: Made,
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n" + bytes(80)

    async def drip(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        for at in range(len(answer)):
            writer.write(answer[at : at + 1])
            await tick()

    async with listening(Wire(drip)) as wire, made(1, read=0.4) as http:
        began = asyncio.get_running_loop().time()
        got = await http.get(wire.url)
        took = asyncio.get_running_loop().time() - began

    assert got.content == bytes(80)
    assert took > 0.4


async def test_who_waits_for_a_place_longer_than_allowed_is_a_pool_timeout(
    made: Made,
) -> None:
    async with listening(Wire(silent)) as wire, made(1, pool=0.1) as http:
        first = asyncio.create_task(http.get(wire.url))
        while not wire.seen:
            await tick()
        waits = [http.get(wire.url) for _ in range(3)]
        errors = await asyncio.gather(*waits, return_exceptions=True)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        wire.act = says(OK).act
        got = await http.get(wire.url)

    assert {httpx.PoolTimeout} == {type(one) for one in errors}
    assert got.text == "ok"


async def test_a_server_that_does_not_read_is_a_write_timeout(made: Made) -> None:
    wire = Wire(silent)

    async def deaf(reader: Reader, writer: Writer) -> None:
        wire.writers.append(writer)
        await reader.readexactly(1)
        await wire.closed.wait()
        writer.transport.abort()

    wire.serve = deaf  # type: ignore[method-assign]  # reads nothing
    async with listening(wire), made(write=0.1) as http:
        with pytest.raises(httpx.WriteTimeout):
            await http.post(wire.url, content=bytes(50_000_000))


@OWN  # stock httpx repeats what the server said
async def test_no_error_tells_an_address_a_key_or_a_number(made: Made) -> None:
    number = "+99900000001"
    async with (
        listening(
            says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", close=True)
        ) as cut,
        listening(says(b"junk +99900000001\r\n\r\n", close=True)) as junk,
        made(read=0.1) as http,
    ):
        for wire in (cut, junk):
            with pytest.raises(httpx.TransportError) as caught:
                await http.post(
                    f"{wire.url}/?to={number}",
                    data={"to": number},
                    headers={"Authorization": f"Bearer {number}"},
                )
            assert number not in str(caught.value)
            assert number.strip("+") not in repr(caught.value)
