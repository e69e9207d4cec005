"""Which calls begin, and when: one a number, as lines, gaps and budgets allow."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Failed, FailureKind
from dispatcher.core.alert import Level
from dispatcher.core.callout import Mark, Progress
from dispatcher.engine import ringing
from dispatcher.store import calls as store
from tests.core.build import at, since
from tests.engine.office import GRIDS, NUMBERS, opened, spare_number
from tests.engine.telephony import (
    BUSY,
    attempts,
    calls,
    is_over,
    picks_up,
    rang_before,
    turn,
    until,
    voice,
)
from tests.store.stock import lease

DAY = 24 * 3600
ORANGE: dict[str, Any] = {"level": Level.ORANGE}


async def test_everybody_is_rung_at_once_while_lines_are_free() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)

        assert await calls(office) == [
            (0, "chief"),
            (0, "county"),
            (0, "head"),
            (0, "lead"),
            (0, "town"),
        ]
        assert len(office.telephones.sent) == 5


async def test_a_line_that_becomes_free_is_used_at_once() -> None:
    async with opened(lines=2) as office:
        await office.warn()
        await turn(office)
        first = {who for _, who in await calls(office)}
        await turn(office, 20)
        still = {who for _, who in await calls(office)}
        await is_over(office, min(first), BUSY)
        await turn(office)

        # township and county go first: they are few, and move the rest
        assert first <= {"town", "county", "chief"}
        assert first == still
        assert [second for second, _ in await calls(office)] == [0, 0, 20]


async def test_nothing_is_due_while_every_line_is_taken() -> None:
    async with opened(lines=2) as office:
        await office.warn()
        before = await office.database.read(lambda c: ringing.next_due_at(c, 2))
        await turn(office)

        assert before == office.now
        assert await office.database.read(lambda c: ringing.next_due_at(c, 2)) is None


async def test_without_a_line_nothing_is_placed() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        later = await office.desk(
            lambda d: ringing.place(d.connection, d.context, d.now, lease(at(30)), 5)
        )
        none = await office.database.read(lambda c: ringing.next_due_at(c, 0))

        assert (later, none) == ([], None)


async def test_so_many_calls_a_second_begin_as_the_rate_allows() -> None:
    async with opened(lines=10, rate=2) as office:
        await office.warn()
        await turn(office)
        assert len(await calls(office)) == 2

        await until(office, 2)

        assert [second for second, _ in await calls(office)] == [0, 0, 0, 1, 1]


async def test_what_waits_for_a_number_is_read_in_one_call() -> None:
    async with opened(lines=10) as office:
        await office.warn(event="山洪", identifier="W-2", event_code="11A07")
        await office.warn()
        await turn(office)
        rows = await voice(office, "lead")

        assert len(rows) == 2
        assert await calls(office, "lead") == [(0, "lead")]
        assert {row.call for row in rows} == {rows[0].call}
        assert {row.provider_id for row in rows} == {rows[0].provider_id}
        assert [m.to for m in office.telephones.sent].count(NUMBERS["lead"]) == 1


async def test_who_shares_a_number_is_rung_in_one_call() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await until(office, 180)
        rows = await voice(office, "backup-1", "backup-2")

        assert [row.person for row in rows] == ["backup-1", "backup-2"]
        assert len({row.call for row in rows}) == 1


async def test_a_number_on_the_line_is_not_rung_again() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await picks_up(office, "lead")
        await office.warn(identifier="W-2", event_code="11A07")
        await turn(office, 30)
        waiting = [row.reason for row in await voice(office, "lead")]

        assert await calls(office, "lead") == [(0, "lead")]
        assert waiting == [None, None]


@pytest.mark.parametrize(("lasted", "again"), [(5, 60), (30, 75)])
async def test_a_number_rests_between_two_calls(lasted: int, again: int) -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await turn(office, lasted)
        await is_over(office, "lead", BUSY)
        await office.warn(identifier="W-2", event_code="11A07")
        await turn(office)
        held = (await voice(office, "lead"))[-1]
        await until(office, again)

        assert (held.reason, since(held.due_at)) == ("gap", again)
        assert await calls(office, "lead") == [(0, "lead"), (again, "lead")]


FULL = (-3000, -2000, -1000, -500, -100)  # five calls in the last hour


async def test_the_first_call_waits_for_its_budget_however_long_that_takes() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await rang_before(office, "lead", *FULL)
        await office.warn()
        await turn(office)
        [held] = [row for row in await voice(office, "lead") if row.state == "waiting"]

        assert (held.reason, since(held.due_at)) == ("budget_hour", 600)

        await until(office, 600)

        assert (600, "lead") in await calls(office, "lead")


async def test_a_later_call_over_the_budget_is_given_up_for_the_next_number() -> None:
    async with opened(lines=10, spare=("lead",)) as office:
        await rang_before(office, "lead", *FULL[1:])
        await office.warn()
        await turn(office)
        await is_over(office, "lead", BUSY)
        await turn(office)
        await is_over(office, "lead", BUSY)
        await until(office, 95)
        tried = await attempts(office, GRIDS[0], "lead")
        dropped = [row for row in await voice(office, "lead") if row.state == "dropped"]
        rung = [message.to for message in office.telephones.sent]

        assert [row.reason for row in dropped] == ["budget_hour"]
        assert [(one.label, one.address) for one in tried] == [
            ("0", "lead0"),
            ("0", "lead1"),
            ("1", "lead0"),
            ("1", "lead1"),
        ]
        assert tried[2].progress is Progress.FAILED
        assert not tried[2].placed
        assert rung.count(NUMBERS["lead"]) == 1
        assert rung.count(spare_number("lead")) == 2


async def test_others_leave_three_lines_of_ten_to_red() -> None:
    async with opened(lines=3) as office:
        await office.warn(**ORANGE)
        await until(office, 180)
        orange = await calls(office)
        await office.warn(identifier="W-2", event_code="11A07")
        await turn(office)

        # 70: nobody is township_leader, so the county hears of that at once
        assert [second for second, _ in orange] == [70, 180]
        assert [second for second, _ in await calls(office)] == [70, 180, 180]


async def test_a_call_that_comes_too_late_is_dropped_and_its_callouts_hear() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await is_over(office, "lead", BUSY)
        office.telephones.outcomes.extend(
            [Failed(kind=FailureKind.THROTTLE, code="x", retry_after=400)] * 9
        )
        await until(office, 89)
        await turn(office, 1)
        second = (await attempts(office, GRIDS[0], "lead"))[-1]
        await until(office, 700)
        then = await attempts(office, GRIDS[0], "lead")
        [row] = [r for r in await voice(office, "lead") if r.reason == "not_after"]

        assert (second.label, second.progress) == ("1", Progress.PLANNED)
        assert (row.state, row.tries) == ("dropped", 1)
        assert then[1].progress is Progress.FAILED


async def test_a_digest_of_grids_that_were_never_rung_goes_before_others() -> None:
    async with opened(lines=3) as office:
        await office.warn()
        await until(office, 370)  # three telephones ring all the time
        [digest] = [m for m in await voice(office, "head") if m.purpose == "digest"]
        waiting = await office.database.read(lambda c: store.waiting(c, office.now, 9))

        assert {Mark.NEVER_RUNG} <= set((await office.callout(GRIDS[0])).marks)
        assert (digest.place, waiting[0].id) == (-len(GRIDS), digest.id)


async def test_no_more_is_looked_at_than_a_round_can_hold() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        found = await office.database.read(
            lambda c: store.waiting(c, office.now, ringing.LOOKED_AT)
        )

        assert len(found) == 5 < ringing.LOOKED_AT
