"""``jiaoying restore``: a backup into an empty place, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.cli.archive import (
    Counts,
    Manifest,
    NoBackup,
    in_the_way,
    read_manifest,
    refused,
    unpack,
)
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.key_archive import open_up
from dispatcher.core.journal import HOUSE, RestoredFrom
from dispatcher.engine.keyring import FileRing, fingerprint, keep, key_files
from dispatcher.engine.runtime import clock_of, database_file, lasting
from dispatcher.store import journal, rekeying
from dispatcher.store.database import alone
from dispatcher.store.lock import only_worker
from dispatcher.store.migrate import Age, age_of, migrate
from dispatcher.store.placing import draft_of
from dispatcher.store.snapshot import Access, Check, Contents, Damaged, examine, looking
from dispatcher.store.vault import KeyName, Vault, give_up

GIVEN_UP = {
    KeyName.DATA: (
        "旧的姓名、号码和短信都读不出来了,请马上重新导入名册,否则叫不到任何人"
    ),
    KeyName.INDEX: "号码索引已重新编制",
}
OTHERWISE = "用它做的链接等已失效"

POSTGRESQL = (
    "[store] url names PostgreSQL, and a backup of ours holds SQLite: put the "
    "database back with pg_restore, and the keys into [security] keys_dir"
)

# SQLite would take what lies beside a store for its own latest changes; and we what
# lies in a spool for the latest answers.
BESIDE = ("", "-wal", "-shm", "-journal", ".spool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What to restore from.

    :ivar keys: the sealed keys; None: they are in their folder already
    :ivar passphrase: asks for it; keys only
    :ivar without_keys: go on although keys are missing
    """

    file: Path
    keys: Path | None
    passphrase: Callable[[], str]
    without_keys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """How the keys stand to what the store needs.

    :ivar new: to be put in place
    :ivar missing: neither in place nor given
    :ivar other: in place, but not the ones that are needed or given
    """

    new: Mapping[str, bytes]
    missing: tuple[str, ...]
    other: tuple[str, ...]


def restore(config: Path | None, given: Given) -> dict[str, Any]:
    """Put a backup in place; tells what it is and what it can't know.

    :raises CommandError: when the place is not empty, or the file not to be trusted
    """
    settings = load(config, os.environ)
    store = _place(settings)
    manifest = _manifest(given.file)
    folder = settings.security.keys_dir
    keys = _keys(folder, manifest, _opened(given))
    if problems := (*_objections(folder, keys, given),):
        raise CommandError(problems)
    noted = RestoredFrom(
        at=clock_of(settings).now(),
        by=doer(),
        backup=manifest.store.sha256,
        taken_at=manifest.moment,
    )
    store.parent.mkdir(parents=True, exist_ok=True)
    with only_worker(str(store)):
        found = _put(store, _Backup(given.file, manifest), keys, folder, noted)
    return {
        "store": str(store),
        **manifest.model_dump(mode="json", include={"moment", "origin", "counts"}),
        "running": found.running,
        "keys": sorted(keys.new),
        "missing_keys": sorted(keys.missing),
    }


def _place(settings: Settings) -> Path:
    """Where the store is to be.

    :raises CommandError: when something is there, or there is no file
    """
    store = database_file(settings)
    if store is None and lasting(settings):
        raise CommandError([POSTGRESQL], BAD_INPUT)
    if store is None:
        problem = "[store] url is in memory: nothing can be restored there; name a file"
        raise CommandError([problem], BAD_INPUT)
    there = [f"{store}{end}" for end in BESIDE if Path(f"{store}{end}").exists()]
    if there:
        remedy = "move it away, or give another [store] url"
        problems = (
            f"{one}: is there already, and nothing is replaced: " for one in there
        )
        raise CommandError(f"{problem}{remedy}" for problem in problems)
    return store


def _manifest(file: Path) -> Manifest:
    """What the backup says of itself.

    :raises CommandError: when it is none, or made by a newer version
    """
    manifest = read_manifest(file)
    if isinstance(manifest, NoBackup):
        raise refused(file, manifest.why)
    if age_of(manifest.revision) is Age.NEWER:
        problem = (
            f"{file}: made by jiaoying {manifest.version} with schema "
            f"{manifest.revision}, which this version does not know; restore it with "
            "that version or a newer one"
        )
        raise CommandError([problem])
    return manifest


def _opened(given: Given) -> dict[str, bytes]:
    if given.keys is None:
        return {}
    try:
        return open_up(given.keys, given.passphrase())
    except OSError as error:
        raise CommandError([f"{given.keys}: {error.strerror}"], BAD_INPUT) from error


def _keys(folder: Path, manifest: Manifest, sealed: Mapping[str, bytes]) -> _Keys:
    here = {name: file.read_bytes() for name, file in key_files(folder).items()}
    both = {**sealed, **here}
    prints = {name: fingerprint(name, key) for name, key in both.items()}
    needed = manifest.keys
    other = {name for name in needed if prints.get(name, needed[name]) != needed[name]}
    other |= {name for name in sealed.keys() & here if sealed[name] != here[name]}
    return _Keys(
        new={name: key for name, key in sealed.items() if name not in here},
        missing=tuple(sorted(needed.keys() - both.keys())),
        other=tuple(sorted(other)),
    )


def _objections(folder: Path, keys: _Keys, given: Given) -> Iterator[str]:
    for name in keys.other:
        yield (
            f"key {name}: the one in {folder}, or given, is not the one this store was "
            "made with; move it away, and give the right file with --keys"
        )
    for name in () if given.without_keys else keys.missing:
        yield (
            f"key {name}: the store needs it, and it is not in {folder}; give the file "
            "of `jiaoying backup --keys` with --keys. If it is lost for good, "
            "--without-keys goes on; what was made with it can't be read any more"
        )


@dataclass(frozen=True, slots=True)
class _Backup:
    file: Path
    manifest: Manifest


def _put(
    store: Path, backup: _Backup, keys: _Keys, folder: Path, noted: RestoredFrom
) -> Contents:
    """Put keys and store in place; the store comes last, whole or not at all."""
    try:
        with draft_of(store) as draft:
            unpack(backup.file, backup.manifest, draft)
            found = _checked(backup.file, backup.manifest, draft)
            for name, key in keys.new.items():
                keep(folder / name, key)
            ring = FileRing(folder)
            alone(draft, Vault(ring), lambda c: _begin_again(c, ring, noted))
    except OSError as error:
        raise in_the_way(store, error) from error
    return found


def _begin_again(connection: Connection, ring: FileRing, noted: RestoredFrom) -> None:
    """Let the store go on from here, with new keys for those that are given up."""
    migrate(connection)
    if KeyName.INDEX in give_up(connection):
        # What can still be read is found by its number again.
        rekeying.mark_anew(connection, ring.keys(KeyName.INDEX)[0])
    journal.note(connection, HOUSE, [noted])


def _checked(file: Path, manifest: Manifest, draft: Path) -> Contents:
    """What the unpacked store holds.

    :raises CommandError: when it is damaged, or is not what the manifest says
    """
    with looking(draft, Access.STILL) as connection:
        found = examine(connection, Check.THOROUGH)
    if isinstance(found, Damaged):
        raise refused(file, f"the store in it is damaged ({'; '.join(found.flaws)})")
    if (found.revision, Counts.of(found)) != (manifest.revision, manifest.counts):
        raise refused(file, "the store in it does not hold what its manifest says")
    return found


def in_words(done: Mapping[str, Any]) -> str:
    """Say it to the operator."""
    return "\n".join(_words(done))


def _words(done: Mapping[str, Any]) -> Iterator[str]:
    counts = done["counts"]
    yield f"已恢复到 {done['store']}(取自 {done['origin']})"
    yield (
        f"时刻 {done['moment']}:{counts['alerts']} 次预警,"
        f"{counts['callouts']} 张叫应单,{counts['facts']} 条留痕"
    )
    yield (
        "此后发生的事都不在其中:之后发出的叫应、收到的应答和新来的预警,这里一概不知;"
        "上级平台和监测系统此后的预警要请对方重发。"
    )
    yield (
        f"{done['running']} 张叫应单还在进行:服务一启动就接着叫应,"
        "已应答过的人可能再接到一次电话或短信。"
    )
    if done["keys"]:
        yield f"已放回密钥:{', '.join(done['keys'])}"
    for name in done["missing_keys"]:
        yield f"缺少密钥 {name},已换新的:{GIVEN_UP.get(name, OTHERWISE)}"
    yield "下一步:jiaoying doctor,没有“失败”后再 jiaoying serve。"
