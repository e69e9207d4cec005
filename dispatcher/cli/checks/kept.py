"""What is kept, the keys and the store: who can read them, and are they whole."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, OperationalError

from dispatcher.cli.archive import Manifest, NoBackup, read_manifest
from dispatcher.cli.checks.finding import Finding, Subject, failed, ok, warning
from dispatcher.engine.keyring import key_files
from dispatcher.store.lock import worker_of
from dispatcher.store.migrate import Age, age_of
from dispatcher.store.snapshot import (
    Access,
    Check,
    Contents,
    Damaged,
    contents,
    examine,
    looking,
)
from dispatcher.store.vault import KEY_BYTES, Unreadable, id_of, unreadable

Seen = TypeVar("Seen")

GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS = stat.S_IRWXO
BESIDE = ("", "-wal", "-shm", ".spool", ".spool-wal", ".spool-shm")
AHEAD_MOST = timedelta(minutes=1)
LOG_MOST_BYTES = 256 * 1024**2
BACKUP_AGE_MOST = timedelta(hours=26)  # one a day, and some delay
# What a file in WAL mode holds at its 18th byte, https://sqlite.org/fileformat2.html
WAL_FORMAT, WAL_PLACE = b"\x02\x02", 18


def keys(folder: Path) -> Iterator[Finding]:
    """Whether every key is whole, and nobody else may read it."""
    files = key_files(folder)
    if not files:
        remedy = "首次启动会生成;若是恢复的系统,请先放回密钥"
        yield warning(Subject.KEYS, "还没有密钥", str(folder), remedy)
        return
    wrong = [*_private(folder, GROUP_AND_OTHERS, "chmod 700")]
    for file in files.values():
        wrong += _private(file, GROUP_AND_OTHERS, "chmod 600")
        wrong += whole(file)
    yield from wrong or [ok(Subject.KEYS, "密钥完好,只有本用户可读", ", ".join(files))]


def whole(file: Path) -> Iterator[Finding]:
    """Whether a key is one; nothing is said of one that is."""
    try:
        length = len(file.read_bytes())
    except OSError as error:
        remedy = "请用运行服务的用户来查"
        yield failed(Subject.KEYS, f"读不出来({error.strerror})", str(file), remedy)
        return
    if length != KEY_BYTES:
        what = f"密钥损坏:{length} 字节,应为 {KEY_BYTES}"
        yield failed(Subject.KEYS, what, str(file), "请从密钥备份放回")


def _private(path: Path, nobody: int, command: str) -> Iterator[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & nobody:
        remedy = f"请执行 {command} {path}"
        yield failed(Subject.MODES, f"权限过宽({mode:04o})", str(path), remedy)


def modes(store: Path) -> Iterator[Finding]:
    """Whether nobody outside can read the store and what lies beside it."""
    files = [Path(f"{store}{end}") for end in BESIDE]
    there = [file for file in files if file.exists()]
    wrong = [one for file in there for one in _private(file, OTHERS, "chmod o-rwx")]
    yield from wrong or [ok(Subject.MODES, "数据库外人读不到", str(store))]


def log(store: Path) -> Iterator[Finding]:
    """Whether the write-ahead log is used, and is emptied now and then."""
    with store.open("rb") as file:
        file.seek(WAL_PLACE)
        written_ahead = file.read(len(WAL_FORMAT)) == WAL_FORMAT
    if not written_ahead:
        what, remedy = "数据库不是 WAL 方式", "重新启动服务会改回来"
        yield warning(Subject.DURABILITY, what, str(store), remedy)
    beside = Path(f"{store}-wal")
    size = beside.stat().st_size if beside.exists() else 0
    shown = f"{size / 1024**2:.0f} MB"
    if size > LOG_MOST_BYTES:
        what, remedy = "WAL 日志过大", "有程序一直在读数据库;请找出它并停掉"
        yield warning(Subject.LOG, what, shown, remedy)
    else:
        yield ok(Subject.LOG, "WAL 日志大小正常", shown)


def store(file: Path, now: datetime) -> Iterator[Finding]:
    """Whether the store can be read, is sound, and is of this version."""
    try:
        found = _looked(file, lambda c: examine(c, Check.QUICK))
    except OperationalError as error:
        remedy = "请用运行服务的用户来查;若仍读不出来,请恢复最近的备份"
        what = f"数据库读不出来({error.orig})"
        yield failed(Subject.INTEGRITY, what, str(file), remedy)
        return
    if isinstance(found, Damaged):
        remedy = "请停止服务、留存原文件,恢复最近的备份"
        for flaw in found.flaws:
            yield failed(Subject.INTEGRITY, f"数据库损坏:{flaw}", str(file), remedy)
        return
    counts = f"{found.alerts} 次预警,{found.callouts} 张叫应单,{found.facts} 条留痕"
    yield ok(Subject.INTEGRITY, "数据库完好", counts)
    yield from schema(found)
    yield from ahead(found, now)


def readable(file: Path, folder: Path) -> Iterator[Finding]:
    """Whether the keys that are there open what the store holds of people."""
    ids = [id_of(key.read_bytes()) for key in key_files(folder).values()]
    try:
        found = _looked(file, lambda c: unreadable_with(c, ids))
    except (DatabaseError, OSError):
        return  # told by who looked at the files and the store
    yield from opened(found)


def opened(found: Unreadable | None) -> Iterator[Finding]:
    """What the keys that are there don't open; None: nobody could look."""
    if found is None:
        return
    for name in found.missing:
        remedy = "请从密钥备份放回;若已永久丢失,请用 restore --without-keys 恢复备份"
        yield failed(Subject.KEYS, "数据库所用的密钥不在", name, remedy)
    if found.holders:
        what = f"{found.holders} 位责任人的姓名、号码无法核实,叫不到人"
        yield failed(Subject.KEYS, what, "", "请马上重新导入名册")
    elif found.humans and not found.missing:
        what = f"{found.humans} 位原责任人的姓名、号码已无法核实"
        remedy = "他们已不在岗;从前的叫应记录照样有效,只是不再显示姓名"
        yield warning(Subject.KEYS, what, "", remedy)


def unreadable_with(connection: Connection, ids: Sequence[str]) -> Unreadable | None:
    """What some keys don't open; None where the schema is another."""
    found = contents(connection)
    if found.revision is None or age_of(found.revision) is not Age.PRESENT:
        return None
    return unreadable(connection, ids)


def _looked(file: Path, work: Callable[[Connection], Seen]) -> Seen:
    """Look into a store, without leaving a file beside it where there is none."""
    beside = Path(f"{file}-wal")
    if not beside.exists():
        seen = _seen(file, Access.STILL, work)
        if not beside.exists():
            return seen
    # Or a server has begun to write under our eyes.
    return _seen(file, Access.LIVE, work)


def _seen(file: Path, access: Access, work: Callable[[Connection], Seen]) -> Seen:
    with looking(file, access) as connection:
        return work(connection)


def schema(found: Contents) -> Iterator[Finding]:
    """Whether the store is of this version."""
    if found.revision is None:
        yield warning(Subject.SCHEMA, "数据库是空的", "", "首次启动会建好")
        return
    match age_of(found.revision):
        case Age.NEWER:
            remedy = "请用建它的那个版本,或更新的版本"
            yield failed(Subject.SCHEMA, "数据库比本软件新", found.revision, remedy)
        case Age.OLDER:
            remedy = "请先备份;下次启动会自动升级"
            yield warning(Subject.SCHEMA, "数据库还是旧版", found.revision, remedy)
        case Age.PRESENT:
            yield ok(Subject.SCHEMA, "数据库版本相符", found.revision)


def ahead(found: Contents, now: datetime) -> Iterator[Finding]:
    """Whether something has happened that lies in the future."""
    if found.newest_at and found.newest_at > now + AHEAD_MOST:
        what = "最新留痕在将来:时钟被拨回过"
        shown = f"{found.newest_at:%Y-%m-%d %H:%M:%S} UTC"
        yield failed(Subject.CLOCK, what, shown, "请校时;校好之前叫应时间不可信")


def server(store: Path, locks: Path) -> Iterator[Finding]:
    """Whether somebody is calling."""
    try:
        process = worker_of(str(store), locks)
    except OSError:
        yield warning(
            Subject.SERVER, "看不出服务是否在运行", "/proc/locks", "请自行确认"
        )
        return
    if process is None:
        yield warning(
            Subject.SERVER, "服务没有运行", str(store), "请执行 jiaoying serve"
        )
    else:
        yield ok(Subject.SERVER, "服务在运行", f"PID {process}")


def backups(folder: Path, now: datetime) -> Iterator[Finding]:
    """How old the newest backup in a folder is."""
    read = [read_manifest(file) for file in sorted(folder.glob("*.zip"))]
    moments = [one.moment for one in read if isinstance(one, Manifest)]
    spoilt = sum(isinstance(one, NoBackup) for one in read)
    if spoilt:
        remedy = "请删去不完整的,再备份一次"
        yield warning(
            Subject.BACKUPS, f"有 {spoilt} 个文件不是完整的备份", str(folder), remedy
        )
    if not moments:
        remedy = f"请执行 jiaoying backup {folder}"
        yield failed(Subject.BACKUPS, "没有可用的备份", str(folder), remedy)
        return
    newest = max(moments)
    shown = f"{newest:%Y-%m-%d %H:%M:%S} UTC,共 {len(moments)} 个"
    if now - newest > BACKUP_AGE_MOST:
        remedy = "请查每日备份的定时任务"
        yield warning(Subject.BACKUPS, "最近的备份已过一天", shown, remedy)
    else:
        yield ok(Subject.BACKUPS, "备份是最近的", shown)
