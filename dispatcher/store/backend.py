"""What a database does its own way: opening, taking turns, beginning to write."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError


class UnfitStoreError(Exception):
    """What [store] url names is nothing that we can keep anything in."""


class Backend(Protocol):
    """A kind of database, opened at one place.

    :ivar memory: it lives in this process alone, by one connection
    """

    @property
    def engine(self) -> Engine:
        """Where connections come from."""
        ...

    @property
    def memory(self) -> bool:
        """Whether no other process can see it."""
        ...

    def turn(self) -> AbstractContextManager[object]:
        """Wait for the turn to write, among processes."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that writes; no other one does until it ends."""
        ...

    def clash(self, failure: DBAPIError) -> str | None:
        """Why work that failed is likely to go well when it is done again at once.

        None: it would fail again, or nobody knows whether it was done.
        """
        ...

    def fold(self, connection: Connection) -> bool:
        """Cut the log off, so that it does not keep what was erased."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
