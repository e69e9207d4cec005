"""WeCom: cards beside texts and calls, and the buttons that answer them."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from dispatcher.sim.wecom_wire import (
    MemberHabit,
    Stamp,
    WecomMode,
    envelope,
    press_fields,
    seal,
    signed,
    told,
)
from dispatcher.sim.world import Habit
from dispatcher.store import schema
from dispatcher.store.vault import fingerprint
from tests.stories.chat import Chat, wecom_account
from tests.stories.conftest import Talk
from tests.stories.town import VILLAGE

BUTTONS = [("收到", "1"), ("求助", "3"), ("去不了", "4")]


async def opened(town: Chat, **changes: Any) -> str:
    """A warning; gives its id."""
    return str((await town.warn(**changes))["id"])


async def states(town: Chat, who: str) -> list[str]:
    """Where the messages to somebody's account stand, the oldest first."""
    table, address = schema.message, schema.address

    def found(connection: Connection) -> list[str]:
        account = fingerprint(connection, town.account(who))
        wanted = (
            select(table.c.state)
            .join(address, address.c.id == table.c.address)
            .where(address.c.fingerprint == account)
            .order_by(table.c.created_at)
        )
        return [*connection.scalars(wanted)]

    return await town.runtime.database.read(found)


async def test_a_card_comes_at_once_beside_the_text_and_the_call(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        await town.warn()
        card = town.card("lead-1")

        assert town.cards("lead-1") == town.texts("lead-1") == [(0, "lead-1", "own")]
        assert await town.calls("lead-1") == [(0, "lead-1", "ringing")]
        assert card.title == "暴雨红色预警"
        assert card.text == (
            "暴雨红色:青石村1网格,3小时超100毫米,立即转移山边河边群众!"
            "收到回1,转移完回2加人数,求助回3"
        )
        assert [(b.text, b.key[0]) for b in card.buttons] == BUTTONS
        assert card.link.startswith(town.runtime.settings.server.public_base_url)


async def test_a_press_answers_hangs_up_and_nothing_follows(chatting: Talk) -> None:
    async with chatting(1) as town:
        alert = await opened(town)
        await town.until(10)
        await town.presses_button("lead-1", "1")
        await town.until(880)
        grid = await town.grid(alert, 1)

        assert (grid["state"], grid["answered"]["evidence"]) == (
            "answered",
            "card_button",
        )
        assert await town.calls("lead-1", "backup-1") == [(0, "lead-1", "canceled")]
        assert town.cards("lead-1", "backup-1") == [(0, "lead-1", "own")]


async def test_who_presses_by_habit_is_heard_when_time_goes_on(chatting: Talk) -> None:
    async with chatting(1) as town:
        await town.member("lead-1", MemberHabit.HELP)
        alert = await opened(town)
        await town.until(5)

        assert (await town.grid(alert, 1))["answered"]["meaning"] == "need_help"


@pytest.mark.parametrize("words", ["1", "收到", "60"])
async def test_a_text_in_the_app_answers(chatting: Talk, words: str) -> None:
    async with chatting(1) as town:
        alert = await opened(town)
        await town.until(5)
        await town.writes_app("lead-1", words)
        grid = await town.grid(alert, 1)

        assert (grid["state"], grid["answered"]["meaning"]) == ("answered", "received")


async def test_what_is_said_back_to_a_text_in_the_app_comes_there(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        await opened(town)
        await town.until(5)
        await town.writes_app("lead-1", "嗯嗯")

        assert town.card("lead-1").text.startswith("【澄溪应急】没看懂,还不算应答。")


async def test_with_two_warnings_a_text_in_the_app_needs_its_code(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        rain = await opened(town)
        await town.until(2)
        flood = await opened(town, event_code="11A51", event="山洪", identifier="F")
        asked = town.card("lead-1").text
        await town.until(40)
        await town.writes_app("lead-1", "1")
        back = town.card("lead-1").text
        await town.writes_app("lead-1", "61")
        answered = [(await town.grid(name, 1))["state"] for name in (rain, flood)]

        assert "收到回61" in asked
        assert back == "【澄溪应急】您有2条:暴雨回60,山洪回61"
        assert answered == ["calling", "answered"]


async def test_an_account_is_the_same_in_upper_and_lower_case(chatting: Talk) -> None:
    async with chatting(2) as town:
        alert = await opened(town)
        await town.until(5)
        await pressed_as(town, "LEAD-1", "lead-1")
        await town.wecom.write("Lead-2", "60")
        await town.settle()

        grids = [(await town.grid(alert, number))["state"] for number in (1, 2)]
        assert grids == ["answered", "answered"]


async def pressed_as(town: Chat, user: str, who: str) -> None:
    """WeCom tells of a press on somebody's card, and writes his account as it likes."""
    account, card = wecom_account(town.runtime.settings.server.port), town.card(who)
    fields = press_fields(account, card, card.buttons[0].key, "")
    sealed = seal(account, told(account, user, 0, fields), secrets.token_bytes(16))
    query = signed(account, Stamp(timestamp=0, nonce="1"), sealed)
    headers = {"Content-Type": "text/xml"}
    async with httpx.AsyncClient(headers=headers) as wecom:
        answer = await wecom.post(
            f"{account.callback_url}?{query}", content=envelope(account, sealed)
        )
    assert answer.status_code == 200, answer.text


async def test_a_press_by_somebody_else_answers_nothing(chatting: Talk) -> None:
    async with chatting(2) as town:
        alert = await opened(town)
        await pressed_as(town, "lead-2", "lead-1")
        await town.settle()
        grids = [(await town.grid(alert, number))["state"] for number in (1, 2)]

        assert grids == ["calling", "calling"]


async def test_who_cannot_act_is_not_asked_again_and_the_next_one_is(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        await opened(town)
        await town.until(10)
        await town.presses_button("lead-1", "4")
        await town.until(170)

        assert town.cards("lead-1", "backup-1") == [
            (0, "lead-1", "own"),
            (10, "backup-1", "own"),
        ]


async def test_who_has_left_is_called_by_text_and_voice(chatting: Talk) -> None:
    async with chatting(1) as town:
        await town.member("lead-1", MemberHabit.GONE)
        alert = await opened(town)
        await town.until(100)
        grid = await town.grid(alert, 1)

        struck = [fact for fact in grid["timeline"] if fact["kind"] == "means_struck"]
        assert [one["means"][0]["channel"] for one in struck] == ["wechat"]
        assert town.cards("lead-1") == []
        assert town.texts("lead-1") == [(0, "lead-1", "own")]
        assert [at for at, *_ in await town.calls("lead-1")] == [0, 90]


async def test_an_expired_token_loses_no_card(chatting: Talk) -> None:
    async with chatting(1) as town:
        await opened(town)
        await town.wecom.expire_tokens()
        await town.until(200)

        assert town.cards("backup-1") == [(180, "backup-1", "own")]


async def test_the_card_of_a_digest_takes_over(chatting: Talk) -> None:
    async with chatting(2) as town:
        alert = await opened(town)
        await town.until(5)
        await town.presses_button("head", "1")
        await town.until(311)
        card = town.card("head")
        await town.presses_button("head", "1")
        grids = [await town.grid(alert, number) for number in (1, 2)]

        assert [button.text for button in card.buttons] == [
            "我来负责",
            "求助",
            "去不了",
        ]
        assert "青石村2个网格(村)未应答,请派人叫醒!" in card.text
        assert [grid["state"] for grid in grids] == ["taken", "taken"]


async def test_a_late_press_on_the_card_of_an_ended_warning_changes_nothing(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        alert = await opened(town)
        await town.until(10)
        card = town.card("lead-1")
        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "误报"})
        await town.until(60)
        await town.presses_button("lead-1", "1", card)
        grid = await town.grid(alert, 1)

        assert (grid["state"], grid["answered"]) == ("closed", None)


async def test_who_answers_the_end_in_the_app_hears_that_nothing_is_asked(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        await town.habit("lead-1", Habit.DEAD)
        alert = await opened(town)
        await town.until(10)
        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "误报"})
        await town.until(60)
        await town.writes_app("lead-1", "收到")

        assert town.card("lead-1").text == "【澄溪应急】已记录,解除通知无需回复"


async def test_a_refused_app_moves_no_rung_and_says_why(chatting: Talk) -> None:
    async with chatting(1) as town:
        await town.wecom.mode(WecomMode.UNTRUSTED)
        alert = await opened(town)
        await town.until(200)
        held = (await town.get(f"/api/v1/alerts/{alert}/summary"))["held_back"]

        assert {one["reason"] for one in held} == {"config:60020"}
        assert town.texts("lead-1", "backup-1") == [
            (0, "lead-1", "own"),
            (180, "backup-1", "own"),
        ]

        await town.wecom.mode(WecomMode.OK)
        await town.until(310)

        assert town.cards("lead-1") == [(300, "lead-1", "own")]


async def test_doubt_over_a_dead_gateway_ends_with_one_more_card(
    chatting: Talk,
) -> None:
    async with chatting(1) as town:
        await town.wecom.mode(WecomMode.DOWN)
        alert = await opened(town)
        await town.until(20)
        doubt = await states(town, "lead-1")
        await town.wecom.mode(WecomMode.OK)
        await town.until(60)
        summary = await town.get(f"/api/v1/alerts/{alert}/summary")

        assert doubt == ["unknown"]
        assert [kind for *_, kind in town.cards("lead-1")] == ["own"]
        assert summary["possible_duplicates"] == 6


async def test_who_has_no_account_is_skipped_and_called_otherwise(
    chatting: Talk,
) -> None:
    async with chatting(1, no_account=("lead-1",)) as town:
        alert = await opened(town)
        grid = await town.grid(alert, 1)

        skipped = [f for f in grid["timeline"] if f["kind"] == "attempt_skipped"]
        assert [(f["channel"], f["reason"]) for f in skipped] == [
            ("wechat", "no_address")
        ]
        assert town.texts("lead-1") == [(0, "lead-1", "own")]


async def test_the_card_of_a_drill_begins_with_the_words_of_one(chatting: Talk) -> None:
    async with chatting(1) as town:
        alert = await opened(town, status="Exercise")
        card = town.card("lead-1")
        head = await town.callout(alert, VILLAGE, "village_head")

        assert (card.title, card.text[:8]) == ("演练:暴雨红色预警", "演练:暴雨红色:")
        assert head["state"] == "calling"
