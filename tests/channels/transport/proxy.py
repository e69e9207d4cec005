"""A proxy that lets requests through, or does what it is told, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.channels.transport.wire import Reader, Wire, Writer, listening, request

THROUGH = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass
class Proxy:
    """A proxy.

    :ivar says: to CONNECT; without a 200 in it nothing is connected
    :ivar seen: what it was asked for
    """

    says: bytes = THROUGH
    seen: list[bytes] = field(default_factory=list)

    async def serve(self, _wire: Wire, reader: Reader, writer: Writer) -> None:
        asked = _wire.seen[-1]
        self.seen.append(asked)
        method, target, _ = asked.split(b"\r\n")[0].decode().split(" ")
        if method == "CONNECT":
            writer.write(self.says)
            if b" 200 " in self.says:
                await _joined(target, reader, writer)
        else:
            await self._forwarded(target, asked, writer)

    async def _forwarded(self, target: str, asked: bytes, writer: Writer) -> None:
        url = urlsplit(target)
        whole = f"http://{url.netloc}".encode()
        there, back = await asyncio.open_connection(url.hostname, url.port)
        back.write(asked.replace(whole, b"", 1))
        writer.write(await request(there))
        back.close()


async def _joined(target: str, reader: Reader, writer: Writer) -> None:
    host, _, port = target.rpartition(":")
    there, back = await asyncio.open_connection(host.strip("[]"), int(port))
    ways = [
        asyncio.create_task(_poured(reader, back)),
        asyncio.create_task(_poured(there, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        back.transport.abort()
        writer.transport.abort()
        await asyncio.gather(*ways)


async def _poured(reader: Reader, writer: Writer) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def relaying(
    proxy: Proxy, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    """Run a proxy."""
    async with listening(Wire(proxy.serve), trusted) as wire:
        yield wire
