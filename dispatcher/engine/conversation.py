"""What is said in a call, and what follows a key. The words stand in the text table.

A call reads one or more messages. Of each it says who calls and what to do, then the
whole text, twice. A key before the first sentence is over answers nothing: the message
is read again. A key answers only the message that was read last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from channels.contract import Prompt, Speech
from config.texts import TextName, Texts
from dispatcher.core.answer import Meaning
from dispatcher.intake.keys import PEOPLE_DIGITS, figures_of, meaning_of

# A phase, and the id of a message, which had ten characters once.
WRITTEN = re.compile(r"([otn])([a-z2-7]{10}|[a-z2-7]{16}|[a-z2-7]{24})")
READ_TWICE = 2
OPENING_SECONDS = 1  # keys are not waited for after the first sentence
ANSWER_SECONDS = 8


class Phase(StrEnum):
    """Where in a message a key was pressed."""

    OPENING = "o"
    TEXT = "t"
    NUMBER = "n"


@dataclass(frozen=True, slots=True)
class Place:
    """A message, and how far its reading had come."""

    phase: Phase
    message: str

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Read what :meth:`__str__` wrote; None when it is something else."""
        found = WRITTEN.fullmatch(text)
        return cls(Phase(found[1]), found[2]) if found else None

    @override
    def __str__(self) -> str:
        return f"{self.phase}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message as it is read: its first sentence, and the rest.

    :ivar asks: a key is listened for
    :ivar wanted: somebody still has to hear it
    """

    message: str
    opening: str
    body: str
    asks: bool
    wanted: bool

    @classmethod
    def of(cls, message: str, text: str, *, asks: bool, wanted: bool) -> Part:
        """Take apart the text of a voice message: its first line is the opening."""
        opening, _, body = text.partition("\n")
        return cls(
            message=message,
            opening=opening,
            body=body or opening,
            asks=asks,
            wanted=wanted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Everything one call has to say."""

    texts: Texts
    parts: Sequence[Part]

    def begin(self) -> Speech:
        """From picking up to hanging up, while no key comes."""
        said = tuple(self._from(0))
        return self._ended(*said) if said else (self._plain(TextName.CALL_SETTLED),)

    def after(self, place: Place, keys: str) -> Speech:
        """What is said when keys were pressed at a place."""
        index = self._index(place.message)
        if index is None:
            return (self._plain(TextName.CALL_SETTLED),)
        rest = tuple(self._from(index + 1))
        part = self.parts[index]
        match place.phase:
            case Phase.OPENING:
                return self._ended(*self._read(part), *rest)
            case Phase.NUMBER:
                return self._ended(*self._counted(part, keys), *rest)
            case Phase.TEXT:
                return self._ended(*self._reply(part, meaning_of(keys)), *rest)

    def _ended(self, *said: Prompt) -> Speech:
        """Who hears a question out and presses no key hears that it is no answer."""
        asks = any(prompt.place.startswith(Phase.TEXT) for prompt in said)
        return (*said, self._plain(TextName.CALL_GOODBYE)) if asks else said

    def _index(self, message: str) -> int | None:
        names = [part.message for part in self.parts]
        return names.index(message) if message in names else None

    def _from(self, first: int) -> Iterator[Prompt]:
        for part in self.parts[first:]:
            if part.wanted:
                yield from self._read(part)

    def _read(self, part: Part) -> Iterator[Prompt]:
        place = str(Place(Phase.OPENING, part.message)) if part.asks else ""
        yield Prompt(text=part.opening, place=place, seconds=OPENING_SECONDS)
        yield from self._text(part)

    def _text(self, part: Part) -> Iterator[Prompt]:
        place = str(Place(Phase.TEXT, part.message)) if part.asks else ""
        for _ in range(READ_TWICE):
            yield Prompt(text=part.body, place=place, seconds=ANSWER_SECONDS)

    def _reply(self, part: Part, meaning: Meaning) -> Iterator[Prompt]:
        if meaning is Meaning.EVACUATING:
            yield self._ask_number(part)
        elif meaning in SAID_AFTER:
            yield self._plain(SAID_AFTER[meaning])
        else:
            if meaning is Meaning.UNCLEAR:
                yield self._plain(TextName.KEY_UNCLEAR)
            yield from self._text(part)

    def _ask_number(self, part: Part) -> Prompt:
        return Prompt(
            text=self.texts.say(TextName.KEY_EVACUATING),
            place=str(Place(Phase.NUMBER, part.message)),
            digits=PEOPLE_DIGITS,
            seconds=ANSWER_SECONDS,
        )

    def _counted(self, part: Part, keys: str) -> Iterator[Prompt]:
        figures = figures_of(keys)
        if figures is None or figures.people is None:
            yield self._plain(TextName.KEY_UNCLEAR)
            yield self._ask_number(part)
        else:
            yield self._plain(TextName.KEY_COUNTED, count=figures.people)

    def _plain(self, name: TextName, **fields: str | int) -> Prompt:
        """Something said while no key is listened for."""
        return Prompt(text=self.texts.say(name, **fields))


SAID_AFTER = {
    Meaning.RECEIVED: TextName.KEY_RECEIVED,
    Meaning.NEED_HELP: TextName.KEY_NEED_HELP,
    Meaning.CANNOT_ACT: TextName.KEY_NOTED,
    Meaning.WRONG_PERSON: TextName.KEY_NOTED,
}
