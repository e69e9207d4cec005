"""The file of a backup: a zip with the store, and a manifest that says what it is.

Nothing in such a file is believed before it is checked: it may be cut short, spoilt, of
another program, or made to do harm. Names in it are compared and never used as paths.
"""

from __future__ import annotations

import errno
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import IO, Literal
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from dispatcher.cli.failure import BAD_INPUT, FAILED, CommandError
from dispatcher.store.snapshot import Contents

STORE, MANIFEST = "store.db", "manifest.json"
MANIFEST_BYTES_MOST = 65_536
CHUNK_BYTES = 1_048_576
LEVEL = (
    1  # of deflate: four times as quick as the usual one, for a file a little larger
)

# What zipfile says of a file that is none, or is spoilt, or asks for what we never use.
UNREADABLE = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Strict(BaseModel):
    """A part of a manifest: what it doesn't know makes it another layout."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Counts(Strict):
    """What the store held at the moment of the backup."""

    facts: int
    alerts: int
    callouts: int

    @classmethod
    def of(cls, found: Contents) -> Counts:
        """Take them from a look at a store."""
        return cls(facts=found.facts, alerts=found.alerts, callouts=found.callouts)


class Part(Strict):
    """How long a file of the archive is, and its SHA-256."""

    bytes: int
    sha256: str


class Manifest(Strict):
    """What a backup says of itself.

    :ivar version: of the jiaoying that made it
    :ivar revision: of the store's schema
    :ivar moment: which state of the store it is
    :ivar origin: the machine and the file it was taken from
    :ivar keys: fingerprints of the keys the store needs, by name
    """

    format: Literal["jiaoying-backup"] = "jiaoying-backup"
    layout: Literal[1] = 1
    version: str
    revision: str
    moment: AwareDatetime
    kind: Literal["sqlite"] = "sqlite"
    origin: str
    counts: Counts
    store: Part
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class NoBackup:
    """A file is no backup that can be used, and why."""

    why: str


def write(zipped: ZipFile, store: Path) -> Part:
    """Put a store into an archive; gives what the manifest has to say of it."""
    with (
        store.open("rb") as source,
        zipped.open(STORE, "w", force_zip64=True) as target,
    ):
        return _poured(source, target)


def archive(draft: Path) -> ZipFile:
    """Open an archive for writing."""
    return ZipFile(draft, "w", ZIP_DEFLATED, compresslevel=LEVEL)


def read_manifest(file: Path) -> Manifest | NoBackup:
    """Read what a backup says of itself; what it holds is not looked at."""
    try:
        with ZipFile(file) as zipped:
            return _manifest(zipped)
    except OSError as error:
        return NoBackup(f"it can't be read ({error.strerror})")
    except UNREADABLE as error:
        return NoBackup(f"no whole zip file ({error})")


def _manifest(zipped: ZipFile) -> Manifest | NoBackup:
    names = sorted(entry.filename for entry in zipped.infolist())
    if names != [MANIFEST, STORE]:
        shown = ", ".join(map(repr, names[:5]))
        return NoBackup(f"it holds {shown}, not just {MANIFEST} and {STORE}")
    entry = zipped.getinfo(MANIFEST)
    if entry.file_size > MANIFEST_BYTES_MOST:
        return NoBackup(f"{MANIFEST} has {entry.file_size} bytes")
    try:
        return Manifest.model_validate_json(zipped.read(entry))
    except ValidationError as error:
        return NoBackup(f"{MANIFEST}: {'; '.join(_complaints(error))}")


def _complaints(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_input=False):
        yield f"{'.'.join(map(str, one['loc']))} {one['msg']}".strip()


def unpack(file: Path, manifest: Manifest, to: Path) -> None:
    """Write the store of a backup to a file, if it is what the manifest says.

    :raises CommandError: for what is cut short or spoilt, or does not fit on the disk
    """
    try:
        with ZipFile(file) as zipped:
            entry = zipped.getinfo(STORE)
            _refuse_bomb(file, entry, manifest, to)
            with zipped.open(entry) as source, to.open("wb") as target:
                found = _poured(source, target)
    except UNREADABLE as error:
        raise refused(file, f"{STORE} is spoilt ({error})") from error
    if found != manifest.store:
        raise refused(file, f"{STORE} is not what {MANIFEST} says: its SHA-256 differs")


def _refuse_bomb(file: Path, entry: ZipInfo, manifest: Manifest, to: Path) -> None:
    # No more than this is ever unpacked, whatever the compressed bytes would give.
    if entry.file_size != manifest.store.bytes:
        why = (
            f"{STORE} has {entry.file_size} bytes, {MANIFEST} says "
            f"{manifest.store.bytes}"
        )
        raise refused(file, why)
    free = disk_usage(to.parent).free
    if entry.file_size > free:
        problem = (
            f"{to.parent}: {STORE} needs {entry.file_size} bytes, {free} are free; "
            "free some, or restore to another disk"
        )
        raise CommandError([problem], FAILED)


def refused(file: Path, why: str) -> CommandError:
    """Say why a file can't be restored from."""
    problem = f"{file}: not a backup that can be used: {why}; take another one"
    return CommandError([problem], BAD_INPUT)


def _poured(source: IO[bytes], target: IO[bytes]) -> Part:
    """Copy, and tell what was copied."""
    digest, length = hashlib.sha256(), 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        length += len(chunk)
        target.write(chunk)
    return Part(bytes=length, sha256=digest.hexdigest())


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LINKLESS = frozenset({errno.EPERM, errno.EOPNOTSUPP})


def in_the_way(target: Path, error: OSError) -> CommandError:
    """Say what to do when a file can't be written."""
    if isinstance(error, FileExistsError):
        remedy = "it came to be in the meantime, and nothing is ever overwritten"
    elif error.errno in FULL:
        free = disk_usage(target.parent).free
        remedy = f"{free} bytes are free: free some, or choose another disk"
    elif error.errno in LINKLESS:
        remedy = "this disk can't keep a file private and whole: choose another one"
    else:
        remedy = f"let this user write to {target.parent}, or choose another folder"
    return CommandError([f"{target}: {error.strerror}; {remedy}"])
