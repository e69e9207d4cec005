"""Keys of an installation: files of 32 random bytes that nobody else may read."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path

from dispatcher.store.placing import draft_of, sync
from dispatcher.store.vault import KEY_BYTES, KeyName

DRAFT = ".next"  # ends the name of the key that is to follow


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
    return _read(file)


def _read(file: Path) -> bytes:
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        message = (
            f"key file {file} holds {len(key)} bytes, not {KEY_BYTES}: put the right "
            "one back, or remove it to get a new one, which ends what the old one made"
        )
        raise KeyFileError(message)
    return key


class FileRing:
    """The keys of a store, in the folder of the installation's keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self, name: KeyName) -> Sequence[bytes]:
        """The settled key, made at the first start, and one that is to follow it."""
        # Looked at first, because it may take the place of the other at any moment.
        with contextlib.suppress(FileNotFoundError):
            draft = _read(self._folder / f"{name}{DRAFT}")
            return (load_or_make(self._folder, name), draft)
        return (load_or_make(self._folder, name),)

    def draft(self, name: KeyName) -> bytes:
        """The key that is to follow; who died over it goes on with the same one."""
        return load_or_make(self._folder, f"{name}{DRAFT}")

    def settle(self, name: KeyName) -> None:
        """Put the drafted key in the place of the one before, which ends with it."""
        draft = self._folder / f"{name}{DRAFT}"
        draft.replace(self._folder / name)
        sync(self._folder)


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
