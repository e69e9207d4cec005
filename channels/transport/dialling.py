"""Opens connections: to the server itself, or by way of a proxy."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from typing import NamedTuple

import httpx

from channels.transport.addresses import reached
from channels.transport.connection import Connection, Origin
from channels.transport.reading import Reading

PORTS = {"http": 80, "https": 443}
OK = range(200, 300)


class Dialler(NamedTuple):
    """Opens what a pool lends.

    :ivar trusted: whose certificates are good
    :ivar proxy: by way of which everything goes; None: straight there
    """

    trusted: ssl.SSLContext
    proxy: httpx.Proxy | None = None

    async def dial(self, connection: Connection, seconds: float | None) -> None:
        """Connect, TLS and all; of what fails nothing stays open.

        :param seconds: for all of it together
        :raises httpx.ConnectTimeout: it has taken longer
        :raises httpx.ProxyError: the proxy would not
        :raises httpx.ConnectError: anything else
        """
        try:
            async with asyncio.timeout(seconds):
                await self._reach(connection)
        except BaseException as error:
            connection.abort()
            if told := _told(error):
                raise told from error
            raise
        if not connection.usable:
            what = "closed before the request"
            raise httpx.ConnectError(what)

    async def _reach(self, connection: Connection) -> None:
        loop, origin = asyncio.get_running_loop(), connection.origin
        first = origin if self.proxy is None else origin_of(self.proxy.url)
        over = self._over(first)
        await loop.create_connection(
            lambda: connection,
            sock=await reached(first.host, first.port),
            ssl=over,
            server_hostname=first.host if over else None,
        )
        if self.proxy is not None and origin.scheme == "https":
            await _tunnel(connection, self.proxy)
            await connection.secure(self.trusted)

    def _over(self, first: Origin) -> ssl.SSLContext | None:
        if first.scheme != "https":
            return None
        own = self.proxy.ssl_context if self.proxy is not None else None
        return own or self.trusted


def origin_of(url: httpx.URL) -> Origin:
    """Where a connection for this address goes.

    :raises httpx.UnsupportedProtocol: neither http nor https
    """
    scheme = url.scheme
    if scheme not in PORTS:
        what = f"{scheme or 'no'} scheme: only http and https are spoken"
        raise httpx.UnsupportedProtocol(what)
    return Origin(scheme, url.raw_host.decode("ascii"), url.port or PORTS[scheme])


def shown_to(proxy: httpx.Proxy) -> list[tuple[bytes, bytes]]:
    """The headers that are the proxy's."""
    fields = proxy.headers.raw
    if proxy.raw_auth is None:
        return fields
    credentials = b64encode(b":".join(proxy.raw_auth))
    return [(b"Proxy-Authorization", b"Basic " + credentials), *fields]


async def _tunnel(connection: Connection, proxy: httpx.Proxy) -> None:
    """Have the proxy connect us through; the whole dialling is timed, not this."""
    _, host, port = connection.origin
    shown = f"[{host}]" if ":" in host else host
    there = f"{shown}:{port}".encode("ascii")
    fields = [(b"Host", there), (b"Accept", b"*/*"), *shown_to(proxy)]
    lines = [b"CONNECT %s HTTP/1.1" % there, *[b"%s: %s" % one for one in fields]]
    connection.begin(Reading(to_head=True))
    await connection.write(b"\r\n".join([*lines, b"", b""]), None)
    answer = await connection.head(None)
    if answer.status not in OK:
        what = f"the proxy refused the tunnel with {answer.status}"
        raise httpx.ProxyError(what)


def _told(error: BaseException) -> httpx.TransportError | None:
    """The same in the words of httpx, and so that it tells: nothing has left."""
    match error:
        case httpx.ProxyError():
            return None
        case TimeoutError():
            return httpx.ConnectTimeout("not connected within the time allowed")
        case httpx.TransportError():  # the proxy broke off
            return httpx.ConnectError(str(error))
        case OSError() | UnicodeError():  # a certificate's, too
            return httpx.ConnectError(str(error))
        case _:
            return None
