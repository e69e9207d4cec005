"""What somebody wrote back: whose it is, what it means, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from channels.contract import Reply
from config.texts import TextName
from contacts.model import AddressId, PersonId
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.core.event import Answered, Event, TakenOver
from dispatcher.core.matching import (
    AnsweredNotice,
    AskWhich,
    Matched,
    NothingSent,
    match,
)
from dispatcher.engine.compose import Desk, short_id
from dispatcher.engine.desk import is_own
from dispatcher.intake.replies import Read, read
from dispatcher.store import callouts, heard, people, questions
from dispatcher.store.heard import Said
from dispatcher.store.outbox import About, Message
from dispatcher.store.outbox import put as put_messages
from dispatcher.store.questions import Kind, Question

REPLIES_MOST = 5  # an hour to one number: nonsense is not answered for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One reply, and when it was received."""

    reply: Reply
    received_at: datetime


Gathered = dict[CalloutId, list[Event]]


def hear(desk: Desk, one: Heard, gathered: Gathered) -> str:
    """Find out what a reply means; returns what it was taken for.

    :param gathered: takes up the events that follow, for one step with all the others
    """
    number = one.reply.sender
    if not people.holders_of(desk.connection, number):
        return "unknown_sender"
    sent = heard.sent_to(desk.connection, number, one.received_at)
    codes = questions.known_codes(desk.connection, number, one.received_at)
    words = read(one.reply.text, codes)
    found = match(
        [said.candidate for said in sent],
        code=words.code,
        received_at=one.received_at,
    )
    by_message = {said.candidate.message: said for said in sent}
    match found:
        case NothingSent():
            return "nothing_sent"
        case AnsweredNotice(message=message):
            _say(desk, one, by_message[message], TextName.NOTICE_REPLY)
            return "notice"
        case AskWhich(questions=which):
            _ask_which(desk, one, sent[-1], which)
            return "ask_which"
        case Matched(message=message, how=how):
            return _matched(
                desk, one, by_message[message], Spoken(words, how), gathered
            )
        case _:
            assert_never(found)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said, and how strongly we know to what."""

    words: Read
    how: Evidence


def _matched(
    desk: Desk, one: Heard, said: Said, spoken: Spoken, gathered: Gathered
) -> str:
    words = spoken.words
    question = questions.by_id(desk.connection, [said.question])[said.question]
    named = heard.named(desk.connection, question.id, one.received_at)
    if words.meaning is Meaning.CANNOT_ACT:
        named |= heard.roles(desk.connection, question.key.chain, question.key.person)
    for name, seen in callouts.load(desk.connection, named).items():
        own = is_own(desk.context, seen.callout, question.key.person)
        above = question.key.kind is Kind.DIGEST and not own
        event = _answered(question, said, spoken)
        if above and words.meaning.awake:
            event = _taking(question, said)
        gathered.setdefault(name, []).append(event)
    _respond(desk, one, said, words, question)
    return words.meaning.value


def _taking(question: Question, said: Said) -> Event:
    person, message = question.key.person, said.candidate.message
    return TakenOver(taker=person, message=message, by=_by(question))


def _by(question: Question) -> str:
    return f"person:{question.key.person}"


def _answered(question: Question, said: Said, spoken: Spoken) -> Event:
    return Answered(
        person=question.key.person,
        meaning=spoken.words.meaning,
        evidence=spoken.how,
        figures=spoken.words.figures,
        address=AddressId(said.address),
        message=said.candidate.message,
        by=_by(question),
    )


def _respond(
    desk: Desk, one: Heard, said: Said, words: Read, question: Question
) -> None:
    """Say back what keeps him from believing he has answered when he has not."""
    if question.closed_at is not None:
        event = desk.voice(question.alert).event
        _say(desk, one, said, TextName.LATE_REPLY, event=event)
    elif words.meaning is Meaning.EVACUATING:
        _say(desk, one, said, TextName.EVACUATE_ASK)
    elif words.meaning in {Meaning.UNCLEAR, Meaning.QUESTION}:
        texts = desk.context.texts
        ask = (
            texts.say(TextName.ASK_CODE, code=question.code)
            if question.code
            else texts.say(TextName.ASK)
        )
        _say(desk, one, said, TextName.UNCLEAR_REPLY, ask=ask)


def _ask_which(desk: Desk, one: Heard, said: Said, which: tuple[str, ...]) -> None:
    asked = questions.by_id(desk.connection, which)
    texts = desk.context.texts
    choices = [
        texts.say(
            TextName.CHOICE,
            event=desk.voice(asked[name].alert).event,
            code=asked[name].code or "",
        )
        for name in which
    ]
    _say(
        desk,
        one,
        said,
        TextName.ASK_WHICH,
        count=len(which),
        choices=",".join(choices),
    )


def _say(
    desk: Desk, one: Heard, said: Said, name: TextName, **fields: str | int
) -> None:
    """Answer a reply, unless this number has had enough answers for an hour."""
    if heard.replies_since(desk.connection, said.address, desk.now) >= REPLIES_MOST:
        return
    voice = desk.voice(said.alert)
    put_messages(
        desk.connection,
        [
            Message(
                id=short_id("reply", one.reply.event_key),
                alert=said.alert,
                chain=said.chain,
                question=None,
                about=About.REPLY,
                person=PersonId(said.person),
                address=AddressId(said.address),
                channel=said.channel,
                lane=said.lane,
                place=0,
                level=said.candidate.level,
                drill=said.candidate.drill,
                code=None,
                text=voice.reply(name, **fields),
                created_at=desk.now,
            )
        ],
    )
