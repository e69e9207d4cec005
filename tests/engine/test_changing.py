"""Alerts that follow one another: update, level up and down, area, merge, late ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contacts.model import Holding, PersonId, Post, PostRef
from contacts.roster import Roster
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    Area,
    Level,
    MsgType,
    ParkReason,
    Reference,
    Segment,
    Status,
)
from dispatcher.core.callout import CloseReason, State
from dispatcher.core.fact import Replanned, TextChanged
from dispatcher.store import alerts, callouts, people
from tests.core.build import START, since
from tests.engine.office import (
    COUNTY,
    GRIDS,
    RED_RAIN,
    VILLAGE,
    Office,
    opened,
    village,
)
from tests.engine.telephony import until

FIRST = Reference(sender=RED_RAIN.sender, identifier="W-1", sent=RED_RAIN.sent)
ORANGE: dict[str, Any] = {"level": Level.ORANGE, "headline": "暴雨橙色预警"}
ONE, TWO = ((Area(units=(unit,)),) for unit in GRIDS)


def update(identifier: str = "W-2", **changes: Any) -> dict[str, Any]:
    """An Update of the first warning; what it leaves out is inherited."""
    return {
        "identifier": identifier,
        "msg_type": MsgType.UPDATE,
        "references": (FIRST,),
        **changes,
    }


def cancel(*references: Reference, identifier: str = "C-1") -> dict[str, Any]:
    return {
        "identifier": identifier,
        "msg_type": MsgType.CANCEL,
        "references": references or (FIRST,),
    }


async def alert(office: Office, name: str) -> Alert:
    found = await office.database.read(lambda c: alerts.find(c, AlertId(name)))
    assert found
    return found


async def sent(office: Office) -> None:
    """Let everything go out, and be delivered."""
    await office.engine.turn()


async def kinds(office: Office, unit: str, post: Post = Post.GRID_LEAD) -> list[str]:
    [one] = await office.callouts(unit, post)
    facts = await office.database.read(lambda c: callouts.facts_of(c, one.id))
    return [fact.kind for fact in facts]


async def test_an_update_at_the_same_level_changes_the_text_of_the_same_callout(
    office: Office,
) -> None:
    first = await office.warn()
    office.later(30)
    second = await office.warn(**update(instruction="向东撤离"))
    one = await office.callout(GRIDS[0])

    assert (one.alert, one.epoch, one.opened_at) == (second, 1, START)
    assert (await alert(office, first)).state is AlertState.SUPERSEDED
    assert (await alert(office, second)).chain == first
    assert "text_changed" in await kinds(office, GRIDS[0])


async def test_who_has_answered_gets_the_new_text_once_and_no_call(
    office: Office,
) -> None:
    await office.warn()
    await sent(office)
    office.later(40)
    await office.hears("lead", "1")
    office.later(20)
    await office.warn(**update(instruction="向东撤离"))
    await until(office, 4000)

    new = [text for text in await office.texts("lead") if "向东撤离" in text]
    assert len(new) == 1
    assert (await office.callout(GRIDS[0])).state is State.ANSWERED


async def test_who_has_not_answered_hears_it_at_once_where_no_try_is_near(
    office: Office,
) -> None:
    await office.warn()
    await until(office, 400)  # his last try was at 200, his next repeat is at 900
    await office.warn(**update(instruction="向东撤离"))
    rows = await office.messages("lead")

    assert [since(r.created_at) for r in rows if "向东撤离" in r.text] == [400]


async def test_repeats_are_counted_anew_from_the_new_text(office: Office) -> None:
    await office.warn()
    await until(office, 400)
    await office.warn(**update(instruction="向东撤离"))
    await until(office, 2300)
    rows = await office.messages("lead")

    assert [since(r.created_at) for r in rows if "向东撤离" in r.text] == [
        400,
        1300,
        2200,
    ]


async def test_a_try_that_is_near_tells_the_new_text(office: Office) -> None:
    await office.warn()
    await until(office, 850)
    await office.warn(**update(instruction="向东撤离"))
    await until(office, 910)
    rows = await office.messages("lead")

    assert [since(r.created_at) for r in rows if "向东撤离" in r.text] == [900]


async def test_a_stricter_level_opens_anew_and_an_old_answer_does_not_count(
    office: Office,
) -> None:
    await office.warn(**ORANGE)
    await sent(office)
    office.later(40)
    await office.hears("lead", "1")
    await office.warn(**update(level=Level.RED, headline="暴雨红色预警"))
    old, new = sorted(await office.callouts(GRIDS[0]), key=lambda one: one.epoch)

    assert (old.state, old.close_reason) == (State.CLOSED, CloseReason.SUPERSEDED)
    assert (new.state, new.epoch, new.level) == (State.CALLING, 2, Level.RED)
    assert since(new.opened_at) == 40


async def test_only_units_of_the_stricter_alert_and_those_above_open_anew(
    office: Office,
) -> None:
    await office.warn(**ORANGE)
    await office.warn(**update(level=Level.RED, areas=ONE, identifier="W-2"))
    here = await office.callouts(GRIDS[0])
    there = await office.callouts(GRIDS[1])
    desk = await office.callouts(COUNTY, Post.COUNTY_DUTY)

    assert [len(found) for found in (here, desk)] == [2, 2]
    # The update withdrew the first alert, which nobody has issued for the other grid.
    assert [one.close_reason for one in there] == [CloseReason.CANCELLED]


async def test_a_milder_level_keeps_the_clock_and_fires_no_burst(
    office: Office,
) -> None:
    await office.warn()
    await until(office, 400)
    before = await office.callout(GRIDS[0])
    attempts = before.attempt_count
    await office.warn(**update(**ORANGE))
    one = await office.callout(GRIDS[0])

    assert (one.opened_at, one.epoch, one.level) == (START, 1, Level.ORANGE)
    assert one.attempt_count == attempts
    assert one.runs[0] == before.runs[0]
    # Red would have called the township at 480; orange does at 900.
    await until(office, 920)
    digests = [r for r in await office.messages("town") if r.purpose == "digest"]
    assert [since(r.created_at) for r in digests if since(r.created_at) > 400] == [910]


async def test_a_post_the_milder_policy_does_not_start_keeps_text_repeats_only(
    office: Office,
) -> None:
    await office.warn()
    await until(office, 10)
    await office.warn(**update(**ORANGE))
    chief = await office.callout(COUNTY, Post.COUNTY_LEADER)

    assert chief.ladder.repeat.voice_every is None
    assert all(len(r.tries) <= 1 for r in chief.ladder.rungs)


async def test_an_area_that_is_added_opens_new_units_only(office: Office) -> None:
    await office.warn(areas=ONE)
    office.later(60)
    await office.warn(**update(areas=(*ONE, *TWO)))
    here, there = await office.callout(GRIDS[0]), await office.callout(GRIDS[1])

    assert [since(one.opened_at) for one in (here, there)] == [0, 60]
    assert (await office.callout(COUNTY, Post.COUNTY_DUTY)).epoch == 1


async def test_who_an_update_leaves_out_is_told_that_it_is_over_once(
    office: Office,
) -> None:
    await office.warn()
    await sent(office)
    office.later(30)
    await office.warn(**update(areas=TWO))
    await until(office, 100)

    # Their telephone is shared; of the two only the first grid's is left out, and
    # nobody of it had been reached by then.
    assert (await office.callout(GRIDS[0])).close_reason is CloseReason.CANCELLED
    assert (await office.callout(GRIDS[1])).open
    assert [text for text in await office.texts("lead") if "解除" in text] == []


async def test_a_warning_of_the_same_kind_and_place_joins_the_chain(
    office: Office,
) -> None:
    first = await office.warn()
    office.later(600)
    second = await office.warn(identifier="W-2", sender="hydro@chengxi")
    late = START + timedelta(seconds=600 + 901)
    office.clock.move_to(late)
    third = await office.warn(identifier="W-3", sender="hydro@chengxi")

    assert (await alert(office, second)).chain == first
    assert (await alert(office, third)).chain == third


async def test_drill_and_live_never_join(office: Office) -> None:
    await office.warn()
    drill = await office.warn(identifier="W-2", status=Status.EXERCISE)

    assert (await alert(office, drill)).chain == drill


async def test_a_milder_warning_that_merely_joins_lowers_nothing(
    office: Office,
) -> None:
    await office.warn()
    await office.warn(identifier="W-2", sender="hydro@chengxi", **ORANGE)

    one = await office.callout(GRIDS[0])
    assert (one.level, one.epoch) == (Level.RED, 1)


async def test_a_unit_keeps_the_strictest_alert_that_is_left(office: Office) -> None:
    await office.warn()
    other = await office.warn(identifier="W-2", sender="hydro@chengxi", **ORANGE)
    await office.warn(**cancel())
    one = await office.callout(GRIDS[0])

    assert (one.alert, one.level, one.open) == (other, Level.ORANGE, True)
    assert isinstance((await facts(office, GRIDS[0]))[-1], Replanned)
    hydro = Reference(sender="hydro@chengxi", identifier="W-2", sent=RED_RAIN.sent)
    await office.warn(**cancel(hydro, identifier="C-2"), sender="hydro@chengxi")
    assert (await office.callout(GRIDS[0])).close_reason is CloseReason.CANCELLED


async def facts(office: Office, unit: str) -> list[Any]:
    [one] = await office.callouts(unit)
    return await office.database.read(lambda c: callouts.facts_of(c, one.id))


async def test_an_update_of_what_is_not_here_waits_and_acts_when_that_comes(
    office: Office,
) -> None:
    late = await office.warn(**update(instruction="向东撤离"), areas=())
    parked = await alert(office, late)
    first = await office.warn()
    released = await alert(office, late)

    assert (parked.state, parked.reason) == (
        AlertState.PARKED,
        ParkReason.UNKNOWN_REFERENCE,
    )
    assert (released.state, released.chain) == (AlertState.ACTIVE, first)
    assert (await alert(office, first)).state is AlertState.SUPERSEDED
    await office.sweep()
    assert (await office.callout(GRIDS[0])).alert == late


async def test_a_cancel_that_comes_first_lets_nobody_be_called(office: Office) -> None:
    early = await office.warn(**cancel())
    first = await office.warn()

    assert (await alert(office, first)).state is AlertState.CANCELLED
    assert (await alert(office, early)).state is AlertState.CLOSED
    assert await office.messages() == []


async def test_an_update_of_another_sender_is_parked(office: Office) -> None:
    first = await office.warn()
    foreign = await office.warn(**update(), sender="someone@else")

    assert (await alert(office, foreign)).reason is ParkReason.FOREIGN_SENDER
    assert (await alert(office, first)).state is AlertState.ACTIVE


async def test_an_old_feed_played_again_calls_nobody(office: Office) -> None:
    over = START - timedelta(hours=1)
    await office.warn(expires=over, effective=over - timedelta(hours=3))
    await office.warn(**update(expires=over))

    assert await office.messages() == []


async def test_each_unit_hears_the_strictest_segment_that_covers_it(
    office: Office,
) -> None:
    milder = Segment(
        event_code="11B03",
        event="暴雨",
        level=Level.ORANGE,
        headline="暴雨橙色预警",
        description="3小时超50毫米",
        instruction="注意防范",
        issuer="澄溪县气象台",
        areas=TWO,
    )
    name = await office.warn(areas=ONE, others=(milder,))
    red, orange = await office.callout(GRIDS[0]), await office.callout(GRIDS[1])
    county = await office.callout(COUNTY, Post.COUNTY_DUTY)

    assert [one.level for one in (red, orange, county)] == [
        Level.RED,
        Level.ORANGE,
        Level.RED,
    ]
    assert (await alert(office, name)).shares == ((GRIDS[0],), (GRIDS[1],))


async def test_a_change_goes_on_after_each_piece_of_it(office: Office) -> None:
    await office.warn(**ORANGE)
    await office.warn(**update(level=Level.RED))
    found = [one for unit in GRIDS for one in await office.callouts(unit)]

    await office.sweep()
    await office.sweep()

    again = [one for unit in GRIDS for one in await office.callouts(unit)]
    assert sorted(one.id for one in again) == sorted(one.id for one in found)


async def test_an_answer_to_the_old_code_is_none_to_the_new_warning(
    office: Office,
) -> None:
    await office.warn(**ORANGE)
    await sent(office)
    [old] = {row.code for row in await office.messages("lead")}
    office.later(60)
    await office.warn(**update(level=Level.RED))
    await sent(office)
    office.later(60)
    await office.hears("lead", f"{old} 1")
    new = max(await office.callouts(GRIDS[0]), key=lambda one: one.epoch)

    assert new.answers == ()


async def test_facts_of_a_change_name_the_alert_and_who_brought_it(
    office: Office,
) -> None:
    await office.warn()
    name = await office.warn(**update(instruction="向东撤离"))
    [changed] = [
        one for one in await facts(office, GRIDS[0]) if isinstance(one, TextChanged)
    ]

    assert (changed.alert, changed.by) == (name, "key:gauge")


async def test_a_red_that_a_machine_lifts_rings_the_desk() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await until(office, 100, rings_out=True)
        await office.warn(**cancel())
        asked = [r for r in await office.messages("county") if "请核实" in r.text]

        assert sorted(row.channel for row in asked) == ["sms", "voice"]
        assert "2个网格未应答" in asked[0].text


async def test_a_milder_warning_that_a_machine_lifts_asks_nobody(
    office: Office,
) -> None:
    await office.warn(**ORANGE)
    await office.warn(**cancel())

    assert [r for r in await office.messages() if "请核实" in r.text] == []


async def test_an_update_of_itself_supersedes_nothing(office: Office) -> None:
    own = Reference(sender=RED_RAIN.sender, identifier="W-2", sent=RED_RAIN.sent)
    name = await office.warn(**update(references=(own,)))

    assert (await alert(office, name)).reason is ParkReason.UNKNOWN_REFERENCE


async def test_two_updates_of_each_other_leave_the_newer_one(office: Office) -> None:
    first = await office.warn(**update(identifier="W-2", references=(third_of(),)))
    second = await office.warn(**update(identifier="W-3", references=(second_of(),)))

    assert (await alert(office, first)).state is AlertState.SUPERSEDED
    assert (await alert(office, second)).state is AlertState.ACTIVE


def second_of() -> Reference:
    return Reference(sender=RED_RAIN.sender, identifier="W-2", sent=RED_RAIN.sent)


def third_of() -> Reference:
    return Reference(sender=RED_RAIN.sender, identifier="W-3", sent=RED_RAIN.sent)


async def test_an_alert_that_comes_after_two_updates_of_it_calls_nobody_anew(
    office: Office,
) -> None:
    early = await office.warn(**update(identifier="W-2"))
    assert (await alert(office, early)).state is AlertState.PARKED
    newest = await office.warn(
        **update(identifier="W-3", references=(FIRST, second_of()))
    )
    first = await office.warn()

    assert (await alert(office, first)).state is AlertState.SUPERSEDED
    assert (await alert(office, newest)).state is AlertState.ACTIVE
    assert len(await office.callouts(GRIDS[0])) == 1


async def test_a_milder_plan_for_a_post_that_nobody_holds_any_more_is_texts_only(
    office: Office,
) -> None:
    ranger = Holding(ref=PostRef(VILLAGE, Post.FOREST_RANGER), person=PersonId("chief"))
    plain = village()
    with_ranger = Roster.build(
        plain.units.values(), plain.people.values(), (*plain.holdings, ranger)
    )
    fire = {"event_code": "11B25", "event": "森林火险"}
    await office.database.write(lambda c: people.save_roster(c, with_ranger))
    await office.keeper.refresh()
    await office.warn(**fire)
    await office.database.write(lambda c: people.save_roster(c, plain))
    await office.keeper.refresh()
    second = await office.warn(**update(**ORANGE))
    one = await office.callout(GRIDS[0], Post.FOREST_RANGER)

    assert (await alert(office, second)).launched_at
    assert (one.level, one.ladder.repeat.voice_every) == (Level.ORANGE, None)


async def test_an_update_that_waited_has_the_policy_of_the_level_it_inherits(
    office: Office,
) -> None:
    late = await office.warn(**update(level=Level.UNKNOWN))
    await office.warn()

    assert (await alert(office, late)).policy_level is Level.RED


async def test_a_number_that_is_wrong_now_changes_nothing_that_has_ended(
    office: Office,
) -> None:
    await office.warn(**ORANGE, event_code="11B15")
    await sent(office)
    hail = Reference(sender=RED_RAIN.sender, identifier="W-1", sent=RED_RAIN.sent)
    await office.warn(**cancel(hail))
    before = await kinds(office, GRIDS[0])
    office.later(60)
    again = await office.warn(identifier="W-2")
    await sent(office)
    office.later(60)
    codes = {r.code for r in await office.messages("lead") if r.alert == again}
    await office.hears("lead", f"{codes.pop()} 5")
    [old] = [one for one in await office.callouts(GRIDS[0]) if one.alert != again]
    facts_of = await office.database.read(lambda c: callouts.facts_of(c, old.id))

    assert [fact.kind for fact in facts_of] == before
