"""What a provider is handed: title, buttons, link, and how long it is worth sending."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Button, Channel, Outgoing
from dispatcher.core.alert import Status
from dispatcher.engine.context import Context
from dispatcher.engine.envelope import VALID_SECONDS, outgoing_of
from dispatcher.store.outbox import About, MessageState, Sending
from tests.core.build import START, at
from tests.engine.office import GRIDS, Office, opened


def sending(**changes: Any) -> Sending:
    plain = {
        "id": "m",
        "chain": "c",
        "question": "q",
        "about": About.OWN,
        "channel": Channel.SMS,
        "route": None,
        "number": "+9991",
        "text": "first line\nsecond line",
        "tries": 1,
        "holder": 0,
        "created_at": START,
        "sent_at": START,
        "not_after": None,
        "provider_id": None,
        "state": MessageState.SENDING,
    }
    return Sending(**(plain | changes))


@pytest.fixture
async def context(office: Office) -> Context:
    return await office.context()


@pytest.mark.parametrize(
    ("left", "valid"), [(None, VALID_SECONDS), (90.5, 90), (0.5, 0)]
)
async def test_a_provider_is_told_how_long_a_text_is_worth_sending(
    context: Context, left: float | None, valid: int
) -> None:
    message = sending(not_after=None if left is None else at(left))

    assert valid == outgoing_of(context, message, START).valid_seconds


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.VOICE])
async def test_a_text_goes_out_as_it_is(context: Context, channel: Channel) -> None:
    message = sending(channel=channel)

    assert outgoing_of(context, message, START) == Outgoing(
        id="m", to="+9991", text=message.text, valid_seconds=VALID_SECONDS
    )


RECEIVED, TAKING = Button("收到", "1"), Button("我来负责", "1")
HELP, CANNOT = Button("求助", "3"), Button("去不了", "4")


@pytest.mark.parametrize(
    ("about", "buttons"),
    [
        (About.OWN, (RECEIVED, HELP, CANNOT)),
        (About.DIGEST, (TAKING, HELP, CANNOT)),
        (About.INFO, ()),
        (About.NOTICE, ()),
        (About.REMINDER, ()),
        (About.REPLY, ()),
    ],
)
async def test_a_card_has_a_title_and_the_buttons_of_what_it_asks(
    context: Context, about: About, buttons: tuple[Button, ...]
) -> None:
    card = outgoing_of(context, sending(channel=Channel.WECHAT, about=about), START)

    assert (card.title, card.text) == ("first line", "second line")
    assert card.buttons == buttons
    assert card.link == "https://jiaoying.example.org/q"


@pytest.mark.parametrize("text", ["one line", "one line\n"])
async def test_a_card_of_one_line_is_a_text(context: Context, text: str) -> None:
    card = outgoing_of(context, sending(channel=Channel.WECHAT, text=text), START)

    assert (card.title, card.text) == ("", "one line")


async def test_a_card_that_asks_nothing_has_no_page(context: Context) -> None:
    notice = sending(channel=Channel.WECHAT, about=About.NOTICE, question=None)

    assert outgoing_of(context, notice, START).link == ""


async def test_who_has_an_account_gets_the_warning_as_a_card() -> None:
    async with opened(accounts=("lead",)) as office:
        await office.warn()
        await office.engine.turn()
        [card] = office.cards.sent
        text = next(one for one in office.provider.sent if one.to.endswith("01"))

    assert (card.to, card.title) == ("wx-lead", "暴雨红色预警")
    assert f"【澄溪应急】{card.text}" == text.text
    assert len(card.buttons) == 3
    assert card.link.startswith("https://jiaoying.example.org/")


async def test_a_drill_says_so_in_the_title_of_its_card() -> None:
    async with opened(accounts=("lead",)) as office:
        await office.warn(status=Status.EXERCISE)
        await office.engine.turn()
        [card] = office.cards.sent

    assert card.title.startswith("演练:")
    assert GRIDS[0] not in card.text
