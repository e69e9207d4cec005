"""How far somebody has seen: which fact, which entry of a journal, and when.

Facts and entries are numbered in the order of commits; the moment is there because a
callout becomes overdue by itself, without a fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from typing_extensions import override

from dispatcher.store.moment import EPOCH, MICROSECOND

WRITTEN = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})", re.ASCII)
LAST = datetime.max.replace(tzinfo=EPOCH.tzinfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in everything that happens."""

    fact: int
    entry: int
    at: datetime

    @override
    def __str__(self) -> str:
        """As it goes out; to others it is opaque."""
        return f"{self.fact}.{self.entry}.{(self.at - EPOCH) // MICROSECOND}"

    def within(self, later: Self, most: int) -> bool:
        """Whether it lies before another one, by at most so many facts."""
        before = self.fact <= later.fact and self.entry <= later.entry
        return before and later.fact - self.fact <= most

    @classmethod
    def read(cls, text: str) -> Self | None:
        """One that came back; None for what is none of ours."""
        found = WRITTEN.fullmatch(text)
        if found is None:
            return None
        fact, entry, moment = map(int, found.groups())
        if moment > (LAST - EPOCH) // MICROSECOND:
            return None
        return cls(fact=fact, entry=entry, at=EPOCH + moment * MICROSECOND)


START = Cursor(fact=0, entry=0, at=EPOCH)
