"""A house on PostgreSQL: killed, cut off from it, and two machines on one database."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url

from dispatcher.core.alert import AlertId
from dispatcher.store import schema
from tests.chaos.house import House, Plan, Server, free_port, housed, pause
from tests.chaos.survive import Trial, phones, survive
from tests.postgres import Server as Database

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


def reached(connection: Connection, alert: str) -> int:
    """How many messages of an alert a provider took."""
    table = schema.message
    taken = table.c.accepted_at.isnot(None)
    query = select(func.count()).where(table.c.alert == alert, taken)
    return connection.execute(query).scalar_one()


async def test_a_second_machine_stands_by_and_takes_over(
    bare: str, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    async with housed(Plan(folder=here, grids=20, store=bare)) as house:
        await house.exchange.phones(phones(house.roster))
        await house.server.start()
        other = _beside(house, here, there)
        try:
            await other.start(until="worker.stands_by")
            alert = AlertId(await house.warn())
            await house.server.kill()
            await other.until("engine.started")
            while await house.database.read(lambda c: reached(c, alert)) < 20:
                await pause(0.1)
        finally:
            await other.kill()


def _beside(house: House, here: Path, there: Path) -> Server:
    """A second machine with the same keys and another address."""
    shutil.copytree(here, there)
    (there / "server.log").unlink()
    file = there / "jiaoying.toml"
    port = str(house.settings.server.port)
    file.write_text(file.read_text("utf-8").replace(port, str(free_port())), "utf-8")
    return Server(there)
