"""Keys and buttons: what they answer, what they leave open, who may press them."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Channel, Keyed, Pressed, Rank, Receipt
from contacts.model import Post
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import Mark, Progress, State
from dispatcher.engine.conversation import Phase, Place
from tests.core.build import since
from tests.engine.office import GRIDS, NUMBERS, VILLAGE, Office, opened, spare_number
from tests.engine.telephony import (
    BUSY,
    attempts,
    calls,
    is_over,
    picks_up,
    presses,
    ringing,
    rings_us,
    until,
    voice,
)

FLOOD = {"identifier": "W-2", "event": "山洪", "event_code": "11A07"}


async def talking(office: Office, who: str = "lead", seconds: float = 12) -> None:
    """A warning's first calls ring, and somebody has listened so long."""
    await office.warn()
    await office.engine.turn()
    await picks_up(office, who)
    office.later(seconds)


def key_one(message: str, number: str, call: Any = None) -> Keyed:
    """A one, pressed after the text of a message, in our call or in another."""
    return Keyed(
        event_key="k",
        message=call and call.id,
        provider_id=call.provider_id if call else "CA9",
        number=number,
        place=str(Place(Phase.TEXT, message)),
        keys="1",
    )


async def grids(office: Office) -> list[State]:
    return [(await office.callout(grid)).state for grid in GRIDS]


@pytest.mark.parametrize(
    ("key", "meaning", "state"),
    [
        ("1", Meaning.RECEIVED, State.ANSWERED),
        ("2", Meaning.EVACUATING, State.ANSWERED),
        ("3", Meaning.NEED_HELP, State.ANSWERED),
    ],
)
async def test_a_key_answers_for_all_that_the_call_has_read(
    key: str, meaning: Meaning, state: State
) -> None:
    async with opened(lines=10) as office:
        await talking(office)

        assert await presses(office, "lead", key) == meaning
        assert await grids(office) == [state, state]
        [answer] = (await office.callout(GRIDS[0])).answers
        assert (answer.meaning, answer.evidence) == (meaning, Evidence.KEYPRESS)


async def test_a_number_after_a_two_is_what_was_reported() -> None:
    async with opened(lines=10) as office:
        await talking(office)
        await presses(office, "lead", "2")
        taken_for = await presses(office, "lead", "35", Phase.NUMBER)
        callout = await office.callout(GRIDS[0])

        assert taken_for == "completed"
        assert callout.state is State.REPORTED
        assert callout.feedback == Figures(people=35)


@pytest.mark.parametrize(
    ("keys", "phase"),
    [
        ("1", Phase.OPENING),
        ("9", Phase.TEXT),
        ("0", Phase.TEXT),
        ("12", Phase.TEXT),
        ("*", Phase.NUMBER),
    ],
)
async def test_what_is_no_answer_answers_nothing(keys: str, phase: Phase) -> None:
    async with opened(lines=10) as office:
        await talking(office)

        assert await presses(office, "lead", keys, phase) == "no_answer"
        assert await grids(office) == [State.CALLING, State.CALLING]
        assert [row.keyed_at for row in await voice(office, "lead")] == [None]


async def test_who_cannot_act_is_struck_and_his_stand_ins_are_called() -> None:
    async with opened(lines=10) as office:
        await talking(office)
        taken_for = await presses(office, "lead", "4")
        await office.engine.turn()

        assert taken_for == "cannot_act"
        assert (await office.callout(GRIDS[0])).struck_people == {"lead"}
        assert [s for s, _ in await calls(office, "backup-1", "backup-2")] == [12]


async def test_a_wrong_number_is_struck_and_the_next_one_is_rung() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await talking(office)
        taken_for = await presses(office, "lead", "5")
        await is_over(office, "lead")
        await office.engine.turn()
        rung = [message.to for message in office.telephones.sent]

        assert taken_for == "wrong_person"
        assert rung.count(spare_number("lead")) == 1
        assert await grids(office) == [State.CALLING, State.CALLING]


@pytest.mark.parametrize(("listened", "partly"), [(19, True), (20, False)])
async def test_how_long_he_listened_is_kept_beside_the_answer(
    listened: int, *, partly: bool
) -> None:
    async with opened(lines=10) as office:
        await talking(office, seconds=listened)
        await presses(office, "lead", "1")
        marks = (await office.callout(GRIDS[0])).marks

        assert partly == (Mark.HEARD_PARTLY in marks)


async def test_a_key_answers_only_the_message_it_was_pressed_in() -> None:
    async with opened(lines=10) as office:
        await office.warn(**FLOOD)
        await talking(office)
        first = await ringing(office, "lead")
        taken_for = await presses(office, "lead", "1")
        [other] = [r for r in await voice(office, "lead") if r.id != first.id]
        states = {c.alert: c.state for c in await office.callouts(GRIDS[0])}

        assert taken_for == "received"
        assert states == {first.alert: State.ANSWERED, other.alert: State.CALLING}

        await presses(office, "lead", "1", read=other.id)

        states = {c.alert: c.state for c in await office.callouts(GRIDS[0])}
        assert set(states.values()) == {State.ANSWERED}


async def test_a_call_without_a_key_has_reached_nobody() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await talking(office)
        await is_over(office, "lead")
        [first, second] = await attempts(office, GRIDS[0], "lead")
        [row] = [r for r in await voice(office, "lead") if r.state == "failed"]

        assert (row.failure, row.failure_code) == ("unreached", "no_key")
        assert (first.progress, second.address) == (Progress.FAILED, "lead1")


async def test_of_two_messages_only_the_one_without_a_key_has_failed() -> None:
    async with opened(lines=10) as office:
        await office.warn(**FLOOD)
        await talking(office)
        first = await ringing(office, "lead")
        await presses(office, "lead", "1")
        await is_over(office, "lead")
        rows = {row.id: row for row in await voice(office, "lead")}
        keyed = rows.pop(first.id)
        [other] = rows.values()

        assert (keyed.state, keyed.failure_code) == ("delivered", None)
        assert (other.state, other.failure_code) == ("failed", "no_key")
        assert {since(keyed.ended_at), since(other.ended_at)} == {12}


async def test_a_key_and_the_end_of_its_call_may_be_told_together() -> None:
    async with opened(lines=10) as office:
        await talking(office)
        call = await ringing(office, "lead")
        keyed = key_one(call.id, NUMBERS["lead"], call)
        over = Receipt(
            event_key="o",
            message=call.id,
            provider_id=call.provider_id,
            rank=Rank.FINAL,
        )
        outcomes = await office.told(over, keyed)
        [row] = await voice(office, "lead")

        assert outcomes == ["receipt", "received"]
        assert row.state == "delivered"


@pytest.mark.parametrize("who", ["head", "backup-1"])
async def test_another_number_s_keys_answer_nothing(who: str) -> None:
    async with opened(lines=10) as office:
        await talking(office)
        call = await ringing(office, "lead")

        assert await office.told(key_one(call.id, NUMBERS[who], call)) == ["no_message"]
        assert await grids(office) == [State.CALLING, State.CALLING]


async def test_a_superior_s_key_takes_over_what_was_read_to_him() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await office.engine.turn()
        await picks_up(office, "head")
        await presses(office, "head", "1")
        await is_over(office, "head")
        await until(office, 370)
        await picks_up(office, "head")
        await presses(office, "head", "1")
        callout = await office.callout(GRIDS[0])

        assert callout.state is State.TAKEN
        assert callout.taking is not None
        assert callout.taking.by == "head"


async def test_who_rings_us_is_not_rung_besides() -> None:
    async with opened(lines=2) as office:
        await office.warn()
        await office.engine.turn()  # two others ring, his own call waits
        office.later(5)
        taken_for = await rings_us(office, NUMBERS["lead"])
        [row] = await voice(office, "lead")
        [attempt] = await attempts(office, GRIDS[0], "lead")

        assert taken_for == "rang_back"
        assert (row.state, row.reason) == ("delivered", "rang_back")
        assert (attempt.progress, attempt.placed) == (Progress.DELIVERED, True)


async def test_who_rings_us_answers_by_a_key_as_in_our_own_call() -> None:
    async with opened(lines=2) as office:
        await office.warn()
        await office.engine.turn()
        await rings_us(office, NUMBERS["lead"])
        [row] = await voice(office, "lead")
        outcomes = await office.told(key_one(row.id, NUMBERS["lead"]))
        [answer] = (await office.callout(GRIDS[0])).answers

        assert outcomes == ["received"]
        assert answer.evidence is Evidence.KEYPRESS_INBOUND
        assert Mark.HEARD_PARTLY not in (await office.callout(GRIDS[0])).marks


async def test_who_rings_us_has_not_heard_a_call_for_help_that_waits() -> None:
    async with opened(lines=2) as office:
        await office.warn()
        await office.engine.turn()
        await office.hears("lead", "3")
        for _ in range(2):
            office.later(11)
            await office.engine.turn()
        await rings_us(office, NUMBERS["head"])
        rows = {row.purpose: row.state for row in await voice(office, "head")}

        assert rows == {"own": "delivered", "info": "waiting"}


@pytest.mark.parametrize("number", ["+99900000999", ""])
async def test_a_stranger_who_rings_us_changes_nothing(number: str) -> None:
    async with opened(lines=2) as office:
        await office.warn()
        before = await office.states()

        assert await rings_us(office, number) == "unknown_sender"
        assert before == await office.states()


async def carded(office: Office) -> str:
    """A warning went out; gives the id of the lead's card."""
    await office.warn()
    await office.engine.turn()
    office.later(3)
    [row] = [m for m in await office.messages("lead") if m.channel == "wechat"]
    return str(row.id)


def button(message: str, key: str, account: str = "wx-lead") -> Pressed:
    return Pressed(event_key=key, message=message, account=account, key=key)


@pytest.mark.parametrize(
    ("key", "taken_for", "state"),
    [
        ("1", "received", State.ANSWERED),
        ("3", "need_help", State.ANSWERED),
        ("4", "cannot_act", State.CALLING),
        ("7", "unclear", State.CALLING),
    ],
)
async def test_a_button_answers_for_all_that_its_card_named(
    key: str, taken_for: str, state: State
) -> None:
    async with opened(accounts=("lead",)) as office:
        card = await carded(office)

        assert await office.told(button(card, key)) == [taken_for]
        assert await grids(office) == [state, state]


async def test_a_button_is_known_as_one() -> None:
    async with opened(accounts=("lead",)) as office:
        await office.told(button(await carded(office), "1", "WX-Lead"))
        [answer] = (await office.callout(GRIDS[0])).answers

        assert answer.evidence is Evidence.CARD_BUTTON


@pytest.mark.parametrize(
    ("message", "account"), [(None, "wx-other"), ("aaaaaaaaaa", "wx-lead")]
)
async def test_another_s_button_answers_nothing(
    message: str | None, account: str
) -> None:
    async with opened(accounts=("lead",)) as office:
        card = await carded(office)

        assert await office.told(button(message or card, "1", account)) == [
            "no_message"
        ]
        assert await grids(office) == [State.CALLING, State.CALLING]


async def test_an_answer_by_button_ends_the_calls_on_every_channel() -> None:
    async with opened(lines=10, accounts=("lead",)) as office:
        card = await carded(office)
        await is_over(office, "lead", BUSY)
        await office.told(button(card, "1"))
        office.later(90)
        await office.engine.turn()

        assert await calls(office, "lead") == [(0, "lead")]
        assert {m.channel for m in await office.messages("lead")} == set(Channel)
        village = await office.callout(VILLAGE, Post.VILLAGE_HEAD)
        assert village.state is State.CALLING
