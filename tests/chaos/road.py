"""The road to a database: it can be blocked, or torn up, without the database dying."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

from sqlalchemy.engine import URL

from tests.chaos.house import pause

READ_BYTES = 65_536
DEFAULT_PORT = 5432


class Road:
    """Where connections to a database go by.

    :ivar port: where it begins, on this machine
    """

    def __init__(self, to: URL) -> None:
        """Lead to a database; it may listen on a socket in a folder."""
        self.port = 0
        self._to = to
        self._free, self._torn = asyncio.Event(), False
        self._free.set()
        self._travelling: set[StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Road]:
        """Let travel while the block runs."""
        server = await asyncio.start_server(self._travel, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self._drop()

    async def block(self, seconds: float) -> None:
        """Let nothing pass for some time; then all that waits goes on."""
        self._free.clear()
        await pause(seconds)
        self._free.set()

    async def tear(self, seconds: float) -> None:
        """Break all connections, and every new one for some time."""
        self._torn = True
        self._drop()
        await pause(seconds)
        self._torn = False

    def _drop(self) -> None:
        for writer in self._travelling:
            writer.transport.abort()
        self._travelling.clear()

    async def _travel(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._torn:
            writer.transport.abort()
            return
        theirs, ours = await self._reached()
        self._travelling |= {writer, ours}
        ways = [self._carry(reader, ours), self._carry(theirs, writer)]
        await asyncio.gather(*ways, return_exceptions=True)

    async def _reached(self) -> tuple[StreamReader, StreamWriter]:
        host = self._to.host or str(self._to.query.get("host", ""))
        port = self._to.port or int(str(self._to.query.get("port", DEFAULT_PORT)))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while data := await reader.read(READ_BYTES):
                await self._free.wait()
                writer.write(data)
        finally:
            self._travelling.discard(writer)
            writer.close()
