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


def test_what_a_warning_says_nowhere_is_not_named_as_supplied() -> None:
    silent = replace(BARE, event="", headline="")
    full, filled = complete(silent)

    assert full.description == ""
    assert filled == ("effective", "instruction", "issuer", "expires")


def rainy(level: Level, **said: str) -> Content:
    """A rain warning whose headline says its level."""
    known = {"headline": f"暴雨{level.zh}预警"} | said
    return replace(BARE, level=level, **known)  # type: ignore[arg-type] # texts only


def test_what_a_rule_had_supplied_is_supplied_anew_at_another_level() -> None:
    earlier, _ = complete(rainy(Level.YELLOW))
    full = inherit(rainy(Level.RED), earlier)

    assert full.instruction == action_text("11B03", "red")
    assert full.description == "暴雨红色预警"


def test_what_the_issuer_had_said_goes_on_at_another_level() -> None:
    earlier, _ = complete(rainy(Level.YELLOW, instruction="撤离", description="大雨"))
    full = inherit(rainy(Level.RED), earlier)

    assert (full.instruction, full.description) == ("撤离", "大雨")


def test_an_update_of_an_alert_that_said_nothing_to_do_says_what_fits_it() -> None:
    full = inherit(rainy(Level.ORANGE), rainy(Level.YELLOW))

    assert full.instruction == action_text("11B03", "orange")


def test_each_further_segment_of_an_update_says_all_of_it() -> None:
    milder = Segment(
        level=Level.BLUE, headline="外围降雨", areas=(Area(name="双潭镇"),)
    )
    update = replace(BARE, msg_type=MsgType.UPDATE, others=(milder,))
    full = inherit(update, WHOLE)

    assert full.others == (
        Segment(
            event_code="11B03",
            event="暴雨",
            level=Level.BLUE,
            headline="外围降雨",
            description="外围降雨",
            instruction=action_text("11B03", "blue"),
            issuer="县气象台",
            effective=SENT,
            expires=SENT + timedelta(hours=3),
            areas=(Area(name="双潭镇"),),
        ),
    )


def test_segments_of_the_alert_before_go_with_its_areas() -> None:
    milder = Segment(level=Level.BLUE, areas=(Area(name="双潭镇"),))
    earlier = replace(WHOLE, others=(milder,))
    full = inherit(replace(BARE, msg_type=MsgType.UPDATE), earlier)

    assert (full.areas, full.others) == (WHOLE.areas, (milder,))
