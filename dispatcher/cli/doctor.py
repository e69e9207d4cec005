"""``jiaoying doctor``: finds what would fail at night, while it can be mended by day.

It changes nothing, and works beside a running server as well as before the first start.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import disk_usage

from config.settings import Settings, load
from config.sources import ConfigError
from dispatcher.cli.checks import configured, kept, machine, served
from dispatcher.cli.checks.finding import Finding, Subject, Verdict, failed, ok, warning
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine.clock import SystemClock, discipline
from dispatcher.engine.runtime import clock_of, database_file, lasting
from dispatcher.store.durability import Durability
from dispatcher.store.lock import LOCKS

USUAL_ZONE = "Asia/Shanghai"
MARKS = {Verdict.OK: "正常", Verdict.WARNING: "注意", Verdict.FAILED: "失败"}
TITLES = {
    Subject.NAMES: "包名",
    Subject.SETTINGS: "配置",
    Subject.POLICIES: "策略",
    Subject.TIME_ZONE: "时区",
    Subject.ROUTES: "线路",
    Subject.ADDRESS: "对外地址",
    Subject.CLOCK: "时钟",
    Subject.KEYS: "密钥",
    Subject.MODES: "文件权限",
    Subject.STORE: "数据库",
    Subject.DISK: "磁盘",
    Subject.DURABILITY: "落盘",
    Subject.LOG: "WAL 日志",
    Subject.INTEGRITY: "完整性",
    Subject.SCHEMA: "数据库版本",
    Subject.SERVER: "服务",
    Subject.BACKUPS: "备份",
}


def examine(config: Path | None, backups: Path | None) -> list[Finding]:
    """Do every check; gives what each has found.

    :param backups: a folder of backups to look at; None: none
    :raises CommandError: when there is no such folder
    """
    if backups and not backups.is_dir():
        raise CommandError([f"--backups {backups}: no such folder"], BAD_INPUT)
    try:
        settings = load(config, os.environ)
    except ConfigError as error:
        remedy = "请改正配置;改好之前,其余各项无从查起"
        settled = [
            failed(Subject.SETTINGS, str(one), "", remedy) for one in error.problems
        ]
        return [
            *machine.names(),
            *settled,
            *machine.clock(SystemClock().now(), discipline()),
        ]
    return [*machine.names(), *_checks(settings, backups)]


def _checks(settings: Settings, backups: Path | None) -> Iterator[Finding]:
    now = clock_of(settings).now()
    yield ok(Subject.SETTINGS, "配置可用")
    policies, found = configured.policies(settings.policies.dir)
    yield from found
    yield from machine.zone(policies.timezone if policies else USUAL_ZONE)
    yield from configured.routes(settings)
    yield from configured.address(settings)
    yield from machine.clock(now, discipline())
    yield from kept.keys(settings.security.keys_dir)
    yield from _store(settings)
    if backups:
        yield from kept.backups(backups, now)


def _store(settings: Settings) -> Iterator[Finding]:
    file = database_file(settings)
    if file is None and lasting(settings):
        now = clock_of(settings).now()
        yield from served.examined(settings.store.url, settings.security.keys_dir, now)
        return
    if file is None:
        remedy = "请在 [store] url 写一个文件"
        yield failed(Subject.STORE, "数据库在内存里,进程一停就没了", "", remedy)
        return
    folder = next(one for one in file.absolute().parents if one.is_dir())
    yield from machine.disk(folder, disk_usage(folder).free)
    yield from machine.file_system(folder, machine.MOUNTS)
    if not file.exists():
        remedy = "首次启动会建好;若是换机,请先恢复备份"
        yield warning(Subject.STORE, "尚未启动过,没有数据库", str(file), remedy)
        return
    yield from kept.modes(file)
    if not os.access(file, os.R_OK) or not file.is_file():
        remedy = "请用运行服务的用户来查"
        yield failed(Subject.STORE, "数据库读不出来", str(file), remedy)
        return
    yield from kept.log(file)
    yield from kept.store(file, clock_of(settings).now())
    yield from kept.readable(file, settings.security.keys_dir)
    yield from kept.server(file, LOCKS)


def exit_code(findings: Sequence[Finding]) -> int:
    """1 when any check has failed."""
    return int(any(one.verdict is Verdict.FAILED for one in findings))


def in_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Say it to a program."""
    return {
        "verdict": max((one.verdict for one in findings), key=[*MARKS].index),
        Subject.DURABILITY: _durability(findings),
        "checks": [asdict(one) for one in findings],
    }


def _durability(findings: Sequence[Finding]) -> str:
    said = {one.which for one in findings if one.subject is Subject.DURABILITY}
    return next((one for one in Durability if one in said), Durability.LOCAL).value


def in_words(findings: Sequence[Finding]) -> str:
    """Say it to the operator, as a table."""
    return "\n".join(_lines(findings))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for one in findings:
        shown = f"{one.what}({one.which})" if one.which else one.what
        yield f"{MARKS[one.verdict]}  {_padded(TITLES[one.subject])}  {shown}"
        if one.remedy:
            yield f"{' ' * (6 + WIDTH)}→ {one.remedy}"
    counts = Counter(one.verdict for one in findings)
    yield ",".join(f"{mark} {counts[verdict]} 项" for verdict, mark in MARKS.items())


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


WIDTH = max(map(_width, TITLES.values()))


def _padded(title: str) -> str:
    return title + " " * (WIDTH - _width(title))
