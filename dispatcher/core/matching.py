"""Which message a reply belongs to (rules of calling, section 4).

Asking again costs a minute; an answer given to the wrong question leaves a village
asleep. Where two questions could be meant, the sender is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.core.alert import Level
from dispatcher.core.answer import Evidence

LOOK_BACK = timedelta(hours=24)
READING_TIME = timedelta(seconds=30)
"""How old a message without receipts must be before a bare reply can mean it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One message sent to the number the reply came from.

    :ivar question: what it asks; its repeats and updates ask the same; None: a notice
    :ivar code: digits of the question, for its life
    :ivar sent_at: when the provider accepted it
    :ivar receipts: whether its route tells of deliveries
    :ivar open: whether its question still waits for an answer
    """

    message: str
    question: str | None
    code: str | None
    level: Level
    drill: bool
    sent_at: datetime
    delivered_at: datetime | None
    receipts: bool
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The reply answers this question, open or closed, as this message put it."""

    question: str
    message: str
    how: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredNotice:
    """The reply follows a notice: nothing was asked, nothing is answered."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWhich:
    """Several questions could be meant, first sent first: the sender is asked."""

    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingSent:
    """Nothing was sent to that number in the last 24 hours."""


Match = Matched | AnsweredNotice | AskWhich | NothingSent


def match(
    candidates: Sequence[Candidate],
    *,
    code: str | None,
    received_at: datetime,
    extension: str | None = None,
) -> Match:
    """Find the message a reply belongs to; the order of the candidates is no matter.

    :param candidates: messages to the number the reply came from
    :param code: the code in the text
    :param received_at: when the provider received the reply
    :param extension: digits behind our number in the reply's destination
    """
    sent = [c for c in candidates if c.sent_at <= received_at <= c.sent_at + LOOK_BACK]
    if not sent:
        return NothingSent()
    by_extension = [c for c in sent if c.question and extension and c.code == extension]
    if by_extension:
        return _named(by_extension, Evidence.SMS_EXT_CODE)
    if code is None:
        return _bare(sent, received_at)
    by_code = [c for c in sent if c.question and c.code == code]
    return _named(by_code, Evidence.SMS_CODE) if by_code else _ask(sent)


def _named(asked: Sequence[Candidate], how: Evidence) -> Match:
    """Match the question a code names; a code two questions share names neither."""
    return _ask(asked) if _differ(asked) else _meant(max(asked, key=_age), how)


def _bare(sent: Sequence[Candidate], received_at: datetime) -> Match:
    """Match a reply without a code: the newest heard, or all there is."""
    heard = [c for c in sent if not _differ(sent) or had(c, received_at)]
    if not heard:
        return _ask(sent)
    last = max(map(_arrival, heard))
    latest = [c for c in heard if _arrival(c) == last]
    if _differ(latest):
        return _ask(sent)
    newest = max(latest, key=_age)
    if _doubtful(newest.question, sent):
        return _which(c for c in sent if c.open or c.question == newest.question)
    return _meant(newest, Evidence.SMS_BARE)


def _differ(messages: Sequence[Candidate]) -> bool:
    """Tell whether they ask more than one thing; a notice asks nothing."""
    return len({c.question for c in messages}) > 1


def had(message: Candidate, received_at: datetime) -> bool:
    """Tell whether the sender had the message when he wrote."""
    if message.receipts:
        return message.delivered_at is not None and message.delivered_at <= received_at
    return message.sent_at + READING_TIME <= received_at


def _arrival(message: Candidate) -> tuple[datetime, datetime]:
    """Order messages as they stand on the phone."""
    arrived = message.delivered_at if message.receipts else None
    return arrived or message.sent_at, message.sent_at


def _age(message: Candidate) -> tuple[datetime, str]:
    """Order messages as they were sent; the id decides between equals."""
    return message.sent_at, message.message


def _doubtful(question: str | None, sent: Sequence[Candidate]) -> bool:
    """Tell whether another open question could be meant where that would be grave.

    Undelivered ones count too: their receipt may only be late.
    """
    own = [c for c in sent if c.question == question]
    others = [c for c in sent if c.question not in {None, question} and c.open]
    red = any(c.level is Level.RED for c in own)
    crossing = len({c.drill for c in (*own, *others)}) > 1
    return question is not None and bool(others) and (red or crossing)


def _meant(message: Candidate, how: Evidence) -> Match:
    """Take the message for the one that is meant."""
    if message.question is None:
        return AnsweredNotice(message=message.message)
    return Matched(question=message.question, message=message.message, how=how)


def _ask(sent: Sequence[Candidate]) -> Match:
    """Ask which question is meant, the open ones if any; notices alone ask nothing."""
    if all(c.question is None for c in sent):
        return _meant(max(sent, key=_age), Evidence.SMS_BARE)
    return _which([c for c in sent if c.question and c.open] or sent)


def _which(messages: Iterable[Candidate]) -> AskWhich:
    """Name their questions, first sent first."""
    ordered = sorted(messages, key=_age)
    return AskWhich(
        questions=tuple(dict.fromkeys(c.question for c in ordered if c.question))
    )
