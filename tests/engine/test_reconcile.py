"""Doubt is settled by asking; what can't be asked is sent again and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    Outcome,
    Rank,
    Receipt,
    Unknown,
)
from dispatcher.engine.outcome import SILENT_AFTER
from dispatcher.engine.reconcile import GIVE_UP_SECONDS
from dispatcher.store import outbox
from tests.engine.office import NUMBERS, Office
from tests.store.stock import lease

HANG = Unknown(code="ReadTimeout")


async def in_doubt(office: Office) -> str:
    """A warning whose first message hung; gives that message."""
    await office.warn()
    office.provider.outcomes.append(HANG)
    while await office.engine.sender.turn():
        await office.engine.sender.landed()
    [hung] = [m for m in await office.messages() if m.state == "unknown"]
    return str(hung.id)


async def row(office: Office, name: str) -> tuple[str, bool, int]:
    """State, whether it may be a duplicate, and how often it was put on the wire."""
    [found] = [m for m in await office.messages() if m.id == name]
    times = [m.id for m in office.provider.sent].count(name)
    return found.state, found.possible_duplicate, times


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Accepted(provider_id="SM9"), ("accepted", False, 1)),
        (Failed(kind=FailureKind.PERMANENT_ADDRESS, code="x"), ("failed", False, 1)),
        (None, ("accepted", False, 2)),
    ],
    ids=["it had it", "it refused it", "it never had it"],
)
async def test_the_provider_knows_what_became_of_it(
    office: Office, found: Outcome | None, expected: tuple[str, bool, int]
) -> None:
    name = await in_doubt(office)
    if found:
        office.provider.found[name] = found
    office.later(2)
    await office.engine.turn()
    await office.engine.turn()

    assert expected == await row(office, name)


async def test_it_is_asked_by_when_it_was_sent(office: Office) -> None:
    name = await in_doubt(office)
    office.provider.found[name] = Accepted(provider_id="SM9")
    office.later(2)
    await office.engine.turn()

    assert [f"{name} 18:01:00"] == office.provider.asked


async def test_a_provider_that_cannot_tell_is_asked_until_patience_ends(
    office: Office,
) -> None:
    name = await in_doubt(office)
    office.provider.found[name] = Unknown(code="lookup_too_many")
    for _ in range(int(GIVE_UP_SECONDS) // 2):
        office.later(2)
        await office.engine.turn()

        assert await row(office, name) == ("unknown", False, 1)

    office.later(2)
    await office.engine.turn()
    await office.engine.turn()

    assert await row(office, name) == ("accepted", True, 2)


async def test_a_dead_worker_s_messages_are_asked_for_not_sent_again(
    office: Office,
) -> None:
    await office.warn()
    await office.engine.sender.turn()  # and then it dies: no result is written
    await office.engine.sender.landed()
    sent = [message.id for message in office.provider.sent]
    for name in sent:
        office.provider.found[name] = Accepted(provider_id=f"SM{name}")

    assert len(sent) == await office.engine.recover()

    await office.engine.turn()

    assert sent == [message.id for message in office.provider.sent]
    assert {"accepted"} == set(await office.states())


async def test_an_expired_lease_is_doubt_too(office: Office) -> None:
    await office.warn()
    now = office.now
    await office.database.write(lambda c: outbox.claim(c, now, lease(now), 1))
    office.later(1)
    await office.engine.turn()
    await office.engine.turn()

    assert {"accepted"} == set(await office.states())
    assert await office.database.read(lambda c: outbox.stuck(c, office.now)) == 0


async def accepted(office: Office) -> str:
    """A warning that was accepted, and then no receipt came."""
    await office.warn()
    await office.engine.turn()
    [message] = await office.messages("lead")
    office.later(SILENT_AFTER.total_seconds() + 1)
    return str(message.provider_id)


DELIVERED = Receipt(event_key="e", message=None, provider_id="", rank=Rank.FINAL)


@pytest.mark.parametrize(
    ("receipt", "state"),
    [(DELIVERED, "delivered"), (replace(DELIVERED, rank=Rank.SENT), "accepted")],
)
async def test_an_accepted_message_without_a_receipt_is_asked_about(
    office: Office, receipt: Receipt, state: str
) -> None:
    sid = await accepted(office)
    office.provider.told[sid] = replace(receipt, provider_id=sid)
    await office.engine.turn()
    first = (await office.messages("lead"))[0]

    assert state == first.state
    assert sid in office.provider.asked


async def test_it_is_not_asked_again_and_again(office: Office) -> None:
    sid = await accepted(office)
    await office.engine.turn()
    office.later(SILENT_AFTER.total_seconds() - 1)
    await office.engine.turn()

    assert office.provider.asked.count(sid) == 1

    office.later(2)
    await office.engine.turn()

    assert office.provider.asked.count(sid) == 2
    assert {m.to for m in office.provider.sent} >= {NUMBERS["lead"]}
