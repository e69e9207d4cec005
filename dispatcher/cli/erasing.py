"""``jiaoying person erase``: nobody can read any more who somebody was."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings, load
from contacts.model import PersonId
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine.runtime import clock_of, opened
from dispatcher.store.erasing import Erasure, Kept
from dispatcher.store.erasing import erase as erased

WHY = {
    Kept.UNKNOWN: "there is nobody of this id",
    Kept.ERASED: "he is erased already",
    Kept.CALLED: (
        "a warning that is not over calls him; take him off his posts, over HTTP or by "
        "importing a roster without him, and erase him when the warning is over"
    ),
}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done.

    :ivar ids: every version of him
    :ivar folded: whether the store's log is cut off already
    """

    ids: tuple[PersonId, ...]
    folded: bool

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {"erased": list(self.ids), "log_cut_off": self.folded}

    def in_words(self) -> str:
        """For people."""
        told = f"已删除:{'、'.join(self.ids)}。姓名和号码不可恢复,叫应记录仍在。"
        return told if self.folded else f"{told}日志正被读取,服务下次整理时清除。"


def erase(config: Path | None, person: str, reason: str) -> Erased:
    """Erase a human: all his versions, by any of their ids.

    :raises CommandError: when he is not there, or is being called
    """
    wanted = Erasure(person=person, by=doer(), reason=reason)
    return asyncio.run(_erase(load(config, os.environ), wanted))


async def _erase(settings: Settings, wanted: Erasure) -> Erased:
    now = clock_of(settings).now()
    async with opened(settings) as database:
        done = await database.write(lambda c: erased(c, wanted, now))
        if isinstance(done, Kept):
            raise CommandError([f"person {wanted.person}: {WHY[done]}"], BAD_INPUT)
        return Erased(done, await database.fold())
