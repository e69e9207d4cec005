"""One thing that can't be handled must not hold the others up, and is not lost."""

from __future__ import annotations

from sqlalchemy import Connection, text

from tests.stories.conftest import Build
from tests.stories.town import VILLAGE, Town

SICK = f"{VILLAGE}002"


async def spoil(town: Town) -> str:
    """Make grid 2's callout unreadable; gives what it was."""

    def spoilt(connection: Connection) -> str:
        where = {"unit": SICK}
        kept = connection.execute(
            text("SELECT body FROM callout WHERE unit = :unit"), where
        ).scalar_one()
        connection.execute(
            text("UPDATE callout SET body = '{}' WHERE unit = :unit"), where
        )
        return str(kept)

    return await town.runtime.database.write(spoilt)


async def heal(town: Town, body: str) -> None:
    """Put it back."""

    def healed(connection: Connection) -> None:
        connection.execute(
            text("UPDATE callout SET body = :body WHERE unit = :unit"),
            {"unit": SICK, "body": body},
        )

    await town.runtime.database.write(healed)


async def test_a_callout_that_cannot_be_read_holds_no_other_up(build: Build) -> None:
    async with build(3) as town:
        await town.warn()
        body = await spoil(town)
        await town.until(181)

        assert town.texts("backup-1", "backup-2", "backup-3") == [
            (180, "backup-1", "own"),
            (180, "backup-3", "own"),
        ]

        await heal(town, body)
        await town.until(290)

        # it was looked at again a minute later
        assert [who for _, who, _ in town.texts("backup-2")] == ["backup-2"]


async def test_an_answer_that_cannot_be_taken_is_read_again(build: Build) -> None:
    async with build(2) as town:
        alert = str((await town.warn())["id"])
        body = await spoil(town)
        await town.exchange.reply(town.numbers["lead-2"], "1")
        await town.replies("lead-1", "1")
        await heal(town, body)

        states = [(await town.grid(alert, n))["state"] for n in (1, 2)]
        assert states == ["answered", "calling"]

        await town.until(100)

        assert (await town.grid(alert, 2))["state"] == "answered"
