"""An alert with a whole life, sealed on its way, and what an inspector makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from dispatcher.core.alert import Alert, AlertId
from dispatcher.core.audit import Audit
from dispatcher.core.finding import Verdict
from dispatcher.core.seal import Seal, read_seal
from dispatcher.engine.desk import Cancelling, cancel
from dispatcher.engine.exporting import Export, lines
from dispatcher.engine.keyring import FileRing, keep
from dispatcher.engine.sealing import Sealer, SealFile
from dispatcher.engine.signet import Signet, bears
from dispatcher.store import alerts, seals
from dispatcher.store.database import Database
from dispatcher.store.vault import KeyName, Vault
from tests.engine.office import Office, opened

SEED = bytes(range(32))
SIGNET = Signet(SEED)
SIGNED_WITH = SIGNET.public
KEYS = Path("var") / "keys"

Line = dict[str, Any]


async def a_life(office: Office) -> str:
    """Two grids are called for five minutes; one answers; all is lifted. Four seals."""
    office.engine.sealer = Sealer(office.database, office.clock, SIGNET, None)
    name = await office.warn()
    await office.engine.sealer.turn()
    for seconds in (60, 250):
        office.later(seconds)
        await office.sweep()
        await office.engine.sealer.turn()
    alert = await find(office.database, name)
    how = Cancelling(by="key:desk", reason="雨停")
    await office.desk(lambda d: cancel(d, alert, how))
    await office.engine.sealer.turn()
    return name


async def find(database: Database, name: str) -> Alert:
    found = await database.read(lambda c: alerts.find(c, AlertId(name)))
    assert found
    return found


async def exported(database: Database, name: str, at: datetime) -> list[Line]:
    """The lines of an export."""
    wanted = Export(
        alert=await find(database, name), made_at=at, public_key=SIGNED_WITH
    )
    return await database.read(lambda c: list(lines(c, wanted)))


async def in_a_file(folder: Path) -> str:
    """The life of an alert, its store, keys and seals in files; gives the alert."""

    def copy(connection: Connection) -> None:
        connection.exec_driver_sql("VACUUM INTO ?", (str(folder / "store.db"),))

    async with opened() as office:
        name = await a_life(office)
        await office.database.read(copy)
        for key in KeyName:
            keep(folder / KEYS / key, office.database.vault.ring.keys(key)[0])
        filed = await office.database.read(lambda c: seals.of_subject(c, name))
        SealFile(folder / "seals.jsonl").append(filed)
    return name


async def from_file(folder: Path, name: str, at: datetime) -> list[Line]:
    """An export of the store in a folder."""
    url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
    vault = Vault(FileRing(folder / KEYS))
    async with Database(url, vault).running() as database:
        return await exported(database, name, at)


def audited(
    told: Iterable[object], key: str | None = SIGNED_WITH, others: Sequence[Seal] = ()
) -> Verdict:
    """What an inspector finds."""
    audit = Audit(bears, key, others)
    for line in told:
        audit.hear(line)
    return audit.verdict()


def numbered(told: Sequence[Line]) -> list[Line]:
    """The lines with an end that counts them anew, as a forger would see to it."""
    return [*told[:-1], {"line": "end", "lines": len(told) - 1}]


def filed(folder: Path) -> list[Seal]:
    """The seals in the file beside the store."""
    text = (folder / "seals.jsonl").read_text(encoding="utf-8")
    found = (read_seal(json.loads(line)) for line in text.splitlines())
    return [seal for seal in found if seal]
