from __future__ import annotations

from dataclasses import replace

from config.policy import PolicySet, RungPlan
from contacts.model import Post, PostRef, UnitId
from contacts.model import UnitKind as Kind
from contacts.roster import Roster
from dispatcher.core import fact as facts
from dispatcher.core.alert import Level
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Mark, Rung, State, Via
from dispatcher.core.event import Duty, TakenOver
from dispatcher.core.fact import Opened
from dispatcher.core.plan import audience, open_callouts, opens, seat
from tests.core.build import (
    BESIDE,
    COUNTY,
    HEAD,
    INFO,
    LEADER,
    NIGHT,
    ORANGE,
    RANGER,
    RED,
    START,
    TOWN,
    WATCHMAN,
    A,
    Life,
    duty,
    kinds,
    milestones,
    opening,
    own,
    planned,
    ref,
    small,
)
from tests.core.county import (
    FIRE,
    POLICIES,
    ROSTER,
    content,
    launched,
    launching,
    roster,
    unit,
    with_level,
)

RANGER_OF_VILLAGE = roster(("ranger", "village", Post.FOREST_RANGER))
GRID_RANGER = PostRef(UnitId("grid"), Post.FOREST_RANGER)
VILLAGE_RANGER = PostRef(UnitId("village"), Post.FOREST_RANGER)
RED_FIRE = content(Level.RED, FIRE)


def beside(
    people: Roster, *, policies: PolicySet = POLICIES, inside: str = "grid"
) -> list[Opened]:
    """The callouts beside grid leads that a red forest fire opens."""
    start = launching(RED_FIRE, inside)
    return [one for one in open_callouts(start, policies, people) if one.ladder.beside]


def with_first(*posts: str) -> PolicySet:
    """The shipped policies with these posts called first for a forest fire."""
    fire = replace(POLICIES.hazards[FIRE], ladder_first=posts)
    return replace(POLICIES, hazards={**POLICIES.hazards, FIRE: fire})


def test_each_grid_has_a_callout_of_its_ranger_on_the_lead_s_ladder() -> None:
    (opened,) = beside(RANGER_OF_VILLAGE)

    first, *above = opened.ladder.rungs
    assert (opened.unit, opened.post, opened.state) == (
        "grid",
        Post.FOREST_RANGER,
        State.WAITING,
    )
    assert first == replace(RED.rungs[0], posts=(VILLAGE_RANGER,))
    assert tuple(above) == RED.rungs[2:]


def test_the_shipped_ladder_beside_is_the_one_the_rules_are_tested_by() -> None:
    (opened,) = beside(RANGER_OF_VILLAGE)

    assert replace(opened.ladder, policy=BESIDE.policy) == BESIDE


def test_the_ranger_is_called_beside_the_lead_and_the_backup_not_instead() -> None:
    opened = launched(RED_FIRE, "grid", roster=RANGER_OF_VILLAGE)

    lead = next(one for one in opened if one.post is Post.GRID_LEAD)
    assert [one.post for one in opened if one.unit == "grid"] == [
        Post.GRID_LEAD,
        Post.FOREST_RANGER,
    ]
    assert lead.ladder.rungs == RED.rungs


def test_one_ranger_of_a_village_is_called_for_each_of_its_grids() -> None:
    start = launching(RED_FIRE, "grid", "another grid", "safe grid", "far grid")

    opened = open_callouts(start, POLICIES, RANGER_OF_VILLAGE)

    assert [one.unit for one in opened if one.ladder.beside] == [
        "another grid",
        "grid",
        "safe grid",
    ]


def test_a_village_s_own_post_sits_in_the_village() -> None:
    head = PostRef(UnitId("village"), Post.VILLAGE_HEAD)

    assert (seat(ROSTER, GRID_RANGER), seat(ROSTER, head)) == (VILLAGE_RANGER, head)


def test_a_grid_that_lies_in_no_village_has_no_ranger() -> None:
    alone = Roster.build([unit("grid", Kind.GRID, None)], [], [])

    assert seat(alone, GRID_RANGER) == GRID_RANGER


def test_without_a_ranger_nothing_opens_beside_and_the_post_is_missing() -> None:
    called = audience(POLICIES, ROSTER, RED_FIRE, [UnitId("grid")], START)

    assert beside(ROSTER) == []
    assert GRID_RANGER in called.posts
    assert GRID_RANGER in called.missing


def test_a_ranger_that_is_there_is_in_the_audience() -> None:
    called = audience(POLICIES, RANGER_OF_VILLAGE, RED_FIRE, [UnitId("grid")], START)
    without = audience(POLICIES, ROSTER, RED_FIRE, [UnitId("grid")], START)

    assert GRID_RANGER not in called.missing
    assert called.people == without.people + 1


def test_a_vacant_post_of_the_start_list_opens_all_the_same() -> None:
    assert opens(ROSTER, PostRef(UnitId("safe grid"), Post.GRID_LEAD), START)


def test_no_other_hazard_calls_the_ranger() -> None:
    opened = launched(content(Level.RED), "grid", roster=RANGER_OF_VILLAGE)

    assert Post.FOREST_RANGER not in {one.post for one in opened}


def test_who_is_only_told_of_a_fire_is_told_beside_as_well() -> None:
    opened = launched(content(Level.WHITE, FIRE), "grid", roster=RANGER_OF_VILLAGE)

    told = next(one for one in opened if one.post is Post.FOREST_RANGER)
    assert told.state is State.NOTIFIED
    assert told.ladder.rungs == (
        Rung(at=0, posts=(VILLAGE_RANGER,), tries=INFO, via=Via.INFO, own=True),
    )


def test_the_ladder_beside_keeps_the_night_of_its_hazard() -> None:
    opened = launched(content(Level.ORANGE, FIRE), "grid", roster=RANGER_OF_VILLAGE)

    (ranger,) = (one for one in opened if one.ladder.beside)
    assert ranger.ladder.night == NIGHT
    assert ranger.ladder.rungs[1:] == ORANGE.rungs[2:]


def test_a_policy_that_calls_no_lead_calls_nobody_beside_him() -> None:
    red = POLICIES.levels["red"]
    ladders = {name: plan for name, plan in red.ladders.items() if name != "grid_lead"}

    policies = with_level("red", replace(red, ladders=ladders))

    assert beside(RANGER_OF_VILLAGE, policies=policies) == []


def test_a_backup_may_be_called_beside_the_lead_on_a_ladder_of_his_own() -> None:
    people = roster(("backup", "grid", Post.GRID_BACKUP))

    (opened,) = beside(people, policies=with_first("grid_backup"))

    assert opened.ladder.rungs == (
        replace(RED.rungs[0], posts=(ref(Post.GRID_BACKUP),)),
        *RED.rungs[2:],
    )


def test_a_ranger_with_a_ladder_of_his_village_is_called_beside_each_lead_too() -> None:
    red = POLICIES.levels["red"]
    plan = (RungPlan(at=0, call=("forest_ranger",), tries="text"),)
    ladders = {**red.ladders, "forest_ranger": plan}
    policies = with_level("red", replace(red, ladders=ladders))
    start = launching(RED_FIRE, "grid")

    opened = [
        (one.unit, len(one.ladder.rungs), one.ladder.beside)
        for one in open_callouts(start, policies, RANGER_OF_VILLAGE)
        if one.post is Post.FOREST_RANGER
    ]

    assert opened == [("village", 1, False), ("grid", 5, True)]


def test_the_lead_is_not_called_beside_himself() -> None:
    start = launching(RED_FIRE, "grid")

    opened = open_callouts(start, with_first("grid_lead"), ROSTER)

    assert [one.post for one in opened].count(Post.GRID_LEAD) == 1
    assert not any(one.ladder.beside for one in opened)


def test_where_lead_and_backup_are_called_together_the_ranger_takes_their_place() -> (
    None
):
    red = POLICIES.levels["red"]
    plan = (
        RungPlan(at=0, call=("grid_lead", "grid_backup"), tries="urgent", need=2),
        RungPlan(at=60, call=("grid_lead",), tries="text"),
        RungPlan(at=300, call=("village_head",), tries="digest"),
    )
    policies = with_level("red", replace(red, ladders={"grid_lead": plan}))

    (opened,) = beside(RANGER_OF_VILLAGE, policies=policies)

    assert [(rung.at, rung.posts, rung.own) for rung in opened.ladder.rungs] == [
        (0, (VILLAGE_RANGER,), True),
        (60, (VILLAGE_RANGER,), True),
        (300, (ref(Post.VILLAGE_HEAD),), False),
    ]


ABOVE = (HEAD, WATCHMAN, TOWN, COUNTY, LEADER)
LEAD_SILENT = duty(RANGER, *ABOVE)
LEAD_AWAKE = replace(LEAD_SILENT, lead_awake=True)


def ranger(on_duty: Duty) -> Life:
    """A ranger's callout beside the lead of his grid."""
    return Life(opening(BESIDE, post=Post.FOREST_RANGER), on_duty)


def test_while_the_lead_has_answered_only_the_ranger_is_called() -> None:
    life = ranger(LEAD_AWAKE)

    told = life.silence(1800)

    assert planned(told) == [
        (0, "0.ranger.0.wechat.ranger1"),
        (0, "0.ranger.0.sms.ranger1"),
        (0, "0.ranger.0.voice.ranger1"),
        (90, "0.ranger.1.voice.ranger1"),
        (200, "0.ranger.2.voice.ranger1"),
        (900, "0.ranger.r1.sms.ranger1"),
        (1800, "0.ranger.r2.sms.ranger1"),
        (1800, "0.ranger.r2.voice.ranger1"),
    ]
    assert (life.callout.marks, life.callout.tasks) == ((), ())
    assert {
        fact.people
        for fact in told
        if isinstance(fact, facts.RungReached) and fact.rung
    } == {()}


def test_while_the_lead_has_answered_the_desk_is_told_nothing() -> None:
    life = ranger(LEAD_AWAKE)

    life.silence(24 * 3600)

    assert not [name for _, name in planned(life.facts) if ".county." in name]
    assert (life.callout.state, life.callout.owner) == (State.DESK, COUNTY.person)


def test_while_the_lead_is_silent_too_everybody_above_hears_of_it() -> None:
    told = ranger(LEAD_SILENT).silence(960)

    assert milestones(told) == [
        (0, "rung 0 by time"),
        (300, "mark not_awakened"),
        (300, "task door_knock for head"),
        (300, "rung 1 by time"),
        (480, "rung 2 by time"),
        (600, "mark must_call"),
        (600, "rung 3 by time"),
        (900, "rung 4 by time"),
        (900, "repeat 1"),
        (960, "desk of county"),
    ]


def test_who_was_reached_before_the_lead_answered_is_left_alone_after() -> None:
    life = ranger(LEAD_SILENT)
    life.silence(310)
    life.duty = LEAD_AWAKE

    told = life.silence(899)

    assert planned(told) == []
    assert life.callout.marks == (Mark.NOT_AWAKENED,)


def test_a_rung_of_the_ranger_himself_puts_nothing_on_the_board_either() -> None:
    watched = replace(own(0, Post.FOREST_RANGER), desk=Mark.WATCH)
    ladder = replace(small(watched), beside=True)
    life = Life(opening(ladder, post=Post.FOREST_RANGER), LEAD_AWAKE)

    life.silence(260)

    assert life.callout.marks == ()
    assert not [name for _, name in planned(life.facts) if ".d" in name]


def test_the_lead_s_answer_stops_nobody_on_any_other_ladder() -> None:
    life = Life(on_duty=replace(duty(), lead_awake=True))

    assert (300, "mark not_awakened") in milestones(life.silence(300))


def test_a_take_over_that_lapses_while_the_lead_has_answered_calls_nobody_above() -> (
    None
):
    life = ranger(LEAD_SILENT)
    life.silence(310)
    life.happen(TakenOver(taker="head", message="m1"), 310)
    life.duty = LEAD_AWAKE

    told = life.silence(1799)

    assert [name for _, name in planned(told)] == ["0.ranger.r1.sms.ranger1"]


def test_a_ranger_who_cries_for_help_is_heard_above_whoever_has_answered() -> None:
    life = ranger(LEAD_AWAKE)
    life.silence(0)
    life.say("ranger", Meaning.NEED_HELP, 40)

    told = life.silence(40)

    assert (40, "1.head.h.voice.head1") in planned(told)


def test_the_ranger_s_answer_is_the_own_answer_of_his_callout() -> None:
    life = ranger(LEAD_SILENT)
    life.silence(0)

    life.say("ranger", Meaning.RECEIVED, 40)

    assert State.ANSWERED is life.callout.state


def test_without_people_above_the_ladder_still_comes_to_its_end() -> None:
    life = ranger(replace(duty(A), lead_awake=True))

    told = life.silence(960)

    assert "rung_struck" in kinds(told)
    assert life.callout.state is State.DESK
