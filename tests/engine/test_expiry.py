"""The end of a warning where something is missing: the desk, the time, the health."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, text

from channels.contract import Channel
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
)
from contacts.roster import Roster
from dispatcher.core.alert import Alert, AlertId, AlertState, Level, Renewal
from dispatcher.core.callout import State
from dispatcher.engine.compose import Desk
from dispatcher.engine.expiry import attend, renew
from dispatcher.store import alerts, people
from tests.core.build import START
from tests.engine.office import (
    COUNTY,
    GRIDS,
    RED_RAIN,
    SHARED,
    Office,
    village,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
IN_AN_HOUR: dict[str, Any] = {"expires": START + HOUR}


async def found(office: Office, name: str) -> Alert:
    """An alert as it stands."""
    alert = await office.database.read(lambda c: alerts.find(c, AlertId(name)))
    assert alert
    return alert


async def said(office: Office, *words: str) -> list[tuple[str, str]]:
    """To whom texts with these words were written, and how they stand."""
    rows = await office.messages()
    return [(m.person, m.state) for m in rows if all(w in m.text for w in words)]


async def move_in(office: Office, roster: Roster) -> None:
    """Put another roster in place."""
    await office.database.write(lambda c: people.save_roster(c, roster))
    await office.keeper.refresh()


def at_the_desk(*names: str, new: Person | None = None) -> Roster:
    """The village, with these people at the county's desk."""
    old = village()
    duty = PostRef(COUNTY, Post.COUNTY_DUTY)
    others = [holding for holding in old.holdings if holding.ref != duty]
    desk = [Holding(ref=duty, person=PersonId(name)) for name in names]
    everybody = [*old.people.values(), *([new] if new else [])]
    return Roster.build(old.units.values(), everybody, [*others, *desk])


def reached_by(kind: AddressKind, value: str) -> Roster:
    """The village, with somebody at the desk who has this address only."""
    only = Address(id=AddressId("desk"), kind=kind, value=value)
    officer = Person(id=PersonId("officer"), name="王建国", addresses=(only,))
    return at_the_desk("officer", new=officer)


async def test_who_is_asked_is_asked_nothing_that_a_reply_could_answer(
    office: Office,
) -> None:
    await office.warn(**IN_AN_HOUR)
    office.later(1800)
    await office.sweep()
    [asked] = [m for m in await office.messages() if "续发或解除" in m.text]

    assert (asked.person, asked.purpose) == ("county", "info")
    assert (asked.question, asked.code) == (None, None)
    assert asked.not_after == START + timedelta(seconds=3000)


async def test_a_question_that_was_not_sent_in_time_is_not_sent(
    office: Office,
) -> None:
    await office.warn(**IN_AN_HOUR)
    office.later(1800)
    await office.sweep()
    office.later(1201)
    await office.engine.turn()

    assert await said(office, "续发或解除") == [
        ("county", "dropped"),
        ("county", "accepted"),
    ]


async def test_people_at_the_desk_who_share_a_number_are_asked_once(
    office: Office,
) -> None:
    await move_in(office, at_the_desk("backup-1", "backup-2", "county"))
    await office.warn(**IN_AN_HOUR)
    office.later(1800)
    await office.sweep()

    assert [who for who, _ in await said(office, "续发或解除")] == [
        "backup-1",
        "county",
    ]


async def test_who_said_that_he_cannot_act_is_not_asked(office: Office) -> None:
    await office.warn(**IN_AN_HOUR)
    await office.engine.turn()
    await office.hears("county", "4")
    office.later(1800)
    with structlog.testing.capture_logs() as logs:
        await office.sweep()

    assert await said(office, "续发或解除") == []
    assert [(log["event"], log["on_duty"]) for log in logs] == [("desk.unreachable", 1)]


async def test_a_desk_without_a_mobile_is_told_of_in_the_log_and_nothing_is_lost(
    office: Office,
) -> None:
    await move_in(office, reached_by(AddressKind.LANDLINE, SHARED))
    name = await office.warn(**IN_AN_HOUR)
    office.later(1800)
    with structlog.testing.capture_logs() as logs:
        await office.sweep()
    alert = await found(office, name)

    assert [log["event"] for log in logs] == ["desk.unreachable"]
    assert alert.due_at == START + timedelta(seconds=3000)


async def test_units_that_the_roster_dropped_leave_a_desk_to_ask(
    office: Office,
) -> None:
    await office.warn(**IN_AN_HOUR)
    old = village()
    county = [holding for holding in old.holdings if holding.ref.unit == COUNTY]
    left = Roster.build([old.unit(COUNTY)], old.people.values(), county)
    await move_in(office, left)
    office.later(1800)
    await office.sweep()

    assert [who for who, _ in await said(office, "续发或解除")] == ["county"]


async def test_who_can_be_written_to_on_wechat_only_is_asked_there(
    office: Office,
) -> None:
    await move_in(office, reached_by(AddressKind.WECOM, "xian"))
    name = await office.warn(**IN_AN_HOUR)
    office.later(1800)
    routes = {Channel.VOICE: ("voice",), Channel.WECHAT: ("wecom",)}
    context = replace(await office.context(), routes=routes)
    await office.database.write(lambda c: attend(c, context, AlertId(name), office.now))
    [asked] = [m for m in await office.messages() if "续发或解除" in m.text]

    assert (asked.channel, asked.address) == ("wechat", "desk")


async def late(office: Office, **changes: Any) -> Alert:
    """A warning whose end came while nothing was done about it."""
    await office.warn_later("W-late")

    def changed(desk: Desk) -> None:
        alert = alerts.referred(desk.connection, RED_RAIN.sender, "W-late")
        assert alert
        alerts.save(desk.connection, replace(alert, **changes), desk.now)

    await office.desk(changed)
    office.later(12 * 3600)
    await office.sweep()
    return await kept(office)


async def kept(office: Office) -> Alert:
    """That warning as it stands."""

    def find(connection: Connection) -> Alert | None:
        return alerts.referred(connection, RED_RAIN.sender, "W-late")

    alert = await office.database.read(find)
    assert alert
    return alert


async def test_what_ran_out_before_it_was_launched_calls_nobody(
    office: Office,
) -> None:
    ended = await late(office, policy_level=Level.ORANGE)
    await office.sweep()

    assert (ended.state, ended.due_at) == (AlertState.EXPIRED, None)
    assert await office.messages() == []


async def test_red_that_ran_out_before_it_was_launched_is_launched_all_the_same(
    office: Office,
) -> None:
    renewed = await late(office)
    await office.sweep()

    assert (renewed.launched_at, renewed.expires_at) == (None, START + 24 * HOUR)
    assert (await kept(office)).launched_at == office.now
    assert (await office.callout(GRIDS[0])).state is State.CALLING
    assert await said(office, "自动续至", "7月14日02:01") == [("county", "waiting")]


async def test_a_time_that_was_set_by_another_policy_is_set_anew(
    office: Office,
) -> None:
    name = await office.warn(expires=None)
    early = replace(await found(office, name), due_at=START)
    await office.database.write(lambda c: alerts.save(c, early, START))
    await office.sweep()

    assert (await found(office, name)).due_at == START + 3 * HOUR
    assert await said(office, "续发或解除") == []


async def test_what_has_ended_meanwhile_is_left_alone(office: Office) -> None:
    name = AlertId(await office.warn(**IN_AN_HOUR))
    gone = replace(await found(office, name), state=AlertState.CANCELLED)
    await office.database.write(lambda c: alerts.save(c, gone, START))
    office.later(3600)

    done = await office.desk(
        lambda d: (
            attend(d.connection, d.context, name, d.now)
            + attend(d.connection, d.context, AlertId("none"), d.now)
        )
    )

    assert done == 0
    assert await found(office, name) == gone


async def test_an_end_that_cannot_be_handled_holds_no_other_up(
    office: Office,
) -> None:
    orange = {**IN_AN_HOUR, "level": Level.ORANGE}
    sick = await office.warn(**orange)
    well = await office.warn(identifier="W-2", event_code="11B15", **orange)
    spoil = text("UPDATE callout SET body = '{}' WHERE alert = :alert")
    await office.database.write(lambda c: c.execute(spoil, {"alert": sick}))
    office.later(3600)
    with structlog.testing.capture_logs() as logs:
        await office.engine.turn()

    assert "rules.piece.failed" in {log["event"] for log in logs}
    assert (await found(office, sick)).state is AlertState.ACTIVE
    assert (await found(office, well)).state is AlertState.EXPIRED
    assert await office.database.read(alerts.next_due_at) == office.now + MINUTE


async def test_a_new_end_is_kept_with_who_gave_it_and_why(office: Office) -> None:
    name = await office.warn(**IN_AN_HOUR)
    longer = Renewal(at=START, until=START + 3 * HOUR, by="key:desk", reason="雨还在下")
    alert = await found(office, name)
    await office.desk(lambda desk: renew(desk, alert, longer))
    office.later(3600)
    await office.sweep()
    alert = await found(office, name)

    assert (alert.renewals, alert.state) == ((longer,), AlertState.ACTIVE)
    assert alert.due_at == START + timedelta(seconds=3 * 3600 - 1800)
