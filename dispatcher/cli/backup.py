"""``jiaoying backup``: the store in one file, and the keys in another, while all runs.

The store's file is checked before it gets its name: what has the name is whole.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from shutil import disk_usage
from typing import Any

from sqlalchemy.exc import DatabaseError, OperationalError

from config.settings import Settings, load
from dispatcher.cli.archive import (
    MANIFEST,
    STORE,
    Counts,
    Manifest,
    archive,
    in_the_way,
    read_manifest,
    write,
)
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.key_archive import close
from dispatcher.engine.keyring import fingerprint, key_files
from dispatcher.engine.runtime import clock_of, database_file, lasting
from dispatcher.store.placing import draft_of
from dispatcher.store.snapshot import (
    Access,
    Check,
    Contents,
    Damaged,
    copy,
    examine,
    looking,
)

POSTGRESQL = (
    "[store] url names PostgreSQL, which has tools of its own: copy the database with "
    "pg_dump, and the keys with: jiaoying backup --keys FILE"
)
NICENESS = 10  # the calling goes first
STAMP = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"jiaoying-\d{8}T\d{6}Z\.zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be written.

    :ivar file: for the store: a new file, or a folder that is there
    :ivar keys: the same for the keys
    :ivar passphrase: asks for it; keys only
    :ivar keep: how many backups to leave in the folder; None: all
    """

    file: Path | None
    keys: Path | None
    passphrase: Callable[[], str]
    keep: int | None


def back_up(config: Path | None, wanted: Wanted) -> dict[str, Any]:
    """Write what is wanted; tells what was written, and what was removed for it.

    :raises CommandError: when there is nothing to back up, or no way to write it
    """
    if problems := (*_problems(wanted),):
        raise CommandError(problems, BAD_INPUT)
    settings = load(config, os.environ)
    now = clock_of(settings).now()
    done: dict[str, Any] = {}
    if wanted.keys:
        done |= _keys(settings, wanted.keys, now, wanted.passphrase)
    if wanted.file:
        done |= _store(settings, wanted.file, now)
    if wanted.file and wanted.keep:
        gone = _prune(wanted.file, Path(done["file"]), wanted.keep)
        done["removed"] = [*map(str, gone)]
    return done


def _problems(wanted: Wanted) -> Iterator[str]:
    if not wanted.file and not wanted.keys:
        yield "nothing to do: name a file or a folder, or --keys FILE"
    if wanted.keep is not None and not (wanted.file and wanted.file.is_dir()):
        yield "--keep counts the backups of a folder: name a folder that is there"


def _keys(
    settings: Settings, target: Path, now: datetime, passphrase: Callable[[], str]
) -> dict[str, Any]:
    folder = settings.security.keys_dir
    keys = {name: file.read_bytes() for name, file in key_files(folder).items()}
    if not keys:
        problem = f"{folder}: no keys yet; the first start of the server makes them"
        raise CommandError([problem])
    file = _named(target, f"jiaoying-keys-{now:{STAMP}}.json")
    sealed = close(keys, passphrase())
    try:
        with draft_of(file) as draft:
            draft.write_bytes(sealed)
    except OSError as error:
        raise in_the_way(file, error) from error
    return {"keys_file": str(file), "keys": [*keys]}


def _store(settings: Settings, target: Path, now: datetime) -> dict[str, Any]:
    source = _source(settings, now)
    file = _named(target, f"jiaoying-{now:{STAMP}}.zip")
    try:
        with (
            draft_of(file) as draft,
            tempfile.TemporaryDirectory(dir=file.parent, prefix=".jiaoying-") as aside,
        ):
            manifest = _written(source, Path(aside) / STORE, draft)
    except OSError as error:
        raise in_the_way(file, error) from error
    told = manifest.model_dump(mode="json", include={"moment", "revision", "counts"})
    return {"file": str(file), "bytes": file.stat().st_size, **told}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a backup is made of.

    :ivar keys: fingerprints, by name
    """

    store: Path
    now: datetime
    keys: Mapping[str, str]


def _source(settings: Settings, now: datetime) -> _Source:
    """Find what there is to back up.

    :raises CommandError: when there is no file
    """
    store = database_file(settings)
    if store is None and lasting(settings):
        raise CommandError([POSTGRESQL], BAD_INPUT)
    if store is None:
        problem = "[store] url is in memory: it ends with its process; name a file"
        raise CommandError([problem], BAD_INPUT)
    if not store.is_file():
        problem = f"{store}: no store yet; the first start of the server makes it"
        raise CommandError([problem])
    keys = key_files(settings.security.keys_dir)
    prints = {name: fingerprint(name, key.read_bytes()) for name, key in keys.items()}
    return _Source(store=store, now=now, keys=prints)


def _named(target: Path, name: str) -> Path:
    """The file itself, or one with the time in its name in a folder.

    :raises CommandError: when the name is taken, or there is no such folder
    """
    file = target / name if target.is_dir() else target
    if file.exists():
        problem = f"{file}: is there already, and nothing is ever overwritten: "
        raise CommandError([f"{problem}give another name, or a folder"], BAD_INPUT)
    if not file.parent.is_dir():
        problem = f"{file.parent}: no such folder; make it first, or name another one"
        raise CommandError([problem], BAD_INPUT)
    return file


def _written(source: _Source, aside: Path, draft: Path) -> Manifest:
    """Copy the store, look the copy through, and pack it."""
    found = _copied(source.store, aside)
    with archive(draft) as zipped:
        part = write(zipped, aside)
        manifest = Manifest(
            version=version("jiaoying-dispatcher"),
            revision=str(found.revision),
            moment=source.now,
            origin=f"{socket.gethostname()}:{source.store}",
            counts=Counts.of(found),
            store=part,
            keys=dict(source.keys),
        )
        zipped.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    return manifest


def _copied(store: Path, aside: Path) -> Contents:
    """Copy the store and prove that the copy is whole.

    :raises CommandError: when it is not, does not fit on the disk, or can't be made
    """
    try:
        expected = copy(store, aside)
        with looking(aside, Access.STILL) as connection:
            found = examine(connection, Check.THOROUGH)
    except sqlite3.OperationalError as error:
        free, size = disk_usage(aside.parent).free, store.stat().st_size
        problem = (
            f"{aside.parent.parent}: the store can't be copied there ({error}): it "
            f"has {size} bytes, {free} are free; free twice its size, or choose "
            "another disk"
        )
        raise CommandError([problem]) from error
    except OperationalError as error:
        problem = (
            f"{store}: can't be read ({error.orig}); run this as the user of the "
            "server, and look who else holds the file"
        )
        raise CommandError([problem]) from error
    except (sqlite3.DatabaseError, DatabaseError) as error:
        raise _damaged(store, [str(getattr(error, "orig", error))]) from error
    if isinstance(found, Damaged):
        raise _damaged(store, found.flaws)
    if found != expected:
        raise _damaged(store, ["the copy does not hold what the store holds"])
    if expected.revision is None:
        problem = f"{store}: is empty; the first start of the server fills it"
        raise CommandError([problem])
    return expected


def _damaged(store: Path, damage: Iterable[str]) -> CommandError:
    remedy = "keep it as it is, run jiaoying doctor, and restore the last good backup"
    return CommandError([*(f"{store}: {one}" for one in damage), f"{store}: {remedy}"])


def _prune(folder: Path, newest: Path, keep: int) -> list[Path]:
    """Remove the oldest backups of the same store in a folder; gives what has gone.

    Only what carries our own name, with the time, and says itself where it is from.
    """
    ours = [file for file in folder.iterdir() if NAME.fullmatch(file.name)]
    origins = {file: _origin(file) for file in ours}
    same = sorted(file for file in ours if origins[file] == origins[newest])
    gone = [file for file in same[:-keep] if file != newest]
    for file in gone:
        file.unlink()
    return gone


def _origin(file: Path) -> str | None:
    found = read_manifest(file)
    return found.origin if isinstance(found, Manifest) else None


def in_words(done: Mapping[str, Any]) -> str:
    """Say it to the operator."""
    return "\n".join(_words(done))


def _words(done: Mapping[str, Any]) -> Iterator[str]:
    if "keys_file" in done:
        yield f"密钥已封存到 {done['keys_file']}:{', '.join(done['keys'])}"
        yield "请把它和口令分开保管,也不要和备份放在一起。"
    if "file" in done:
        counts = done["counts"]
        yield f"备份已写好并核对 {done['file']}({done['bytes']:,} 字节)"
        yield (
            f"时刻 {done['moment']}:{counts['alerts']} 次预警,"
            f"{counts['callouts']} 张叫应单,{counts['facts']} 条留痕"
        )
    for file in done.get("removed", ()):
        yield f"已删去旧备份 {file}"
