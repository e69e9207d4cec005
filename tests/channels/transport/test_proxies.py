from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from channels.contract import Failed
from channels.http import transport_outcome
from tests.channels.transport.conftest import Made
from tests.channels.transport.proxy import Proxy, relaying
from tests.channels.transport.wire import (
    OK,
    Reader,
    Wire,
    Writer,
    certified,
    listening,
    says,
    settled,
    silent,
    tick,
)

SHOWN = b"Proxy-Authorization: Basic " + b64encode(b"who:secret")
REFUSED = b"HTTP/1.1 407 Say who you are\r\nContent-Length: 4\r\n\r\nno !"


async def test_a_proxy_is_told_the_whole_address_and_who_asks(made: Made) -> None:
    proxy = Proxy()
    async with (
        listening(says(OK)) as wire,
        relaying(proxy) as relay,
        made(proxy=httpx.Proxy(relay.url, auth=("who", "secret"))) as http,
    ):
        got = [await http.post(f"{wire.url}/a?b=c", content=b"x") for _ in range(2)]

    line = f"POST {wire.url}/a?b=c HTTP/1.1\r\n".encode()
    assert [one.text for one in got] == ["ok", "ok"]
    assert all(one.startswith(line) and SHOWN in one for one in proxy.seen)
    assert (len(proxy.seen), len(wire.seen), relay.lines) == (2, 2, 1)


@pytest.mark.parametrize("over_tls", [False, True])
async def test_tls_is_spoken_with_the_server_through_the_proxy(
    made: Made, tmp_path: Path, *, over_tls: bool
) -> None:
    pem, server = certified(tmp_path)
    ours, proxy = ssl.create_default_context(cafile=str(pem)), Proxy()
    async with (
        listening(says(OK), server) as wire,
        relaying(proxy, server if over_tls else None) as relay,
        made(
            trusted=ours,
            proxy=httpx.Proxy(relay.url, auth=("who", "secret"), ssl_context=ours)
            if over_tls
            else httpx.Proxy(relay.url, auth=("who", "secret")),
        ) as http,
    ):
        got = [await http.post(f"{wire.url}/a", content=b"x") for _ in range(3)]
        opened = relay.lines

    there = wire.url.removeprefix("https://").encode()
    assert [one.text for one in got] == ["ok"] * 3
    assert proxy.seen[0].startswith(b"CONNECT %s HTTP/1.1\r\n" % there)
    assert SHOWN in proxy.seen[0]
    assert (len(proxy.seen), opened, wire.lines) == (1, 1, 1)
    assert not [one for one in wire.seen if b"Proxy-Authorization" in one]


async def test_who_the_proxy_refuses_has_sent_nothing(
    made: Made, tmp_path: Path
) -> None:
    _, server = certified(tmp_path)
    async with (
        listening(says(OK), server) as wire,
        relaying(Proxy(REFUSED)) as relay,
        made(1, proxy=httpx.Proxy(relay.url, auth=("who", "secret"))) as http,
    ):
        for _ in range(3):  # and the place is free again
            with pytest.raises(httpx.ProxyError, match="407") as caught:
                await http.post(wire.url, content=b"x")
            assert isinstance(transport_outcome(caught.value), Failed)
            assert "secret" not in str(caught.value)

    assert wire.seen == []


async def test_the_name_is_checked_at_the_far_end_of_the_tunnel(
    made: Made, tmp_path: Path
) -> None:
    pem, server = certified(tmp_path, "other.example")
    ours = ssl.create_default_context(cafile=str(pem))
    async with (
        listening(says(OK), server) as wire,
        relaying(Proxy()) as relay,
        made(trusted=ours, proxy=httpx.Proxy(relay.url)) as http,
    ):
        with pytest.raises(httpx.ConnectError):
            await http.post(wire.url, content=b"x")
        await settled(relay)

    assert wire.seen == []


async def test_nobody_at_the_proxys_address_is_a_connect_error(made: Made) -> None:
    async with relaying(Proxy()) as relay:
        pass
    async with made(proxy=httpx.Proxy(relay.url)) as http:
        for url in ("http://127.0.0.1:9/", "https://127.0.0.1:9/"):
            with pytest.raises(httpx.ConnectError):
                await http.get(url)


async def test_a_proxy_that_says_nothing_is_waited_for_in_time(made: Made) -> None:
    async with (
        listening(Wire(silent)) as relay,
        made(1, proxy=httpx.Proxy(relay.url), connect=0.1, read=0.1) as http,
    ):
        for _ in range(2):
            # Stock httpx calls it a read; ours knows that nothing has left.
            with pytest.raises((httpx.ConnectTimeout, httpx.ReadTimeout)):
                await http.get("https://127.0.0.1:9/")
        await settled(relay)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", b"junk\r\n\r\n"])
async def test_a_proxy_that_breaks_off_is_an_error_in_time(
    made: Made, answer: bytes
) -> None:
    async def leave(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        writer.write(answer)
        writer.close()

    async with (
        listening(Wire(leave)) as relay,
        made(1, proxy=httpx.Proxy(relay.url)) as http,
    ):
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await http.get("https://127.0.0.1:9/")
        await settled(relay)


async def test_who_is_cancelled_in_a_tunnel_gives_his_place_back(
    made: Made, tmp_path: Path
) -> None:
    pem, server = certified(tmp_path)
    ours = ssl.create_default_context(cafile=str(pem))
    async with (
        listening(Wire(silent), server) as wire,
        relaying(Proxy()) as relay,
        made(1, trusted=ours, proxy=httpx.Proxy(relay.url)) as http,
    ):
        task = asyncio.create_task(http.get(wire.url))
        async with asyncio.timeout(5):
            while not wire.seen:
                await tick()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await settled(relay)
        wire.act = says(OK).act
        got = await http.get(wire.url)

    assert got.text == "ok"
