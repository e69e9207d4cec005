"""What happens on telephones, in the words of the contract, and what rang when."""

from __future__ import annotations

import itertools
from typing import Any

from channels.contract import (
    Channel,
    Failed,
    FailureKind,
    Keyed,
    RangBack,
    Rank,
    Receipt,
)
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.callout import Attempt
from dispatcher.engine.conversation import Phase, Place
from dispatcher.store import outbox
from dispatcher.store.outbox import About, Message
from tests.core.build import at, since
from tests.engine.office import NUMBERS, Office

EVENTS = itertools.count()
BUSY = Failed(kind=FailureKind.UNREACHED, code="busy")


async def turn(office: Office, seconds: float = 0) -> None:
    """Let time pass, and what is due be done."""
    office.later(seconds)
    await office.engine.turn()


async def until(office: Office, second: int, *, rings_out: bool = False) -> None:
    """Do all that falls due by then, each at its time.

    :param rings_out: nobody picks up any telephone; else they ring on and on
    """
    while (due := await office.engine.next_due_at()) and due <= at(second):
        office.clock.move_to(max(due, office.now))
        await office.engine.turn()
        if rings_out:
            await all_ring_out(office)
    office.clock.move_to(at(second))


async def calls(office: Office, *who: str) -> list[tuple[int, str]]:
    """When calls began, in seconds, and to whom, in the order they did."""
    rows = [row for row in await office.messages(*who) if row.call == row.id]
    return sorted((since(row.sent_at), row.person) for row in rows)


async def voice(office: Office, *who: str) -> list[Any]:
    """Rows of what is said by telephone, oldest first."""
    return [m for m in await office.messages(*who) if m.channel == "voice"]


async def ringing(office: Office, who: str) -> Any:
    """The call that somebody's telephone rings for."""
    rows = await voice(office, who)
    [call] = [r for r in rows if r.state == "accepted" and r.call == r.id]
    return call


async def receipt(
    office: Office, who: str, rank: Rank, failure: Failed | None = None
) -> str:
    """The provider tells how far somebody's call has come."""
    call = await ringing(office, who)
    told = Receipt(
        event_key=f"{next(EVENTS)}",
        message=call.id,
        provider_id=call.provider_id,
        rank=rank,
        failure=failure,
    )
    [taken_for] = await office.told(told)
    return taken_for


async def picks_up(office: Office, who: str) -> str:
    """Somebody picks up the telephone."""
    return await receipt(office, who, Rank.SENT)


async def is_over(office: Office, who: str, failure: Failed | None = None) -> str:
    """A call has ended: hung up, or as the provider says."""
    return await receipt(office, who, Rank.FINAL, failure)


async def all_ring_out(office: Office) -> None:
    """Nobody picks up: every call that rings is over."""
    for row in await voice(office):
        if row.state == "accepted" and row.call == row.id:
            await is_over(office, row.person, BUSY)


async def presses(
    office: Office, who: str, keys: str, phase: Phase = Phase.TEXT, read: str = ""
) -> str:
    """Somebody presses keys in his call, in the first message or in another one."""
    call = await ringing(office, who)
    keyed = Keyed(
        event_key=f"{next(EVENTS)}",
        message=call.id,
        provider_id=call.provider_id,
        number=NUMBERS[who],
        place=str(Place(phase, read or call.id)),
        keys=keys,
    )
    [taken_for] = await office.told(keyed)
    return taken_for


async def rings_us(office: Office, number: str) -> str:
    """A number rings one of ours."""
    rang = RangBack(event_key=f"{next(EVENTS)}", provider_id="CA9", number=number)
    [taken_for] = await office.told(rang)
    return taken_for


async def attempts(office: Office, unit: str, who: str) -> list[Attempt]:
    """The attempts to ring somebody about a grid."""
    callout = await office.callout(unit)
    return [
        one
        for one in callout.attempts
        if one.channel is Channel.VOICE and one.person == who
    ]


async def rang_before(office: Office, who: str, *seconds: int) -> None:
    """Somebody's number was rung at these seconds, for five each."""
    made = [
        Message(
            id=f"before{second:+d}",
            alert=AlertId("before"),
            chain=ChainId("before"),
            question=None,
            about=About.INFO,
            person=PersonId(who),
            address=AddressId(f"{who}0"),
            channel=Channel.VOICE,
            lane=Lane.BLUE,
            place=0,
            level=Level.BLUE,
            drill=False,
            code=None,
            text="",
            created_at=at(second),
        )
        for second in seconds
    ]
    rows = [
        {
            "id": one.id,
            "state": "failed",
            "call": one.id,
            "sent_at": one.created_at,
            "accepted_at": one.created_at,
            "ended_at": at(second + 5),
        }
        for one, second in zip(made, seconds, strict=True)
    ]

    def put(connection: Any) -> None:
        outbox.put(connection, made)
        outbox.set_state(connection, rows)

    await office.database.write(put)
