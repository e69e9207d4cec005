"""The face httpx sees: a request goes out, an answer comes back."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator

import httpx
from typing_extensions import override

from channels.transport.connection import Connection
from channels.transport.dialling import Dialler, origin_of, shown_to
from channels.transport.pool import Pool
from channels.transport.reading import Reading

METHOD = re.compile(r"[A-Z]+")
HTTP_1_1 = {"http_version": b"HTTP/1.1"}

Timeouts = dict[str, float | None]
Fields = list[tuple[bytes, bytes]]


class OwnTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1, straight or by way of a proxy.

    A request is never repeated: its error tells whether it can have left
    (:func:`channels.http.transport_outcome`).
    """

    def __init__(
        self,
        trusted: ssl.SSLContext,
        limits: httpx.Limits,
        proxy: httpx.Proxy | None = None,
    ) -> None:
        trusted.set_alpn_protocols(["http/1.1"])
        self._dialler = Dialler(trusted, proxy)
        self._pool = Pool(self._dialler, limits)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin, head = origin_of(request.url), self._head(request)
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

    def _head(self, request: httpx.Request) -> bytes:
        url, fields = request.url, request.headers.raw
        proxy = self._dialler.proxy
        if proxy is None or url.scheme != "http":
            return written(request.method, url.raw_path, fields)
        whole = b"http://%s%s" % (url.netloc, url.raw_path)
        return written(request.method, whole, [*fields, *shown_to(proxy)])

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


def written(method: str, target: bytes, fields: Fields) -> bytes:
    """The request line and the headers.

    :raises httpx.LocalProtocolError: when a part would be read as more than itself
    """
    line = b"%s %s HTTP/1.1" % (method.encode("ascii"), target)
    lines = [line, *[b"%s: %s" % field for field in fields], b"", b""]
    head, ends = b"\r\n".join(lines), len(lines) - 1
    if (
        not METHOD.fullmatch(method)
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
