"""``jiaoying key rotate``: replaces a key of the store while the server runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from config.settings import Settings, load
from contacts.importers.reading import Progress
from dispatcher.cli.bar import bar
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine.rotation import rotate as rotated
from dispatcher.engine.runtime import clock_of, opened
from dispatcher.store.vault import KeyName


def rotate(config: Path | None, name: str, *, drawn: bool) -> dict[str, object]:
    """Replace a key, and write anew what lies under it.

    :param drawn: whether to show how far it is
    :raises CommandError: when there is no such key
    """
    if name not in set(KeyName):
        problem = f"key {name}: unknown; use one of {', '.join(KeyName)}"
        raise CommandError([problem], BAD_INPUT)
    settings = load(config, os.environ)
    with bar("更换密钥", wanted=drawn) as tell:
        done = asyncio.run(_rotate(settings, KeyName(name), tell))
    return {"key": name, "rewritten": done}


async def _rotate(settings: Settings, name: KeyName, tell: Progress) -> int:
    now = clock_of(settings).now()
    async with opened(settings) as database:
        by = doer()
        return await rotated(database, name, now, by, lambda done: tell(done, done))


def in_words(done: Mapping[str, object]) -> str:
    """What was done, for people."""
    return f"密钥 {done['key']} 已更换,重写 {done['rewritten']} 项。请备份密钥目录。"
