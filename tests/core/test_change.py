"""What alerts that follow one another make of a chain, unit by unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from contacts.model import Post, PostRef, UnitId
from dispatcher.core import fact as facts
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    ChainId,
    Level,
    Reference,
    Segment,
)
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId, CloseReason, State
from dispatcher.core.change import (
    Change,
    Lowers,
    Opens,
    Retells,
    There,
    Withdraws,
    changes,
    standing,
    with_those_above,
)
from dispatcher.core.event import Replanned, TextChanged, Withdrawn
from dispatcher.core.plan import rest_ladder
from tests.core.build import (
    ORANGE,
    RED,
    START,
    Life,
    at,
    opening,
    own,
    since,
    small,
)
from tests.core.county import POLICIES, RAIN, ROSTER, content

CHAIN = ChainId("first")
NAMED = (Reference(sender="met", identifier="0", sent=START),)
LEAD = PostRef(UnitId("grid"), Post.GRID_LEAD)
FAR = PostRef(UnitId("far grid"), Post.GRID_LEAD)
DUTY = PostRef(UnitId("county"), Post.COUNTY_DUTY)
LEADER = PostRef(UnitId("county"), Post.COUNTY_LEADER)


def alert(
    name: str,
    level: Level,
    *inside: str,
    sender: str = "met",
    state: AlertState = AlertState.ACTIVE,
    follows: bool = True,
) -> Alert:
    """One alert of the chain; one that follows names an alert of it."""
    said = replace(content(level), sender=sender, identifier=name)
    return Alert(
        id=AlertId(name),
        chain=CHAIN,
        content=replace(said, references=NAMED if follows else ()),
        state=state,
        received_at=START,
        received_by="key:met",
        policy_level=level,
        inside=inside or ("grid",),
    )


def there(
    post: PostRef, level: Level, *, by: str = "first", state: State = State.CALLING
) -> There:
    return There(
        id=CalloutId(f"{post.unit} {post.post}"),
        post=post,
        epoch=3,
        alert=AlertId(by),
        level=level,
        state=state,
    )


def told(
    chain: Iterable[Alert], *known: There, may_lower: bool = True
) -> dict[PostRef, Change]:
    """What becomes of each post; a post is never spoken of twice."""
    held = standing(POLICIES, ROSTER, chain)
    found = list(changes(held, {one.post: one for one in known}, may_lower=may_lower))
    by_post = {one.post: one for one in found}
    assert len(found) == len(by_post)
    return by_post


def test_a_first_alert_opens_its_start_list_the_few_above_first() -> None:
    found = told([alert("first", Level.RED)])

    assert {type(one) for one in found.values()} == {Opens}
    assert next(iter(found)).post is Post.TOWNSHIP_DUTY
    lead = found[LEAD]
    assert isinstance(lead, Opens)
    assert (lead.epoch, lead.supersedes) == (1, None)


def test_what_is_as_it_should_be_is_left_alone() -> None:
    known = [there(post, Level.RED) for post in told([alert("first", Level.RED)])]

    assert told([alert("first", Level.RED)], *known) == {}


def test_a_stricter_alert_supersedes_and_opens_the_next_epoch() -> None:
    old = alert("first", Level.ORANGE, state=AlertState.SUPERSEDED)
    found = told([old, alert("new", Level.RED)], there(LEAD, Level.ORANGE))[LEAD]

    assert isinstance(found, Opens)
    assert (found.epoch, found.supersedes) == (4, "grid grid_lead")
    assert found.stand.alert.id == "new"


def test_the_same_level_of_another_alert_is_said_anew() -> None:
    old = alert("first", Level.RED, state=AlertState.SUPERSEDED)
    found = told([old, alert("new", Level.RED)], there(LEAD, Level.RED))[LEAD]

    assert isinstance(found, Retells)
    assert found.stand.alert.id == "new"


@pytest.mark.parametrize("may_lower", [True, False])
def test_a_milder_alert_lowers_only_by_reference(*, may_lower: bool) -> None:
    chain = [
        alert("first", Level.RED, state=AlertState.SUPERSEDED),
        alert("new", Level.ORANGE),
    ]
    known = (there(LEAD, Level.RED), there(LEADER, Level.RED))
    found = told(chain, *known, may_lower=may_lower)

    lowered = {post: one for post, one in found.items() if isinstance(one, Lowers)}
    assert set(lowered) == ({LEAD, LEADER} if may_lower else set())
    starts = {post: one.starts for post, one in lowered.items()}
    assert starts == ({LEAD: True, LEADER: False} if may_lower else {})


def test_what_no_live_alert_covers_ends() -> None:
    chain = [
        alert("first", Level.RED, state=AlertState.CANCELLED),
        alert("new", Level.RED, "grid"),
    ]
    found = told(chain, there(FAR, Level.RED), there(LEAD, Level.RED, by="new"))

    assert isinstance(found[FAR], Withdraws)
    assert LEAD not in found


def test_what_has_ended_and_is_covered_again_opens_anew() -> None:
    closed = there(LEAD, Level.RED, state=State.CLOSED)
    found = told([alert("first", Level.RED)], closed)[LEAD]

    assert isinstance(found, Opens)
    assert (found.epoch, found.supersedes) == (4, None)


def test_what_has_ended_and_is_not_covered_stays_ended() -> None:
    closed = there(FAR, Level.RED, state=State.CLOSED)

    assert FAR not in told([alert("first", Level.RED)], closed)


def test_of_two_live_alerts_the_stricter_one_holds_and_of_equals_the_newer() -> None:
    chain = [
        alert("first", Level.ORANGE),
        alert("red", Level.RED, sender="hydro"),
        alert("newer", Level.ORANGE, sender="geo"),
    ]
    held = standing(POLICIES, ROSTER, chain)
    equal = standing(POLICIES, ROSTER, [chain[0], chain[2]])

    assert held.posts[LEAD].alert.id == "red"
    assert equal.posts[LEAD].alert.id == "newer"


def test_a_sender_who_speaks_again_withdraws_what_he_said_of_those_units() -> None:
    first = alert("first", Level.RED, "grid", "far grid", follows=False)
    first = replace(first, chain=ChainId("first"))
    again = alert("again", Level.ORANGE, "grid", follows=False)
    other = alert("other", Level.ORANGE, "grid", sender="hydro", follows=False)

    same = standing(POLICIES, ROSTER, [first, again])
    foreign = standing(POLICIES, ROSTER, [first, other])

    assert [same.posts[post].alert.id for post in (LEAD, FAR)] == ["again", "first"]
    assert foreign.posts[LEAD].alert.id == "first"


def test_a_sender_s_word_stays_withdrawn_when_the_later_one_has_ended() -> None:
    first = alert("first", Level.RED, "grid", follows=False)
    gone = alert("x", Level.RED, "grid", follows=False, state=AlertState.CANCELLED)

    assert standing(POLICIES, ROSTER, [first, gone]).posts == {}


def test_what_a_mistake_had_withdrawn_holds_again() -> None:
    first = alert("first", Level.RED, "grid", follows=False)
    gone = alert("x", Level.RED, "grid", follows=False, state=AlertState.CANCELLED)
    held = standing(POLICIES, ROSTER, [first, replace(gone, mistaken=True)])

    assert held.posts[LEAD].alert.id == "first"


def test_each_unit_takes_the_strictest_segment_that_covers_it() -> None:
    one = alert("first", Level.RED, "grid", "far grid")
    milder = Segment(event_code=RAIN, level=Level.YELLOW)
    both = replace(
        one,
        content=replace(one.content, others=(milder,)),
        shares=(("grid",), ("far grid", "grid")),
    )
    held = standing(POLICIES, ROSTER, [both])

    levels = {post: held.posts[post].content.level for post in (LEAD, FAR, DUTY)}
    assert levels == {LEAD: Level.RED, FAR: Level.YELLOW, DUTY: Level.RED}


def test_units_the_roster_has_dropped_are_left_out() -> None:
    assert with_those_above(ROSTER, ["grid", "gone"]) == {
        "grid",
        "village",
        "township",
        "county",
    }
    assert told([alert("first", Level.RED, "gone")]) == {}


def test_a_new_text_is_called_at_once_unless_a_call_is_near() -> None:
    far, near = Life(), Life()
    far.silence(400)
    near.silence(800)
    said = far.happen(TextChanged(alert=AlertId("new")), 400)
    soon = near.happen(TextChanged(alert=AlertId("new")), 800)

    assert [(one.kind, one.at_once) for one in said] == [("text_changed", True)]  # type: ignore[union-attr] # the one fact there is
    assert [one.at_once for one in soon] == [False]  # type: ignore[union-attr] # as above
    again = far.happen(TextChanged(alert=AlertId("new")), 401)
    assert again == ()


def test_after_a_new_text_its_repeats_ring_and_are_named_anew() -> None:
    life = Life()
    life.silence(1000)
    life.happen(TextChanged(alert=AlertId("new")), 1000)
    told_then = life.silence(2000)

    planned = [f for f in told_then if isinstance(f, facts.AttemptPlanned)]
    own = [f for f in planned if f.person == "a"]
    assert {(since(f.at), f.channel) for f in own} == {
        (1000, "sms"),
        (1000, "voice"),
        (1900, "sms"),
    }
    assert {f.attempt.split(".")[3] for f in own} == {"c1r0", "c1r1"}


def test_a_milder_plan_keeps_what_was_reached_and_the_clock() -> None:
    life = Life()
    life.silence(200)
    before = life.callout
    life.happen(lowered(), 250)
    after = life.callout

    assert after.runs[:2] == before.runs[:2]
    assert [rung.at for rung in after.ladder.rungs] == [0, 180, 600, 900, 1200]
    assert (after.level, after.opened_at) == (Level.ORANGE, START)


def lowered() -> Replanned:
    return Replanned(
        alert=AlertId("new"),
        level=Level.ORANGE,
        policy_level=Level.ORANGE,
        ladder=ORANGE,
    )


def test_what_is_overdue_by_a_milder_plan_starts_now_and_then_at_old_distances() -> (
    None
):
    life = Life()
    life.silence(200)
    life.happen(lowered(), 700)
    starts = [run.starts_at for run in life.callout.runs]

    assert starts == [None, None, at(700), at(1000), at(1300)]


def test_a_post_the_milder_policy_does_not_call_keeps_its_texts_only() -> None:
    life = Life()
    life.silence(100)
    rest = rest_ladder(POLICIES, content(Level.ORANGE))
    life.happen(replace(lowered(), ladder=rest), 150)
    told_then = life.silence(8000)

    planned = [f for f in told_then if isinstance(f, facts.AttemptPlanned)]
    own = {(since(f.at), f.channel) for f in planned if f.person == "a"}
    assert own == {(1800, "sms"), (3600, "sms"), (5400, "sms"), (7200, "sms")}


def test_what_has_ended_hears_of_no_change() -> None:
    life = Life()
    life.happen(Withdrawn(reason=CloseReason.CANCELLED), 10)

    assert life.happen(TextChanged(alert=AlertId("new")), 20) == ()
    assert life.happen(lowered(), 20) == ()


def test_repeats_of_a_quicker_plan_that_are_past_are_not_made_up_for() -> None:
    life = Life()
    life.silence(200)
    quick = replace(ORANGE, repeat=replace(ORANGE.repeat, every=100))
    life.happen(replace(lowered(), ladder=quick), 250)

    assert life.callout.repeats == 2


def test_a_post_that_is_not_called_any_more_keeps_its_own_people() -> None:
    life = Life()
    rest = rest_ladder(POLICIES, content(Level.ORANGE))
    life.happen(replace(lowered(), ladder=rest), 0)

    assert [rung.tries for rung in life.callout.ladder.rungs] == [()]


def test_what_becomes_of_a_call_for_help_is_taken_down_after_a_milder_plan() -> None:
    pair = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2), *RED.rungs[2:])
    life = Life(opening(pair))
    life.wake(0)
    life.say("a", Meaning.NEED_HELP, 20)
    life.wake(20)
    rest = rest_ladder(POLICIES, content(Level.ORANGE))
    life.happen(replace(lowered(), ladder=rest), 30)
    helped = [call for call in life.calls() if ".h." in call]

    assert helped
    for call in helped:
        told_then = life.unreached(call, 40)
        assert [fact.kind for fact in told_then][:1] == ["attempt_reported"]


def test_what_waits_to_be_launched_may_be_taken_back_until_then() -> None:
    plain = replace(alert("a", Level.RED), due_at=START)
    waits = replace(plain, due_at=START + timedelta(seconds=10))
    launched = replace(waits, launched_at=START)
    parked = replace(waits, state=AlertState.PARKED)

    assert [one.held_until for one in (plain, launched, parked)] == [None] * 3
    assert waits.held_until == START + timedelta(seconds=10)
    assert waits.held(START + timedelta(seconds=9))
    assert not waits.held(START + timedelta(seconds=10))
    assert not plain.held(START)
