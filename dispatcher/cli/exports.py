"""``jiaoying export``: writes all that is kept of an alert for an inspector."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.alert import AlertId
from dispatcher.core.journal import HOUSE, Exported
from dispatcher.engine.exporting import Export, lines
from dispatcher.engine.runtime import clock_of, opened, signet
from dispatcher.store import alerts, journal

BY = "cli"
NAMES = {"fact": "facts", "entry": "entries", "callout": "callouts", "seal": "seals"}


def write(config: Path | None, alert: str, out: Path | None) -> dict[str, object]:
    """Write an export to a file; returns how much is in it.

    :raises CommandError: without a file, and for an alert that is not there
    """
    if not alert or not out:
        raise CommandError(
            ["export: say ALERT --out FILE, or --verify FILE"], BAD_INPUT
        )
    counts = asyncio.run(_export(load(config, os.environ), AlertId(alert), out))
    told = {name: counts[line] for line, name in NAMES.items()}
    return {"alert": alert, "file": str(out), **told}


def in_words(done: dict[str, object]) -> str:
    """The same for people."""
    return (
        f"已导出 {done['alert']}:{done['callouts']} 张叫应单,{done['facts']} 条留痕,"
        f"{done['entries']} 条记事,{done['seals']} 次封存,写在 {done['file']}\n"
        "请用 jiaoying export --verify 核验;公钥(jiaoying key public)请另行交付。"
    )


def public_key(config: Path | None) -> str:
    """The key that seals are checked with, in hex."""
    return signet(load(config, os.environ)).public


async def _export(settings: Settings, name: AlertId, out: Path) -> Counter[str]:
    now = clock_of(settings).now()
    wanted = Export(alert=None, made_at=now, public_key=signet(settings).public)
    async with opened(settings) as database:
        if name != HOUSE:
            found = await database.read(partial(alerts.find, name=name))
            if found is None:
                problem = f"alert {name}: not in this store"
                raise CommandError([problem], BAD_INPUT)
            wanted = replace(wanted, alert=found)
        entry = Exported(at=now, by=BY, alert=name)
        note = partial(journal.note, subject=HOUSE, entries=[entry])
        await database.write(note)
        return await database.read(partial(_write, wanted=wanted, out=out))


def _write(connection: Connection, wanted: Export, out: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    with out.open("w", encoding="utf-8") as file:
        for line in lines(connection, wanted):
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
            counts[str(line["line"])] += 1
    return counts
