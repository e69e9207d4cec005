"""What a request costs: raw sockets, our transport, httpx on it, and stock httpx.

``python -m tests.bench.transport``. The server is a process of its own; CPU is the
client's. On a shared machine only ratios compare well.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import httptools
import httpx
import uvloop
from typing_extensions import override

from channels.http import Exit, Transport, client
from tests.bench.load import Run, request
from tests.channels.transport.wire import together

BODY = b'{"sid":"SM0123456789","status":"queued","to":"+99900000001"}' * 10
ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
FORM = {"To": "+99900000001", "From": "+99900000002", "Body": "红色预警 " * 10}
ROUNDS = 3
SIZES = (1, 8, 64)
PATIENCE = {"timeout": httpx.Timeout(30).as_dict()}  # what hangs is to be told

Work = Callable[[str, int], Awaitable[None]]


class Answering(asyncio.Protocol):
    """Says the same to every request."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._parser = httptools.HttpRequestParser(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one way: requests a second and microseconds of CPU for each."""

    rate: float
    cpu: float


async def serve() -> None:
    """Listen until the process ends; says where on stdout."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """A server in a process of its own; gives its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.transport",
        "serve",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def raw(url: str, requests: int) -> None:
    """Write prepared bytes over 64 connections."""
    filled = httpx.Request("POST", url, data=FORM)
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    asked = [request("/", filled.content, **kind)] * requests
    await Run(asked).through(httpx.URL(url).port or 80)


def direct(connections: int) -> Work:
    """Call our transport with requests of httpx."""

    async def work(url: str, requests: int) -> None:
        async with client(timeout_seconds=30, connections=connections) as http:
            carrier = http._transport  # noqa: SLF001 - what is measured

            async def once() -> None:
                asked = httpx.Request("POST", url, data=FORM, extensions=PATIENCE)
                await (await carrier.handle_async_request(asked)).aread()

            await together(once, requests, connections)

    return work


def full(transport: Transport, connections: int) -> Work:
    """Post with the client of httpx."""

    async def work(url: str, requests: int) -> None:
        async with client(
            timeout_seconds=30, connections=connections, way=Exit(transport)
        ) as http:

            async def once() -> None:
                await http.post(url, data=FORM)

            await together(once, requests, connections)

    return work


def ours(connections: int) -> str:
    return f"httpx on our transport, {connections}"


def stock(connections: int) -> str:
    return f"stock httpx, {connections}"


# The stock transport is given less to do: at 64 connections it hardly moves.
WAYS: dict[str, tuple[Work, float]] = {
    "raw sockets, 64": (raw, 1.0),
    "our transport, direct, 64": (direct(64), 1.0),
    **{ours(size): (full(Transport.OWN, size), 1.0) for size in SIZES},
    **{
        stock(size): (full(Transport.STOCK, size), share)
        for size, share in zip(SIZES, (0.2, 0.1, 0.05), strict=True)
    },
}


async def measured(requests: int) -> dict[str, Cost]:
    """Measure every way in turn, some rounds; medians."""
    found: dict[str, list[Cost]] = {name: [] for name in WAYS}
    async with served() as port:
        for _ in range(ROUNDS):
            for name, (work, share) in WAYS.items():
                many = max(64, int(requests * share))
                found[name].append(await cost(work, f"http://127.0.0.1:{port}/", many))
    return {
        name: Cost(
            rate=median(one.rate for one in costs), cpu=median(c.cpu for c in costs)
        )
        for name, costs in found.items()
    }


async def cost(work: Work, url: str, requests: int) -> Cost:
    """Measure one way once."""
    began, burnt = time.perf_counter(), time.process_time()
    await work(url, requests)
    took, burnt = time.perf_counter() - began, time.process_time() - burnt
    return Cost(rate=requests / took, cpu=burnt / requests * 1e6)


def table(costs: dict[str, Cost]) -> str:
    """Say it, and how ours and stock httpx compare."""
    rows = [f"{'':32}{'requests/s':>12}{'CPU us':>10}"]
    rows += [f"{name:32}{one.rate:12.0f}{one.cpu:10.0f}" for name, one in costs.items()]
    rows += [f"{'ours to stock httpx':32}{'requests/s':>12}{'CPU':>10}"]
    for size in SIZES:
        our, their = costs[ours(size)], costs[stock(size)]
        rate, cpu = our.rate / their.rate, our.cpu / their.cpu
        rows.append(f"{f'at {size} connections':32}{rate:12.2f}{cpu:10.3f}")
    return "\n".join(rows)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=["measure", "serve"])
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if given.what == "serve":
            runner.run(serve())
        else:
            costs = runner.run(measured(given.requests))
            sys.stdout.write(f"{table(costs)}\n")


if __name__ == "__main__":
    main()
