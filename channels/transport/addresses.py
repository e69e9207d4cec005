"""Reaches a host by the first of its addresses that answers (RFC 8305).

Where IPv6 is announced but leads nowhere, the first address is silent: to wait for it
as long as for a connection would be to call nobody. uvloop has no such race.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

NEXT_AFTER_SECONDS = 0.25

Address = tuple[socket.AddressFamily, Any]
Attempt = asyncio.Task[socket.socket]


async def reached(host: str, port: int) -> socket.socket:
    """Connect to a host.

    :raises OSError: none of its addresses answers, or it has none
    """
    addresses = await addresses_of(host, port)
    if len(addresses) == 1:
        return await _connected(addresses[0])
    return await _first(addresses)


async def addresses_of(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host, as the system would have them tried."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def _first(addresses: Sequence[Address]) -> socket.socket:
    attempts: set[Attempt] = set()
    left, failure = iter(addresses), OSError("no address of the host answers")
    try:
        while (address := next(left, None)) or attempts:
            if address:
                attempts.add(asyncio.create_task(_connected(address)))
            done, _ = await asyncio.wait(
                attempts,
                timeout=NEXT_AFTER_SECONDS if address else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                attempts.remove(attempt)
                if not (error := attempt.exception()):
                    return attempt.result()
                failure = OSError(str(error))
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(_closed)
    raise failure


def _closed(attempt: Attempt) -> None:
    """Close what came second."""
    if not attempt.cancelled() and not attempt.exception():
        attempt.result().close()


async def _connected(address: Address) -> socket.socket:
    family, where = address
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)  # noqa: FBT003 - its signature
        await asyncio.get_running_loop().sock_connect(opened, where)
    except BaseException:
        opened.close()
        raise
    return opened
