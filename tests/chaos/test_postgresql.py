"""A house on PostgreSQL: killed, cut off from it, and two machines on one database."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url

from dispatcher.core.alert import AlertId
from dispatcher.store import schema
from tests.chaos.house import House, Plan, Server, free_port, housed, pause
from tests.chaos.road import Road
from tests.chaos.survive import Trial, phones, survive
from tests.postgres import AS_IT_COMES, ended, restarted, started
from tests.postgres import Server as Database

JOINED = "worker.joined"
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


@pytest.fixture
def bare(postgresql: Database) -> str:
    """Where a database is with nothing in it."""
    return postgresql.bare()


async def test_a_server_killed_while_it_calls_loses_nothing(
    bare: str, tmp_path: Path
) -> None:
    trial = Trial(kills=3, grids=100, speed=30.0, store=bare)
    toll = await survive(trial, tmp_path)

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids
    assert len(toll.restarts) == trial.kills


async def test_a_server_whose_connections_break_loses_nothing(
    bare: str, tmp_path: Path, postgresql: Database
) -> None:
    name = str(make_url(bare).database)

    async def blow(_: House) -> None:
        await asyncio.to_thread(postgresql.put_out, name)

    trial = Trial(kills=3, grids=100, speed=30.0, store=bare)
    toll = await survive(trial, tmp_path, blow)

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids


@pytest.mark.parametrize("torn", [True, False], ids=["torn up", "blocked"])
async def test_a_database_out_of_reach_for_a_while_loses_nothing(
    bare: str, tmp_path: Path, *, torn: bool
) -> None:
    async with Road(make_url(bare)).open() as road:

        async def blow(_: House) -> None:
            await (road.tear(3) if torn else road.block(6))

        by_road = make_url(bare).set(host="127.0.0.1", port=road.port, query={})
        store = by_road.render_as_string(hide_password=False)
        trial = Trial(kills=2, grids=100, speed=30.0, store=store)
        toll = await survive(trial, tmp_path, blow)

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids


async def test_a_database_that_dies_and_comes_back_loses_nothing(
    tmp_path: Path,
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="jy-pg-") as short,
        started(Path(short), AS_IT_COMES) as address,
    ):
        folder = Path(short)
        server = Database(address)

        async def blow(_: House) -> None:
            await asyncio.to_thread(restarted, folder)

        try:
            trial = Trial(kills=2, grids=100, speed=30.0, store=server.bare())
            toll = await survive(trial, tmp_path, blow)
        finally:
            ended(folder)

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids


def beside(house: House, folder: Path) -> Server:
    """A second machine with the same keys and another address."""
    shutil.copytree(folder / "here", folder / "there")
    (folder / "there" / "server.log").unlink()
    file = folder / "there" / "jiaoying.toml"
    port = str(house.settings.server.port)
    file.write_text(file.read_text("utf-8").replace(port, str(free_port())), "utf-8")
    return Server(folder / "there")


@dataclass(slots=True)
class Pair:
    """Two machines on one database; blows go to the one and the other by turns.

    :ivar softly: they are asked to end, as when an administrator restarts them
    """

    folder: Path
    softly: bool
    other: Server | None = None
    blows: int = 0

    async def blow(self, house: House) -> None:
        """End one of them and start it again while the other works."""
        if self.other is None:
            self.other = beside(house, self.folder)
            await self.other.start(until=JOINED)
        victim = (house.server, self.other)[self.blows % 2]
        self.blows += 1
        await (victim.stop() if self.softly else victim.kill())
        await victim.start(until=JOINED)


@pytest.mark.parametrize("softly", [False, True], ids=["killed", "restarted"])
async def test_two_machines_send_and_either_may_end(
    bare: str, tmp_path: Path, *, softly: bool
) -> None:
    (tmp_path / "here").mkdir()
    pair = Pair(tmp_path, softly)
    trial = Trial(kills=4, grids=100, speed=30.0, store=bare)
    try:
        toll = await survive(trial, tmp_path / "here", pair.blow)
    finally:
        if pair.other:
            await pair.other.kill()

    assert toll.losses() == {}
    assert toll.accepted.total() > trial.grids
    assert not (softly and toll.doubled)


def reached(connection: Connection, alert: str) -> int:
    """How many messages of an alert a provider took."""
    table = schema.message
    taken = table.c.accepted_at.isnot(None)
    query = select(func.count()).where(table.c.alert == alert, taken)
    return connection.execute(query).scalar_one()


async def test_a_second_machine_takes_over(bare: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    async with housed(Plan(folder=here, grids=20, store=bare)) as house:
        await house.exchange.phones(phones(house.roster))
        await house.server.start()
        other = beside(house, tmp_path)
        try:
            await other.start(until=JOINED)
            alert = AlertId(await house.warn())
            await house.server.kill()
            await other.until("engine.started")
            while await house.database.read(lambda c: reached(c, alert)) < 20:
                await pause(0.1)
        finally:
            await other.kill()
