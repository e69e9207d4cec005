"""What the link page shows of a question, and what a press on it does.

Whoever holds the link sees the page. Only who says that he is the person who was asked
answers; that somebody will tell him, or that it is not him, is kept for the desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contacts.model import AddressKind, Person, Post, UnitId
from dispatcher.core.alert import Alert, Level
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import Answer, Callout, CalloutId, Mark, State
from dispatcher.core.event import Answered, Event, TakenOver
from dispatcher.engine.answering import Gathered, Spoken, gathered
from dispatcher.engine.compose import Desk
from dispatcher.engine.step import step
from dispatcher.engine.verbs import is_own
from dispatcher.engine.wording import Voice
from dispatcher.store import alerts, callouts, heard, people, questions
from dispatcher.store.heard import Note, Sent
from dispatcher.store.questions import REST, Kind, Question

# By whom a note is that the person himself has not given.
RELAYED = "link:relayed"
NOT_ME = "link:not_me"


class Press(StrEnum):
    """What can be pressed."""

    MINE = "mine"  # it is him, and he has received it
    RELAY = "relay"  # it is not him, and who it is will tell him
    NOT_ME = "not_me"  # it is not him
    HELP = "help"  # it is him, and he is in trouble
    FIGURES = "figures"  # it is him, and he says how many people he has moved

    @property
    def by_himself(self) -> bool:
        """Whether it says that the person who was asked pressed it."""
        return self not in {Press.RELAY, Press.NOT_ME}


class Standing(StrEnum):
    """How a question stands for the person who was asked."""

    ASKED = "asked"  # something still waits for his answer
    DONE = "done"  # he has answered
    SETTLED = "settled"  # others have
    OVER = "over"  # the calling has ended
    TOLD = "told"  # nothing was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A question as it stands when its page is opened.

    :ivar callouts: those it has named, in the order of their units
    :ivar mine: which of them are about posts of his own
    :ivar sent: what has left for it, the newest last
    :ivar notes: what was said to its callouts and was no answer
    """

    question: Question
    alert: Alert
    voice: Voice
    person: Person
    callouts: tuple[Callout, ...]
    mine: frozenset[CalloutId]
    sent: tuple[Sent, ...]
    notes: frozenset[Note]

    def dead(self, now: datetime) -> bool:
        """Whether its link has ceased to name anybody."""
        closed_at = self.question.closed_at
        return closed_at is not None and closed_at + REST <= now

    @property
    def standing(self) -> Standing:
        """How it stands."""
        if self.question.key.kind is Kind.INFO:
            return Standing.TOLD
        if self.over:
            return Standing.OVER
        if self.waiting or not self.callouts:
            return Standing.ASKED
        return Standing.DONE if self.answers or self.taken else Standing.SETTLED

    @property
    def over(self) -> bool:
        """Whether nothing can be answered any more."""
        states = {callout.state for callout in self.callouts}
        return self.question.closed_at is not None or states == {State.CLOSED}

    @property
    def waiting(self) -> tuple[Callout, ...]:
        """What still waits for him."""
        return tuple(callout for callout in self.callouts if self._waits(callout))

    def _waits(self, callout: Callout) -> bool:
        if callout.id not in self.mine:
            return callout.open and callout.state is not State.TAKEN
        return callout.open and all(a.person != self.person.id for a in callout.answers)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """His own answers, in order; one that answered several posts is one."""
        given = {
            answer: None
            for callout in self.callouts
            for answer in callout.answers
            if answer.person == self.person.id
        }
        return tuple(sorted(given, key=lambda answer: answer.at))

    @property
    def taken(self) -> tuple[Callout, ...]:
        """What he has taken over and owes a result for."""
        return tuple(
            callout
            for callout in self.callouts
            if callout.taking and callout.taking.by == self.person.id
        )

    @property
    def calls_for_help(self) -> bool:
        """Whether he asked for help with what he has taken over."""
        return any(Mark.NEED_HELP in callout.marks for callout in self.taken)

    @property
    def settled_by(self) -> tuple[Post | None, ...]:
        """The posts of those who answered in his place; None is the desk."""
        posts = {
            _post(callout, who): None
            for callout in self.callouts
            if (who := _settler(callout)) and who != self.person.id
        }
        return tuple(posts)

    @property
    def relayed(self) -> bool:
        """Whether somebody has said that he will tell him."""
        return any(note.by == RELAYED for note in self.notes)

    @property
    def disowned(self) -> bool:
        """Whether somebody has said that it is not him."""
        struck = bool(self.sent) and all(one.wrong for one in self.sent)
        return struck or any(note.by == NOT_ME for note in self.notes)

    @property
    def last_digits(self) -> frozenset[str]:
        """The last four digits of his numbers; empty when he has none to be asked."""
        return frozenset(
            address.value[-4:]
            for address in self.person.addresses
            if address.kind is not AddressKind.WECOM
        )

    @property
    def red(self) -> bool:
        """Whether it is about a red warning."""
        return self.question.level is Level.RED

    def units(self, *, mine: bool) -> list[UnitId]:
        """The units it is about: what waits, else what he has taken over, else all."""
        about = self.waiting or (() if mine else self.taken) or self.callouts
        return [one.unit for one in about if (one.id in self.mine) is mine]


def _settler(callout: Callout) -> str | None:
    if callout.answer:
        return callout.answer.person
    return callout.taking.by if callout.taking else None


def _post(callout: Callout, who: str) -> Post | None:
    called = (one for run in callout.runs for one in run.people)
    return next((one.post for one in called if one.person == who), None)


def visited(desk: Desk, name: str) -> Visit | None:
    """A question as its page shows it now; None when there is none of this id."""
    question = questions.by_id(desk.connection, [name]).get(name)
    alert = alerts.find(desk.connection, question.alert) if question else None
    if question is None or alert is None:
        return None
    [named] = heard.named(desk.connection, [(question, desk.now)])
    found = callouts.load(desk.connection, named).values()
    about = sorted((seen.callout for seen in found), key=lambda one: one.unit)
    return Visit(
        question=question,
        alert=alert,
        voice=desk.voice(alert.id),
        person=_person(desk, question),
        callouts=tuple(about),
        mine=frozenset(one.id for one in about if _mine(desk, question, one)),
        sent=tuple(heard.sent_for(desk.connection, question.id, desk.now)),
        notes=heard.notes_on(desk.connection, named),
    )


def _person(desk: Desk, question: Question) -> Person:
    person = question.key.person
    known = desk.context.roster.people.get(person)
    return known or people.find_people(desk.connection, [person])[person]


def _mine(desk: Desk, question: Question, callout: Callout) -> bool:
    own = is_own(desk, callout, question.key.person)
    return own or question.key.kind is Kind.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A press, with what was filled in."""

    press: Press
    figures: Figures = NO_FIGURES

    @property
    def meaning(self) -> Meaning:
        """What it says, in the one table of meanings."""
        match self.press:
            case Press.NOT_ME:
                return Meaning.WRONG_PERSON
            case Press.RELAY:
                return Meaning.UNCLEAR
            case Press.HELP:
                return Meaning.NEED_HELP
            case _ if self.figures != NO_FIGURES:
                return Meaning.COMPLETED
            case Press.FIGURES:
                return Meaning.EVACUATING
            case _:
                return Meaning.RECEIVED


def press(desk: Desk, visit: Visit, pressed: Pressed) -> int:
    """Let a press have its effect, once; returns how many callouts changed.

    :param visit: taken in the same transaction
    """
    if visit.standing is Standing.TOLD:
        return 0
    told = _gathered(desk, visit, pressed)
    news = {
        callout.id: [event for event in told[callout.id] if _new(visit, callout, event)]
        for callout in visit.callouts
        if callout.id in told
    }
    fresh = {name: events for name, events in news.items() if events}
    return step(desk.connection, desk.context, fresh, desk.now)


def _gathered(desk: Desk, visit: Visit, pressed: Pressed) -> Gathered:
    """What a press tells the callouts."""
    match pressed.press:
        case Press.RELAY:
            return _noted(visit, RELAYED)
        case Press.NOT_ME:
            return _disowned(desk, visit)
        case Press.MINE | Press.HELP | Press.FIGURES:
            return gathered(desk, [_spoken(desk, visit, pressed)])


def _disowned(desk: Desk, visit: Visit) -> Gathered:
    """It is not him: strike the address where there is only one it can have come to.

    With several, one of them may well be his, and nobody knows which one this was.
    """
    if visit.disowned:
        return {}
    if len({one.address for one in visit.sent}) != 1 or not visit.waiting:
        return _noted(visit, NOT_ME)
    told = gathered(desk, [_spoken(desk, visit, Pressed(press=Press.NOT_ME))])
    return {callout.id: told[callout.id] for callout in visit.waiting}


def _spoken(desk: Desk, visit: Visit, pressed: Pressed) -> Spoken:
    newest = visit.sent[-1] if visit.sent else None
    wrong = pressed.press is Press.NOT_ME
    return Spoken(
        question=visit.question,
        meaning=pressed.meaning,
        evidence=Evidence.LINK,
        received_at=desk.now,
        figures=pressed.figures,
        message=newest.message if newest else "",
        address=newest.address if newest and wrong else None,
    )


def _noted(visit: Visit, by: str) -> Gathered:
    """Something for the desk to see that is no answer of the person who was asked."""
    note = Answered(
        person=visit.person.id,
        meaning=Meaning.UNCLEAR,
        evidence=Evidence.LINK,
        message=visit.sent[-1].message if visit.sent else None,
        by=by,
    )
    return {callout.id: [note] for callout in visit.callouts}


def _new(visit: Visit, callout: Callout, event: Event) -> bool:
    """Whether it says anything new: a link can be pressed again and again."""
    match event:
        case TakenOver(help=True):
            return callout.state is not State.CLOSED
        case TakenOver():
            return callout.open and callout.state is not State.TAKEN
        case Answered() if event.meaning.awake and callout.state is not State.CLOSED:
            return all(
                (one.person, one.meaning, one.figures)
                != (event.person, event.meaning, event.figures)
                for one in callout.answers
            )
        case Answered():
            return Note(callout.id, event.by, event.meaning) not in visit.notes
        case _:
            return True
