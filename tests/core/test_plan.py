from __future__ import annotations

from dataclasses import replace

import pytest

from config.load import load_policies
from config.policy import PolicySet
from contacts.model import Holding, Person, PersonId, Post, PostRef, Unit, UnitId
from contacts.model import UnitKind as Kind
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Content, Level, MsgType, Status
from dispatcher.core.callout import Mark, Rung, State, Via, callout_id
from dispatcher.core.fact import Opened
from dispatcher.core.plan import Launch, audience, level_policy, open_callouts
from tests.core.build import INFO, ORANGE, RED, START, ref

POLICIES = load_policies(None)
RAIN, FOG, SCALE = "11B03", "11B17", "11A51"


def unit(name: str, kind: Kind, parent: str | None, risk: int = 9) -> Unit:
    """A unit whose name is its code."""
    return Unit(
        id=UnitId(name),
        kind=kind,
        name=name,
        parent=None if parent is None else UnitId(parent),
        code_system="DEMO",
        risk=risk,
    )


UNITS = (
    unit("county", Kind.COUNTY, None),
    unit("township", Kind.TOWNSHIP, "county"),
    unit("other township", Kind.TOWNSHIP, "county"),
    unit("village", Kind.VILLAGE, "township"),
    unit("far village", Kind.VILLAGE, "other township"),
    unit("safe grid", Kind.GRID, "village", 5),
    unit("grid", Kind.GRID, "village", 1),
    unit("another grid", Kind.GRID, "village", 1),
    unit("far grid", Kind.GRID, "far village", 1),
)
HELD = {
    "lead": (("grid", Post.GRID_LEAD), ("another grid", Post.GRID_LEAD)),
    "head": (("village", Post.VILLAGE_HEAD),),
    "town": (("township", Post.TOWNSHIP_DUTY),),
    "boss": (("township", Post.TOWNSHIP_LEADER),),
    "county": (("county", Post.COUNTY_DUTY),),
}
ROSTER = Roster.build(
    UNITS,
    [Person(id=PersonId(name), name=name, addresses=()) for name in HELD],
    [
        Holding(ref=PostRef(UnitId(place), post), person=PersonId(name))
        for name, posts in HELD.items()
        for place, post in posts
    ],
)


def content(
    level: Level, event_code: str = RAIN, status: Status = Status.ACTUAL
) -> Content:
    """A warning of a level."""
    return Content(
        sender="met",
        identifier="1",
        sent=START,
        status=status,
        msg_type=MsgType.ALERT,
        event_code=event_code,
        level=level,
    )


def launching(warning: Content, *inside: str) -> Launch:
    """The second epoch of a chain, over these units."""
    return Launch(
        alert=AlertId("alert"),
        chain=ChainId("chain"),
        epoch=2,
        content=warning,
        inside=frozenset(map(UnitId, inside)),
        at=START,
        by="officer-7",
    )


def launched(warning: Content, *inside: str) -> tuple[Opened, ...]:
    """What opens when a warning covers these units."""
    return open_callouts(launching(warning, *inside or ("grid",)), POLICIES, ROSTER)


def start_list(level: Level, *inside: str) -> list[tuple[str, str]]:
    """What a rain of a level opens, as (unit, post)."""
    return [(one.unit, one.post) for one in launched(content(level), *inside)]


def test_red_starts_each_listed_post_inside_the_area_and_above_it() -> None:
    opened = start_list(Level.RED, "grid", "safe grid", "another grid")

    assert opened == [
        ("another grid", "grid_lead"),
        ("grid", "grid_lead"),
        ("safe grid", "grid_lead"),
        ("village", "village_head"),
        ("township", "township_duty"),
        ("township", "township_leader"),
        ("county", "county_duty"),
        ("county", "county_leader"),
    ]


def test_two_villages_share_what_is_above_both() -> None:
    opened = start_list(Level.BLUE, "grid", "far grid")

    assert opened == [
        ("far grid", "grid_lead"),
        ("grid", "grid_lead"),
        ("other township", "township_duty"),
        ("township", "township_duty"),
    ]


def test_no_unit_below_the_area_is_started() -> None:
    assert start_list(Level.BLUE, "village") == [("township", "township_duty")]


@pytest.mark.parametrize(
    ("level", "expected"), [(Level.RED, RED), (Level.ORANGE, ORANGE)]
)
def test_the_shipped_ladder_is_the_one_the_rules_are_tested_by(
    level: Level, expected: object
) -> None:
    opened = launched(content(level))[0]

    assert expected == replace(opened.ladder, policy=f"{level} by hand")
    assert opened.ladder.policy == POLICIES.version


def test_the_first_fact_carries_all_that_the_callout_is() -> None:
    opened = launched(content(Level.RED))[0]

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
    opened = launched(content(Level.ORANGE, SCALE))[0]

    assert (opened.level, opened.policy_level) == (Level.ORANGE, Level.RED)
    assert opened.ladder.rungs == RED.rungs
    assert opened.ladder.require == ("evacuated_people",)


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_a_drill_opens_drill_callouts(status: Status) -> None:
    assert launched(content(Level.RED, status=status))[0].drill


@pytest.mark.parametrize(
    ("level", "event_code"), [(Level.WHITE, RAIN), (Level.YELLOW, FOG)]
)
def test_who_is_only_told_gets_the_text_once_and_no_rungs_above(
    level: Level, event_code: str
) -> None:
    opened = launched(content(level, event_code))[0]

    assert opened.state is State.NOTIFIED
    assert opened.ladder.rungs == (
        Rung(at=0, posts=(ref(Post.GRID_LEAD),), tries=INFO, via=Via.INFO, own=True),
    )
    assert opened.ladder.feedback_by is None
    assert opened.ladder.policy == POLICIES.version


def test_a_red_fog_is_called() -> None:
    assert launched(content(Level.RED, FOG))[0].state is State.WAITING


def test_a_notice_keeps_the_clocks_of_its_level() -> None:
    opened = launched(content(Level.WHITE))[0]

    policy = POLICIES.levels["blue"]
    assert opened.policy_level is Level.BLUE
    assert (opened.ladder.repeat.every, opened.ladder.repeat.most) == (7200, 1)
    assert (opened.ladder.taken_result, opened.ladder.received_by) == (
        policy.taken_result,
        policy.deadlines.received,
    )


def test_own_rungs_are_those_of_the_callout_s_own_unit() -> None:
    opened = launched(content(Level.RED), "village")[0]

    assert opened.post is Post.VILLAGE_HEAD
    assert [(rung.own, rung.via) for rung in opened.ladder.rungs] == [
        (True, Via.OWN),
        (True, Via.OWN),
        (False, Via.DIGEST),
        (False, Via.DIGEST),
    ]


def test_a_rung_without_posts_is_nobody_s_own() -> None:
    opened = launched(content(Level.RED), "county")[0]

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


def with_level(level: str, policy: object) -> PolicySet:
    """The shipped policies with another one for a level."""
    return replace(POLICIES, levels={**POLICIES.levels, level: policy})  # type: ignore[dict-item] # `replace` is not checked, the mapping is


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

    called = audience(POLICIES, ROSTER, content(Level.RED), inside)

    assert [(one.unit, one.post) for one in called.posts] == start_list(
        Level.RED, "grid", "another grid", "safe grid"
    )
    assert called.missing == (
        PostRef(UnitId("safe grid"), Post.GRID_LEAD),
        ref(Post.COUNTY_LEADER),
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
