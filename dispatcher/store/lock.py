"""One worker a database file: two would each believe the other's leases were dead."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


class WorkerRunningError(Exception):
    """Another worker holds this database."""


def lock_file(database: str) -> Path:
    """What the worker of a database file holds; it comes to be with the first one."""
    return Path(f"{database}.worker")


@contextlib.contextmanager
def only_worker(database: str) -> Iterator[None]:
    """Hold the worker's lock of a database file; the kernel frees it when we die.

    :raises WorkerRunningError: when another process holds it
    """
    path = lock_file(database)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            message = (
                f"another worker is running on {database} (lock file {path}); "
                "stop it first, or use another [store] url"
            )
            raise WorkerRunningError(message) from held
        yield
