"""Sends what superiors have to know: one message for all that joined meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId, Purpose, State
from dispatcher.engine.compose import Desk, crowded_people, short_id
from dispatcher.engine.context import Context
from dispatcher.store import callouts, outbox, people, questions
from dispatcher.store.callouts import Seen
from dispatcher.store.outbox import About, Message
from dispatcher.store.questions import Kind, Member, Question

MOST = 50


def send_due(connection: Connection, context: Context, now: datetime) -> int:
    """Make the messages of every digest whose time has come; returns how many."""
    desk = Desk(connection, context, now)
    due = questions.due_digests(connection, now, MOST)
    for question in due:
        _send(desk, question)
    return len(due)


def _send(desk: Desk, question: Question) -> None:
    members = questions.members(desk.connection, question.id)
    seen = callouts.load(desk.connection, {member.callout for member in members})
    wanted = [member for member in members if _still(member, seen)]
    messages = [
        _message(desk, question, together, seen) for together in _together(wanted)
    ]
    outbox.put(desk.connection, messages)
    questions.named(desk.connection, question.id, desk.now)


def _still(member: Member, seen: dict[CalloutId, Seen]) -> bool:
    """Whether the superior still has to hear of it."""
    callout = seen[member.callout].callout
    if member.purpose is Purpose.HELP:
        return callout.state is not State.CLOSED
    return callout.open or callout.state is State.NOTIFIED


def _together(members: Iterable[Member]) -> list[list[Member]]:
    groups: dict[tuple[AddressId, Channel, Purpose], list[Member]] = {}
    for member in members:
        plain = Purpose.TRY if member.purpose is Purpose.NEXT_MEANS else member.purpose
        groups.setdefault((member.address, member.channel, plain), []).append(member)
    return list(groups.values())


def _message(
    desk: Desk,
    question: Question,
    members: Sequence[Member],
    seen: dict[CalloutId, Seen],
) -> Message:
    first = members[0]
    about = About.DIGEST if question.key.kind is Kind.DIGEST else About.INFO
    return Message(
        id=short_id(*sorted(member.attempt for member in members)),
        alert=question.alert,
        chain=question.key.chain,
        question=question.id,
        about=about,
        person=question.key.person,
        address=first.address,
        channel=first.channel,
        lane=question.lane,
        place=0,  # few, and they move the rest
        level=question.level,
        drill=question.drill,
        code=question.code,
        text=_text(desk, question, members, seen),
        created_at=desk.now,
        carries=tuple((member.attempt, member.callout) for member in members),
    )


def _text(
    desk: Desk,
    question: Question,
    members: Sequence[Member],
    seen: dict[CalloutId, Seen],
) -> str:
    voice = desk.voice(question.alert)
    units = [seen[member.callout].callout.unit for member in members]
    if question.key.kind is Kind.DIGEST:
        earlier = outbox.named_callouts(desk.connection, question.id)
        new = {member.callout for member in members} - earlier
        crowded = crowded_people(desk, (question.key.person,))
        code = question.code if crowded else None
        return voice.digest(units, (len(new), len(earlier | new)), code)
    if all(seen[m.callout].callout.state is State.NOTIFIED for m in members):
        return voice.told(units)
    match members[0].purpose:
        case Purpose.HELP:
            return voice.help(units, _callers(desk, members, seen))
        case Purpose.REMINDER:
            return voice.desk(len(set(units)))
        case _:
            return voice.info(units)


def _callers(desk: Desk, members: Sequence[Member], seen: dict[CalloutId, Seen]) -> str:
    """The names of those who asked for help."""
    persons = {
        answer.person: None
        for member in members
        for answer in seen[member.callout].callout.answers
        if answer.meaning is Meaning.NEED_HELP
    }
    known = people.find_people(desk.connection, persons)
    return "、".join(known[person].name for person in persons if person in known)
