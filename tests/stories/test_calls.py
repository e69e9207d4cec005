"""Telephones: who is rung when, what is said, which keys answer."""

from __future__ import annotations

import pytest

from dispatcher.sim.callee import Ring
from tests.stories.conftest import Build
from tests.stories.town import VILLAGE

OPENING = "这里是澄溪应急,暴雨红色预警,立即转移山边河边群众。"


async def test_a_silent_grid_is_rung_at_0_90_and_200_and_its_stand_in_from_180(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.warn()
        await town.until(600)

        assert await town.calls("lead-1", "backup-1") == [
            (0, "lead-1", "no-answer"),
            (90, "lead-1", "no-answer"),
            (180, "backup-1", "no-answer"),
            (200, "lead-1", "no-answer"),
            (270, "backup-1", "no-answer"),
            (380, "backup-1", "no-answer"),
        ]


async def test_a_key_after_the_first_sentence_answers_and_ends_the_calling(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.ANSWER)
        alert = str((await town.warn())["id"])
        await town.until(600)
        grid = await town.grid(alert, 1)

        assert grid["state"] == "answered"
        assert grid["answered"]["evidence"] == "keypress"
        assert await town.calls("lead-1", "backup-1") == [(0, "lead-1", "completed")]
        said = await town.said("lead-1")
        assert said[0] == OPENING
        assert said[-1] == "已记录,谢谢。"


async def test_a_key_before_the_first_sentence_is_over_reads_again(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.MANUAL)
        alert = str((await town.warn())["id"])
        await town.until(5)
        await town.picks_up("lead-1")
        await town.until(8)
        await town.presses("lead-1", "1")
        await town.until(10)

        assert (await town.grid(alert, 1))["state"] == "calling"
        assert [OPENING[:5] in text for text in await town.said("lead-1")] == [
            True,
            True,
        ]


@pytest.mark.parametrize(
    ("ring", "meaning", "state"),
    [
        (Ring.HELP, "need_help", "answered"),
        (Ring.EVACUATE, "evacuating", "reported"),
        (Ring.AGAIN, "received", "answered"),
        (Ring.EARLY, "received", "answered"),
    ],
)
async def test_each_key_means_what_the_same_digit_means_in_a_text(
    ringing: Build, ring: Ring, meaning: str, state: str
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=ring)
        alert = str((await town.warn())["id"])
        await town.until(170)
        grid = await town.grid(alert, 1)

        assert state == grid["state"]
        assert meaning == grid["answered"]["meaning"]


@pytest.mark.parametrize(
    ("ring", "rung"),
    [
        (Ring.HANG_UP, [0, 90, 200]),
        # it hears both readings out: the number rests for 45 s after each call
        (Ring.MACHINE, [0, 122, 244]),
    ],
)
async def test_picking_up_without_a_key_is_no_answer(
    ringing: Build, ring: Ring, rung: list[int]
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=ring)
        alert = str((await town.warn())["id"])
        await town.until(299)

        assert (await town.grid(alert, 1))["state"] == "calling"
        assert rung == [at for at, *_ in await town.calls("lead-1")]


async def test_a_busy_number_leads_to_the_next_one_at_once_and_each_once_a_try(
    ringing: Build,
) -> None:
    async with ringing(1, spare=("lead-1",)) as town:
        await town.habit("lead-1", ring=Ring.BUSY)
        await town.warn()
        await town.until(170)

        assert await town.calls("lead-1", "lead-1_spare") == [
            (0, "lead-1", "busy"),
            (0, "lead-1_spare", "no-answer"),
            (90, "lead-1", "busy"),
            (90, "lead-1_spare", "no-answer"),
        ]


async def test_a_dead_number_is_struck_and_the_next_one_takes_its_place(
    ringing: Build,
) -> None:
    async with ringing(1, spare=("lead-1",)) as town:
        await town.habit("lead-1", ring=Ring.DEAD)
        await town.warn()
        await town.until(170)

        assert await town.calls("lead-1", "lead-1_spare") == [
            (0, "lead-1", "failed"),
            (0, "lead-1_spare", "no-answer"),
            (90, "lead-1_spare", "no-answer"),
        ]


async def test_a_ringing_telephone_is_silent_five_seconds_after_a_cancel(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.MANUAL)
        alert = str((await town.warn())["id"])
        await town.until(10)
        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "误报"})
        await town.until(15)

        assert await town.calls("lead-1") == [(0, "lead-1", "canceled")]


async def test_an_answer_by_text_hangs_up_the_call_that_still_rings(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.warn()
        await town.until(10)
        await town.replies("lead-1", "1")
        await town.until(300)

        assert await town.calls("lead-1", "backup-1") == [(0, "lead-1", "canceled")]


async def test_who_rings_back_hears_his_warning_and_answers_by_a_key(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.RING_BACK)
        alert = str((await town.warn())["id"])
        await town.until(400)
        grid = await town.grid(alert, 1)

        assert grid["state"] == "answered"
        assert grid["answered"]["evidence"] == "keypress_inbound"


async def test_who_rings_back_while_his_call_waits_is_not_called_besides(
    ringing: Build,
) -> None:
    async with ringing(2, lines=1) as town:
        await town.habit("lead-2", ring=Ring.MANUAL)
        alert = str((await town.warn())["id"])
        await town.until(20)
        await town.rings_us("lead-2")
        await town.until(32)
        await town.presses("lead-2", "1")
        await town.hangs_up("lead-2")
        await town.until(400)

        assert (await town.grid(alert, 2))["state"] == "answered"
        assert await town.calls("lead-2") == [(20, "lead-2", "completed")]


async def test_who_rings_us_without_a_warning_hears_that_there_is_none(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.rings_us("lead-1")
        await town.advance(seconds=30)

        assert await town.said("lead-1") == [
            "这里是澄溪应急。现在没有要您应答的预警。再见。"
        ]


async def test_a_drill_says_so_before_anything_else(ringing: Build) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.ANSWER)
        await town.warn(status="Exercise")
        await town.until(60)

        assert (await town.said("lead-1"))[0].startswith("这是演练:")


async def test_two_red_warnings_are_read_in_one_call_each_with_its_own_key(
    ringing: Build,
) -> None:
    async with ringing(1) as town:
        await town.habit("lead-1", ring=Ring.MANUAL)
        rain = str((await town.post()).json()["id"])
        flood = str((await town.warn(event_code="11A51", identifier="F"))["id"])
        await town.until(2)
        await town.picks_up("lead-1")
        await town.until(15)
        await town.presses("lead-1", "1")
        await town.until(18)

        states = [(await town.grid(name, 1))["state"] for name in (rain, flood)]
        assert sorted(states) == ["answered", "calling"]

        await town.until(32)
        await town.presses("lead-1", "1")
        await town.until(36)

        states = [(await town.grid(name, 1))["state"] for name in (rain, flood)]
        assert states == ["answered", "answered"]
        assert [at for at, *_ in await town.calls("lead-1")] == [0]


async def test_a_superior_s_own_part_and_his_digest_are_one_message_and_one_call(
    ringing: Build,
) -> None:
    async with ringing(2) as town:
        alert = str((await town.warn())["id"])
        await town.until(369)
        await town.habit("head", ring=Ring.ANSWER)
        await town.until(420)

        assert (310, "head", "digest") in town.texts("head")
        head = await town.callout(alert, VILLAGE, "village_head")
        grids = [(await town.grid(alert, number))["state"] for number in (1, 2)]
        assert "青石村请您应答;青石村2个网格(村)未应答" in town.last("head")
        assert (head["state"], *grids) == ("answered", "taken", "taken")
        assert [at for at, *_ in await town.calls("head")] == [0, 90, 200, 370]
