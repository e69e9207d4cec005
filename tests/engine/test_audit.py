"""Nights that an audit found: each a sentence of the rules that once did not hold."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Failed, FailureKind, Rank, Receipt
from contacts.model import Holding, PersonId, Post, PostRef, Unit, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Level, Status
from dispatcher.core.callout import State
from dispatcher.store import people
from tests.core.build import since
from tests.engine.office import (
    GRIDS,
    NUMBERS,
    VILLAGE,
    Office,
    opened,
    spare_number,
    village,
)
from tests.engine.telephony import calls, rang_before, until, voice

FLOOD: dict[str, Any] = {"event_code": "11A51", "event": "山洪"}
ORANGE: dict[str, Any] = {"level": Level.ORANGE}


async def test_calls_kept_for_red_are_not_spent_by_a_level_that_was_shifted() -> None:
    async with opened(lines=10) as office:
        await rang_before(office, "lead", -1500, -1200, -900, -600)
        await office.warn(**FLOOD, **ORANGE)
        await until(office, 60)
        flood = [at for at, _ in await calls(office, "lead") if at >= 0]
        await office.warn(identifier="W-2")
        await until(office, 200)

        assert flood == []
        assert [at for at, _ in await calls(office, "lead") if at >= 0] == [60]


async def test_a_taker_who_then_can_not_act_holds_nobody_up() -> None:
    async with opened() as office:
        await office.warn()
        await until(office, 315)
        await delivered(office, "head")
        await office.hears("head", "1")
        taken = (await office.callout(GRIDS[0])).state
        await until(office, 330)
        await office.hears("head", "4")
        await until(office, 350)
        rung = (await office.callout(GRIDS[0])).runs[3]

        assert taken is State.TAKEN
        assert rung.started_at
        assert since(rung.started_at) == 330


async def delivered(office: Office, who: str, *, failed: str = "") -> None:
    """Receipts for all that somebody was sent; of his digests, a failure."""
    for row in await office.messages(who):
        if row.provider_id is None:
            continue
        digest = row.purpose == "digest"
        failure = Failed(kind=FailureKind.PERMANENT_CONTENT, code=failed)
        await office.told(
            Receipt(
                event_key=f"{row.id} {office.now}",
                message=row.id,
                provider_id=row.provider_id,
                rank=Rank.FINAL,
                failure=failure if digest and failed else None,
            )
        )


@pytest.mark.parametrize("failed", ["", "30007"])
async def test_nobody_takes_over_what_he_has_not_got(failed: str) -> None:
    async with opened() as office:
        await office.warn()
        await until(office, 5)
        await delivered(office, "head")
        await until(office, 312)
        if failed:
            await delivered(office, "head", failed=failed)
        await until(office, 315)
        await office.hears("head", "1")

        assert (await office.callout(VILLAGE, Post.VILLAGE_HEAD)).answer
        assert (await office.callout(GRIDS[0])).state is State.CALLING


async def test_a_wrong_number_is_wrong_for_every_warning() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await office.warn()
        await office.warn(identifier="W-2", **FLOOD)
        await until(office, 10, rings_out=True)
        code = (await office.messages("lead"))[0].code
        assert await office.hears("lead", f"{code} 5") == "wrong_person"
        await until(office, 400, rings_out=True)

        numbers = {number for at, number in await rung(office) if at > 10}
        assert numbers == {spare_number("lead")}


async def rung(office: Office) -> list[tuple[int, str]]:
    values = {"lead0": NUMBERS["lead"], "lead1": spare_number("lead")}
    return [
        (since(row.sent_at), values[row.address])
        for row in await voice(office, "lead")
        if row.sent_at
    ]


async def test_the_last_try_over_the_budget_goes_to_the_next_number() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await rang_before(office, "lead", -1500, -1200, -900)
        await office.warn(**ORANGE)
        await until(office, 430, rings_out=True)

        late = [number for at, number in await rung(office) if at >= 300]
        assert spare_number("lead") in late


async def test_a_drill_is_not_read_in_the_call_of_a_warning() -> None:
    async with opened(lines=10) as office:
        await office.warn_later("W-1")
        await office.warn(identifier="D-1", status=Status.EXERCISE)
        await until(office, 1)
        by_call: dict[str, set[bool]] = {}
        for row in await voice(office, "lead"):
            if row.call:
                by_call.setdefault(row.call, set()).add(row.drill)

        assert by_call
        assert all(len(kinds) == 1 for kinds in by_call.values())


def crowd(grids: int) -> Roster:
    """A village of many grids with one and the same stand-in."""
    small = village()
    units = [u for u in small.units.values() if u.kind is not UnitKind.GRID]
    names = [UnitId(f"{VILLAGE}{number:03}") for number in range(1, grids + 1)]
    units += [
        Unit(id=n, kind=UnitKind.GRID, name=n, parent=VILLAGE, code_system="DEMO")
        for n in names
    ]
    kept = [h for h in small.holdings if h.ref.unit not in GRIDS]
    kept += [
        Holding(ref=PostRef(name, post), person=PersonId(who))
        for name in names
        for who, post in (("lead", Post.GRID_LEAD), ("backup-1", Post.GRID_BACKUP))
    ]
    return Roster.build(units, small.people.values(), kept)


async def test_who_stands_in_for_many_grids_gets_one_message_and_one_call() -> None:
    async with opened(lines=10) as office:
        await office.database.write(lambda c: people.save_roster(c, crowd(60)))
        await office.keeper.refresh()
        await office.warn()
        await until(office, 181)
        texts = [r for r in await office.messages("backup-1") if r.channel == "sms"]

        assert len(texts) == 1
        assert len(await voice(office, "backup-1")) == 1


async def test_who_can_not_act_is_struck_while_his_digest_still_gathers() -> None:
    async with opened() as office:
        await office.warn()
        await until(office, 303)
        await delivered(office, "head")
        await office.hears("head", "4")

        assert "head" in (await office.callout(GRIDS[0])).struck_people
