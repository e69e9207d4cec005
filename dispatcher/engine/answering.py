"""What a human's answer does, however it came: every callout it is about hears it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contacts.model import AddressId
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.core.event import Answered, Event, TakenOver
from dispatcher.engine.compose import Desk
from dispatcher.engine.verbs import is_own
from dispatcher.store import callouts, heard
from dispatcher.store.questions import Kind, Question

Gathered = dict[CalloutId, list[Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One answer to one question.

    :ivar received_at: what the question had named by then is answered
    :ivar message: the message that was answered
    :ivar address: the address the answer came from, where that is known
    :ivar heard_seconds: how long he had listened, where he pressed a key
    """

    question: Question
    meaning: Meaning
    evidence: Evidence
    received_at: datetime
    figures: Figures = NO_FIGURES
    message: str = ""
    address: str | None = None
    heard_seconds: float | None = None

    @property
    def by(self) -> str:
        """Who said it."""
        return f"person:{self.question.key.person}"


def gather(desk: Desk, spoken: Spoken, gathered: Gathered) -> None:
    """Let every callout that the question had named hear the answer.

    :param gathered: takes up the events that follow, for one step with all the others
    """
    question = spoken.question
    person = question.key.person
    named = heard.named(desk.connection, question, spoken.received_at)
    if spoken.meaning is Meaning.CANNOT_ACT:
        named |= heard.roles(desk.connection, question.key.chain, person)
    elif spoken.meaning is Meaning.WRONG_PERSON and spoken.address:
        there = heard.at_address(desk.connection, person, spoken.address)
        named |= callouts.still_open(desk.connection, there)
    for name, seen in callouts.load(desk.connection, named).items():
        own = is_own(desk, seen.callout, person)
        above = question.key.kind is Kind.DIGEST and not own
        event = _taking(spoken) if above and spoken.meaning.awake else _answered(spoken)
        gathered.setdefault(name, []).append(event)


def _taking(spoken: Spoken) -> Event:
    return TakenOver(
        taker=spoken.question.key.person,
        message=spoken.message,
        help=spoken.meaning is Meaning.NEED_HELP,
        by=spoken.by,
    )


def _answered(spoken: Spoken) -> Event:
    return Answered(
        person=spoken.question.key.person,
        meaning=spoken.meaning,
        evidence=spoken.evidence,
        figures=spoken.figures,
        address=AddressId(spoken.address) if spoken.address else None,
        message=spoken.message or None,
        heard_seconds=spoken.heard_seconds,
        by=spoken.by,
    )
