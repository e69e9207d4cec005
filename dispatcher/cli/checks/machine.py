"""The machine: its clock, its disk, and how far a commit reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatcher.cli.checks.finding import Finding, Subject, failed, ok, warning
from dispatcher.cli.owners import clashes
from dispatcher.engine.clock import Discipline

FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)  # there is no older version than this
FREE_LEAST_BYTES = 256 * 1024**2
FREE_LOW_BYTES = 2 * 1024**3
MOUNTS = Path("/proc/mounts")
OCTAL = re.compile(r"\\([0-7]{3})")  # how it writes a blank in a name

IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
# A write-ahead log is shared memory: it works on one machine only.
FAR_AWAY = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "afs", "fuse.sshfs"}
)
OF_A_CONTAINER = frozenset({"overlay", "aufs"})


def names() -> Iterator[Finding]:
    """Whether our import names are ours alone."""
    found = [*clashes()]
    for name, other in found:
        remedy = "请给本系统单独建一个运行环境,里面不装别的软件"
        yield failed(Subject.NAMES, f"包名 {name} 另有所属", other, remedy)
    if not found:
        yield ok(Subject.NAMES, "包名都属于本系统")


def clock(now: datetime, kept: Discipline) -> Iterator[Finding]:
    """Whether the time can be right, and whether somebody keeps it so."""
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < FIRST_DAY:
        yield failed(Subject.CLOCK, "时钟比本软件还早", shown, "请校时,再查主板电池")
        return
    match kept:
        case Discipline.LEFT_ALONE:
            remedy = "请装上并启用 chrony 或 systemd-timesyncd"
            yield warning(Subject.CLOCK, "没有自动校时", shown, remedy)
        case Discipline.UNKNOWN:
            remedy = "请自行确认已启用自动校时"
            yield warning(Subject.CLOCK, "看不出是否自动校时", shown, remedy)
        case Discipline.KEPT:
            yield ok(Subject.CLOCK, "时钟正常,有自动校时", shown)


def zone(name: str) -> Iterator[Finding]:
    """Whether the time zone of the policy is known on this machine."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        yield failed(Subject.TIME_ZONE, "没有这个时区的数据", name, "请安装 tzdata")
    else:
        yield ok(Subject.TIME_ZONE, "时区数据齐全", name)


def disk(folder: Path, free: int) -> Iterator[Finding]:
    """Whether so many free bytes beside the store will do."""
    shown = f"{folder} 余 {free / 1024**3:.1f} GB"
    remedy = "请清出空间,或换一块盘"
    if free < FREE_LEAST_BYTES:
        yield failed(Subject.DISK, "磁盘将满,预警会存不下", shown, remedy)
    elif free < FREE_LOW_BYTES:
        yield warning(Subject.DISK, "磁盘空间不多", shown, remedy)
    else:
        yield ok(Subject.DISK, "磁盘空间充足", shown)


def file_system(folder: Path, mounts: Path) -> Iterator[Finding]:
    """Whether what is written there is still there after a power cut."""
    kind = kind_of(folder, mounts)
    shown = f"{folder} ({kind or '?'})"
    if kind in IN_MEMORY:
        what, remedy = "数据库在内存里,断电即失", "请把 [store] url 改到硬盘上"
        yield failed(Subject.DURABILITY, what, shown, remedy)
    elif kind in FAR_AWAY:
        what, remedy = "数据库在网络盘上,会损坏", "请把 [store] url 改到本机硬盘上"
        yield failed(Subject.DURABILITY, what, shown, remedy)
    elif kind in OF_A_CONTAINER:
        what, remedy = "数据库在容器里,容器一删就没了", "请挂载一个卷来放数据库"
        yield warning(Subject.DURABILITY, what, shown, remedy)
    elif not kind:
        what, remedy = "看不出数据库在什么盘上", "请自行确认是本机硬盘"
        yield warning(Subject.DURABILITY, what, shown, remedy)
    else:
        yield ok(Subject.DURABILITY, "durability: local(本机硬盘,提交即落盘)", shown)


def kind_of(folder: Path, mounts: Path) -> str:
    """The kind of file system a folder is on; empty where nobody tells."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    here = folder.resolve()
    found = {}
    for line in lines:
        _, place, kind, *_ = line.split()
        point = Path(OCTAL.sub(lambda code: chr(int(code[1], 8)), place))
        if here.is_relative_to(point):
            found[len(point.parts)] = kind  # a later mount hides an earlier one
    return found[max(found)] if found else ""
