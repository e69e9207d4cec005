"""Keys of an installation: files of 32 random bytes that nobody else may read."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from pathlib import Path

from dispatcher.store.placing import draft_of

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
        with contextlib.suppress(FileExistsError):  # another process was quicker
            keep(file, new_key())
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        message = (
            f"key file {file} holds {len(key)} bytes, not {KEY_BYTES}: put the right "
            "one back, or remove it to get a new one, which ends what the old one made"
        )
        raise KeyFileError(message)
    return key


def keep(file: Path, key: bytes) -> None:
    """Put a whole key in place.

    :raises FileExistsError: when there is one already
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with draft_of(file) as draft:
        draft.write_bytes(key)


def key_files(folder: Path) -> dict[str, Path]:
    """The keys that are in a folder, by name; drafts of keys are none."""
    if not folder.is_dir():
        return {}
    found = (file for file in sorted(folder.iterdir()) if file.is_file())
    return {file.name: file for file in found if not file.name.startswith(".")}


def fingerprint(name: str, key: bytes) -> str:
    """What tells one key from another and gives nothing of it away."""
    proof = hmac.digest(key, f"jiaoying key {name}".encode(), "sha256")
    return hashlib.sha256(proof).hexdigest()
