"""How often somebody may do something; kept in memory, never more than a table's worth.

Time runs in windows that begin with the first act in them: simple, and at worst twice
the rate for a moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

KEYS_MOST = 10_000  # then the oldest window is forgotten


@dataclass(slots=True)
class _Window:
    until: datetime
    acts: int = 0


class Throttle:
    """Lets each key act so often in so many seconds."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most = most
        self._span = timedelta(seconds=seconds)
        self._windows: dict[str, _Window] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._windows)

    def wait(self, key: str, now: datetime) -> int:
        """Seconds until a key may act again; 0 when it may now."""
        window = self._windows.get(key)
        if window is None or window.until <= now or window.acts < self._most:
            return 0
        return math.ceil((window.until - now).total_seconds())

    def take(self, key: str, now: datetime) -> int:
        """Let a key act if it may; returns what :meth:`wait` said before."""
        seconds = self.wait(key, now)
        if not seconds:
            self._window(key, now).acts += 1
        return seconds

    def clear(self, key: str) -> None:
        """Begin anew: what a key did was no misuse."""
        self._windows.pop(key, None)

    def _window(self, key: str, now: datetime) -> _Window:
        window = self._windows.get(key)
        if window is None or window.until <= now:
            self._windows.pop(key, None)  # a new window is the youngest
            window = self._windows[key] = _Window(now + self._span)
            self._forget()
        return window

    def _forget(self) -> None:
        if len(self._windows) > KEYS_MOST:
            del self._windows[next(iter(self._windows))]


MINUTE = 60
PRESSES_MOST = 30  # POSTs for one link in a minute
REQUESTS_MOST = 120  # requests of any kind for one link in a minute
VISITS_MOST = 600  # requests from one address in a minute
GUESSES_MOST = 5  # wrong last digits for one link
GUESSES_SECONDS = 600


REPEATS_MOST = 60  # times the same body is taken in a minute


TRIALS_MOST = 3  # tries of channels by one officer
TRIALS_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is bounded: on the link page by question or by the address of who asks.

    :ivar repeats: bodies that have been taken before, by their digests
    :ivar trials: of channels, by officer
    """

    presses: Throttle = field(default_factory=lambda: Throttle(PRESSES_MOST, MINUTE))
    requests: Throttle = field(default_factory=lambda: Throttle(REQUESTS_MOST, MINUTE))
    visits: Throttle = field(default_factory=lambda: Throttle(VISITS_MOST, MINUTE))
    guesses: Throttle = field(
        default_factory=lambda: Throttle(GUESSES_MOST, GUESSES_SECONDS)
    )
    repeats: Throttle = field(default_factory=lambda: Throttle(REPEATS_MOST, MINUTE))
    trials: Throttle = field(
        default_factory=lambda: Throttle(TRIALS_MOST, TRIALS_SECONDS)
    )
