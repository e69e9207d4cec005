from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

import httpx
import pytest
from typing_extensions import override

from channels.contract import Failed, FailureKind, Unknown
from channels.http import (
    Exit,
    Transport,
    choose,
    client,
    connections_most,
    retry_after,
    transport_outcome,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers every request alike, or cuts the line; counts lines and requests.

    :ivar expected: connections to be open before the first is answered
    """

    def __init__(self, answer: bytes | None, expected: int = 1) -> None:
        self.answer, self.expected = answer, expected
        self.lines: list[asyncio.WriteTransport] = []
        self.waiting: list[asyncio.WriteTransport] = []
        self.requests = 0

    def take(self, line: asyncio.WriteTransport) -> None:
        self.requests += 1
        self.waiting.append(line)
        while self.waiting and len(self.lines) >= self.expected:
            self.respond(self.waiting.pop())

    def respond(self, line: asyncio.WriteTransport) -> None:
        if self.answer is None:
            line.abort()
        else:
            line.write(self.answer)


class Line(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self.server.lines.append(transport)

    @override
    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b" HTTP/1.1\r\n")):
            self.server.take(self.transport)


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Line(server), "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    async with listener:
        yield f"http://{host}:{port}"
    for line in server.lines:
        line.abort()


async def test_a_connection_is_kept_for_the_next_request() -> None:
    server = Server(OK)
    async with listening(server) as url, client(url, timeout_seconds=5) as http:
        for _ in range(3):
            await http.get("/")

    assert (len(server.lines), server.requests) == (1, 3)


async def test_no_more_connections_are_opened_than_allowed() -> None:
    server = Server(OK, expected=8)
    async with (
        listening(server) as url,
        client(url, timeout_seconds=5, connections=8) as http,
    ):
        await asyncio.gather(*(http.get("/") for _ in range(20)))

    assert (len(server.lines), server.requests) == (8, 20)


async def test_a_redirect_is_an_answer_not_an_order() -> None:
    server = Server(MOVED)
    async with listening(server) as url, client(url, timeout_seconds=5) as http:
        answer = await http.post("/", data={})

    assert (answer.status_code, server.requests) == (302, 1)


async def test_the_proxy_of_the_host_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = Server(OK)
    async with listening(server) as url, client(url, timeout_seconds=5) as http:
        answer = await http.get("/")

    assert answer.text == "ok"


async def test_no_line_of_the_log_holds_a_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(OK)
    with caplog.at_level(logging.DEBUG):
        async with (
            listening(server) as url,
            client(url, timeout_seconds=5) as http,
        ):
            await http.get("/", params={"To": "+85291234567"})

    assert "85291234567" not in caplog.text
    assert "httpx" not in {record.name for record in caplog.records}


def test_sniffio_is_installed() -> None:
    assert find_spec("sniffio")


async def test_nobody_listening_is_a_failure_before_the_write() -> None:
    async with listening(Server(OK)) as url:
        pass
    async with client(url, timeout_seconds=5) as http:
        with pytest.raises(httpx.RequestError) as caught:
            await http.post("/", data={})

    expected = Failed(kind=FailureKind.TRANSIENT, code="ConnectError")
    assert expected == transport_outcome(caught.value)


async def test_a_connection_cut_after_the_write_leaves_the_outcome_unknown() -> None:
    server = Server(None)
    async with listening(server) as url, client(url, timeout_seconds=5) as http:
        with pytest.raises(httpx.RequestError) as caught:
            await http.post("/", data={})

    assert isinstance(transport_outcome(caught.value), Unknown)


async def test_an_answer_that_does_not_come_leaves_the_outcome_unknown() -> None:
    server = Server(OK, expected=2)
    async with (
        listening(server) as url,
        client(url, timeout_seconds=0.05) as http,
    ):
        with pytest.raises(httpx.RequestError) as caught:
            await http.post("/", data={})

    assert Unknown(code="ReadTimeout") == transport_outcome(caught.value)


@pytest.mark.parametrize(
    ("error", "certain"),
    [
        (httpx.ConnectError, True),
        (httpx.ConnectTimeout, True),
        (httpx.PoolTimeout, True),
        (httpx.ReadTimeout, False),
        (httpx.WriteTimeout, False),
        (httpx.WriteError, False),
        (httpx.ReadError, False),
        (httpx.CloseError, False),
        (httpx.RemoteProtocolError, False),
        (httpx.DecodingError, False),
    ],
)
def test_only_an_error_before_the_write_is_certain(
    error: type[httpx.RequestError], *, certain: bool
) -> None:
    outcome = transport_outcome(error("", request=httpx.Request("POST", "http://h")))

    assert error.__name__ == outcome.code
    assert certain is isinstance(outcome, Failed)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_where_it_is_in_seconds(
    headers: dict[str, str], expected: float | None
) -> None:
    assert expected == retry_after(httpx.Response(429, headers=headers))


async def test_the_transport_of_httpx_is_there_by_choice() -> None:
    server, way = Server(OK), Exit(Transport.STOCK)
    async with (
        listening(server) as url,
        client(url, timeout_seconds=5, way=way) as http,
    ):
        answer = await http.get("/")
        carrier = http._transport  # noqa: SLF001 - what was chosen

    assert answer.text == "ok"
    assert isinstance(carrier, httpx.AsyncHTTPTransport)


def test_what_is_chosen_holds_for_clients_made_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("channels.http._chosen", [Exit()])
    before = connections_most()
    choose(Exit(Transport.STOCK))

    assert (before, connections_most()) == (64, 8)
    assert "s3cret" not in repr(Exit(proxy="http://who:s3cret@proxy.example"))


@pytest.mark.parametrize("transport", [*Transport])
async def test_a_proxy_carries_all_but_what_is_near(transport: Transport) -> None:
    near, proxy = Server(OK), Server(OK)
    async with listening(near) as url, listening(proxy) as by:
        way = Exit(
            transport,
            by.replace("//", "//who:secret@"),
            frozenset({"gateway.example"}),
        )
        async with client(timeout_seconds=5, way=way) as http:
            far = await http.get("http://provider.example/")
            await http.get(url)
            with pytest.raises(httpx.ConnectError):
                await http.get("http://gateway.example/")

    assert far.text == "ok"
    assert (proxy.requests, near.requests) == (1, 1)
