"""What somebody wrote back: whose it is, what it means, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from config.texts import TextName
from contacts.model import AddressId, Flag, PersonId
from dispatcher.core.alert import ChainId
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.matching import (
    READING_TIME,
    AnsweredNotice,
    AskWhich,
    Matched,
    NothingSent,
    had,
    match,
)
from dispatcher.core.todo import TodoKind
from dispatcher.engine.answering import Spoken
from dispatcher.engine.attention import (
    Heard,
    Matter,
    asked_of,
    raise_opt_out,
    raise_reply,
    raise_unclear,
)
from dispatcher.engine.compose import Desk, short_id
from dispatcher.engine.correspondence import Correspondence
from dispatcher.intake.replies import Read, read
from dispatcher.store import flags, heard
from dispatcher.store.flags import Flagging
from dispatcher.store.heard import Said
from dispatcher.store.outbox import About, Message
from dispatcher.store.outbox import put as put_messages
from dispatcher.store.questions import Question

REPLIES_MOST = 5  # an hour to one number: nonsense is not answered for ever


@dataclass(frozen=True, slots=True)
class Hearing:
    """Replies of one transaction.

    :ivar answers: what was said to questions, in the order it came
    """

    desk: Desk
    correspondence: Correspondence
    answers: list[Spoken]


def hear(hearing: Hearing, one: Heard) -> str:
    """Find out what a reply means; returns what it was taken for."""
    desk, sender = hearing.desk, hearing.correspondence.behind(one)
    if not sender.holders:
        raise_reply(desk, one, TodoKind.STRANGER_REPLY)
        return "unknown_sender"
    sent = sender.sent
    words = read(one.reply.text, sender.codes)
    if words.meaning is Meaning.OPT_OUT:
        _note_opt_out(desk, sender.holders, sent)
        raise_opt_out(desk, one, sent)
    found = match(
        [said.candidate for said in sent],
        code=words.code,
        received_at=one.received_at,
    )
    match found:
        case NothingSent():
            person = PersonId(next(iter(sender.holders.values())))
            raise_reply(desk, one, TodoKind.STRANGER_REPLY, Matter(person=person))
            return "nothing_sent"
        case AnsweredNotice(message=message):
            meant = next(s for s in sent if s.candidate.message == message)
            _say(desk, one, meant, TextName.NOTICE_REPLY)
            return "notice"
        case AskWhich(questions=which):
            _ask_which(desk, one, sent, which)
            raise_reply(desk, one, TodoKind.UNCLEAR_REPLY, asked_of(desk, sent))
            return "ask_which"
        case Matched(message=message, how=how):
            asked = _asked_by(sent, message, how, one.received_at)
            return _matched(hearing, Understood(one, words, how), asked)
        case _:
            assert_never(found)


def _asked_by(
    sent: Sequence[Said], message: str, how: Evidence, received_at: datetime
) -> list[Said]:
    """What a reply to a message answers: that, or all that was asked with it."""
    meant = next(said for said in sent if said.candidate.message == message)
    if how in BY_CODE:
        return [meant]
    return _asked_together(_arrived(sent, received_at), meant)


def _note_opt_out(desk: Desk, holders: Mapping[str, str], sent: Sequence[Said]) -> None:
    """Mark the number: the carrier may hold back from now on what we write to it."""
    newest = sent[-1].candidate.message if sent else None
    flags.add(
        desk.connection,
        [
            Flagging(
                address=AddressId(address),
                flag=Flag.OPTED_OUT,
                at=desk.now,
                by=f"person:{person}",
                message=newest,
            )
            for address, person in holders.items()
        ],
    )


BY_CODE = frozenset({Evidence.SMS_CODE, Evidence.SMS_EXT_CODE})


def _arrived(sent: Sequence[Said], received_at: datetime) -> list[Said]:
    """What was sent, without digests that he can't have read when he wrote.

    A receipt may be late, so one without is taken for read after a while.
    """
    return [
        said
        for said in sent
        if not said.digest
        or had(said.candidate, received_at)
        or said.candidate.sent_at + READING_TIME <= received_at
    ]


def _asked_together(there: Sequence[Said], message: Said) -> list[Said]:
    """What one warning asked of this number, the meant message's question first.

    Without a code an answer is one for the own part and the digest, and for every
    holder who shares the number.

    :param there: what he had read; who has not read a digest takes nothing over
    """
    newest = {
        said.question: said
        for said in there
        if said.question and said.chain == message.chain
    }
    read = message.question in newest or not newest
    meant = message if read else [*newest.values()][-1]
    others = (said for name, said in newest.items() if name != meant.question)
    return [meant, *others]


@dataclass(frozen=True, slots=True)
class Understood:
    """A reply, what it means, and how strongly we know to what."""

    reply: Heard
    words: Read
    how: Evidence

    def to(self, question: Question, said: Said) -> Spoken:
        """What it says to a question that a message put."""
        return Spoken(
            question=question,
            meaning=self.words.meaning,
            evidence=self.how,
            received_at=self.reply.received_at,
            figures=self.words.figures,
            message=said.candidate.message,
            address=said.address,
        )


def _matched(hearing: Hearing, one: Understood, asked: Sequence[Said]) -> str:
    desk, found = hearing.desk, hearing.correspondence.questions
    meant, *others = asked
    hearing.answers.append(one.to(found[meant.question], meant))
    if one.words.meaning.awake:
        for said in others:
            same = said.person == meant.person
            heard_as = one if same else replace(one, words=AWAKE_ONLY)
            hearing.answers.append(heard_as.to(found[said.question], said))
    _respond(desk, one.reply, meant, one.words, found[meant.question])
    if one.words.meaning in UNANSWERED:
        raise_unclear(desk, one.reply, meant, one.words.meaning)
    return one.words.meaning.value


# No answer, and somebody may see that it was meant as one.
UNANSWERED = frozenset({Meaning.UNCLEAR, Meaning.QUESTION, Meaning.AUTO_REPLY})
AWAKE_ONLY = Read(meaning=Meaning.RECEIVED)  # another's figures are not his


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


def _ask_which(
    desk: Desk, one: Heard, sent: Sequence[Said], which: Sequence[str]
) -> None:
    """Ask back, naming each warning once, with the code of its newest question."""
    newest = {said.chain: said for said in sent if said.question}
    asked = [newest[ChainId(chain)] for chain in which]
    texts = desk.context.texts
    choices = [
        texts.say(
            TextName.CHOICE,
            event=desk.voice(said.alert).event,
            code=said.candidate.code or "",
        )
        for said in asked
    ]
    _say(
        desk,
        one,
        sent[-1],
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
