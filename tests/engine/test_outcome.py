"""What the provider said, and what follows for the message and for its callouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text, update

from channels.contract import (
    Accepted,
    Channel,
    Failed,
    FailureKind,
    Outcome,
    Rank,
    Receipt,
    Unknown,
)
from dispatcher.core.callout import CloseReason, Progress, State
from dispatcher.core.event import Withdrawn
from dispatcher.engine.inbox import take_receipts
from dispatcher.engine.outcome import (
    BACK_OFF_MOST,
    SILENT_AFTER,
    Sent,
    back_off,
    record,
    route_of,
)
from dispatcher.engine.step import step
from dispatcher.store import outbox, schema, workers
from dispatcher.store.outbox import Sending
from tests.engine.office import GRIDS, Office, opened
from tests.store.stock import lease

KINDS = FailureKind
SILENT = SILENT_AFTER.total_seconds()


def failed(kind: FailureKind, after: float | None = None) -> Failed:
    return Failed(kind=kind, code="code", retry_after=after)


async def claimed(office: Office, tries: int = 1) -> Sending:
    """A warning's first message, on its way for so many times by now."""
    await office.warn()
    now = office.now
    until = now + timedelta(seconds=30)

    def tried(connection: Connection) -> list[Sending]:
        connection.execute(update(schema.message).values(tries=tries - 1))
        return outbox.claim(connection, now, lease(until), 50)

    found = await office.database.write(tried)
    return next(one for one in found if one.number == "+99900000001")


async def said(
    office: Office, message: Sending, outcome: Outcome | None, **more: bool
) -> tuple[str, float | None]:
    """What the message is then, and in how many seconds something is due."""
    sent = Sent(message=message, route="sms", outcome=outcome, **more)
    await office.desk(lambda d: record(d.connection, d.context, [sent], d.now))
    [row] = [row for row in await office.messages("lead") if row.id == message.id]
    return row.state, row.due_at and (row.due_at - office.now).total_seconds()


async def told(office: Office, message: Sending, rank: Rank) -> None:
    """The provider's receipt comes in."""
    receipt = Receipt(event_key="e", message=message.id, provider_id="SM1", rank=rank)
    given = [(office.now, receipt)]
    await office.desk(lambda d: take_receipts(d.connection, d.context, given, d.now))


@pytest.mark.parametrize(
    ("failure", "tries", "seconds"),
    [
        (failed(KINDS.TRANSIENT), 1, 5),
        (failed(KINDS.TRANSIENT), 2, 10),
        (failed(KINDS.THROTTLE), 3, 20),
        (failed(KINDS.THROTTLE), 7, 300),
        (failed(KINDS.TRANSIENT), 19, 300),
        (failed(KINDS.THROTTLE, after=1), 9, 1),
        (failed(KINDS.CONFIG), 1, 300),
        (failed(KINDS.PERMANENT_CONTENT), 1, 300),
        (failed(KINDS.CONFIG, after=60), 1, 60),
    ],
)
def test_a_route_that_failed_is_left_alone_longer_and_longer(
    failure: Failed, tries: int, seconds: int
) -> None:
    assert timedelta(seconds=seconds) == back_off(failure, tries)


@pytest.mark.parametrize(
    ("tries", "route"), [(0, "a"), (1, "a"), (2, "b"), (3, "a"), (4, "b")]
)
async def test_routes_take_turns_from_the_preferred_one_on(
    tries: int, route: str
) -> None:
    async with opened(routes=("a", "b")) as office:
        message = replace(await claimed(office), tries=tries)

        assert route == route_of(await office.context(), message)


@pytest.mark.parametrize(
    ("outcome", "state", "due"),
    [
        (Accepted(provider_id="SM1"), "accepted", 300),
        (Unknown(code="ReadTimeout"), "unknown", 2),
        (failed(KINDS.PERMANENT_ADDRESS), "failed", None),
        (failed(KINDS.TRANSIENT), "waiting", 5),
        (failed(KINDS.THROTTLE, after=1), "waiting", 1),
        (failed(KINDS.CONFIG), "waiting", BACK_OFF_MOST.total_seconds()),
        (None, "waiting", 0),
    ],
)
async def test_a_message_goes_where_its_outcome_sends_it(
    office: Office, outcome: Outcome | None, state: str, due: float | None
) -> None:
    message = await claimed(office)

    assert (state, due) == await said(office, message, outcome)


@pytest.mark.parametrize(("tries", "due"), [(1, 0), (2, 10), (3, 0), (4, 40)])
async def test_another_route_is_tried_at_once(tries: int, due: float) -> None:
    async with opened(routes=("a", "b")) as office:
        message = await claimed(office, tries)

        assert ("waiting", due) == await said(office, message, failed(KINDS.TRANSIENT))


async def test_our_provider_s_failure_never_ends_a_message(office: Office) -> None:
    message = await claimed(office, tries=500)

    assert await said(office, message, failed(KINDS.TRANSIENT)) == (
        "waiting",
        BACK_OFF_MOST.total_seconds(),
    )


@pytest.mark.parametrize(
    ("outcome", "progress"),
    [
        (Accepted(provider_id="SM1"), Progress.PLANNED),
        (Accepted(provider_id="SM1", rank=Rank.FINAL), Progress.DELIVERED),
        (Unknown(code="ReadTimeout"), Progress.UNKNOWN),
        (failed(KINDS.PERMANENT_ADDRESS), Progress.FAILED),
        (failed(KINDS.CONFIG), Progress.PLANNED),
        (failed(KINDS.THROTTLE), Progress.PLANNED),
        (None, Progress.PLANNED),
    ],
)
async def test_only_what_concerns_the_person_reaches_the_callouts(
    office: Office, outcome: Outcome | None, progress: Progress
) -> None:
    await said(office, await claimed(office), outcome)

    assert [progress, progress] == await progress_of(office)


async def test_a_route_without_receipts_has_no_better_result_than_acceptance(
    office: Office,
) -> None:
    taken = Accepted(provider_id="SM1")
    await said(office, await claimed(office), taken, receipts=False)

    assert await progress_of(office) == [Progress.ACCEPTED, Progress.ACCEPTED]


async def progress_of(office: Office) -> list[Progress]:
    """How far the first attempt of each grid has come."""
    found = [await office.callout(grid) for grid in GRIDS]
    return [one.attempts[0].progress for one in found]


async def test_a_dead_number_brings_the_stand_in_at_once(office: Office) -> None:
    await said(office, await claimed(office), failed(KINDS.PERMANENT_ADDRESS))

    assert len(await office.messages("backup-1", "backup-2")) == 2


@pytest.mark.parametrize("rank", [Rank.SENT, Rank.FINAL])
async def test_a_receipt_can_be_quicker_than_the_answer_to_our_request(
    office: Office, rank: Rank
) -> None:
    message = await claimed(office)
    await told(office, message, rank)
    state, _ = await said(office, message, Accepted(provider_id="SM1"))
    [row] = await office.messages("lead")

    assert ("delivered" if rank is Rank.FINAL else "accepted", rank) == (
        state,
        row.rank,
    )


@pytest.mark.parametrize(
    ("rank", "state", "due"),
    [(Rank.SENT, "accepted", SILENT), (Rank.FINAL, "delivered", None)],
)
@pytest.mark.parametrize("late", [Unknown(code="ReadTimeout"), None])
async def test_no_doubt_is_left_once_a_receipt_has_come(
    office: Office, rank: Rank, state: str, due: float | None, late: Outcome | None
) -> None:
    message = await claimed(office)
    await told(office, message, rank)
    found, then = await said(office, message, late, again=late is None)
    [row] = await office.messages("lead")

    assert (state, office.now) == (found, row.accepted_at)
    assert then == (due if late else None)


async def test_a_duplicate_is_counted_when_it_is_sent_though_it_may_be_one(
    office: Office,
) -> None:
    message = await claimed(office)
    await said(office, message, Unknown(code="x"))
    asked_for = replace(message, holder=None)

    assert await said(office, asked_for, None, again=True) == ("waiting", 0)
    [row] = await office.messages("lead")
    assert row.possible_duplicate


async def test_a_result_that_was_taken_over_meanwhile_is_none(office: Office) -> None:
    late = await claimed(office)
    await office.database.write(lambda c: workers.bury(c, office.now))
    buried = await said(office, late, Accepted(provider_id="SM1"))
    asked_for = replace(late, holder=None)
    await said(office, asked_for, None, again=True)
    await office.database.write(
        lambda c: outbox.claim(c, office.now, lease(office.now, holder=2), 50)
    )

    again = await said(office, late, Accepted(provider_id="SM1"))

    assert [buried, again] == [("unknown", 0.0), ("sending", 0.0)]


@pytest.mark.parametrize("outcome", [failed(KINDS.THROTTLE), None])
async def test_what_comes_back_after_an_answer_is_not_sent_again(
    office: Office, outcome: Outcome | None
) -> None:
    message = await claimed(office)
    await office.hears("lead", "1")

    assert (await office.callout(GRIDS[0])).state is State.ANSWERED
    assert await said(office, message, outcome) == ("dropped", None)


async def test_what_comes_back_after_a_cancel_is_not_sent_again(
    office: Office,
) -> None:
    message = await claimed(office)
    over = Withdrawn(reason=CloseReason.CANCELLED)
    names = [(await office.callout(grid)).id for grid in GRIDS]
    await office.desk(
        lambda d: step(d.connection, d.context, dict.fromkeys(names, (over,)), d.now)
    )

    assert await said(office, message, failed(KINDS.TRANSIENT)) == ("dropped", None)


async def test_a_handset_out_of_reach_is_tried_once_more(office: Office) -> None:
    message = await claimed(office)
    await said(office, message, Accepted(provider_id="SM1"))
    lost = Receipt(
        event_key="e",
        message=message.id,
        provider_id="SM1",
        rank=Rank.FINAL,
        failure=failed(KINDS.TRANSIENT),
    )
    given = [(office.now, lost)]
    await office.desk(lambda d: take_receipts(d.connection, d.context, given, d.now))
    [row] = await office.messages("lead")

    assert ("waiting", timedelta(seconds=30)) == (row.state, row.due_at - office.now)
    assert row.channel == Channel.SMS


async def test_a_callout_that_cannot_be_told_holds_no_other_up(office: Office) -> None:
    await office.warn()
    sick, *well = GRIDS
    spoil = text("UPDATE callout SET body = '{}' WHERE unit = :unit")

    def tried(connection: Connection) -> list[Sending]:
        connection.execute(spoil, {"unit": sick})
        return outbox.claim(
            connection, office.now, lease(office.now + timedelta(seconds=30)), 50
        )

    dead = failed(KINDS.PERMANENT_ADDRESS)
    sent = [
        Sent(message=message, route="sms", outcome=dead)
        for message in await office.database.write(tried)
    ]
    await office.desk(lambda d: record(d.connection, d.context, sent, d.now))

    states = {row.id: row.state for row in await office.messages()}
    assert {states[one.message.id] for one in sent} == {"failed"}
    for unit in well:
        callout = await office.callout(unit)
        assert Progress.FAILED in {attempt.progress for attempt in callout.attempts}
