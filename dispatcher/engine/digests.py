"""Sends what superiors have to know: one message for all that joined meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import ChainId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import AttemptId, Callout, CalloutId, Mark, Purpose, State
from dispatcher.core.digest import CALL_PACE, Pending, call_at, message_at
from dispatcher.core.due import DESK_REMINDER_SECONDS
from dispatcher.engine.compose import Desk, crowded_people, message_id
from dispatcher.engine.context import Context
from dispatcher.engine.wording import Owed, Voice
from dispatcher.store import callouts, calls, heard, outbox, people, questions, strikes
from dispatcher.store.callouts import Seen
from dispatcher.store.outbox import About, Message
from dispatcher.store.questions import Kind, Member, Named, Question

MOST = 20


def send_due(connection: Connection, context: Context, now: datetime) -> int:
    """Make the messages of every digest whose time has come; returns how many."""
    due = {one.id: one for one in questions.due_digests(connection, now, MOST)}
    if not due:
        return 0
    paper = _paper(Desk(connection, context, now), due)
    ready = [one for one in paper.members if _ready(paper, due[one.question], one)]
    wanted = [one for one in ready if _wanted(paper, due[one.question], one)]
    messages = [
        _message(paper, due[together[0].question], together)
        for together in _together(wanted)
    ]
    _put(paper.desk, messages)
    questions.named(connection, _named(paper, due, ready, messages))
    return len(due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What all digests of one round are written on.

    :ivar members: who waits in them
    :ivar waiting: since when, by digest
    :ivar earlier: callouts each digest has named before
    :ivar struck: who has said that he can't act, by chain
    :ivar own: what each digest's person still has to answer himself
    """

    desk: Desk
    members: Sequence[Member]
    waiting: Mapping[str, Pending]
    seen: Mapping[CalloutId, Seen]
    earlier: Mapping[str, set[CalloutId]]
    struck: Mapping[ChainId, frozenset[PersonId]]
    own: Mapping[str, Sequence[Callout]]

    def open_before(self, question: Question) -> set[CalloutId]:
        """Callouts it has named before that nobody has answered yet."""
        named = self.earlier.get(question.id, set())
        return callouts.still_open(self.desk.connection, named)

    def callout(self, member: Member) -> Callout:
        """The callout a member stands for."""
        return self.seen[member.callout].callout


def _paper(desk: Desk, due: Mapping[str, Question]) -> Paper:
    connection = desk.connection
    members = questions.members(connection, due)
    chains = {question.key.chain for question in due.values()}
    return Paper(
        desk=desk,
        members=members,
        waiting=questions.pending(connection, due),
        seen=callouts.load(connection, {member.callout for member in members}),
        earlier=heard.named_callouts(connection, due),
        struck=strikes.of_chains(connection, chains),
        own=_own_parts(desk, due),
    )


def _own_parts(desk: Desk, due: Mapping[str, Question]) -> dict[str, list[Callout]]:
    """What these superiors have to answer for themselves, and have not yet."""
    digests = {
        (question.key.chain, question.key.person): name
        for name, question in due.items()
        if question.key.kind is Kind.DIGEST
    }
    own = questions.own_of(desk.connection, digests) if digests else {}
    named = heard.named_callouts(desk.connection, own)
    asked = [
        (own[question], name)
        for question, names in named.items()
        for name in sorted(names)
    ]
    seen = callouts.load(desk.connection, {name for _, name in asked})
    parts: dict[str, list[Callout]] = defaultdict(list)
    for key, name in asked:
        callout = seen[name].callout
        answered = any(answer.person == key[1] for answer in callout.answers)
        if callout.open and not answered:
            parts[digests[key]].append(callout)
    return parts


def _ready(paper: Paper, question: Question, member: Member) -> bool:
    """Whether the time has come for what this member waits for."""
    if member.purpose is Purpose.NEXT_MEANS:
        return True
    by_call = member.channel is Channel.VOICE
    moment = (call_at if by_call else message_at)(
        question.digest, paper.waiting[question.id]
    )
    return moment is not None and moment <= paper.desk.now


def _wanted(paper: Paper, question: Question, member: Member) -> bool:
    if not _can_act(question, paper.struck) or _wrong(paper, question, member):
        return False
    # His own part waits for his own answer, whoever has taken it over.
    own = {callout.id for callout in paper.own.get(question.id, ())}
    return member.callout in own or _still(member, question, paper.callout(member))


def _named(
    paper: Paper,
    due: Mapping[str, Question],
    ready: Iterable[Member],
    messages: Iterable[Message],
) -> dict[str, Named]:
    """What was made of each digest, so that its pace is kept."""
    attempts: dict[str, list[str]] = {name: [] for name in due}
    for member in ready:
        attempts[member.question].append(member.attempt)
    made = {(one.question, one.channel is Channel.VOICE) for one in messages}
    now = paper.desk.now
    return {
        name: Named(
            attempts=attempts[name],
            sent_at=now if (name, False) in made else question.sent_at,
            called_at=now if (name, True) in made else question.called_at,
        )
        for name, question in due.items()
    }


def _put(desk: Desk, messages: Sequence[Message]) -> None:
    """Make messages; a call that waits for a line says the newest instead."""
    new = []
    for message in messages:
        waiting = None
        if message.channel is Channel.VOICE and message.question:
            waiting = calls.of_question(
                desk.connection, message.question, message.address
            )
        if waiting:
            calls.join(
                desk.connection,
                waiting,
                message.text,
                message.carries,
                message.not_after,
            )
        else:
            new.append(message)
    outbox.put(desk.connection, new)


def _can_act(question: Question, struck: Mapping[ChainId, frozenset[PersonId]]) -> bool:
    """Whether the superior has not said that he can't act in this chain."""
    return question.key.person not in struck.get(question.key.chain, frozenset())


def _wrong(paper: Paper, question: Question, member: Member) -> bool:
    """Whether somebody else answers at that number, as he has said since."""
    person = paper.desk.context.roster.people.get(question.key.person)
    addresses = person.addresses if person else ()
    return any(one.id == member.address and one.wrong for one in addresses)


def _still(member: Member, question: Question, callout: Callout) -> bool:
    """Whether the superior still has to hear of it."""
    if member.purpose is Purpose.HELP:
        return callout.state is not State.CLOSED
    taken = callout.state is State.TAKEN and question.key.kind is Kind.DIGEST
    return (callout.open and not taken) or callout.state is State.NOTIFIED


AGAIN = frozenset({Purpose.NEXT_MEANS, Purpose.RETRY})  # says what the try said


def _together(members: Iterable[Member]) -> list[list[Member]]:
    groups: dict[tuple[str, AddressId, Channel, Purpose], list[Member]] = {}
    for member in members:
        plain = Purpose.TRY if member.purpose in AGAIN else member.purpose
        key = (member.question, member.address, member.channel, plain)
        groups.setdefault(key, []).append(member)
    return list(groups.values())


def _message(paper: Paper, question: Question, members: Sequence[Member]) -> Message:
    first = members[0]
    about = About.DIGEST if question.key.kind is Kind.DIGEST else About.INFO
    own = paper.own.get(question.id, ())
    carries = {member.attempt: member.callout for member in members}
    carries |= {named_in(callout): callout.id for callout in own}
    return Message(
        id=message_id(member.attempt for member in members),
        alert=question.alert,
        chain=question.key.chain,
        question=question.id,
        about=about,
        person=question.key.person,
        address=first.address,
        channel=first.channel,
        lane=question.lane,
        place=_place(paper, members),
        level=question.level,
        drill=question.drill,
        code=question.code,
        text=_text(paper, question, members),
        created_at=paper.desk.now,
        not_after=_not_after(paper, question, first),
        carries=tuple(carries.items()),
    )


def named_in(callout: Callout) -> AttemptId:
    """What stands for a callout that a message names and that is no attempt for it.

    What becomes of the message is no news of any attempt that was made by itself.
    """
    return AttemptId(f"{callout.id}.named")


def _place(paper: Paper, members: Iterable[Member]) -> int:
    """Before everything else in its lane: most grids that were never rung first."""
    never = [m for m in members if Mark.NEVER_RUNG in paper.callout(m).marks]
    return -len(never)


def _not_after(paper: Paper, question: Question, first: Member) -> datetime | None:
    """A reminder of the desk is no use beside the next one, nor a later call."""
    if first.purpose is Purpose.REMINDER:
        return paper.desk.now + timedelta(seconds=DESK_REMINDER_SECONDS)
    again = first.channel is Channel.VOICE and question.called_at is not None
    return paper.desk.now + CALL_PACE if again else None


def _text(paper: Paper, question: Question, members: Sequence[Member]) -> str:
    units = [paper.callout(member).unit for member in members]
    voice = paper.desk.voice(question.alert).of(units)
    asks = question.key.kind is Kind.DIGEST
    words = _asking if asks else _telling
    text = words(paper, question, members, voice)
    return voice.card(text) if members[0].channel is Channel.WECHAT else text


def _asking(
    paper: Paper, question: Question, members: Sequence[Member], voice: Voice
) -> str:
    before = paper.open_before(question)
    by_call = members[0].channel is Channel.VOICE
    code = question.code if crowded_people(paper.desk, (question.key,)) else None
    own = paper.own.get(question.id, ())
    mine = {callout.id for callout in own}
    named = [member for member in members if member.callout not in mine]
    if not named:
        units = [callout.unit for callout in own]
        return voice.call_own(units) if by_call else voice.own(units, 1, code)
    new = {member.callout for member in named} - before
    owed = Owed(
        units=[paper.callout(member).unit for member in named],
        added=len(new),
        count=len(before - mine | new),
        own=[callout.unit for callout in own],
    )
    return voice.call_digest(owed) if by_call else voice.digest(owed, code)


def _telling(paper: Paper, _: Question, members: Sequence[Member], voice: Voice) -> str:
    units = [paper.callout(member).unit for member in members]
    by_call = members[0].channel is Channel.VOICE
    if all(paper.callout(m).state is State.NOTIFIED for m in members):
        return voice.told(units)
    match members[0].purpose:
        case Purpose.HELP if by_call:
            return voice.call_help(units, _callers(paper, members))
        case Purpose.HELP:
            return voice.help(units, _callers(paper, members))
        case Purpose.REMINDER:
            return voice.desk(len(set(units)))
        case Purpose.TASK:
            return voice.task(units)
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
