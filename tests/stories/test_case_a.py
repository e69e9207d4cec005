"""Case A: a red rain, one village with five grids, told as far as SMS goes.

Grid 1's lead sleeps and his stand-in wakes; grid 2 stays silent; grid 3's lead has a
dead number; grid 4 answers at once; grid 5's lead is away.
"""

from __future__ import annotations

from dispatcher.sim.world import Habit
from tests.stories.town import VILLAGE, Town

AT_ONCE = [
    "county_duty",
    "county_leader",
    "head",
    "lead-1",
    "lead-2",
    "lead-3",
    "lead-4",
    "lead-5",
    "township_duty",
    "township_leader",
]


async def night(town: Town) -> str:
    """The first twenty minutes, up to the moment the village head takes over."""
    await town.habit("lead-3", Habit.DEAD)
    alert = str((await town.warn())["id"])
    await town.until(5)
    await town.replies("lead-4", "1")
    await town.until(20)
    await town.replies("lead-5", "4")
    await town.until(30)
    for who in ("head", "township_duty", "township_leader", "county_duty"):
        await town.replies(who, "收到")
    await town.replies("county_leader", "1")
    await town.until(200)
    await town.replies("backup-1", "1")
    await town.until(320)
    await town.replies("head", "1")
    return alert


async def test_everybody_on_the_start_list_is_called_in_the_first_second(
    town: Town,
) -> None:
    await town.warn()

    assert [(0, who, "own") for who in AT_ONCE] == town.texts()


async def test_case_a_goes_exactly_by_the_minute(town: Town) -> None:
    await night(town)
    await town.until(1700)

    below = town.texts(*(name for name in town.numbers if "-" in name))
    assert below == sorted(
        [
            *((0, f"lead-{n}", "own") for n in range(1, 6)),
            # grid 3's number is dead: the stand-in is called without waiting
            (0, "backup-3", "own"),
            # grid 5's lead can't act: the same
            (20, "backup-5", "own"),
            (180, "backup-1", "own"),
            (180, "backup-2", "own"),
            # nobody answered in grids 2, 3 and 5: their own people are called again
            *((900, n, "own") for n in ("backup-2", "backup-3", "backup-5", "lead-2")),
            # who answered without a figure is asked for it
            *((900, n, "reminder") for n in ("backup-1", "lead-4")),
        ]
    )
    assert [t for t in town.texts() if t not in below and t[0] > 0] == [
        (310, "head", "digest"),
        (310, "village_duty", "digest"),
        (900, "head", "reminder"),
        # the head brought no result by 320 + 900 s: the rungs above him, as before
        (1230, "township_duty", "digest"),
        (1350, "county_duty", "digest"),
        (1650, "county_leader", "info"),
    ]


async def test_the_head_takes_three_grids_over_with_one_answer(town: Town) -> None:
    alert = await night(town)

    states = {n: (await town.grid(alert, n))["state"] for n in range(1, 6)}
    assert states == {
        1: "answered",
        2: "taken",
        3: "taken",
        4: "answered",
        5: "taken",
    }
    assert "青石村3个网格(村)未应答" in town.last("head")


async def test_a_taken_grid_is_answered_only_when_its_own_people_are_awake(
    town: Town,
) -> None:
    alert = await night(town)
    await town.until(400)
    await town.replies("backup-2", "2 12")
    summary = await town.get(f"/api/v1/alerts/{alert}/summary")

    assert (await town.grid(alert, 2))["state"] == "reported"
    assert summary["taken"] == 2
    assert summary["grid_coverage_rate"] == 0.6
    assert await town.lost() == 0


async def test_silence_marks_every_open_grid_and_raises_the_door_knock(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.until(299)

    assert (await town.grid(alert, 1))["marks"] == []

    await town.until(301)

    grid = await town.grid(alert, 1)
    # no call could be placed: there is no voice route
    assert grid["marks"] == ["never_rung"]
    kinds = [fact["kind"] for fact in grid["timeline"]]
    assert "task_raised" in kinds
    skipped = [f for f in grid["timeline"] if f["kind"] == "attempt_skipped"]
    assert {("voice", "no_route"), ("wechat", "no_route")} == {
        (fact["channel"], fact["reason"]) for fact in skipped
    }


async def test_silence_ends_at_the_desk_after_sixteen_minutes(town: Town) -> None:
    alert = str((await town.warn())["id"])
    await town.until(959)

    assert (await town.grid(alert, 1))["state"] == "calling"

    await town.until(961)

    grid = await town.grid(alert, 1)
    assert grid["state"] == "desk"
    assert grid["owner"] is not None
    assert grid["next"] is not None
    assert f"{VILLAGE}001" == grid["unit"]
