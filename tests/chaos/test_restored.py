"""A machine is lost in the middle of a warning; its backup goes on elsewhere."""

from __future__ import annotations

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.settings import load
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import State
from dispatcher.engine.runtime import opened
from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit
from dispatcher.store import callouts
from tests.chaos.house import House, Plan, Server, housed, pause
from tests.chaos.survive import (
    Books,
    audit,
    expected,
    populated,
    ringing_once,
    unsettled,
)

GRIDS, LINES, SPEED = 60, 20, 20.0
PEOPLE = {Habit.ANSWER: 30, Habit.IGNORE: 70}
RINGS = {Ring.ANSWER: 30, Ring.RING_OUT: 70}
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 120
BOTH = {State.CALLING, State.ANSWERED}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the backups are, on another machine."""

    folder: Path

    @property
    def keys(self) -> tuple[str, ...]:
        """Options that name the sealed keys and what opens them."""
        passphrase = self.folder / "passphrase"
        passphrase.write_text("a lake under the old mill")
        keys = ("--keys", str(self.folder / "keys.json"))
        return (*keys, "--passphrase-file", str(passphrase))

    @property
    def store(self) -> str:
        """The backup of the store."""
        return str(self.folder / "store.zip")


async def jiaoying(home: Path, *arguments: str) -> None:
    """Run a command beside the server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispatcher.cli", "--config"),
        *(str(home / "jiaoying.toml"), *arguments),
        stdout=PIPE,
        stderr=PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


def states(connection: Connection, alert: AlertId) -> list[State]:
    names = callouts.facts_by_callout(connection, alert)
    return [one.callout.state for one in callouts.load(connection, names).values()]


async def lost_in_the_middle(house: House, home: Path, shelf: Shelf) -> AlertId:
    """Warn, back up once some have answered and some not, and end the machine."""
    await house.server.start()
    alert = AlertId(await house.warn())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not set(await house.database.read(lambda c: states(c, alert))) >= BOTH:
            await pause(LOOK_SECONDS)
    await jiaoying(home, "backup", shelf.store, *shelf.keys)
    await house.server.kill()
    return alert


async def carried_on(house: House, home: Path, alert: AlertId) -> Books:
    """Start a server in another place, and let it come to the end."""
    server = Server(home)
    async with opened(load(home / "jiaoying.toml", {})) as database:
        before = await database.read(lambda c: states(c, alert))
        assert State.CALLING in before, "there was nothing left to do"
        try:
            await server.start()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await database.read(lambda c: unsettled(c, alert)):
                    await pause(LOOK_SECONDS)
            await server.stop()
        finally:
            await server.kill()
        now = house.clock.now()
        return await database.read(lambda c: audit(c, alert, now))


@pytest.mark.chaos
@pytest.mark.timeout(240)
async def test_a_warning_backed_up_in_its_middle_is_called_to_its_end_elsewhere(
    tmp_path: Path,
) -> None:
    home, place, shelf = (tmp_path / name for name in ("home", "place", "shelf"))
    for folder in (home, place, shelf):
        folder.mkdir()
    policies = ringing_once(shelf)
    plan = Plan(folder=home, grids=GRIDS, lines=LINES, speed=SPEED, policies=policies)
    async with housed(plan) as house:
        await house.exchange.phones(populated(house.roster, PEOPLE, RINGS))
        alert = await lost_in_the_middle(house, home, Shelf(shelf))
        shutil.copy(home / "jiaoying.toml", place)
        await jiaoying(place, "restore", Shelf(shelf).store, *Shelf(shelf).keys)
        books = await carried_on(house, place, alert)
        wanted = await expected(house, alert)
        ledger = await house.exchange.ledger()

    assert books.callouts == wanted
    assert (books.climbing, books.ownerless, books.stuck, books.broken) == (0, 0, 0, 0)
    assert books.texts <= {(entry.to, entry.body) for entry in ledger}
