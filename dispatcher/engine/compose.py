"""From planned attempts to messages: one text a person, however many roles it names.

Attempts for a unit's own people become messages at once; attempts for superiors join
their digests and are made into messages by :mod:`dispatcher.engine.digests`.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, AddressKind, Person, PersonId
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import Callout, Purpose, Via
from dispatcher.core.fact import AttemptPlanned
from dispatcher.engine.context import Context
from dispatcher.engine.wording import Voice
from dispatcher.store import alerts, outbox, people, questions
from dispatcher.store.outbox import About, Message
from dispatcher.store.questions import Key, Kind, Member, Question

LATER = 100  # places that first tries go before all later ones


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt, with the callout as it is after the decision."""

    callout: Callout
    fact: AttemptPlanned


@dataclass(frozen=True, slots=True)
class Desk:
    """What composing needs beside the attempts."""

    connection: Connection
    context: Context
    now: datetime

    def voice(self, alert: AlertId) -> Voice:
        """Who speaks about an alert.

        :raises LookupError: when the alert is not there; a callout always has one
        """
        found = alerts.find(self.connection, alert)
        if found is None:
            message = f"alert {alert} has callouts but is not in the store"
            raise LookupError(message)
        return Voice(
            texts=self.context.texts,
            roster=self.context.roster,
            signature=self.context.signature,
            content=found.content,
        )


def compose(desk: Desk, planned: Sequence[Planned]) -> None:
    """Write messages and digest members for these attempts."""
    if not planned:
        return
    asked = opened_questions(desk, planned)
    own = [one for one in planned if one.fact.via is Via.OWN]
    joining = [one for one in planned if one.fact.via is not Via.OWN]
    _put_own(desk, own, asked)
    questions.join(
        desk.connection,
        [_member(one, asked[key_of(one)], desk.now) for one in joining],
    )


def key_of(one: Planned) -> Key:
    """The question an attempt belongs to; digests outlive epochs."""
    kind = Kind(one.fact.via.value)
    epoch = one.callout.epoch if kind is Kind.OWN else 0
    return Key(one.callout.chain, epoch, one.fact.person, kind)


def _member(one: Planned, question: Question, now: datetime) -> Member:
    return Member(
        question=question.id,
        attempt=one.fact.attempt,
        callout=one.callout.id,
        channel=one.fact.channel,
        address=one.fact.address,
        purpose=one.fact.purpose,
        joined_at=now,
    )


def opened_questions(desk: Desk, planned: Iterable[Planned]) -> dict[Key, Question]:
    """The questions of these attempts; those that are new get a free code."""
    first = {key_of(one): one for one in reversed(tuple(planned))}
    found = questions.find(desk.connection, first)
    missing = [key for key in first if key not in found]
    if not missing:
        return found
    numbers = numbers_of(desk, (key.person for key in missing))
    every = {number for own in numbers.values() for number in own}
    used = defaultdict(set, questions.used_codes(desk.connection, every, desk.now))
    new: dict[Question, Sequence[str]] = {}
    for key in missing:
        own = numbers[key.person]
        asks = key.kind is not Kind.INFO
        code = questions.free_code(own, used) if asks and own else None
        for number in own:
            used[number].update({code} if code else ())
        new[_question(first[key], key, code, desk.now)] = own
    questions.add(desk.connection, new)
    return found | {question.key: question for question in new}


def _question(one: Planned, key: Key, code: str | None, now: datetime) -> Question:
    return Question(
        id=short_id(
            "question", *map(str, (key.chain, key.epoch, key.person, key.kind))
        ),
        key=key,
        alert=one.callout.alert,
        lane=one.callout.lane,
        level=one.callout.level,
        drill=one.callout.drill,
        code=code,
        opened_at=now,
    )


def numbers_of(
    desk: Desk, persons: Iterable[PersonId]
) -> Mapping[PersonId, Sequence[str]]:
    """Telephone numbers of people, by version of the person."""
    wanted = set(persons)
    known = desk.context.roster.people
    gone = people.find_people(desk.connection, [p for p in wanted if p not in known])
    return {person: _numbers(known.get(person) or gone[person]) for person in wanted}


def _numbers(person: Person) -> tuple[str, ...]:
    return tuple(a.value for a in person.addresses if a.kind is not AddressKind.WECOM)


def short_id(*parts: str) -> str:
    """Ten characters that follow from what the thing is: made twice, it is one."""
    name = hashlib.blake2b("|".join(parts).encode(), digest_size=10).digest()
    return b32encode(name).decode().lower()[:10]


def _put_own(
    desk: Desk, planned: Sequence[Planned], asked: Mapping[Key, Question]
) -> None:
    letters = _letters(planned, asked)
    crowded = crowded_people(desk, (letter.question.key.person for letter in letters))
    voices = {
        alert: desk.voice(alert) for alert in {one.callout.alert for one in planned}
    }
    made: Counter[str] = Counter()
    messages = []
    for letter in letters:
        question = letter.question
        made[question.id] += 1
        code = question.code if question.key.person in crowded else None
        voice = voices[letter.items[0].callout.alert]
        number = question.messages + made[question.id]
        messages.append(letter.message(letter.text(voice, number, code), desk.now))
    outbox.put(desk.connection, messages)
    before = {question.id: question.messages for question in asked.values()}
    totals = {name: before[name] + count for name, count in made.items()}
    questions.count_messages(desk.connection, totals)


def crowded_people(desk: Desk, persons: Iterable[PersonId]) -> frozenset[PersonId]:
    """People who must answer with a code: several questions are open for a number."""
    numbers = numbers_of(desk, persons)
    every = {number for own in numbers.values() for number in own}
    count = questions.open_count(desk.connection, every)
    return frozenset(
        person
        for person, own in numbers.items()
        if any(count.get(number, 0) > 1 for number in own)
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """Attempts that go out as one message about the unit's own callouts."""

    question: Question
    address: AddressId
    channel: Channel
    about: About
    items: tuple[Planned, ...]

    def text(self, voice: Voice, number: int, code: str | None) -> str:
        """What it says, the ``number``-th time."""
        units = [one.callout.unit for one in self.items]
        if self.about is About.REMINDER:
            return voice.reminder(units)
        return voice.own(units, number, code)

    def message(self, text: str, now: datetime) -> Message:
        """The message it becomes."""
        question = self.question
        return Message(
            id=short_id(*sorted(one.fact.attempt for one in self.items)),
            alert=self.items[0].callout.alert,
            chain=question.key.chain,
            question=question.id,
            about=self.about,
            person=question.key.person,
            address=self.address,
            channel=self.channel,
            lane=question.lane,
            place=min(_place(one) for one in self.items),
            level=question.level,
            drill=question.drill,
            code=question.code,
            text=text,
            created_at=now,
            not_after=_not_after(self.items),
            carries=tuple((one.fact.attempt, one.callout.id) for one in self.items),
        )


def _letters(
    planned: Iterable[Planned], asked: Mapping[Key, Question]
) -> tuple[Letter, ...]:
    together: dict[tuple[Key, AddressId, Channel, About], list[Planned]] = {}
    for one in planned:
        fact = one.fact
        reminder = fact.purpose is Purpose.REMINDER
        about = About.REMINDER if reminder else About.OWN
        envelope = (key_of(one), fact.address, fact.channel, about)
        together.setdefault(envelope, []).append(one)
    return tuple(
        Letter(asked[key], address, channel, about, tuple(items))
        for (key, address, channel, about), items in together.items()
    )


def _place(one: Planned) -> int:
    """First tries before later ones, then A before B, then by risk."""
    first = one.fact.purpose is Purpose.TRY and one.fact.attempt.split(".")[3] == "0"
    return one.callout.risk + 10 * one.fact.rung + (0 if first else LATER)


def _not_after(items: Iterable[Planned]) -> datetime | None:
    """The latest end of any of them; None when one has none."""
    ends = [one.fact.not_after for one in items]
    known = [end for end in ends if end]
    return max(known) if len(known) == len(ends) else None
