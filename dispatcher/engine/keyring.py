"""Keys of an installation: files of 32 random bytes that nobody else may read."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

KEY_BYTES = 32


class KeyFileError(OSError):
    """A key file holds something that is no key of ours."""


def new_key() -> bytes:
    """A key that no file keeps."""
    return secrets.token_bytes(KEY_BYTES)


def load_or_make(folder: Path, name: str) -> bytes:
    """The key of a name, made by whichever process asks for it first.

    Raises KeyFileError when the file is no key; other OSErrors as they come.
    """
    file = folder / name
    if not file.exists():
        _make(file)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        message = (
            f"key file {file} holds {len(key)} bytes, not {KEY_BYTES}: put the right "
            "one back, or remove it to get a new one, which ends what the old one made"
        )
        raise KeyFileError(message)
    return key


def _make(file: Path) -> None:
    """Put a whole key in place, unless another process has been quicker."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as opened:  # mkstemp gives it mode 0600
            opened.write(new_key())
            opened.flush()
            os.fsync(opened.fileno())
        # A link appears at once and whole, and never in place of one that is there.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()
    _sync(file.parent)


def _sync(folder: Path) -> None:
    """Let the new name be on disk before anything is made with the key."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
