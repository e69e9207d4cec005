"""Trying a channel: a message by that one way to the number of who asks for it.

It goes through the outbox like any other, so that what is tried is the way itself. It
is of no alert and carries no attempt: no callout hears of it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from channels.contract import Channel
from config.texts import TextName, Texts
from contacts.model import Address, AddressKind, Person
from contacts.numbers import Number, normalise
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.engine.compose import short_id
from dispatcher.engine.context import CARRIES, Context
from dispatcher.store.outbox import About, Message

OF_USE = timedelta(minutes=5)  # who tries a channel waits beside the telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An officer as the roster has him, and an address of his."""

    person: Person
    address: Address


def own(
    roster: Roster, display: str, written: str, channel: Channel, *, test_numbers: bool
) -> Own | None:
    """Whose name an officer bears and whose address this is; None: nobody's."""
    value = _value(written, channel, test_numbers=test_numbers)
    return next(
        (
            Own(person=person, address=address)
            for person in roster.people.values()
            if person.name == display
            for address in person.addresses
            if address.value == value and channel in CARRIES[address.kind]
        ),
        None,
    )


def _value(written: str, channel: Channel, *, test_numbers: bool) -> str | None:
    """What he typed as rosters keep it."""
    if channel in CARRIES[AddressKind.WECOM]:
        return unicodedata.normalize("NFKC", written).strip()
    found = normalise(written, allow_test_numbers=test_numbers)
    return found.value if isinstance(found, Number) else None


def message(
    context: Context, route: str, channel: Channel, to: Own, now: datetime
) -> Message:
    """What is sent: behind everything else, and said to be no warning."""
    return Message(
        id=short_id("trial", route, to.person.id, now.isoformat()),
        alert=AlertId(""),
        chain=ChainId(""),
        question=None,
        about=About.TRIAL,
        person=to.person.id,
        address=to.address.id,
        channel=channel,
        lane=Lane.DRILL,
        place=0,
        level=Level.UNKNOWN,
        drill=True,
        code=None,
        text=_text(context, channel, now),
        created_at=now,
        not_after=now + OF_USE,
        route=route,
    )


def _text(context: Context, channel: Channel, now: datetime) -> str:
    texts: Texts = context.texts
    signature = context.signature
    if channel is Channel.VOICE:
        opening = texts.say(TextName.CALL_TRIAL_OPENING, signature=signature)
        return f"{opening}\n{texts.say(TextName.CALL_TRIAL)}"
    at = now.astimezone(ZoneInfo(context.policies.timezone)).strftime("%H:%M")
    return texts.say(TextName.TRIAL, signature=signature, at=at)
