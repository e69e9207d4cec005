"""What a human's answer does, however it came: every callout it is about hears it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contacts.model import AddressId
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import Callout, CalloutId
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


def gathered(desk: Desk, answers: Sequence[Spoken]) -> Gathered:
    """What every callout hears that the questions had named, in the order it was said.

    All of it is for one step, which sees them together.
    """
    told: Gathered = defaultdict(list)
    asked = [(spoken.question, spoken.received_at) for spoken in answers]
    named = [
        names | _beyond(desk, spoken)
        for spoken, names in zip(
            answers, heard.named(desk.connection, asked), strict=True
        )
    ]
    seen = callouts.load(desk.connection, set().union(*named)) if named else {}
    for spoken, names in zip(answers, named, strict=True):
        for name in seen.keys() & names:
            told[name].append(_event(desk, spoken, seen[name].callout))
    return told


def _beyond(desk: Desk, spoken: Spoken) -> set[CalloutId]:
    """What an answer is about besides what its question had named."""
    person = spoken.question.key.person
    if spoken.meaning is Meaning.CANNOT_ACT:
        return heard.roles(desk.connection, spoken.question.key.chain, person)
    if spoken.meaning is Meaning.WRONG_PERSON and spoken.address:
        there = heard.at_address(desk.connection, person, spoken.address)
        return callouts.still_open(desk.connection, there)
    return set()


def _event(desk: Desk, spoken: Spoken, callout: Callout) -> Event:
    key = spoken.question.key
    above = key.kind is Kind.DIGEST and not is_own(desk, callout, key.person)
    return _taking(spoken) if above and spoken.meaning.awake else _answered(spoken)


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
