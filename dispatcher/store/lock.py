"""One worker a database file: two would each believe the other's leases were dead."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

LOCKS = Path("/proc/locks")  # the kernel's own list; reading it disturbs nobody


class WorkerRunningError(Exception):
    """Another worker holds this database."""


def lock_file(database: str) -> Path:
    """What the worker of a database file holds; it comes to be with the first one."""
    return Path(f"{database}.worker")


def worker_of(database: str, locks: Path) -> int | None:
    """Which process is the worker of a database file, by its id; None: there is none.

    To try the lock would turn a worker away that starts in the same moment.

    :param locks: usually :data:`LOCKS`
    :raises OSError: when the kernel does not tell
    """
    try:
        held = lock_file(database).stat()
    except FileNotFoundError:
        return None
    device = f"{os.major(held.st_dev):02x}:{os.minor(held.st_dev):02x}"
    for line in locks.read_text().splitlines():
        # 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131073 0 EOF
        _, kind, _, _, process, place, *_ = line.replace("-> ", "").split()
        if (kind, place) == ("FLOCK", f"{device}:{held.st_ino}"):
            return int(process)
    return None


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
