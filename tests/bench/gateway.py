"""A gateway that costs next to nothing: it takes Twilio's form, counts, and says 201.

Run as ``python -m tests.bench.gateway``; it prints its port. What the exchange spends
on virtual people would hide what we measure. It counts by number, so that what is lost
or sent twice is a fact.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import unquote

import httptools
import uvloop
from typing_extensions import override

TAKEN: dict[str, Any] = {
    "status": "queued",
    "error_code": None,
    "error_message": None,
    "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
    "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
    "date_sent": None,
    "account_sid": "AC00000000000000000000000000000001",
    "messaging_service_sid": None,
    "num_segments": "1",
    "num_media": "0",
    "direction": "outbound-api",
    "api_version": "2010-04-01",
    "price": None,
    "price_unit": "USD",
    "subresource_uris": {},
}
NUMBERS = b"/numbers"
_HEAD, _TAIL = json.dumps(TAKEN | {"sid": "@"}).split("@")
ANSWER = (
    "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)


class Counted:
    """What has come."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Count from nothing again."""
        self.numbers: dict[bytes, None] = {}
        self.requests = 0
        self.first = 0.0
        self.last = 0.0

    def take(self, body: bytes) -> int:
        """Count a form; gives its running number."""
        self.requests += 1
        start = body.find(b"To=") + 3
        end = body.find(b"&", start)
        number = body[start : end if end >= 0 else None]
        if number not in self.numbers:
            self.numbers[number] = None
            self.last = time.monotonic()
            self.first = self.first or self.last
        return self.requests

    def figures(self) -> dict[str, float]:
        """What was counted.

        ``first`` and ``last`` are when a number came that had not come before, by the
        machine's monotonic clock.
        """
        return {
            "requests": self.requests,
            "numbers": len(self.numbers),
            "first": self.first,
            "last": self.last,
        }

    def told(self, path: bytes) -> dict[str, float] | list[str]:
        """The figures; or whom it was told to reach, in the order they came."""
        if path == NUMBERS:
            return [unquote(number.decode()) for number in self.numbers]
        return self.figures()


class Line(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._path = self._body = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path = url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        method = self._parser.get_method()
        if method == b"DELETE":
            self._counted.forget()
        if method != b"POST":
            self._say(200, json.dumps(self._counted.told(self._path)))
            return
        number = self._counted.take(body)
        self._say(201, f"{_HEAD}SM{number:032x}{_TAIL}")

    def _say(self, status: int, content: str) -> None:
        head = ANSWER.format(status, "OK", len(content))
        self._transport.write(f"{head}{content}".encode())


async def main() -> None:
    """Serve until killed."""
    counted = Counted()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(counted), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
