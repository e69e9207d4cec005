"""What people write back, and what they are told so that nobody believes in vain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.contract import Rank, Receipt
from contacts.model import Post
from dispatcher.core.alert import AlertId, Level
from dispatcher.core.answer import Evidence
from dispatcher.core.callout import State
from dispatcher.engine.compose import Desk
from dispatcher.engine.desk import Cancelling, cancel
from dispatcher.engine.inbox import take_receipts
from dispatcher.store import alerts
from tests.engine.office import GRIDS, Office

MORE = {"identifier": "W-2", "event": "山洪", "event_code": "11A07"}


async def delivered(office: Office) -> None:
    """Everything that waits is sent, and arrives."""
    await office.engine.turn()
    waiting = [m for m in await office.messages() if m.state == "accepted"]
    receipts = [
        Receipt(
            event_key=m.id, message=m.id, provider_id=m.provider_id, rank=Rank.FINAL
        )
        for m in waiting
    ]
    given = [(office.now, receipt) for receipt in receipts]
    await office.desk(lambda d: take_receipts(d.connection, d.context, given, d.now))
    office.later(1)


async def warned(office: Office, **changes: object) -> str:
    name = await office.warn(**changes)
    await delivered(office)
    return name


async def lifted(office: Office, name: str) -> None:
    """The warning is over."""

    def lift(desk: Desk) -> None:
        found = alerts.find(desk.connection, AlertId(name))
        assert found
        cancel(desk, found, Cancelling(by="officer", reason="over"))

    await office.desk(lift)


async def replies(office: Office, who: str) -> list[str]:
    return [m.text for m in await office.messages(who) if m.purpose == "reply"]


@pytest.mark.parametrize("words", ["收到", "收到\x00"])  # as some gateways end it
async def test_an_answer_counts_for_every_grid_the_message_named(
    office: Office, words: str
) -> None:
    await warned(office)

    assert await office.hears("lead", words) == "received"

    for grid in GRIDS:
        callout = await office.callout(grid)
        assert callout.state is State.ANSWERED
        assert callout.answer is not None
        assert callout.answer.evidence is Evidence.SMS_BARE
    assert await replies(office, "lead") == []


async def test_a_number_of_ours_that_was_sent_nothing_answers_nothing(
    office: Office,
) -> None:
    assert await office.hears("backup-1", "1") == "nothing_sent"


@pytest.mark.parametrize("words", ["1", "1\x00"])
async def test_a_stranger_answers_nothing(office: Office, words: str) -> None:
    await warned(office)

    assert await office.hears("+99900000999", words) == "unknown_sender"


async def test_a_code_names_its_question(office: Office) -> None:
    await warned(office)
    await warned(office, **MORE)
    codes = {m.code for m in await office.messages("lead")}

    assert {"60", "61"} == codes
    assert await office.hears("lead", "60") == "received"

    assert sorted(callout.state for callout in await office.callouts(GRIDS[0])) == [
        State.ANSWERED,
        State.CALLING,
    ]


async def test_who_could_mean_two_is_asked_which(office: Office) -> None:
    await warned(office)
    await warned(office, **MORE)

    assert await office.hears("lead", "1") == "ask_which"
    assert await replies(office, "lead") == ["【澄溪应急】您有2条:暴雨回60,山洪回61"]
    assert {State.CALLING} == {c.state for c in await office.callouts(GRIDS[0])}


async def test_an_answer_to_a_notice_is_thanked_and_answers_nothing(
    office: Office,
) -> None:
    name = await warned(office)

    await lifted(office, name)
    await delivered(office)

    assert await office.hears("lead", "收到") == "notice"
    assert await replies(office, "lead") == ["【澄溪应急】已记录,解除通知无需回复"]


async def test_a_superior_takes_over_what_his_message_named(office: Office) -> None:
    await warned(office)
    await office.hears("head", "1")
    office.later(309)
    await office.sweep()
    office.later(11)
    await office.sweep()
    await delivered(office)

    assert await office.hears("head", "1") == "received"

    for grid in GRIDS:
        callout = await office.callout(grid)
        assert (callout.state, callout.taking and callout.taking.by) == (
            State.TAKEN,
            "head",
        )


@pytest.mark.parametrize(
    ("words", "taken_for", "said"),
    [
        ("嗯嗯", "unclear", ["没看懂,还不算应答"]),
        ("你是谁?", "question", ["没看懂,还不算应答"]),
        ("2", "evacuating", ["请回2加转移人数"]),
        ("2 35", "completed", []),
        ("3", "need_help", []),
    ],
)
async def test_who_has_not_answered_is_told_so(
    office: Office, words: str, taken_for: str, said: list[str]
) -> None:
    await warned(office)

    assert taken_for == await office.hears("lead", words)
    told = await replies(office, "lead")
    assert len(said) == len(told)
    assert all(part in text for part, text in zip(said, told, strict=True))


async def test_a_late_answer_is_told_that_the_calling_is_over(office: Office) -> None:
    name = await warned(office)
    code = (await office.messages("lead"))[0].code
    await lifted(office, name)
    office.later(1)

    assert await office.hears("lead", code) == "received"
    assert await replies(office, "lead") == ["【澄溪应急】已记录,暴雨叫应已结束"]


async def test_nonsense_is_answered_five_times_an_hour(office: Office) -> None:
    await warned(office)
    for number in range(8):
        office.later(1)
        await office.hears("lead", "嗯嗯", key=f"{number}")

    assert len(await replies(office, "lead")) == 5

    office.later(3600)
    await office.hears("lead", "嗯嗯", key="an hour later")

    assert len(await replies(office, "lead")) == 6


async def test_the_same_reply_is_answered_once(office: Office) -> None:
    await warned(office)
    for _ in range(3):
        await office.hears("lead", "嗯嗯", key="the same")

    assert len(await replies(office, "lead")) == 1


async def test_who_cannot_act_is_not_called_again_in_any_role(office: Office) -> None:
    await warned(office)

    assert await office.hears("lead", "4") == "cannot_act"

    sent = len(await office.messages("lead"))
    office.later(900)
    await office.sweep()

    assert sent == len(await office.messages("lead"))
    assert len(await office.messages("backup-1", "backup-2")) >= 2


async def test_a_shared_telephone_answers_by_its_code(office: Office) -> None:
    await warned(office)
    office.later(180)
    await office.sweep()
    await delivered(office)
    [row] = await office.messages("backup-2")

    assert await office.hears("backup-1", row.code) == "received"

    first, second = [await office.callout(grid) for grid in GRIDS]

    assert (first.state, second.state) == (State.CALLING, State.ANSWERED)


async def test_an_answer_can_be_quicker_than_our_own_book_keeping(
    office: Office,
) -> None:
    await office.warn()
    sender = office.engine.sender
    await sender.turn()
    await sender.landed()
    answered_at = office.now + timedelta(seconds=1)
    office.later(60)
    await sender.drain()  # accepted a minute ago, written down only now

    assert await office.hears("lead", "1", at=answered_at) == "received"
    assert (await office.callout(GRIDS[0])).state is State.ANSWERED


async def test_a_message_in_doubt_can_be_answered(office: Office) -> None:
    await office.warn(level=Level.ORANGE)
    await office.engine.sender.turn()
    await office.engine.recover()
    office.later(1)

    assert await office.hears("lead", "1") == "received"
    assert (await office.callout(GRIDS[1], Post.GRID_LEAD)).state is State.ANSWERED
