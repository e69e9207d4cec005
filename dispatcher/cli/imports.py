"""``jiaoying roster imports`` and ``roster undo``: imports, and taking one back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.api.imports import WORDS, ImportLine
from dispatcher.cli import stores
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, FAILED, CommandError
from dispatcher.engine import importing
from dispatcher.engine.import_orders import Obstacle, Outcome, Undo
from dispatcher.engine.runtime import clock_of, opened
from dispatcher.store import imports
from dispatcher.store.imports import ImportState

LISTED_MOST = 1_000
UNKNOWN = "没有这次导入"
NONE_APPLIED = "没有可以撤销的导入"
STATES = {
    ImportState.FAULTY: "有问题",
    ImportState.TRIED: "已试读",
    ImportState.APPLIED: "已导入",
    ImportState.UNDONE: "已撤销",
    ImportState.LAPSED: "已过期",
}


def listed(config: Path | None) -> list[ImportLine]:
    """Imports, the newest first."""
    settings = load(config, os.environ)
    found = stores.read(settings, lambda c: imports.page(c, LISTED_MOST))
    return [ImportLine.of(one) for one in found]


def in_words(found: Sequence[ImportLine]) -> str:
    """Say it to the officer, a line for each."""
    return "\n".join(map(_line, found)) or "还没有导入过名册"


def _line(one: ImportLine) -> str:
    at = (one.undone_at or one.applied_at or one.at).astimezone()
    figures = one.figures
    edition = f",第 {one.edition} 版" if one.edition else ""
    return (
        f"{one.id}  {at:%Y-%m-%d %H:%M}  {STATES[one.state]}{edition}  {one.file}  "
        f"责任人 {figures['people']} 人、问题 {figures['problems']} 处  {one.by}"
    )


def undo(config: Path | None, number: int | None, *, force: bool) -> Outcome:
    """Take back an import; None: the one that was applied last.

    :raises CommandError: when it can't be, and why
    """
    settings = load(config, os.environ)
    return sound(asyncio.run(_undo(settings, number, force=force)))


async def _undo(settings: Settings, number: int | None, *, force: bool) -> Outcome:
    now = clock_of(settings).now()

    def last(connection: Connection) -> int | None:
        found = imports.last_applied(connection)
        return found.id if found else None

    async with opened(settings) as database:
        wanted = number if number is not None else await database.read(last)
        if wanted is None:
            raise CommandError([NONE_APPLIED], BAD_INPUT)
        order = Undo(number=wanted, by=user(), at=now, force=force)
        return await importing.undo(database, order)


def user() -> str:
    """By whom a command is given."""
    return doer()


def sound(done: Outcome) -> Outcome:
    """Let pass what was done.

    :raises CommandError: when it was not, and why
    """
    if done.obstacle is None:
        return done
    if done.obstacle is Obstacle.UNKNOWN:
        raise CommandError([f"{done.number}: {UNKNOWN}"], BAD_INPUT)
    words = WORDS[done.obstacle][0].format(edition=done.edition)
    raise CommandError([f"{done.number}: {words}"], FAILED)


def undone_in_words(done: Outcome) -> str:
    """Say what was taken back."""
    words = f"已撤销第 {done.number} 次导入,名册现为第 {done.edition} 版"
    return "\n".join([words, *lapsed_in_words(done)])


def lapsed_in_words(done: Outcome) -> list[str]:
    """Say what has lost its ground, if anything has."""
    numbers = "、".join(map(str, done.lapsed))
    told = f"排班失去依据:编号 {numbers} 的单元或人员已不在名册,请用 duty 检查"
    return [told] if done.lapsed else []
