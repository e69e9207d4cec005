"""Case A by telephone: one village with five grids, red rain.

Grid 1's lead is busy, grid 2 stays silent, grid 3's lead has a dead number, grid 4
answers by a key, grid 5's lead is away and says so by a key.
"""

from __future__ import annotations

from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit
from tests.stories.conftest import Build
from tests.stories.town import Town

RINGS = {
    "lead-1": Ring.BUSY,
    "lead-2": Ring.RING_OUT,
    "lead-4": Ring.ANSWER,
    "lead-5": Ring.DECLINE,
    "backup-1": Ring.ANSWER,
}
ABOVE = (
    *("head", "township_duty", "township_leader"),
    *("county_duty", "county_leader"),
)


async def night(town: Town, seconds: float) -> str:
    """The warning, and what follows in so many seconds."""
    await town.habit("lead-3", Habit.DEAD, Ring.DEAD)
    for who, ring in RINGS.items():
        await town.habit(who, ring=ring)
    for who in ABOVE:
        await town.habit(who, ring=Ring.ANSWER)
    alert = str((await town.warn())["id"])
    await town.until(seconds)
    return alert


async def test_case_a_rings_exactly_by_the_minute(ringing: Build) -> None:
    async with ringing(5, lines=30) as town:
        await night(town, 1000)
        below = [name for name in town.numbers if "-" in name]

        assert sorted(
            [
                # busy: the same number at its next tries; his stand-in answers
                *((at, "lead-1", "busy") for at in (0, 90)),
                (180, "backup-1", "completed"),
                # silent, and so is his stand-in
                *((at, "lead-2", "no-answer") for at in (0, 90, 200)),
                *((at, "backup-2", "no-answer") for at in (180, 270, 380)),
                # dead by text and by telephone: the stand-in is called at once
                (0, "lead-3", "failed"),
                *((at, "backup-3", "no-answer") for at in (0, 90, 200)),
                (0, "lead-4", "completed"),
                # away: his stand-in is called when he has said so
                (0, "lead-5", "completed"),
                *((at, "backup-5", "no-answer") for at in (13, 103, 213)),
            ]
        ) == await _by_time(town, *below)


async def _by_time(town: Town, *who: str) -> list[tuple[int, str, str]]:
    return sorted(await town.calls(*who))


async def test_case_a_ends_with_two_answered_and_three_taken_over_by_a_key(
    ringing: Build,
) -> None:
    async with ringing(5, lines=30) as town:
        alert = await night(town, 450)
        states = {n: (await town.grid(alert, n))["state"] for n in range(1, 6)}
        evidence = [(await town.grid(alert, n))["answered"]["evidence"] for n in (1, 4)]

        assert states == {
            1: "answered",
            2: "taken",
            3: "taken",
            4: "answered",
            5: "taken",
        }
        assert evidence == ["keypress", "keypress"]
        assert (310, "head", "digest") in town.texts("head")
        assert [at for at, *_ in await town.calls("head")] == [0, 370]
        assert await town.lost() == 0
