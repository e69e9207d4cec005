"""WeCom's part of the exchange, spoken to by the providers of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    Outcome,
    Outgoing,
    Pressed,
    Reply,
    Unknown,
)
from channels.providers.wecom_app import WecomApp
from dispatcher.sim.wecom import choice
from dispatcher.sim.wecom_wire import (
    Card,
    CardButton,
    Code,
    Member,
    MemberHabit,
    WecomMode,
)
from tests.sim.wecom_stage import (
    ACCOUNT,
    CARD,
    KEY,
    SHOWN,
    TEXT,
    USER,
    Stage,
    Stand,
    Stands,
    staged,
)


@pytest.fixture(scope="module")
async def stands() -> AsyncIterator[Stands]:
    async with Stand().open() as office, Stand().open() as wecom:
        yield Stands(office, wecom)


@pytest.fixture
async def stage(stands: Stands) -> AsyncIterator[Stage]:
    async with staged(stands) as stage:
        yield stage


def nth(number: int) -> Outgoing:
    return replace(CARD, id=f"ABCDEFG{number:03}")


# Cards and what comes back


async def test_a_card_is_shown_to_its_member_as_it_was_sent(stage: Stage) -> None:
    outcome = await stage.app.send(CARD)

    assert Accepted(provider_id="msg1") == outcome
    assert await stage.client.cards() == [SHOWN]


async def test_a_text_has_nothing_to_press(stage: Stage) -> None:
    outcome = await stage.app.send(TEXT)

    assert Accepted(provider_id="msg1") == outcome
    assert [Card(user=USER, text=TEXT.text)] == await stage.client.cards()


@pytest.mark.parametrize("key", ["need_help", f"need_help:{CARD.id}"])
async def test_a_button_pressed_by_hand_comes_back(stage: Stage, key: str) -> None:
    await stage.app.send(CARD)
    await stage.client.press(USER, CARD.id, key)

    assert stage.heard() == [
        Pressed(
            event_key=f"{CARD.id}:need_help:{CARD.id}:{USER}",
            message=CARD.id,
            account=USER,
            key="need_help",
        )
    ]


@pytest.mark.parametrize(
    ("user", "task_id", "key"),
    [
        ("li.na", CARD.id, "received"),
        (USER, "ABCDEFGHJ2", "received"),
        (USER, CARD.id, "deployed"),
    ],
)
async def test_nobody_presses_what_he_has_not_got(
    stage: Stage, user: str, task_id: str, key: str
) -> None:
    await stage.app.send(CARD)

    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await stage.client.press(user, task_id, key)


async def test_a_text_written_to_the_app_comes_back(stage: Stage) -> None:
    number = await stage.client.write(USER, "2 35 ]]> <全部>")

    assert stage.heard() == [
        Reply(
            event_key=number,
            sender=USER,
            to="1000002",
            text="2 35 ]]> <全部>",
            provider_id=number,
        )
    ]


# Members


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        (MemberHabit.ANSWER, ["received"]),
        (MemberHabit.HELP, ["need_help"]),
        (MemberHabit.IGNORE, []),
    ],
)
async def test_a_member_does_what_his_habit_is(
    stage: Stage, habit: MemberHabit, expected: list[str]
) -> None:
    await stage.client.members([Member(user=USER, habit=habit, delay_seconds=5)])
    await stage.app.send(CARD)
    before = list(stage.office.posted)
    await stage.play()

    assert (before, [seconds for _, seconds in stage.agenda]) == (
        [],
        [5] * len(expected),
    )
    assert expected == [told.key for told in stage.heard() if isinstance(told, Pressed)]


async def test_a_member_not_named_ignores_what_he_gets(stage: Stage) -> None:
    await stage.app.send(CARD)

    assert stage.agenda == []


async def test_a_member_who_has_left_is_refused(stage: Stage) -> None:
    await stage.client.members([Member(user=USER, habit=MemberHabit.GONE)])
    outcome = await stage.app.send(CARD)

    assert Failed(kind=FailureKind.PERMANENT_ADDRESS, code="81013") == outcome
    assert await stage.client.cards() == []


@pytest.mark.parametrize(
    ("habit", "texts", "expected"),
    [
        (MemberHabit.ANSWER, ("求助", "收到"), "收到"),
        (MemberHabit.ANSWER, ("已部署", "求助"), "已部署"),
        (MemberHabit.ANSWER, (), None),
        (MemberHabit.HELP, ("收到", "请求支援"), "请求支援"),
        (MemberHabit.HELP, ("收到",), None),
        (MemberHabit.IGNORE, ("收到",), None),
        (MemberHabit.GONE, ("收到",), None),
    ],
)
def test_a_member_reads_the_buttons(
    habit: MemberHabit, texts: tuple[str, ...], expected: str | None
) -> None:
    buttons = tuple(CardButton(text=text, key=text) for text in texts)
    chosen = choice(habit, replace(SHOWN, buttons=buttons))

    assert expected == (chosen and chosen.text)


# Events on their way


@pytest.mark.parametrize("refusal", [503, 204])
async def test_an_event_not_answered_with_200_comes_again(
    stage: Stage, refusal: int
) -> None:
    await stage.app.send(CARD)
    stage.office.answers = [refusal]
    await stage.client.press(USER, CARD.id, "received")

    first, again = stage.office.posted
    assert first == again


async def test_an_event_is_given_up_after_three_tries(stage: Stage) -> None:
    await stage.app.send(CARD)
    stage.office.answers = [500] * 3
    with pytest.raises(httpx.HTTPStatusError, match="502"):
        await stage.client.press(USER, CARD.id, "received")

    assert len(stage.office.posted) == 3


async def test_an_event_on_its_way_at_the_end_is_dropped(stage: Stage) -> None:
    await stage.client.members([Member(user=USER, habit=MemberHabit.ANSWER)])
    async with stage.wecom.courier.on_duty():
        await stage.app.send(CARD)
        for action, _ in stage.agenda:
            action()

    assert stage.office.posted == []


# The account


async def test_an_account_that_is_not_known_gets_no_token(stage: Stage) -> None:
    others = (
        replace(stage.settings, secret="other"),  # noqa: S106  made up
        replace(stage.settings, corp_id="other"),
    )
    apps = [WecomApp("wecom", other) for other in others]
    outcomes = [await app.send(CARD) for app in apps]
    for app in apps:
        await app.aclose()

    assert outcomes == [
        Failed(kind=FailureKind.CONFIG, code="40001"),
        Failed(kind=FailureKind.CONFIG, code="40013"),
    ]


async def test_a_token_holds_until_it_is_made_to_end(stage: Stage) -> None:
    asked = {"corpid": ACCOUNT.corp_id, "corpsecret": ACCOUNT.secret}

    async def granted() -> str:
        answer = await stage.http.get("/cgi-bin/gettoken", params=asked)
        return str(answer.json()["access_token"])

    async def used(token: str) -> int:
        access = {"access_token": token}
        answer = await stage.http.post("/cgi-bin/message/send", params=access, json={})
        return int(answer.json()["errcode"])

    old, same = await granted(), await granted()
    await stage.client.expire_tokens()
    new = await granted()

    assert old == same
    assert old != new
    assert [await used(each) for each in (old, new, "made up", "")] == [
        Code.STALE_TOKEN,
        Code.FOREIGN_AGENT,
        Code.BAD_TOKEN,
        Code.BAD_TOKEN,
    ]


async def test_a_message_survives_the_end_of_its_token(stage: Stage) -> None:
    await stage.app.send(nth(1))
    await stage.client.expire_tokens()
    outcome = await stage.app.send(nth(2))

    assert isinstance(outcome, Accepted)
    assert len(await stage.client.cards()) == 2


async def test_an_app_without_a_callback_url_sends_texts_but_no_cards(
    stands: Stands,
) -> None:
    async with staged(stands, callback=False) as stage:
        outcomes = [await stage.app.send(each) for each in (CARD, TEXT)]

    assert outcomes == [
        Failed(kind=FailureKind.CONFIG, code="43012"),
        Accepted(provider_id="msg1"),
    ]


# Trouble


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (WecomMode.BUSY, Failed(kind=FailureKind.TRANSIENT, code="-1")),
        (
            WecomMode.THROTTLE,
            Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60),
        ),
        (WecomMode.UNTRUSTED, Failed(kind=FailureKind.CONFIG, code="60020")),
        (WecomMode.DOWN, Unknown(code="502")),
    ],
)
async def test_trouble_lasts_as_long_as_ordered(
    stage: Stage, mode: WecomMode, expected: Outcome
) -> None:
    await stage.client.mode(mode, for_next=1)
    outcomes = [await stage.app.send(CARD) for _ in range(2)]

    assert [expected, Accepted(provider_id="msg1")] == outcomes
    assert await stage.client.cards() == [SHOWN]


async def test_trouble_lasts_until_told_otherwise(stage: Stage) -> None:
    await stage.client.mode(WecomMode.BUSY)
    in_trouble = [await stage.app.send(CARD) for _ in range(3)]
    await stage.client.mode(WecomMode.OK)
    well = await stage.app.send(CARD)

    assert [Failed(kind=FailureKind.TRANSIENT, code="-1")] * 3 == in_trouble
    assert isinstance(well, Accepted)


async def test_a_card_that_hung_was_shown_and_comes_again_as_another(
    stage: Stage,
) -> None:
    hasty = WecomApp("wecom", replace(stage.settings, timeout_seconds=0.5))
    await stage.client.mode(WecomMode.HANG, for_next=1)
    doubt = await hasty.send(CARD)
    await hasty.aclose()
    outcome = await stage.app.send(CARD)
    first, again = await stage.client.cards()
    for card in (first, again):
        await stage.client.press(USER, card.task_id, "received")

    assert Unknown(code="ReadTimeout") == doubt
    assert isinstance(outcome, Accepted)
    assert (SHOWN, replace(SHOWN, task_id=again.task_id)) == (first, again)
    assert [CARD.id] * 2 == [
        told.message for told in stage.heard() if isinstance(told, Pressed)
    ]


async def test_the_31st_message_of_a_minute_is_dropped_without_a_word(
    stage: Stage,
) -> None:
    outcomes = [await stage.app.send(nth(number)) for number in range(31)]
    other = await stage.app.send(replace(nth(31), to="li.na"))
    stage.seconds = 60
    later = await stage.app.send(nth(32))

    assert all(isinstance(each, Accepted) for each in (*outcomes, other, later))
    assert [nth(n).id for n in (*range(30), 31, 32)] == [
        card.task_id for card in await stage.client.cards()
    ]


# Robots


async def test_a_robot_says_what_it_is_told(stage: Stage) -> None:
    await stage.robot.send(replace(CARD, text="一"))
    await stage.robot.send(replace(CARD, text="二"))

    assert await stage.client.robots() == {KEY: ["一", "二"]}


async def test_the_21st_text_of_a_minute_is_refused(stage: Stage) -> None:
    outcomes = [await stage.robot.send(CARD) for _ in range(21)]
    stage.seconds = 60
    later = await stage.robot.send(CARD)

    throttled = Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60)
    accepted = Accepted(provider_id=CARD.id)
    assert [accepted] * 20 + [throttled, accepted] == [*outcomes, later]


async def test_a_robot_that_was_removed_is_refused(stage: Stage) -> None:
    params = {"key": "no-such-robot"}
    answer = await stage.http.post("/cgi-bin/webhook/send", params=params, json={})

    assert answer.json() == {"errcode": 93000, "errmsg": "invalid webhook url"}


async def test_a_robot_with_nothing_to_say_is_refused(stage: Stage) -> None:
    outcome = await stage.robot.send(replace(CARD, text=""))

    assert Failed(kind=FailureKind.PERMANENT_CONTENT, code="44004") == outcome
