"""What proof costs: hashing as facts are saved, sealing, an export and its audit."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection

from dispatcher.cli import verifying
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    ChainId,
    Content,
    Level,
    MsgType,
    Status,
)
from dispatcher.core.callout import CalloutId
from dispatcher.core.proof import Head
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.exporting import Export, lines
from dispatcher.engine.sealing import Sealer
from dispatcher.store import alerts, callouts
from dispatcher.store.alerts import Submission
from dispatcher.store.callouts import Change
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault
from tests.core.build import START, Life, opening
from tests.engine.evidence import SIGNET

CHUNK = 50
SILENCE_SECONDS = 200
ALERT = Alert(
    id=AlertId("alert"),
    chain=ChainId("chain"),
    content=Content(
        sender="rain@chengxi",
        identifier="W-1",
        sent=START,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
    ),
    state=AlertState.ACTIVE,
    received_at=START,
    received_by="key:gauge",
    policy_level=Level.RED,
)


def unlinked(before: Head, body: str) -> Head:
    """A link that costs nothing."""
    return Head(before.subject, before.seq + 1, before.hash if body else "")


def store_in(file: Path) -> Database:
    """A store with keys that end with this process."""
    return Database(f"sqlite+aiosqlite:///{file}", Vault(MemoryRing()))


async def measure(folder: Path, count: int) -> str:
    """Call ``count`` callouts that nobody answers, and tell what proof adds."""
    life = Life(opening())
    life.silence(SILENCE_SECONDS)
    told = [f"{count} callouts of {len(life.facts)} facts"]
    async with store_in(folder / "bare.db").running() as bare:
        with patch.object(callouts, "linked", unlinked):
            without = await fill(bare, life, count)
    async with store_in(folder / "whole.db").running() as own:
        within = await fill(own, life, count)
        told.append(f"save {within:.2f} s, without hashing {without:.2f} s")
        told.append(f"ratio {within / without:.3f}")
        sealer = Sealer(own, ManualClock(START), SIGNET, None)
        start = time.perf_counter()
        await sealer.seal()
        told.append(f"seal all of it {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        await own.read(partial(write, file=folder / "export.jsonl"))
        told.append(f"export {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    verdict = verifying.verify(folder / "export.jsonl", None, None)
    told.append(f"verify {time.perf_counter() - start:.2f} s")
    size = (folder / "export.jsonl").stat().st_size / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told.append(f"{size:.0f} MB of export, {most:.0f} MB of memory at the most")
    assert verdict.findings == ()
    assert verdict.callouts == count
    return ", ".join(told)


async def fill(database: Database, life: Life, count: int) -> float:
    """Save the lives of all callouts; tells the seconds of the processor."""
    await database.write(migrate)
    offered = Submission(alert=ALERT, digest="", api_key="gauge", idempotency_key=None)
    await database.write(lambda c: alerts.save_new(c, offered))
    start = time.process_time()
    for changes in chunks(life, count):
        await database.write(partial(callouts.save, changes=changes))
    return time.process_time() - start


def chunks(life: Life, count: int) -> Iterator[list[Change]]:
    """Callouts with the same life, some at a time."""
    for first in range(0, count, CHUNK):
        names = [CalloutId(f"c{n:07}") for n in range(first, first + CHUNK)]
        yield [
            Change(None, replace(life.callout, id=name), life.facts) for name in names
        ]


def write(connection: Connection, file: Path) -> None:
    """Write an export."""
    wanted = Export(alert=ALERT, made_at=START, public_key=SIGNET.public)
    with file.open("w", encoding="utf-8") as opened:
        for line in lines(connection, wanted):
            opened.write(f"{json.dumps(line, ensure_ascii=False)}\n")
