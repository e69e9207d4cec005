"""A client that posts prepared requests as fast as a server answers; its own process.

Raw sockets: what is left of a core beside the server's is enough for it.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httptools
import uvloop
from typing_extensions import override

CONNECTIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the client saw.

    :ivar seconds: from the first request to the last answer
    :ivar statuses: how often each was answered
    """

    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]


def request(path: str, body: bytes, **headers: str) -> bytes:
    """One POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def posted(port: int, requests: list[bytes], folder: Path) -> Told:
    """Let a process of its own post all of these."""
    file = folder / "requests"
    file.write_bytes(pickle.dumps(requests))
    command = (sys.executable, "-m", "tests.bench.load", str(port), str(file))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, "the client failed"
    return Told(**json.loads(out))


class Line(asyncio.Protocol):
    """One connection: the next request follows the answer to the last."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parser: Any = None
        self._transport: Any = None
        self._began = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._run.answered(self._parser.get_status_code(), self._began)
        self._next()

    def _next(self) -> None:
        if not self._run.requests:
            self._transport.close()
            return
        self._parser = httptools.HttpResponseParser(self)
        self._began = self._run.clock()
        self._transport.write(self._run.requests.pop())


class Run:
    """All connections together."""

    def __init__(self, requests: list[bytes]) -> None:
        self.requests = requests
        self.clock = asyncio.get_running_loop().time
        self._left = len(requests)
        self._latencies: list[float] = []
        self._statuses: Counter[str] = Counter()
        self._done = asyncio.Event()

    def answered(self, status: int, began: float) -> None:
        self._latencies.append(self.clock() - began)
        self._statuses[str(status)] += 1
        self._left -= 1
        if not self._left:
            self._done.set()

    async def through(self, port: int) -> Told:
        """Post everything."""
        loop, began = asyncio.get_running_loop(), self.clock()
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: Line(self), "127.0.0.1", port)
        await self._done.wait()
        return Told(
            seconds=self.clock() - began,
            p50=median(self._latencies),
            p99=quantiles(self._latencies, n=100, method="inclusive")[-1],
            statuses=dict(self._statuses),
        )


async def main(port: int, requests: list[bytes]) -> None:
    """Post what a file holds, and tell of it on stdout."""
    told = await Run(requests).through(port)
    sys.stdout.write(json.dumps(asdict(told)))


if __name__ == "__main__":
    _, number, name = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        written = Path(name).read_bytes()
        runner.run(main(int(number), pickle.loads(written)))  # noqa: S301 - by our hand
