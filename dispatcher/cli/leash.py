"""A leash: processes that must not outlive the one that started them.

The parent holds the writing end of a pipe and never writes; the kernel closes it when
the parent dies, however it dies, and who reads it then knows.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

ORPHANED = 1


@contextlib.contextmanager
def leash() -> Iterator[int]:
    """Hold a leash; gives the end that children inherit."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


def wear(end: int) -> None:
    """End this process at once when its parent is gone, whatever it is doing.

    It would be wrong to finish the work at hand: a new server may have taken over
    already, and what was cut short is settled like after any crash.
    """
    threading.Thread(target=_watch, args=(end,), name="leash", daemon=True).start()


def _watch(end: int) -> None:
    os.read(end, 1)
    os._exit(ORPHANED)
