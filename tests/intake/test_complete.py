"""What rules supply to a first alert, and what an Update takes over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.actions import action_text
from dispatcher.core.alert import Area, Content, Level, MsgType, Segment, Status
from dispatcher.intake.complete import complete, inherit

SENT = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
BARE = Content(
    sender="rain@chengxi",
    identifier="W-1",
    sent=SENT,
    status=Status.ACTUAL,
    msg_type=MsgType.ALERT,
    event_code="11B03",
    event="暴雨",
    level=Level.RED,
    headline="暴雨红色预警",
)
WHOLE = replace(
    BARE,
    description="3小时超100毫米",
    instruction="立即转移",
    issuer="县气象台",
    effective=SENT,
    expires=SENT + timedelta(hours=3),
    areas=(Area(name="柳林镇"),),
)


def test_what_is_left_out_is_supplied_and_named() -> None:
    full, filled = complete(BARE)

    assert filled == ("effective", "description", "instruction", "issuer", "expires")
    assert (full.effective, full.description, full.issuer, full.expires) == (
        SENT,
        "暴雨红色预警",
        "rain@chengxi",
        None,
    )
    assert full.instruction == action_text("11B03", "red")


def test_what_says_all_of_it_is_left_as_it_is() -> None:
    assert complete(WHOLE) == (WHOLE, ())


def test_each_segment_is_supplied_with_what_fits_its_level() -> None:
    milder = Segment(event_code="11B03", level=Level.BLUE, headline="暴雨蓝色预警")
    full, filled = complete(replace(WHOLE, others=(milder,)))

    assert filled == ("effective", "description", "instruction", "issuer", "expires")
    assert full.others[0].instruction == action_text("11B03", "blue")
    assert replace(full, others=()) == WHOLE


@pytest.mark.parametrize("kind", [MsgType.UPDATE, MsgType.CANCEL, MsgType.ACK])
def test_what_follows_another_alert_is_not_completed(kind: MsgType) -> None:
    follows = replace(BARE, msg_type=kind)

    assert complete(follows) == (follows, ())


def test_an_update_takes_over_what_it_leaves_out() -> None:
    update = Content(
        sender="rain@chengxi",
        identifier="W-2",
        sent=SENT + timedelta(hours=1),
        status=Status.ACTUAL,
        msg_type=MsgType.UPDATE,
    )
    full = inherit(update, WHOLE)

    taken = replace(full, identifier="W-1", sent=SENT, msg_type=MsgType.ALERT)
    assert taken == WHOLE


def test_what_an_update_says_itself_stays() -> None:
    update = replace(
        WHOLE,
        msg_type=MsgType.UPDATE,
        event_code="",
        event="山洪",
        level=Level.ORANGE,
        areas=(Area(name="双潭镇"),),
        instruction="撤离沟口",
    )

    assert inherit(update, replace(WHOLE, others=(Segment(),))) == update


LEVELS = ("red", "orange", "yellow", "blue", "unknown")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("code", ["", "11B03", "11A51", "11D02", "11Z99", "99999", "x"])
def test_there_is_a_short_order_for_every_hazard_and_level(
    code: str, level: str
) -> None:
    text = action_text(code, level)

    assert 0 < len(text) <= 16
    assert not set("【】{}") & set(text)


def test_the_longest_code_the_table_knows_decides() -> None:
    assert action_text("11A51", "red") == "立即转移沟口河边群众"
    assert action_text("11A99", "red") == "立即转移河边低处群众"
    assert action_text("11D02", "red") == action_text("11D03", "red")
