"""An officer tries a channel: one message to himself, and what became of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from sqlalchemy import func, select

from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.sim.callee import Ring
from dispatcher.store import officers, schema
from dispatcher.store.officers import Officer
from tests.stories.conftest import Build
from tests.stories.town import Town

ME = "county_duty"
PASSWORD = "暴雨红色预警一二三四"  # noqa: S105 - opens a county that does not exist
TEST = "/api/v1/channels/{}/test"


@contextlib.asynccontextmanager
async def at_desk(town: Town, display: str = f"人{ME}") -> AsyncIterator[Any]:
    """Somebody at the desk who asks the API."""
    new = Officer(
        name="limin",
        display=display,
        role=OfficerRole.OFFICER,
        password=Passwords().hashed(PASSWORD),
        must_change=False,
        created_at=town.now,
    )
    await town.runtime.database.write(lambda c: officers.add(c, new))
    base = str(town.api.base_url)
    async with httpx.AsyncClient(base_url=base, headers={"Origin": base}) as browser:
        body = {"name": "limin", "password": PASSWORD}
        signed = await browser.post("/api/v1/session", json=body)
        secret = signed.cookies["jiaoying_session"]
        browser.headers["Cookie"] = f"jiaoying_session={secret}"
        browser.headers["X-CSRF-Token"] = signed.json()["csrf"]
        yield browser


async def tried(town: Town, browser: httpx.AsyncClient, channel: str) -> dict[str, Any]:
    """Try a channel, and tell what became of it once all has settled."""
    number = {"to": town.numbers[ME]}
    sent = await browser.post(TEST.format(channel), json=number)
    assert sent.status_code == 202, sent.text
    await town.settle()
    await town.advance(minutes=2)
    return await shown(browser, channel, sent.json()["id"])


async def shown(browser: httpx.AsyncClient, channel: str, name: str) -> dict[str, Any]:
    """A try as the API tells it."""
    return dict((await browser.get(f"{TEST.format(channel)}/{name}")).json())


def code(answer: httpx.Response) -> str:
    """Why something was refused."""
    return str(answer.json()["errors"][0]["code"])


async def callouts(town: Town) -> int:
    """How many callouts and tries of callouts there are."""
    query = select(func.count()).select_from(schema.callout)
    return await town.runtime.database.read(lambda c: c.execute(query).scalar_one())


async def test_a_text_reaches_him_and_nobody_else_and_no_callout_comes_of_it(
    build: Build,
) -> None:
    async with build(1) as town, at_desk(town) as browser:
        done = await tried(town, browser, "sms")
        health = await town.get("/api/v1/channels")
        log = await town.get("/api/v1/log")

        assert (done["state"], done["failure"]) == ("delivered", None)
        assert [(sms.who, sms.text) for sms in town.log] == [
            (ME, "【澄溪应急】测试:值班员04:01试发,不是预警,不需回复")
        ]
        assert await callouts(town) == 0
        assert health["channels"][0]["today"] == 1
        [entry] = [one for one in log["items"] if one["kind"] == "channel_tried"]
        assert (entry["by"], entry["about"]["channel"]) == ("user:limin", "sms")
        assert town.numbers[ME] not in str(log)


async def test_what_he_writes_back_answers_nothing(build: Build) -> None:
    async with build(1) as town, at_desk(town) as browser:
        await tried(town, browser, "sms")
        await town.replies(ME, "1")
        inbox = await town.get("/api/v1/inbox")

        assert [one["kind"] for one in inbox["items"]] == ["stranger_reply"]
        assert len(town.log) == 1


async def test_a_call_is_picked_up_and_tells_that_it_is_no_warning(
    ringing: Build,
) -> None:
    async with ringing(1) as town, at_desk(town) as browser:
        await town.habit(ME, ring=Ring.ANSWER)
        done = await tried(town, browser, "voice")

        assert (done["state"], done["failure"]) == ("delivered", None)
        assert done["picked_up_at"]
        assert await town.calls() == [(0, ME, "completed")]
        said = await town.said(ME)
        assert said[0] == "这是测试,这里是澄溪应急。"
        assert set(said[1:]) == {"值班员正在试这路电话,不是预警,不用按键。"}


async def test_a_call_that_nobody_picks_up_says_so_and_rings_once(
    ringing: Build,
) -> None:
    async with ringing(1) as town, at_desk(town) as browser:
        done = await tried(town, browser, "voice")

        assert (done["state"], done["failure"]) == ("failed", "unreached")
        assert await town.calls() == [(0, ME, "no-answer")]


async def test_a_broken_account_is_found_out_and_not_tried_again(
    ringing: Build,
) -> None:
    async with ringing(1, suspended=True) as town, at_desk(town) as browser:
        done = await tried(town, browser, "sms")
        await town.advance(minutes=20)
        later = await shown(browser, "sms", done["id"])

        assert (done["state"], done["failure"]) == ("failed", "config")
        assert later == done


async def test_only_a_number_that_is_his_by_the_roster_is_taken(build: Build) -> None:
    async with build(1) as town, at_desk(town) as browser:
        spoilt = [town.numbers["lead-1"], "+99912345678901", "110"]
        answers = [
            await browser.post(TEST.format("sms"), json={"to": to}) for to in spoilt
        ]
        late = await browser.post(TEST.format("sms"), json={"to": town.numbers[ME]})

        assert [one.status_code for one in answers] == [422] * 3
        assert {code(one) for one in answers} == {"not_your_number"}
        assert (late.status_code, late.headers["retry-after"]) == (429, "300")
        await town.settle()
        assert town.log == []


async def test_who_is_called_otherwise_in_the_roster_has_no_number(
    build: Build,
) -> None:
    async with build(1) as town, at_desk(town, "李敏") as browser:
        answer = await browser.post(TEST.format("sms"), json={"to": town.numbers[ME]})

        assert answer.status_code == 422
        assert "李敏" in answer.json()["errors"][0]["msg"]


async def test_what_is_no_way_to_a_person_is_not_tried(ringing: Build) -> None:
    async with ringing(1) as town, at_desk(town) as browser:
        town.runtime.settings.routes.pop("voice")
        answers = [
            await browser.post(TEST.format("fax"), json={"to": "1"}),
            await browser.post(TEST.format("voice"), json={"to": "1"}),
            await browser.get(f"{TEST.format('sms')}/none"),
        ]

        assert [(one.status_code, code(one)) for one in answers] == [
            (404, "unknown_channel"),
            (409, "no_route"),
            (404, "unknown_trial"),
        ]


async def test_a_key_has_no_number_of_its_own(build: Build) -> None:
    async with build(1) as town:
        answer = await town.api.post(TEST.format("sms"), json={"to": town.numbers[ME]})

        assert code(answer) == "officer_expected"
