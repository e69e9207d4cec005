from __future__ import annotations

import pytest

from config.load import load_policies
from config.policy import Hazard
from dispatcher.core.alert import Content, Lane, Level, MsgType, Status
from dispatcher.core.policy import hazard, notify_only, policy_level
from tests.core.build import START, at

POLICIES = load_policies(None)


def warning(
    level: Level, *, starts: int | None = None, ends: int | None = None
) -> Content:
    """A warning that may say when it starts and ends, in seconds."""
    return Content(
        sender="met",
        identifier="1",
        sent=START,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        level=level,
        effective=None if starts is None else at(starts),
        expires=None if ends is None else at(ends),
    )


@pytest.mark.parametrize(
    ("issued", "shift", "held"),
    [
        (Level.BLUE, 0, Level.BLUE),
        (Level.YELLOW, 0, Level.YELLOW),
        (Level.ORANGE, 0, Level.ORANGE),
        (Level.RED, 0, Level.RED),
        (Level.BLUE, 1, Level.YELLOW),
        (Level.ORANGE, 1, Level.RED),
        (Level.RED, 1, Level.RED),
        (Level.YELLOW, 3, Level.RED),
        (Level.WHITE, 0, Level.BLUE),
        (Level.WHITE, 1, Level.YELLOW),
        (Level.UNKNOWN, 0, Level.YELLOW),
        (Level.UNKNOWN, 1, Level.ORANGE),
    ],
)
def test_a_hazard_shifts_the_level_and_stops_at_red(
    issued: Level, shift: int, held: Level
) -> None:
    assert held is policy_level(issued, Hazard(name="", level_shift=shift))


@pytest.mark.parametrize(
    ("ack", "told"),
    [
        ("required", {Level.WHITE}),
        ("notify_only_below_red", set(Level) - {Level.RED}),
        ("notify_only", set(Level)),
    ],
)
def test_who_is_only_told_is_judged_by_the_issued_level(
    ack: str, told: set[Level]
) -> None:
    kind = Hazard(name="", ack=ack, level_shift=3)

    assert told == {level for level in Level if notify_only(level, kind)}


def test_a_kind_of_event_the_policy_does_not_name_is_the_default() -> None:
    assert hazard(POLICIES, "11B03").name == "暴雨"
    assert hazard(POLICIES, "99X99") is POLICIES.default_hazard


def test_a_colour_has_its_chinese_name() -> None:
    names = [level.zh for level in Level]

    assert names == ["红色", "橙色", "黄色", "蓝色", "白色", "未知"]


def test_lanes_go_from_red_to_drill() -> None:
    lanes = sorted(Lane, key=lambda lane: lane.order)

    assert lanes == [Lane.RED, Lane.ORANGE, Lane.YELLOW, Lane.BLUE, Lane.DRILL]
