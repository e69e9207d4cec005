"""The one HTTP seam: every provider's requests leave through a client made here."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache

import httpx

from channels.contract import Failed, FailureKind, Unknown
from channels.transport.own import OwnTransport


class Transport(StrEnum):
    """What carries the requests of httpx: our own, or what it brings along."""

    OWN = "own"
    STOCK = "stock"


# Above 8 the pool of stock httpx (httpcore 1.0.9) costs more than it gives:
# 0.75 ms CPU per request at 8 connections, 2 ms at 16, 5 ms at 32.
CONNECTIONS = {Transport.OWN: 64, Transport.STOCK: 8}

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

# The request can't have left: nobody has received anything.
BEFORE_WRITE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)


@dataclass(frozen=True, slots=True)
class Exit:
    """How requests leave this process.

    :ivar transport: what carries them
    :ivar proxy: address of the proxy everything goes by; may hold a password
    :ivar direct: hosts that are reached without it; this machine always is
    """

    transport: Transport = Transport.OWN
    proxy: str = field(default="", repr=False)
    direct: frozenset[str] = frozenset()


_chosen = [Exit()]


def choose(way: Exit) -> None:
    """Choose how the requests of every client made from now on leave."""
    _chosen[0] = way


def connections_most() -> int:
    """How many requests a client of this process has on the wire at a time."""
    return CONNECTIONS[_chosen[0].transport]


def client(
    base_url: str = "",
    *,
    timeout_seconds: float | httpx.Timeout,
    connections: int | None = None,
    way: Exit | None = None,
) -> httpx.AsyncClient:
    """Make a client that keeps its connections and obeys nothing but its caller.

    Redirects are not followed (a message must not be sent twice) and the host's
    proxy variables are not read.

    :param timeout_seconds: the most for each of: a free connection, connect, one
        write, one read
    :param connections: at most; None: as many as suit the transport
    :param way: None: the one chosen for this process
    """
    _silence()
    way = way or _chosen[0]
    most = connections or CONNECTIONS[way.transport]
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    return httpx.AsyncClient(
        base_url=base_url,
        transport=_carrier(way, limits),
        mounts=_mounts(way, limits),
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    )


def _carrier(way: Exit, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    proxy = httpx.Proxy(way.proxy) if way.proxy else None
    match way.transport:
        case Transport.OWN:
            return OwnTransport(trusted(), limits, proxy)
        case Transport.STOCK:
            return httpx.AsyncHTTPTransport(
                verify=trusted(), limits=limits, proxy=proxy, trust_env=False
            )


def _mounts(
    way: Exit, limits: httpx.Limits
) -> dict[str, httpx.AsyncBaseTransport] | None:
    """What reaches some hosts without the proxy: one more set of connections."""
    if not way.proxy:
        return None
    straight = _carrier(replace(way, proxy=""), limits)
    return {f"all://{_bracketed(host)}": straight for host in LOCAL | way.direct}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@cache
def trusted() -> ssl.SSLContext:
    """Whom to trust; to read all the certificates takes 25 ms."""
    return httpx.create_ssl_context(trust_env=False)


def _silence() -> None:
    """Keep URLs out of the logs: httpx writes each at INFO, and some hold a number."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def transport_outcome(error: httpx.RequestError) -> Failed | Unknown:
    """Tell a request that never left from one that may have arrived."""
    code = type(error).__name__
    if isinstance(error, BEFORE_WRITE):
        return Failed(kind=FailureKind.TRANSIENT, code=code)
    return Unknown(code=code)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks us to wait; None without the header or with a date."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None
