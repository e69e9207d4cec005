"""Seals: when they are made, what they are over, and the file that only grows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from dispatcher.core.alert import AlertId
from dispatcher.core.journal import HOUSE, KeyRotated
from dispatcher.core.proof import GENESIS, Head, merkle_root
from dispatcher.core.seal import Seal, read_seal
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.desk import Cancelling, cancel
from dispatcher.engine.sealing import Sealer, SealFile
from dispatcher.engine.signet import Signet
from dispatcher.store import alerts, journal, schema, seals
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault
from tests.core.build import START
from tests.engine.office import Office, opened

SEED = bytes(range(32))


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with opened() as office:
        yield office


async def sealed(office: Office, subject: str) -> list[Seal]:
    return await office.database.read(lambda c: seals.of_subject(c, subject))


async def heads(office: Office, since: int = 0) -> list[Head]:
    """The heads of callouts with facts behind a place in the store."""

    def read(connection: Connection) -> list[Head]:
        fact = schema.fact.c
        rows = connection.execute(
            select(fact.callout, fact.seq, fact.hash)
            .where(fact.id > since)
            .order_by(fact.callout, fact.seq)
        )
        last = {row.callout: Head(*row) for row in rows}
        return [last[name] for name in sorted(last)]

    return await office.database.read(read)


async def noted(office: Office, subject: str) -> Head:
    return await office.database.read(lambda c: journal.head_of(c, subject))


async def test_a_seal_is_over_the_journal_and_every_callout_of_the_alert(
    office: Office,
) -> None:
    name = await office.warn()
    assert await office.engine.sealer.turn() == 1

    [seal] = await sealed(office, name)
    everything = [await noted(office, name), *await heads(office)]
    assert merkle_root(everything) == seal.root
    assert sum(head.seq for head in everything[1:]) == seal.facts
    assert (seal.n, seal.previous) == (1, GENESIS)
    assert everything[0].seq == seal.entries


async def test_the_next_seal_is_over_what_is_new_and_holds_the_one_before(
    office: Office,
) -> None:
    name = await office.warn()
    await office.engine.sealer.turn()
    office.later(60)
    await office.sweep()
    await office.engine.sealer.turn()

    first, second = await sealed(office, name)
    moved = await heads(office, since=first.upto)
    assert merkle_root([await noted(office, name), *moved]) == second.root
    assert first.hash == second.previous
    assert sum(head.seq for head in await heads(office)) == second.facts
    assert first.facts < second.facts


async def test_nothing_is_sealed_again_within_ten_seconds_or_without_news(
    office: Office,
) -> None:
    await office.warn()
    made = [await office.engine.sealer.turn()]
    await office.warn(identifier="W-2", event_code="11B15")
    office.later(9)
    made.append(await office.engine.sealer.turn())
    office.later(1)
    made.append(await office.engine.sealer.turn())
    office.later(10)
    made.append(await office.engine.sealer.turn())

    assert made == [1, 0, 1, 0]


async def test_an_alert_that_ends_is_sealed_at_once(office: Office) -> None:
    name = await office.warn()
    await office.engine.sealer.turn()
    alert = await office.database.read(lambda c: alerts.find(c, AlertId(name)))
    assert alert
    how = Cancelling(by="key:desk", reason="雨停")
    await office.desk(lambda d: cancel(d, alert, how))

    assert await office.engine.sealer.turn() == 1
    assert len(await sealed(office, name)) == 2


async def test_facts_of_a_callout_stay_with_the_alert_it_was_opened_under(
    office: Office,
) -> None:
    first = await office.warn()
    await office.engine.sealer.turn()
    known = (await sealed(office, first))[0].facts
    office.later(10)
    await office.warn(identifier="W-2", description="更新:雨更大")
    facts = sum(head.seq for head in await heads(office))
    await office.engine.sealer.turn()

    newest = (await sealed(office, first))[-1]
    moved = {(await office.callout(unit)).alert for unit in await units(office)}
    assert {first} != moved
    assert facts == newest.facts > known


async def units(office: Office) -> list[str]:
    table = schema.callout.c
    query = select(table.unit).where(table.post == "grid_lead")
    return await office.database.read(lambda c: list(c.execute(query).scalars()))


async def test_the_house_is_sealed_like_an_alert(office: Office) -> None:
    entry = KeyRotated(at=START, name="data")
    await office.database.write(lambda c: journal.note(c, HOUSE, [entry]))
    await office.engine.sealer.turn()

    [seal] = await sealed(office, HOUSE)
    assert merkle_root([await noted(office, HOUSE)]) == seal.root
    assert (seal.facts, seal.entries) == (0, 1)


def test_anybody_with_the_public_key_can_check_a_seal() -> None:
    signet = Signet(SEED)
    plain = Seal(
        subject="a",
        n=1,
        at=START,
        facts=1,
        upto=1,
        entries=1,
        root=GENESIS,
        previous=GENESIS,
    )
    seal = signet.sign(plain)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signet.public))

    key.verify(bytes.fromhex(seal.signature), seal.signed)
    assert signet.sign(replace(plain, facts=2)).signature != seal.signature


class House:
    """A store and a file of seals that processes come and go on."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
        self.path = folder / "var" / "seals.jsonl"
        self.at = START

    async def work(self, *keys: str) -> list[Seal]:
        """One process: it notes what happened and seals it; gives all seals."""
        async with Database(self.url, Vault(MemoryRing())).running() as database:
            await database.write(migrate)
            clock = ManualClock(self.at)
            sealer = Sealer(database, clock, Signet(SEED), SealFile(self.path))
            for key in keys:
                entry = KeyRotated(at=self.now(), name=key)
                await database.write(
                    partial(journal.note, subject=HOUSE, entries=[entry])
                )
                await sealer.seal()
            await sealer.turn()
            return await database.read(lambda c: seals.of_subject(c, HOUSE))

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def filed(self) -> list[Seal | None]:
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [read_seal(json.loads(line)) for line in lines]


async def test_every_seal_stands_in_the_file_in_order(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.work("data", "index")
    made = await house.work("link")

    assert [seal.n for seal in made] == [1, 2, 3]
    assert made == house.filed()


@pytest.mark.parametrize("lost", [0, 1, 40])
async def test_what_a_killed_process_did_not_file_is_filed_by_the_next(
    tmp_path: Path, lost: int
) -> None:
    house = House(tmp_path)
    await house.work("data")
    whole = house.path.read_bytes()
    await house.work("index")
    # It died between the commit and the file, or in the middle of the line.
    torn = house.path.read_bytes()[: len(whole) + lost]
    house.path.write_bytes(torn)
    made = await house.work()

    content = house.path.read_bytes()
    lines = content.splitlines()
    assert content.startswith(torn)
    assert made == [read_seal(json.loads(line)) for line in (lines[0], lines[-1])]
    assert len(lines) == (3 if lost else 2)


@pytest.mark.parametrize("line", ['{"line": "remark"}', "[" * 200_000])
async def test_a_line_of_somebody_else_is_left_where_it_is(
    tmp_path: Path, line: str
) -> None:
    house = House(tmp_path)
    await house.work("data")
    with house.path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    made = await house.work("index")

    assert [*SealFile(house.path).seals()] == made
    assert house.path.read_text(encoding="utf-8").splitlines()[1] == line


async def test_a_file_that_was_lost_is_written_anew(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.work("data", "index")
    house.path.unlink()

    assert await house.work() == house.filed()


async def test_a_new_process_goes_on_where_the_last_one_stopped(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    first = await house.work("data")

    assert first == await house.work()
    assert len(await house.work("index")) == 2
