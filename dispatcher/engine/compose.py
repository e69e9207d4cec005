"""From planned attempts to messages: one text a person, however many roles it names.

Attempts for a unit's own people become messages at once; attempts for superiors join
their digests and are made into messages by :mod:`dispatcher.engine.digests`.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, PersonId, UnitId, UnitKind
from dispatcher.core.alert import Alert, AlertId, ChainId, Content
from dispatcher.core.callout import AttemptId, Callout, CalloutId, Purpose, Via, near
from dispatcher.core.change import with_those_above
from dispatcher.core.digest import call_at, message_at
from dispatcher.core.fact import AttemptPlanned
from dispatcher.engine.context import Context
from dispatcher.engine.wording import Voice
from dispatcher.store import alerts, callouts, calls, outbox, people, questions
from dispatcher.store.outbox import About, Message
from dispatcher.store.questions import Key, Kind, Member, Question

LATER = 100  # places between one round of tries and the next
# What a digest that is due anyway speaks of too.
SPEAKS = frozenset({Purpose.TRY, Purpose.REPEAT, Purpose.RETRY})


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
        return voice_of(self.context, found)


def voice_of(context: Context, alert: Alert) -> Voice:
    """Who speaks about an alert, whether or not it is in the store."""
    return Voice(
        texts=context.texts,
        roster=context.roster,
        signature=context.signature,
        content=alert.content,
        covers=_covers(context, alert) if alert.shares else (),
    )


def _covers(context: Context, alert: Alert) -> list[tuple[Content, frozenset[UnitId]]]:
    """The segments of a warning, each with its units and all above them."""
    return [
        (content, with_those_above(context.roster, share))
        for content, share in alert.covers
    ]


def compose(desk: Desk, planned: Sequence[Planned]) -> None:
    """Write messages and digest members for these attempts."""
    if not planned:
        return
    asked = opened_questions(desk, planned)
    digests = _due_digests(desk, planned)
    own, joining = [], []
    for one in planned:
        digest = digests.get((one.callout.chain, one.fact.person))
        if one.fact.via is not Via.OWN:
            joining.append((one, asked[key_of(one)]))
        elif digest and _goes_along(desk, one, digest):
            joining.append((one, digest))
        else:
            own.append(one)
    _put_own(desk, own, asked)
    questions.join(
        desk.connection,
        [_member(one, question, desk.now) for one, question in joining],
    )


def _due_digests(
    desk: Desk, planned: Iterable[Planned]
) -> dict[tuple[ChainId, PersonId], Question]:
    """The digests due this second of people who have to hear of their own part too."""
    keys = {
        Key(one.callout.chain, 0, one.fact.person, Kind.DIGEST)
        for one in planned
        if one.fact.via is Via.OWN and one.fact.purpose in SPEAKS
    }
    found = questions.find(desk.connection, keys)
    return {
        (key.chain, key.person): question
        for key, question in found.items()
        if question.due_at and question.due_at <= desk.now
    }


def _goes_along(desk: Desk, one: Planned, digest: Question) -> bool:
    """Whether the digest speaks on this channel now: one message names all."""
    waiting = questions.pending(desk.connection, [digest.id])[digest.id]
    by_call = one.fact.channel is Channel.VOICE
    at = (call_at if by_call else message_at)(digest.digest, waiting)
    return at is not None and at <= desk.now


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
    missing = {key: one for key, one in first.items() if key not in found}
    if not missing:
        return found
    new = new_questions(desk, missing)
    questions.add(desk.connection, new)
    return found | {question.key: question for question in new}


def new_questions(
    desk: Desk, missing: Mapping[Key, Planned]
) -> Mapping[Question, Sequence[str]]:
    """Questions that nobody has put yet, with the numbers that own their codes."""
    numbers = numbers_of(desk, (key.person for key in missing))
    every = {number for own in numbers.values() for number in own}
    used = defaultdict(set, questions.used_codes(desk.connection, every, desk.now))
    new: dict[Question, Sequence[str]] = {}
    for key, first in missing.items():
        own = numbers[key.person]
        asks = key.kind is not Kind.INFO
        code = questions.free_code(own, used) if asks and own else None
        for number in own:
            used[number].update({code} if code else ())
        new[_question(first, key, code, desk.now)] = own
    return new


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
    """Numbers and accounts of people, by version of the person; case is no matter."""
    wanted = set(persons)
    known = desk.context.roster.people
    gone = people.find_people(desk.connection, [p for p in wanted if p not in known])
    return {
        person: [
            a.value.casefold() for a in (known.get(person) or gone[person]).addresses
        ]
        for person in wanted
    }


def short_id(*parts: str) -> str:
    """Sixteen characters that follow from what it is: made twice, it is one."""
    name = hashlib.blake2b("|".join(parts).encode(), digest_size=10).digest()
    return b32encode(name).decode().lower()


def message_id(attempts: Iterable[AttemptId]) -> str:
    """The id of the message that carries these attempts; it lies near its callouts."""
    names = sorted(attempts)
    return near(names[0]) + short_id(*names)


def _put_own(
    desk: Desk, planned: Sequence[Planned], asked: Mapping[Key, Question]
) -> None:
    letters = letters_of(planned, asked)
    crowded = crowded_people(desk, {letter.question.key for letter in letters})
    voices = {
        alert: desk.voice(alert) for alert in {one.callout.alert for one in planned}
    }
    said = {}
    messages = []
    for letter in letters:
        question = letter.question
        code = question.code if question.key in crowded else None
        voice = voices[letter.items[0].callout.alert]
        # What goes out together on several channels is said once.
        said[question.id] = number = question.messages + 1
        if not _added_to_call(desk, letter, voice):
            messages.append(letter.message(letter.text(voice, number, code), desk.now))
    outbox.put(desk.connection, messages)
    questions.count_messages(desk.connection, said)


def _added_to_call(desk: Desk, letter: Letter, voice: Voice) -> bool:
    """Let a call that waits for a line say this as well, where there is one."""
    if letter.channel is not Channel.VOICE:
        return False
    waiting = calls.of_question(desk.connection, letter.question.id, letter.address)
    if waiting is None:
        return False
    carried = outbox.carries(desk.connection, [waiting])[waiting]
    before = callouts.load(desk.connection, [callout for _, callout in carried])
    units = [seen.callout.unit for seen in before.values()]
    units += [one.callout.unit for one in letter.items]
    spoken = voice.of(units).call_own(units)
    calls.join(desk.connection, waiting, spoken, letter.carries, letter.not_after)
    return True


def crowded_people(desk: Desk, keys: Iterable[Key]) -> frozenset[Key]:
    """Questions to be answered with a code: another warning asks the number too."""
    asked = tuple(keys)
    numbers = numbers_of(desk, (key.person for key in asked))
    every = {number for own in numbers.values() for number in own}
    open_chains = questions.open_chains(desk.connection, every)
    return frozenset(
        key
        for key in asked
        if any(
            open_chains.get(number, set()) - {key.chain}
            for number in numbers[key.person]
        )
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
        voice = voice.of(units)
        if self.channel is Channel.VOICE:
            return voice.call_own(units)
        text = (
            voice.reminder(units)
            if self.about is About.REMINDER
            else voice.own(units, number, code)
        )
        return voice.card(text) if self.channel is Channel.WECHAT else text

    @property
    def carries(self) -> tuple[tuple[AttemptId, CalloutId], ...]:
        """The attempts, with their callouts."""
        return tuple((one.fact.attempt, one.callout.id) for one in self.items)

    @property
    def not_after(self) -> datetime | None:
        """The latest end of any of them; None when one has none."""
        ends = [one.fact.not_after for one in self.items]
        known = [end for end in ends if end]
        return max(known) if len(known) == len(ends) else None

    def message(self, text: str, now: datetime) -> Message:
        """The message it becomes."""
        question = self.question
        return Message(
            id=message_id(one.fact.attempt for one in self.items),
            alert=self.items[0].callout.alert,
            chain=question.key.chain,
            question=question.id,
            about=self.about,
            person=question.key.person,
            address=self.address,
            channel=self.channel,
            lane=question.lane,
            place=min(place(one.callout) for one in self.items),
            level=question.level,
            drill=question.drill,
            code=question.code,
            text=text,
            created_at=now,
            not_after=self.not_after,
            carries=self.carries,
        )


def letters_of(
    planned: Iterable[Planned], asked: Mapping[Key, Question]
) -> tuple[Letter, ...]:
    """What goes out together: one letter for a question, address and channel."""
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


HIGH = frozenset({UnitKind.TOWNSHIP, UnitKind.COUNTY})


def place(callout: Callout) -> int:
    """Order within a lane, lower first (rules of calling, section 7).

    The fewest tries so far, so first tries of all before second ones of any, and A
    before B; then township and county, who are few and move the rest; then the risk,
    and grids before villages.
    """
    rungs = callout.ladder.rungs
    made = {(a.rung, a.label) for a in callout.attempts if rungs[a.rung].own}
    kind = callout.post.unit_kind
    low = 0 if kind in HIGH else 2 * callout.risk + (kind is not UnitKind.GRID)
    return len(made) * LATER + low
