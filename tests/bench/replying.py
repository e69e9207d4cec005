"""Answers that come in at a steady rate, whatever else goes on; a process of its own.

Run as ``python -m tests.bench.replying PORT FILE RATE``: prepared requests are posted
when their time has come, whether or not those before are answered, so a slow server
can't slow down who asks. Latency counts from when each was to be sent.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httptools
import uvloop
from typing_extensions import override

from tests.bench.load import CONNECTIONS, Told


class Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, free: asyncio.Queue[Line]) -> None:
        self._free = free
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's own kind
        self._free.put_nowait(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._free.put_nowait(self)
        self.answer.set_result(self._parser.get_status_code())

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Post one; gives its status to come."""
        self.answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        return self.answer


async def replied(port: int, requests: list[bytes], rate: float) -> Told:
    """Post these at a rate."""
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Line(free), "127.0.0.1", port)
    began, waits, statuses = loop.time(), [], dict[str, int]()

    async def one(place: int, request: bytes) -> None:
        due = began + place / rate
        await until(due)
        status = str(await (await free.get()).ask(request))
        waits.append(loop.time() - due)
        statuses[status] = statuses.get(status, 0) + 1

    await asyncio.gather(
        *(one(place, request) for place, request in enumerate(requests))
    )
    return Told(
        seconds=loop.time() - began,
        p50=median(waits),
        p99=quantiles(waits, n=100, method="inclusive")[-1],
        statuses=statuses,
    )


async def until(moment: float) -> None:
    """Wait for a moment of the loop's clock."""
    reached = asyncio.Event()
    asyncio.get_running_loop().call_at(moment, reached.set)
    await reached.wait()


if __name__ == "__main__":
    _, number, name, pace = sys.argv
    written = pickle.loads(Path(name).read_bytes())  # noqa: S301 - by our own hand
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(replied(int(number), written, float(pace)))
    sys.stdout.write(json.dumps(asdict(found)))
