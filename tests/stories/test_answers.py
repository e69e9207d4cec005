"""Only a human act is an answer; each says something, and each is heard."""

from __future__ import annotations

import pytest

from dispatcher.sim.world import Habit
from tests.stories.conftest import Build
from tests.stories.town import Town


@pytest.mark.parametrize(
    "words",
    [
        "没收到",
        "收到了吗",
        "【自动回复】您好我正在开会",
        "你是谁",
        "11",
        "TD",
        "0",
    ],
)
async def test_what_is_no_answer_stops_nothing(town: Town, words: str) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", words)
    await town.until(181)

    assert (await town.grid(alert, 1))["state"] == "calling"
    assert (180, "backup-1", "own") in town.texts("backup-1")


async def test_a_delivery_receipt_is_no_answer(town: Town) -> None:
    alert = str((await town.warn())["id"])
    grid = await town.grid(alert, 1)

    reports = [
        f["progress"] for f in grid["timeline"] if f["kind"] == "attempt_reported"
    ]
    assert reports == ["delivered"]
    assert grid["state"] == "calling"
    assert grid["answered"] is None


async def test_after_an_answer_nobody_of_the_grid_is_called_any_more(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", "2 35")
    await town.until(3000)

    assert town.texts("lead-1", "backup-1") == [(0, "lead-1", "own")]
    grid = await town.grid(alert, 1)
    assert grid["state"] == "reported"
    assert grid["feedback"]["people"] == 35
    assert grid["answered"]["evidence"] == "sms_bare"


async def test_two_without_a_number_is_an_answer_and_the_number_is_asked(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", "2")

    assert (await town.grid(alert, 1))["state"] == "answered"
    assert "请回2加转移人数" in town.last("lead-1")

    await town.replies("lead-1", "2 8")

    assert (await town.grid(alert, 1))["state"] == "reported"


async def test_a_cry_for_help_reaches_the_village_at_once_and_once(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.until(30)
    await town.replies("lead-1", "3 需要冲锋舟")
    await town.until(200)
    await town.replies("lead-1", "3")
    await town.until(290)

    told = [t for t in town.texts("head", "village_duty") if t[2] == "help"]
    assert told == [(40, "head", "help"), (40, "village_duty", "help")]
    assert "青石村1网格人lead-1求助" in town.last("head")
    grid = await town.grid(alert, 1)
    assert grid["state"] == "answered"
    assert grid["marks"] == ["need_help"]
    assert town.texts("backup-1") == []


async def test_a_wrong_number_is_left_for_his_next_one_and_flagged_for_good(
    build: Build,
) -> None:
    async with build(1, spare=("lead-1",)) as town:
        await town.warn()
        await town.replies("lead-1", "打错了")

        assert town.texts("lead-1_spare") == [(0, "lead-1_spare", "own")]

        await town.advance(seconds=60)
        await town.warn(identifier="second", event_code="11B06", event="大风")

        assert (60, "lead-1_spare", "own") in town.texts("lead-1_spare")
        assert len(town.texts("lead-1")) == 1


async def test_who_cannot_act_is_struck_in_every_role_of_the_chain(
    build: Build,
) -> None:
    async with build(2, same={"lead-2": "lead-1"}) as town:
        alert = str((await town.warn())["id"])

        assert "1网格、青石村2网格" in town.last("lead-1")

        await town.until(10)
        await town.replies("lead-1", "我在外地")

        assert town.texts("backup-1", "backup-2") == [
            (10, "backup-1", "own"),
            (10, "backup-2", "own"),
        ]

        await town.until(1000)

        assert town.texts("lead-1") == [(0, "lead-1", "own")]
        assert (await town.grid(alert, 1))["state"] != "calling"


async def test_a_dead_number_moves_to_the_next_number_within_a_second(
    build: Build,
) -> None:
    async with build(1, spare=("lead-1",)) as town:
        await town.habit("lead-1", Habit.DEAD)
        await town.warn()

        assert town.texts("lead-1_spare") == [(0, "lead-1_spare", "own")]
        # the rung does not move: its second number may still be answered
        assert town.texts("backup-1") == []


async def test_a_vacant_stand_in_beside_a_silent_lead_moves_nothing(
    build: Build,
) -> None:
    async with build(1, leave_out=("backup-1",)) as town:
        await town.warn()
        await town.until(299)

        assert town.texts("head") == [(0, "head", "own")]

        await town.until(310)

        assert (310, "head", "digest") in town.texts("head")


async def test_nobody_on_duty_is_left_at_once(build: Build) -> None:
    async with build(1, leave_out=("lead-1", "backup-1")) as town:
        answer = await town.warn()

        assert answer["missing"] == [{"unit": "990421100200001", "post": "grid_lead"}]

        await town.until(10)

        assert (10, "head", "digest") in town.texts("head")


async def test_nonsense_is_answered_five_times_an_hour_and_never_acts(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    for number in range(8):
        await town.replies("lead-1", f"第{number}次打扰我")

    said_back = [s for s in town.log if s.who == "lead-1" and "没看懂" in s.text]
    assert len(said_back) == 5
    assert (await town.grid(alert, 1))["state"] == "calling"


async def test_an_officer_records_an_answer_he_heard_on_the_telephone(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    grid = await town.grid(alert, 1)
    lead = grid["timeline"][1]["people"][0]["person"]
    answer = await town.api.post(
        f"/api/v1/callouts/{grid['id']}/answers",
        json={
            "person": lead,
            "meaning": "received",
            "how": "phone",
            "at": town.now.isoformat(),
            "note": "本人接听",
        },
    )
    assert answer.status_code < 300, answer.text
    after = await town.grid(alert, 1)

    assert after["state"] == "answered"
    assert after["answered"]["evidence"] == "on_behalf"
    said = next(f for f in after["timeline"] if f["kind"] == "answered")
    assert said["by"] == "key:story"
    assert "本人接听" in said["note"]
