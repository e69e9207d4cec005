"""Sends what superiors have to know: one message for all that joined meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import ChainId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Callout, CalloutId, Purpose, State
from dispatcher.core.due import DESK_REMINDER_SECONDS
from dispatcher.engine.compose import Desk, crowded_people, short_id
from dispatcher.engine.context import Context
from dispatcher.store import callouts, outbox, people, questions, strikes
from dispatcher.store.callouts import Seen
from dispatcher.store.outbox import About, Message
from dispatcher.store.questions import Kind, Member, Question

MOST = 20


def send_due(connection: Connection, context: Context, now: datetime) -> int:
    """Make the messages of every digest whose time has come; returns how many."""
    due = {one.id: one for one in questions.due_digests(connection, now, MOST)}
    if not due:
        return 0
    members = questions.members(connection, due)
    seen = callouts.load(connection, {member.callout for member in members})
    chains = {question.key.chain for question in due.values()}
    struck = strikes.of_chains(connection, chains)
    wanted = [
        member
        for member in members
        if _can_act(due[member.question], struck)
        and _still(member, due[member.question], seen[member.callout].callout)
    ]
    paper = Paper(
        desk=Desk(connection, context, now),
        seen=seen,
        earlier=outbox.named_callouts(connection, due),
    )
    messages = [
        _message(paper, due[together[0].question], together)
        for together in _together(wanted)
    ]
    outbox.put(connection, messages)
    questions.named(connection, due, now)
    return len(due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What all digests of one round are written on.

    :ivar earlier: callouts each digest has named before
    """

    desk: Desk
    seen: Mapping[CalloutId, Seen]
    earlier: Mapping[str, set[CalloutId]]

    def callout(self, member: Member) -> Callout:
        """The callout a member stands for."""
        return self.seen[member.callout].callout


def _can_act(question: Question, struck: Mapping[ChainId, frozenset[PersonId]]) -> bool:
    """Whether the superior has not said that he can't act in this chain."""
    return question.key.person not in struck.get(question.key.chain, frozenset())


def _still(member: Member, question: Question, callout: Callout) -> bool:
    """Whether the superior still has to hear of it."""
    if member.purpose is Purpose.HELP:
        return callout.state is not State.CLOSED
    taken = callout.state is State.TAKEN and question.key.kind is Kind.DIGEST
    return (callout.open and not taken) or callout.state is State.NOTIFIED


def _together(members: Iterable[Member]) -> list[list[Member]]:
    groups: dict[tuple[str, AddressId, Channel, Purpose], list[Member]] = {}
    for member in members:
        plain = Purpose.TRY if member.purpose is Purpose.NEXT_MEANS else member.purpose
        key = (member.question, member.address, member.channel, plain)
        groups.setdefault(key, []).append(member)
    return list(groups.values())


def _message(paper: Paper, question: Question, members: Sequence[Member]) -> Message:
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
        text=_text(paper, question, members),
        created_at=paper.desk.now,
        not_after=_not_after(paper.desk.now, first.purpose),
        carries=tuple((member.attempt, member.callout) for member in members),
    )


def _not_after(now: datetime, purpose: Purpose) -> datetime | None:
    """A reminder of the desk is no use beside the next one."""
    reminder = purpose is Purpose.REMINDER
    return now + timedelta(seconds=DESK_REMINDER_SECONDS) if reminder else None


def _text(paper: Paper, question: Question, members: Sequence[Member]) -> str:
    desk = paper.desk
    voice = desk.voice(question.alert)
    units = [paper.callout(member).unit for member in members]
    if question.key.kind is Kind.DIGEST:
        earlier = paper.earlier.get(question.id, set())
        new = {member.callout for member in members} - earlier
        crowded = crowded_people(desk, (question.key.person,))
        code = question.code if crowded else None
        return voice.digest(units, (len(new), len(earlier | new)), code)
    if all(paper.callout(m).state is State.NOTIFIED for m in members):
        return voice.told(units)
    match members[0].purpose:
        case Purpose.HELP:
            return voice.help(units, _callers(paper, members))
        case Purpose.REMINDER:
            return voice.desk(len(set(units)))
        case _:
            return voice.info(units)


def _callers(paper: Paper, members: Sequence[Member]) -> str:
    """The names of those who asked for help."""
    persons = {
        answer.person: None
        for member in members
        for answer in paper.callout(member).answers
        if answer.meaning is Meaning.NEED_HELP
    }
    known = people.find_people(paper.desk.connection, persons)
    return "、".join(known[person].name for person in persons if person in known)
