from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.model import Post, PostRef, UnitId
from contacts.model import UnitKind as Kind
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Level, Status
from dispatcher.core.callout import Mark, Rung, State, Via, callout_id, near
from dispatcher.core.fact import Opened
from dispatcher.core.plan import audience, level_policy, open_callouts
from tests.core.build import INFO, ORANGE, RED, START, ref
from tests.core.county import (
    FOG,
    POLICIES,
    RAIN,
    ROSTER,
    SCALE,
    content,
    first,
    launched,
    launching,
    unit,
    with_level,
)


def start_list(level: Level, *inside: str) -> list[tuple[str, str]]:
    """What a rain of a level opens, as (unit, post)."""
    return [(one.unit, one.post) for one in launched(content(level), *inside)]


def test_red_starts_those_who_move_the_rest_then_each_listed_post_of_the_area() -> None:
    opened = start_list(Level.RED, "grid", "safe grid", "another grid")

    assert opened == [
        ("township", "township_duty"),
        ("township", "township_leader"),
        ("county", "county_duty"),
        ("county", "county_leader"),
        ("another grid", "grid_lead"),
        ("grid", "grid_lead"),
        ("safe grid", "grid_lead"),
        ("village", "village_head"),
    ]


def test_two_villages_share_what_is_above_both() -> None:
    opened = start_list(Level.BLUE, "grid", "far grid")

    assert opened == [
        ("other township", "township_duty"),
        ("township", "township_duty"),
        ("far grid", "grid_lead"),
        ("grid", "grid_lead"),
    ]


def test_no_unit_below_the_area_is_started() -> None:
    assert start_list(Level.BLUE, "village") == [("township", "township_duty")]


@pytest.mark.parametrize(
    ("level", "expected"), [(Level.RED, RED), (Level.ORANGE, ORANGE)]
)
def test_the_shipped_ladder_is_the_one_the_rules_are_tested_by(
    level: Level, expected: object
) -> None:
    opened = first(content(level))

    assert expected == replace(opened.ladder, policy=f"{level} by hand")
    assert opened.ladder.policy == POLICIES.version


def test_the_first_fact_carries_all_that_the_callout_is() -> None:
    opened = first(content(Level.RED))

    assert opened == Opened(
        at=START,
        by="officer-7",
        id=callout_id(ChainId("chain"), UnitId("grid"), Post.GRID_LEAD, 2),
        alert=AlertId("alert"),
        chain=ChainId("chain"),
        epoch=2,
        unit=UnitId("grid"),
        post=Post.GRID_LEAD,
        level=Level.RED,
        policy_level=Level.RED,
        drill=False,
        risk=1,
        ladder=opened.ladder,
        state=State.WAITING,
    )


def test_a_shifted_hazard_keeps_its_colour_and_takes_the_stricter_ladder() -> None:
    opened = first(content(Level.ORANGE, SCALE))

    assert (opened.level, opened.policy_level) == (Level.ORANGE, Level.RED)
    assert opened.ladder.rungs == RED.rungs
    assert opened.ladder.require == ("evacuated_people",)


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_a_drill_opens_drill_callouts(status: Status) -> None:
    assert first(content(Level.RED, status=status)).drill


@pytest.mark.parametrize(
    ("level", "event_code"), [(Level.WHITE, RAIN), (Level.YELLOW, FOG)]
)
def test_who_is_only_told_gets_the_text_once_and_no_rungs_above(
    level: Level, event_code: str
) -> None:
    opened = first(content(level, event_code))

    assert opened.state is State.NOTIFIED
    assert opened.ladder.rungs == (
        Rung(at=0, posts=(ref(Post.GRID_LEAD),), tries=INFO, via=Via.INFO, own=True),
    )
    assert opened.ladder.feedback_by is None
    assert opened.ladder.policy == POLICIES.version


def test_a_red_fog_is_called() -> None:
    assert first(content(Level.RED, FOG)).state is State.WAITING


def test_a_notice_keeps_the_clocks_of_its_level() -> None:
    opened = first(content(Level.WHITE))

    policy = POLICIES.levels["blue"]
    assert opened.policy_level is Level.BLUE
    assert (opened.ladder.repeat.every, opened.ladder.repeat.most) == (7200, 1)
    assert (opened.ladder.taken_result, opened.ladder.received_by) == (
        policy.taken_result,
        policy.deadlines.received,
    )


def test_own_rungs_are_those_of_the_callout_s_own_unit() -> None:
    opened = first(content(Level.RED), Post.VILLAGE_HEAD, "village")

    assert [(rung.own, rung.via) for rung in opened.ladder.rungs] == [
        (True, Via.OWN),
        (True, Via.OWN),
        (False, Via.DIGEST),
        (False, Via.DIGEST),
    ]


def test_a_rung_without_posts_is_nobody_s_own() -> None:
    opened = first(content(Level.RED), Post.COUNTY_DUTY, "county")

    assert opened.ladder.rungs[1] == Rung(at=300, desk=Mark.MUST_CALL, via=Via.DIGEST)


def test_an_own_rung_that_only_tells_travels_as_information() -> None:
    grid = POLICIES.levels["blue"].ladders["grid_lead"][0]
    telling = replace(grid, tries="info")
    blue = replace(POLICIES.levels["blue"], ladders={"grid_lead": (telling,)})
    opened = open_callouts(
        launching(content(Level.BLUE), "grid"),
        with_level(blue.level, blue),
        ROSTER,
    )

    assert (opened[0].ladder.rungs[0].own, opened[0].ladder.rungs[0].via) == (
        True,
        Via.INFO,
    )


def test_a_rung_needs_as_many_answers_as_its_plan_says() -> None:
    first = replace(POLICIES.levels["red"].ladders["grid_lead"][0], need=2)
    red = replace(POLICIES.levels["red"], ladders={"grid_lead": (first,)})
    launch = launching(content(Level.RED), "grid")

    (opened,) = open_callouts(launch, with_level("red", red), ROSTER)

    assert opened.ladder.rungs[0].need == 2


def test_a_post_of_a_kind_of_unit_that_is_not_there_calls_nobody() -> None:
    alone = Roster.build([unit("grid", Kind.GRID, None)], [], [])
    launch = launching(content(Level.RED), "grid")

    (opened,) = open_callouts(launch, POLICIES, alone)

    assert [len(rung.posts) for rung in opened.ladder.rungs] == [1, 1, 0, 0, 0, 0]
    assert not any(rung.own for rung in opened.ladder.rungs[2:])


def test_the_audience_counts_people_once_and_names_the_vacant_posts() -> None:
    inside = map(UnitId, ("grid", "another grid", "safe grid"))

    called = audience(POLICIES, ROSTER, content(Level.RED), inside, START)

    assert [(one.unit, one.post) for one in called.posts] == start_list(
        Level.RED, "grid", "another grid", "safe grid"
    )
    assert called.missing == (
        ref(Post.COUNTY_LEADER),
        PostRef(UnitId("safe grid"), Post.GRID_LEAD),
    )
    assert called.people == 5


def test_the_policy_of_a_warning_is_that_of_its_shifted_level() -> None:
    level, policy = level_policy(POLICIES, content(Level.ORANGE, SCALE))

    assert (level, policy) == (Level.RED, POLICIES.levels["red"])


def test_a_launch_in_parts_opens_only_the_posts_of_the_part() -> None:
    start = launching(content(Level.RED), "grid")
    whole = open_callouts(start, POLICIES, ROSTER)
    part = [PostRef(one.unit, one.post) for one in whole[1:3]]

    assert open_callouts(start, POLICIES, ROSTER, part) == whole[1:3]


def test_callouts_of_one_place_begin_alike_and_are_never_the_same() -> None:
    def name(chain: str, unit: str, post: Post = Post.GRID_LEAD) -> str:
        return callout_id(ChainId(chain), UnitId(unit), post, 1)

    one = name("rain", "990421100201001")

    assert near(one) == near(name("rain", "990421100201001", Post.GRID_BACKUP))
    assert near(one) != near(name("rain", "990421100201002"))
    assert (
        near(one)[:2] == near(name("rain", "青石村"))[:2] != near(name("fog", "1"))[:2]
    )
    assert one != name("rain", "990422100201001") != name("rain", "青石村")
