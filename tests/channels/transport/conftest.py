"""Every test of a transport runs on ours and on the one httpx brings, on both loops."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import pytest

from channels.transport.own import OwnTransport

# Where stock httpx does otherwise, and ours is to do better.
OWN = pytest.mark.parametrize("made", ["own"], indirect=True)


class Made(Protocol):
    """Makes a client; ``timeouts`` are those of httpx, 5 seconds where not given."""

    def __call__(
        self,
        most: int = 8,
        trusted: ssl.SSLContext | None = None,
        proxy: httpx.Proxy | None = None,
        **timeouts: float,
    ) -> httpx.AsyncClient: ...


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(params=["own", "stock"])
def made(request: pytest.FixtureRequest) -> Made:
    def make(
        most: int = 8,
        trusted: ssl.SSLContext | None = None,
        proxy: httpx.Proxy | None = None,
        **timeouts: float,
    ) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
        context = trusted or ssl.create_default_context()
        carrier: httpx.AsyncBaseTransport = (
            OwnTransport(context, limits, proxy)
            if request.param == "own"
            else httpx.AsyncHTTPTransport(
                verify=context, limits=limits, proxy=proxy, trust_env=False
            )
        )
        timeout = httpx.Timeout(5.0, **timeouts)
        return httpx.AsyncClient(transport=carrier, timeout=timeout, trust_env=False)

    return make


@pytest.fixture
def full() -> Iterator[str]:
    """Where somebody listens who accepts nobody, and has as many waiting as he may."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - its signature
            one.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()
