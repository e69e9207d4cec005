"""Ten seconds to take a warning back, in which nobody hears of it."""

from __future__ import annotations

import pytest

from config.settings import Store
from dispatcher.engine.clock import ManualClock
from tests.stories.conftest import NUMBERS, Build, Line
from tests.stories.town import START, VILLAGE, Town, people_of, settings_of, town_of


async def issued(town: Town, **changes: object) -> dict[str, object]:
    return await town.warn(hold_seconds=10, **changes)


async def cancelled(town: Town, alert: object) -> str:
    """Take a warning back; gives its state."""
    path = f"/api/v1/alerts/{alert}/cancel"
    answer = await town.api.post(path, json={"reason": "误发"})
    await town.settle()
    return str(answer.json()["state"])


async def test_nothing_leaves_before_the_hold_is_over(build: Build) -> None:
    async with build(2) as town:
        told = await issued(town)

        assert (told["state"], told["held_until"]) == (
            "active",
            "2026-07-12T04:01:10+08:00",
        )
        await town.until(9)
        assert town.texts() == []

        await town.until(11)
        assert (10, "lead-1", "own") in town.texts("lead-1")
        shown = await town.get(f"/api/v1/alerts/{told['id']}")
        assert shown["held_until"] is None

        await town.until(200)  # the clock of the ladder begins when it is launched
        assert [at for at, *_ in town.texts("backup-1")] == [190]


async def test_taken_back_in_time_reaches_nobody_and_tells_nobody(build: Build) -> None:
    async with build(2) as town:
        told = await issued(town)
        await town.until(8)

        assert await cancelled(town, told["id"]) == "cancelled"
        await town.until(4000)
        assert town.texts() == []
        assert (await town.get(f"/api/v1/alerts/{told['id']}/callouts"))["items"] == []
        assert await town.lost() == 0


async def test_after_the_hold_a_cancel_tells_who_was_reached(build: Build) -> None:
    async with build(1) as town:
        told = await issued(town)
        await town.until(12)
        await cancelled(town, told["id"])

        assert {(who, kind) for _, who, kind in town.texts("lead-1")} == {
            ("lead-1", "own"),
            ("lead-1", "cancel"),
        }


async def test_the_same_without_a_hold_is_the_same_alert(build: Build) -> None:
    async with build(1) as town:
        told = await issued(town)
        again = await town.post()

        assert (again.status_code, again.json()["id"]) == (200, told["id"])
        assert again.json()["held_until"] == told["held_until"]


async def test_taken_back_it_leaves_the_warning_it_had_joined_alone(
    build: Build,
) -> None:
    async with build(1) as town:
        first = await town.warn()
        await town.until(60)
        told = await issued(town, identifier="W-2", description="又一次")
        assert told["chain"] == first["chain"]
        await town.until(65)
        await cancelled(town, told["id"])
        await town.until(170)

        assert [(at, kind) for at, _, kind in town.texts("lead-1")] == [(0, "own")]
        assert (await town.grid(str(first["id"]), 1))["state"] == "calling"


async def test_a_joined_warning_says_nothing_new_before_its_time(build: Build) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(60)
        told = await issued(town, identifier="W-2", description="又一次")
        before = await town.grid(alert, 1)
        await town.until(75)
        after = await town.get(f"/api/v1/callouts/{before['id']}")

        assert (before["alert"], after["alert"]) == (alert, told["id"])


async def test_what_ends_beside_it_ends_and_it_is_launched(build: Build) -> None:
    async with build(1) as town:
        first = await town.warn()
        await town.until(60)
        told = await issued(town, identifier="W-2", description="又一次")
        await town.until(65)
        await cancelled(town, first["id"])
        await town.until(75)

        assert [(at, kind) for at, _, kind in town.texts("lead-1")] == [
            (0, "own"),
            (65, "cancel"),
            (70, "own"),
        ]
        assert (await town.grid(str(told["id"]), 1))["state"] == "calling"


async def test_a_restart_in_the_hold_launches_at_the_right_time(
    line: Line, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("hold") / "jiaoying.db"
    store = Store(url=f"sqlite+aiosqlite:///{file}")
    settings = settings_of(line.port, line.url, store=store)
    numbers, clock = people_of(1, next(NUMBERS) * 10), ManualClock(START)
    async with town_of(settings, line.url, numbers, clock) as town:
        await issued(town)
        await town.until(4)
    async with town_of(settings, line.url, numbers, clock) as again:
        again.seen = town.seen
        await again.until(9)
        assert again.texts() == []
        await again.until(11)
        assert (10, "lead-1", "own") in again.texts("lead-1")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"hold_seconds": 61}, 422),
        ({"hold_seconds": -1}, 422),
        ({"hold_seconds": "10"}, 422),
        ({"hold_seconds": 0}, 202),
        (
            {
                "hold_seconds": 10,
                "msg_type": "Update",
                "references": [
                    {"sender": "a", "identifier": "b", "sent": START.isoformat()}
                ],
            },
            422,
        ),
    ],
)
async def test_what_can_be_held(
    build: Build, changes: dict[str, object], status: int
) -> None:
    async with build(1) as town:
        answer = await town.post(areas=[{"units": [VILLAGE]}], **changes)

        assert answer.status_code == status
