"""How often signing in may be tried; kept in memory, never more than a table's worth.

Three bounds, each a minute long. Guessing one name from one address, or many names from
one address, is slow; guessing one name from many addresses is, too. That last bound is
not for an address from which the officer has signed in before, so nobody elsewhere can
keep him from the desk; and who mistypes waits a minute at the most.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from dispatcher.api.throttle import KEYS_MOST, MINUTE, Throttle

PAIR_MOST = 10  # of one name from one address
ADDRESS_MOST = 60  # from one address: an office has one for all
NAME_MOST = 30  # of one name, from addresses that are new to it
PREFIX = 64  # of IPv6: what one subscriber has


class Attempts:
    """Counts tries to sign in."""

    def __init__(self) -> None:
        self._pairs = Throttle(PAIR_MOST, MINUTE)
        self._addresses = Throttle(ADDRESS_MOST, MINUTE)
        self._names = Throttle(NAME_MOST, MINUTE)
        self._known: dict[tuple[str, str], None] = {}  # the oldest first

    def take(self, name: str, address: str, now: datetime) -> int:
        """Let somebody try if he may; seconds until he may, 0 when it is now."""
        asked = [(self._pairs, _pair(name, address)), (self._addresses, address)]
        if (name, address) not in self._known:
            asked.append((self._names, name))
        wait = max(throttle.wait(key, now) for throttle, key in asked)
        if not wait:
            for throttle, key in asked:
                throttle.take(key, now)
        return wait

    def welcome(self, name: str, address: str) -> None:
        """Somebody has signed in from there: his tries were no guesses."""
        self._pairs.clear(_pair(name, address))
        self._known.pop((name, address), None)
        self._known[name, address] = None
        if len(self._known) > KEYS_MOST:
            del self._known[next(iter(self._known))]


def _pair(name: str, address: str) -> str:
    return f"{address} {name}"


def subscriber(host: str) -> str:
    """Who asks, by his address; of IPv6 the part that one subscriber has."""
    try:
        found = ip_address(host)
    except ValueError:
        return host
    if not isinstance(found, IPv6Address):
        return host
    mapped = found.ipv4_mapped
    return str(mapped or ip_network((found, PREFIX), strict=False))
