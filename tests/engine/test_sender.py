"""To the wire: at the pace of the route, under a lease, never twice by ourselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from channels import http
from dispatcher.engine.sender import START_SECONDS, WINDOW, Bucket
from tests.core.build import START
from tests.engine.office import NUMBERS, Office, opened


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("rate", "spent", "waited", "allowed"),
    [
        (10, 0, 0, 10),
        (10, 10, 0, 0),
        (10, 10, 0.5, 5),
        (10, 10, 60, 10),
        (10, 12, 0.1, -1),
        (0.5, 0, 0, 1),
        (0.5, 1, 1, 0),
        (0.5, 1, 2, 1),
        (0.5, 1, 60, 1),
    ],
)
def test_so_many_a_second_and_a_second_saved_at_the_most(
    rate: float, spent: int, waited: float, allowed: int
) -> None:
    bucket = Bucket(rate, START)
    for _ in range(spent):
        bucket.spend()

    assert allowed == bucket.allowed(START + seconds(waited))


@pytest.mark.parametrize(
    ("table", "column", "goes"),
    [("person", "name", True), ("address", "value", False), ("message", "text", False)],
)
async def test_what_cannot_be_read_does_not_go_out(
    office: Office, table: str, column: str, *, goes: bool
) -> None:
    await office.warn()
    made = {row.id for row in await office.messages()}
    await office.database.write(
        lambda c: c.execute(text(f"UPDATE {table} SET {column} = 'x'"))  # noqa: S608 - our own names
    )
    while await office.engine.sender.turn():
        await office.engine.sender.landed()

    assert made
    assert goes == bool(made & {sent.id for sent in office.provider.sent})


@pytest.mark.parametrize(
    ("rate", "spent", "ready"), [(10, 0, 0), (10, 10, 0.1), (10, 12, 0.3), (0.5, 1, 2)]
)
def test_it_tells_when_the_next_one_may_go(
    rate: float, spent: int, ready: float
) -> None:
    bucket = Bucket(rate, START)
    for _ in range(spent):
        bucket.spend()
    at = bucket.ready_at(START)

    assert START + seconds(ready) == at
    assert bucket.allowed(at) >= 1


async def test_what_waits_is_sent_and_written_down(office: Office) -> None:
    await office.warn()
    await office.engine.turn()

    assert {"accepted"} == set(await office.states())
    assert {m.id for m in await office.messages()} == {
        m.id for m in office.provider.sent
    }


async def test_a_lease_is_on_disk_before_the_request_starts(office: Office) -> None:
    await office.warn()
    seen = []

    async def look() -> None:
        seen.append(set(await office.states("lead")))

    office.provider.sending = look
    await office.engine.turn()

    assert {"sending"} in seen
    assert seen[0] == {"sending"}


async def test_nothing_is_sent_faster_than_its_route_allows() -> None:
    async with opened(rate=2.0) as office:
        sender = office.engine.sender
        await office.warn()
        await office.engine.turn()
        sent = len(office.provider.sent)
        await office.warn(identifier="W-2", event_code="11B15")
        await office.engine.turn()

        assert sent == len(office.provider.sent)

        ready_at = await office.database.read(sender.due_at)
        assert ready_at is not None
        office.later((ready_at - office.now).total_seconds())
        await office.engine.turn()

        assert seconds((sent - 1) / 2) == ready_at - START
        assert sent + 1 == len(office.provider.sent)


async def test_a_provider_that_crashes_leaves_doubt_not_silence(
    office: Office,
) -> None:
    await office.warn()
    office.provider.outcomes.append(RuntimeError("broken"))
    while await office.engine.sender.turn():
        await office.engine.sender.landed()

    states = await office.states()

    assert states.count("unknown") == 1
    assert states.count("accepted") == len(states) - 1


async def test_who_waits_too_long_for_a_line_is_not_sent_under_an_old_lease(
    office: Office,
) -> None:
    for number in range(14):
        await office.warn(identifier=f"W-{number}", event_code="")
    sender, stuck = office.engine.sender, asyncio.Event()
    office.provider.sending = stuck.wait
    claimed = await sender.turn()
    await checkpoint()
    on_the_wire, most = len(office.provider.sent), http.connections_most()

    office.later(START_SECONDS + 1)
    stuck.set()
    await sender.drain()

    assert on_the_wire == len(office.provider.sent) == most < claimed
    assert Counter(await office.states()) == {
        "accepted": most,
        "waiting": claimed - most,
    }


async def test_what_waits_behind_a_full_window_is_not_due_yet(office: Office) -> None:
    for number in range(30):
        await office.warn(identifier=f"W-{number}", event_code="")
    sender, stuck = office.engine.sender, asyncio.Event()
    office.provider.sending = stuck.wait
    before = await office.engine.next_due_at()
    claimed = await sender.turn()
    full = await office.engine.next_due_at()
    stuck.set()
    await sender.landed()

    assert (claimed, before) == (WINDOW, office.now)
    assert full is None or full > office.now  # or the worker would look without a rest
    assert before == await office.engine.next_due_at()


async def test_results_that_could_not_be_written_are_written_the_next_time(
    office: Office,
) -> None:
    await office.warn()
    sender = office.engine.sender
    await sender.turn()
    await sender.landed()

    await office.hide("message")
    with pytest.raises(OperationalError):
        await sender.turn()
    await office.hide("message", back=True)
    await sender.turn()

    assert {"accepted"} == set(await office.states())


async def test_what_is_out_of_date_is_dropped_instead_of_sent(office: Office) -> None:
    await office.warn()
    await office.ends_at("lead", office.now)
    office.later(1)
    await office.engine.sender.turn()
    await office.engine.sender.drain()

    assert await office.states("lead") == ["dropped"]
    assert [m for m in office.provider.sent if m.to == NUMBERS["lead"]] == []
