"""What goes wrong at once: rosters change, accounts are refused, phones are shared."""

from __future__ import annotations

from dispatcher.sim.switchboard import NetworkMode
from tests.stories.conftest import Build
from tests.stories.town import Town, load_sheet, roster_file


async def test_a_unit_that_the_roster_drops_stops_nobody_else(build: Build) -> None:
    async with build(2) as town:
        alert = str((await town.warn())["id"])
        await town.until(30)
        fewer = {n: v for n, v in town.numbers.items() if not n.endswith("-2")}
        await load_sheet(town.runtime, roster_file(fewer))
        await town.replies("lead-1", "1")
        await town.until(400)
        fresh = await town.warn(identifier="after", event_code="11B06", event="大风")
        ended = await town.api.post(
            f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"}
        )

        assert (await town.grid(str(fresh["id"]), 1))["state"] == "calling"
        assert ended.status_code == 200
        assert (await town.grid(alert, 1))["answered"]["meaning"] == "received"


async def test_a_superior_who_cries_for_help_alarms_the_desk(town: Town) -> None:
    alert = str((await town.warn())["id"])
    await town.until(30)
    await town.replies("head", "1")
    await town.until(311)
    await town.replies("village_duty", "3 村部被困,请派冲锋舟")

    grid = await town.grid(alert, 1)
    assert grid["state"] == "taken"
    assert {"need_help", "must_call"} <= set(grid["marks"])


async def test_after_hours_without_an_account_everybody_is_told_once(
    build: Build,
) -> None:
    async with build(1) as town:
        await town.warn()
        await town.until(1)
        await town.exchange.network(NetworkMode.AUTH)
        await town.until(2 * 3600)
        await town.exchange.network(NetworkMode.OK)
        await town.until(2 * 3600 + 301)

        assert "digest" in {kind for _, _, kind in town.texts("village_duty")}
        late = [t for t in town.texts("lead-1") if t[0] >= 2 * 3600]
        assert len(late) == 1


async def test_one_bare_answer_is_for_the_own_part_and_the_digest(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(311)
        await town.replies("head", "1")
        head = await town.callout(alert, "990421100200", "village_head")

        assert head["state"] == "answered"
        assert (await town.grid(alert, 1))["state"] == "taken"


async def test_a_number_of_two_leads_answers_for_both_and_is_told_of_the_end_once(
    build: Build,
) -> None:
    async with build(2) as town:
        shared = roster_file(town.numbers).decode()
        shared = shared.replace(town.numbers["lead-2"], town.numbers["lead-1"])
        await load_sheet(town.runtime, shared.encode())
        alert = str((await town.warn())["id"])
        await town.replies("lead-1", "1")

        states = [(await town.grid(alert, n))["state"] for n in (1, 2)]
        assert states == ["answered", "answered"]

        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"})
        await town.settle()

        assert [t[2] for t in town.texts("lead-1")].count("cancel") == 1


async def test_a_name_put_right_in_the_middle_changes_no_answer(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(30)
        renamed = roster_file(town.numbers).decode().replace("人lead-1,", "人甲,")
        await load_sheet(town.runtime, renamed.encode())
        await town.until(905)
        await town.replies("lead-1", "1")

        assert (await town.grid(alert, 1))["state"] == "answered"


async def test_who_cannot_act_gets_no_digest_either(build: Build) -> None:
    async with build(1) as town:
        await town.warn()
        await town.until(305)
        await town.replies("head", "4")
        await town.until(330)

        assert town.texts("head") == [(0, "head", "own")]


async def test_who_answers_after_a_text_that_asks_nothing_answers_what_was_asked(
    build: Build,
) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(911)

        assert "info" in {kind for _, _, kind in town.texts("county_leader")}

        await town.replies("county_leader", "1")
        leader = await town.callout(alert, "990421", "county_leader")

        assert leader["state"] == "answered"
