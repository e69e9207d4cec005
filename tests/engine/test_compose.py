"""From attempts to messages: one text a person, and codes only where needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contacts.model import Post
from dispatcher.core.alert import Lane, Status
from dispatcher.core.callout import State
from dispatcher.engine.compose import short_id
from dispatcher.store import outbox
from tests.core.build import START
from tests.engine.office import GRIDS, Office


async def test_one_message_names_every_role_of_a_person(office: Office) -> None:
    await office.warn()
    [row] = await office.messages("lead")
    carried = await office.database.read(lambda c: outbox.carries(c, [row.id]))
    named = {(await office.callout(grid)).id for grid in GRIDS}

    assert "青石村第一网格、青石村2网格" in row.text
    assert named == {callout for _, callout in carried[row.id]}


async def test_a_code_is_asked_for_when_two_questions_are_open(office: Office) -> None:
    await office.warn()
    await office.warn(identifier="W-2", event="山洪", event_code="11A07")
    texts = {row.code: row.text for row in await office.messages("lead")}

    assert {"60", "61"} == texts.keys()
    assert "收到回1," in texts["60"]
    assert "收到回61," in texts["61"]


async def test_who_shares_a_telephone_shares_the_row_of_codes(office: Office) -> None:
    await office.warn()
    office.later(180)
    await office.sweep()
    rows = await office.messages("backup-1", "backup-2")

    assert {"60", "61"} == {row.code for row in rows}
    # one warning is one question to who reads it: nobody has to write a code
    assert ["收到回1" in row.text for row in rows] == [True, True]


async def test_the_next_text_of_a_question_says_which_time_it_is(
    office: Office,
) -> None:
    await office.warn()
    office.later(900)
    await office.sweep()
    texts = await office.texts("lead")

    assert ["第2次" in text for text in texts] == [False, True]
    assert len({row.code for row in await office.messages("lead")}) == 1


async def test_the_same_warning_makes_the_same_messages() -> None:
    assert short_id("a", "b") == short_id("a", "b") != short_id("ab")
    assert len(short_id("a")) == 16


@pytest.mark.parametrize(
    ("changes", "lane"),
    [({}, Lane.RED), ({"status": Status.EXERCISE}, Lane.DRILL)],
)
async def test_a_message_goes_down_the_lane_of_its_callout(
    office: Office, changes: dict[str, Any], lane: Lane
) -> None:
    await office.warn(**changes)
    [row] = await office.messages("lead")

    assert lane.order == row.lane
    assert row.drill == (lane is Lane.DRILL)


async def test_stand_ins_go_after_those_they_stand_in_for(office: Office) -> None:
    await office.warn()
    office.later(180)
    await office.sweep()
    [lead] = await office.messages("lead")
    stand_in, _ = await office.messages("backup-1", "backup-2")

    assert lead.place < stand_in.place


async def test_a_superior_hears_once_of_all_that_is_silent(office: Office) -> None:
    await office.warn()
    before = len(await office.messages("head"))
    office.later(300)
    await office.sweep()

    assert before == len(await office.messages("head"))

    office.later(10)
    await office.sweep()
    [row] = (await office.messages("head"))[before:]

    assert ("digest", START + timedelta(seconds=310)) == (row.purpose, row.created_at)
    assert "2个网格(村)未应答" in row.text


async def test_who_answered_while_a_digest_gathered_is_not_named(
    office: Office,
) -> None:
    await office.warn()
    office.later(300)
    await office.sweep()
    await office.engine.turn()
    await office.hears("lead", "1")
    office.later(10)
    await office.sweep()

    assert [m for m in await office.messages("head") if m.purpose == "digest"] == []
    assert (await office.callout(GRIDS[0])).state is State.ANSWERED
    assert (await office.callout(GRIDS[1], Post.GRID_LEAD)).state is State.ANSWERED
