"""The face httpx sees: a request goes out, an answer comes back."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator

import httpx
from typing_extensions import override

from channels.transport.connection import Connection, Origin
from channels.transport.pool import Pool
from channels.transport.reading import Reading

PORTS = {"http": 80, "https": 443}
METHOD = re.compile(r"[A-Z]+")
HTTP_1_1 = {"http_version": b"HTTP/1.1"}

Timeouts = dict[str, float | None]


class OwnTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 without proxies.

    A request is never repeated: its error tells whether it can have left
    (:func:`channels.http.transport_outcome`).
    """

    def __init__(self, trusted: ssl.SSLContext, limits: httpx.Limits) -> None:
        trusted.set_alpn_protocols(["http/1.1"])
        self._pool = Pool(trusted, limits)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin, head = _origin(request.url), _head(request)
        timeouts: Timeouts = request.extensions.get("timeout", {})
        connection = await self._pool.borrow(
            origin, timeouts.get("pool"), timeouts.get("connect")
        )
        try:
            connection.begin(Reading(to_head=request.method == "HEAD"))
            await _send(connection, request, head, timeouts.get("write"))
            reading = await connection.head(timeouts.get("read"))
        except BaseException:
            connection.abort()
            raise
        return httpx.Response(
            reading.status,
            headers=reading.headers,
            stream=self._body(connection, reading, timeouts.get("read")),
            extensions=HTTP_1_1,
        )

    @override
    async def aclose(self) -> None:
        await self._pool.aclose()

    def _body(
        self, connection: Connection, reading: Reading, seconds: float | None
    ) -> httpx.AsyncByteStream:
        """The body; one that is there already does not keep its connection."""
        if reading.complete:
            self._pool.give_back(connection)
            return httpx.ByteStream(reading.take())
        return Body(self._pool, connection, seconds)


class Body(httpx.AsyncByteStream):
    """A body that is still coming; who closes it early closes the connection."""

    def __init__(
        self, pool: Pool, connection: Connection, seconds: float | None
    ) -> None:
        self._pool, self._seconds = pool, seconds
        self._connection: Connection | None = connection

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while self._connection and (
                part := await self._connection.part(self._seconds)
            ):
                yield part
        finally:
            await self.aclose()

    @override
    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._pool.give_back(connection)


def _origin(url: httpx.URL) -> Origin:
    scheme = url.scheme
    if scheme not in PORTS:
        what = f"{scheme or 'no'} scheme: only http and https are spoken"
        raise httpx.UnsupportedProtocol(what)
    return Origin(scheme, url.raw_host.decode("ascii"), url.port or PORTS[scheme])


def _head(request: httpx.Request) -> bytes:
    """The request line and the headers.

    :raises httpx.LocalProtocolError: when a part would be read as more than itself
    """
    target, fields = request.url.raw_path, request.headers.raw
    line = b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)
    lines = [line, *[b"%s: %s" % field for field in fields], b"", b""]
    head, ends = b"\r\n".join(lines), len(lines) - 1
    if (
        not METHOD.fullmatch(request.method)
        or line.count(b" ") != 2  # noqa: PLR2004 - the three words of the line
        or head.count(b"\r") != ends
        or head.count(b"\n") != ends
        or b"\0" in head
    ):
        what = "method, address or a header holds what would end it"
        raise httpx.LocalProtocolError(what)
    return head


async def _send(
    connection: Connection, request: httpx.Request, head: bytes, seconds: float | None
) -> None:
    if isinstance(request.stream, httpx.ByteStream):
        await connection.write(head + await request.aread(), seconds)
        return
    await connection.write(head, seconds)
    if "transfer-encoding" in request.headers:
        await _send_chunks(connection, request, seconds)
    else:
        await _send_counted(connection, request, seconds)


async def _send_chunks(
    connection: Connection, request: httpx.Request, seconds: float | None
) -> None:
    async for part in _parts(request):
        if part:  # an empty chunk would be the last
            await connection.write(b"%x\r\n%s\r\n" % (len(part), part), seconds)
    await connection.write(b"0\r\n\r\n", seconds)


async def _send_counted(
    connection: Connection, request: httpx.Request, seconds: float | None
) -> None:
    left = int(request.headers.get("content-length", "0"))
    async for part in _parts(request):
        left -= len(part)
        if left < 0:
            break
        await connection.write(part, seconds)
    if left:
        what = "the body is not as long as its Content-Length says"
        raise httpx.LocalProtocolError(what)


def _parts(request: httpx.Request) -> httpx.AsyncByteStream:
    stream = request.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        what = "the body of a request must be asynchronous"
        raise TypeError(what)
    return stream
