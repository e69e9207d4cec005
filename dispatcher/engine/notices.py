"""Telling everybody who was reached that a warning has ended, each once.

By text wherever a text reaches him now; by a call only who heard the warning by
telephone and has no other way, and not at night, unless he was told to leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Channel
from contacts.model import AddressId, Person, PersonId, Post
from dispatcher.core.alert import Alert
from dispatcher.core.callout import Means, lane_of
from dispatcher.core.night import night_ends
from dispatcher.core.plan import hours_of
from dispatcher.engine.compose import Desk, short_id
from dispatcher.store import people
from dispatcher.store.contacted import Contact, contacts
from dispatcher.store.outbox import About, Message

WRITTEN = (Channel.WECHAT, Channel.SMS)
LEAVE = ("转移", "撤离", "撤退", "避险")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who has to hear, how, and from when on."""

    person: PersonId
    means: Means
    due_at: datetime


def recipients(desk: Desk, alert: Alert) -> list[Recipient]:
    """Everybody who was reached in the chain of a warning, a shared number once."""
    reached = contacts(desk.connection, alert.chain)
    known = people.find_people(desk.connection, {one.person for one in reached})
    by_person: dict[PersonId, list[Contact]] = {}
    for one in reached:
        by_person.setdefault(one.person, []).append(one)
    by_number: dict[str, Recipient] = {}
    for name, own in by_person.items():
        means = _text(desk, known[name], own) or _call(known[name], own)
        if means:
            number = _number(known[name], means)
            due_at = _due_at(desk, alert, means)
            by_number[number] = Recipient(person=name, means=means, due_at=due_at)
    return list(by_number.values())


def written_way(desk: Desk, person: Person) -> Means | None:
    """The first way to write to somebody, struck or not: he has answered before."""
    offered = desk.context.called(person, Post.GRID_LEAD, frozenset()).means
    return next((means for means in offered if means.channel in WRITTEN), None)


def _text(desk: Desk, person: Person, own: Sequence[Contact]) -> Means | None:
    """The way a text reaches him: one that worked, else one nobody has tried."""
    dead = {Means(one.channel, one.address) for one in own if one.dead}
    worked = [
        Means(one.channel, one.address)
        for one in reversed(own)
        if one.channel is not Channel.VOICE
    ]
    offered = desk.context.called(person, Post.GRID_LEAD, frozenset()).means
    ways = (*worked, *(means for means in offered if means.channel in WRITTEN))
    usable = set(offered)
    return next((way for way in ways if way in usable and way not in dead), None)


def _call(person: Person, own: Iterable[Contact]) -> Means | None:
    """The number at which somebody picked up; a telephone that only rang is left."""
    his = {address.id for address in person.addresses}  # none, once he is erased
    heard = (one for one in own if one.heard and not one.dead and one.address in his)
    return next((Means(Channel.VOICE, one.address) for one in heard), None)


def _number(person: Person, means: Means) -> str:
    return next(a.value for a in person.addresses if a.id == means.address)


def _due_at(desk: Desk, alert: Alert, means: Means) -> datetime:
    told_to_leave = any(word in alert.content.instruction for word in LEAVE)
    if means.channel is not Channel.VOICE or told_to_leave:
        return desk.now
    return night_ends(hours_of(desk.context.policies), desk.now) or desk.now


@dataclass(frozen=True, slots=True)
class Letter:
    """Something told to one person about a warning as a whole; it asks nothing.

    :ivar occasion: told twice on the same one, it is told once
    """

    occasion: str
    text: str
    person: PersonId
    address: AddressId
    channel: Channel


def notice(
    desk: Desk,
    alert: Alert,
    letter: Letter,
    about: About = About.NOTICE,
    not_after: datetime | None = None,
) -> Message:
    """The message a letter becomes."""
    drill = alert.content.drill
    return Message(
        id=short_id(letter.occasion, alert.chain, letter.person),
        alert=alert.id,
        chain=alert.chain,
        question=None,
        about=about,
        person=letter.person,
        address=letter.address,
        channel=letter.channel,
        lane=lane_of(alert.policy_level, drill=drill),
        place=0,
        level=alert.content.level,
        drill=drill,
        code=None,
        text=letter.text,
        created_at=desk.now,
        not_after=not_after,
    )
