"""The one HTTP seam: every provider's requests leave through a client made here."""

from __future__ import annotations

import logging
import ssl
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

# The request can't have left: nobody has received anything.
BEFORE_WRITE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)


def client(
    base_url: str = "",
    *,
    timeout_seconds: float | httpx.Timeout,
    connections: int | None = None,
    transport: Transport | None = None,
) -> httpx.AsyncClient:
    """Make a client that keeps its connections and obeys nothing but its caller.

    Redirects are not followed (a message must not be sent twice) and the host's
    proxy variables are not read.

    :param timeout_seconds: the most for each of: a free connection, connect, one
        write, one read
    :param connections: at most; None: as many as suit the transport
    :param transport: None: the one chosen for this process
    """
    _silence()
    kind = transport or _chosen[0]
    most = connections or CONNECTIONS[kind]
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    return httpx.AsyncClient(
        base_url=base_url,
        transport=_carrier(kind, limits),
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    )


_chosen = [Transport.OWN]


def choose(transport: Transport) -> None:
    """Choose what carries the requests of every client made from now on."""
    _chosen[0] = transport


def chosen_connections() -> int:
    """How many connections a client of this process opens at most."""
    return CONNECTIONS[_chosen[0]]


def _carrier(kind: Transport, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    match kind:
        case Transport.OWN:
            return OwnTransport(trusted(), limits)
        case Transport.STOCK:
            return httpx.AsyncHTTPTransport(
                verify=trusted(), limits=limits, trust_env=False
            )


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
