"""Files that stand in their place whole, on disk and private, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """Give an empty file to fill; at the end it gets its name, unless that is taken.

    Nobody but its owner may read it. A link appears at once and whole, and never in
    place of a file that is there.

    :raises FileExistsError: when the name is taken by then
    """
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        sync(draft)
        os.link(draft, target)
    finally:
        draft.unlink()
    sync(target.parent)  # or the name would be gone after a power cut


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, be on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
