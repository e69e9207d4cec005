"""Robots of groups: told how it goes, one message a minute, and who is silent never."""

from __future__ import annotations

from tests.stories.chat import Chat
from tests.stories.conftest import Talk
from tests.stories.town import ABOVE, TOWNSHIP

TOWN = "693a91f6-7abc-4bc4-97a0-0ec2bf5aaaaa"
COUNTY = "693a91f6-7abc-4bc4-97a0-0ec2bf5bbbbb"
ELSEWHERE = "693a91f6-7abc-4bc4-97a0-0ec2bf5ccccc"
ROBOTS = {
    "town_group": {"key": TOWN, "units": f"{TOWNSHIP}, 990421199"},
    "county_group": {"key": COUNTY},
    "other_group": {"key": ELSEWHERE, "units": "990421199"},
}
ONE = {"county_group": {"key": COUNTY}}

OPENING = (
    "【澄溪应急】暴雨红色预警:柳林镇1村2个网格已开始叫应,收到短信或电话请回1;"
    "立即转移山边河边群众"
)
HALF = "【澄溪应急】暴雨红色预警:柳林镇已应答1个网格,未应答1个"
LIFTED = "【澄溪应急】澄溪县气象台解除暴雨红色预警,不需回复"


async def said(town: Chat, key: str = COUNTY) -> list[str]:
    """What a robot has said so far."""
    return (await town.wecom.robots()).get(key, [])


async def cancelled(town: Chat, alert: str) -> None:
    """The warning is lifted."""
    await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "误报"})
    await town.settle()


async def test_groups_hear_the_opening_how_many_are_silent_and_the_end(
    chatting: Talk,
) -> None:
    async with chatting(2, robots=ROBOTS) as town:
        alert = str((await town.warn())["id"])
        await town.until(30)
        await town.replies("lead-1", "1")
        await town.until(599)

        assert await town.wecom.robots() == {TOWN: [OPENING], COUNTY: [OPENING]}

        await town.until(1300)
        await cancelled(town, alert)
        whole = [OPENING, HALF, HALF, LIFTED]

        assert await town.wecom.robots() == {TOWN: whole, COUNTY: whole}


async def test_a_group_hears_no_figures_while_nobody_is_silent(chatting: Talk) -> None:
    async with chatting(1, robots=ONE) as town:
        await town.warn()
        await town.replies("lead-1", "1")
        await town.until(1900)

        assert len(await said(town)) == 1


async def test_an_end_in_the_first_minute_is_told_when_that_is_over(
    chatting: Talk,
) -> None:
    async with chatting(2, robots=ONE) as town:
        alert = str((await town.warn())["id"])
        await town.until(20)
        await cancelled(town, alert)
        await town.until(59)
        early = await said(town)
        await town.until(700)

        assert early == [OPENING]
        assert await said(town) == [OPENING, LIFTED]


async def test_what_runs_out_is_told_as_well(chatting: Talk) -> None:
    async with chatting(1, robots=ONE) as town:
        await town.warn(level="orange", expires=town.at(300))
        await town.until(300)

        assert (await said(town))[-1] == (
            "【澄溪应急】澄溪县气象台暴雨橙色预警已到期,叫应结束,不需回复"
        )


async def test_a_group_hears_of_a_drill_that_it_is_one(chatting: Talk) -> None:
    async with chatting(2, robots=ONE) as town:
        alert = str((await town.warn(status="Exercise"))["id"])
        await town.until(600)
        await cancelled(town, alert)
        await town.until(700)
        told = await said(town)

        assert [text[:9] for text in told] == ["【澄溪应急】演练:"] * 3


async def test_a_group_is_not_asked_to_answer_what_only_tells(chatting: Talk) -> None:
    async with chatting(2, robots=ONE) as town:
        await town.warn(event_code="11B17", event="大雾", level="yellow")
        await town.until(1900)
        [told] = await said(town)

        assert told == (
            "【澄溪应急】大雾黄色预警:柳林镇1村2个网格已通知,不需回复;"
            "立即转移山边河边群众"
        )


async def test_a_robot_says_no_more_than_20_things_a_minute(chatting: Talk) -> None:
    async with chatting(1, robots=ONE, leave_out=ABOVE) as town:
        for number in range(24):
            await town.post(level="blue", identifier=f"B-{number}", event_code=None)
        await town.warn(identifier="R", event_code=None)
        at_once = await said(town)
        await town.until(59)
        soon = await said(town)
        await town.until(60)

        # They leave together, so which arrives first is no matter.
        assert [text for text in at_once if "暴雨红色预警" in text]
        assert [len(at_once), len(soon), len(await said(town))] == [20, 20, 25]


async def test_a_group_hears_neither_names_nor_numbers_nor_links(
    chatting: Talk,
) -> None:
    async with chatting(2, robots=ONE) as town:
        await town.warn()
        await town.until(3600)
        told = "".join(await said(town))
        known = [f"人{name}" for name in town.numbers] + [*town.numbers.values()]

        assert [word for word in (*known, "http") if word in told] == []
