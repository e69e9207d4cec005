"""From what has to be said to the text that is sent.

Two parts of an SMS are enough for what to do; what to watch gives way first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Self

from config.hazards import event_name
from config.texts import TextName, Texts
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Content

TWO_PARTS = 134  # characters, signature counted
NAMED_PLACES = 2
SPOKEN_PER_SECOND = 4.0  # characters, read out as slowly as a warning should be
ACTION_MOST = 16  # characters of the action sentence: with the rest about 8 seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a digest says a superior owes answers for.

    :ivar units: named in this message
    :ivar added: how many of them had not been named before
    :ivar count: how many in all
    :ivar own: units whose posts he holds himself
    """

    units: Sequence[UnitId]
    added: int
    count: int
    own: Sequence[UnitId] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Says things about one warning.

    :ivar signature: the registered name, without brackets
    :ivar covers: of a warning in several parts, each with the units it reaches
    """

    texts: Texts
    roster: Roster
    signature: str
    content: Content
    covers: Sequence[tuple[Content, frozenset[UnitId]]] = ()

    def of(self, units: Collection[UnitId]) -> Self:
        """The same voice, saying what the warning says of these units."""
        for content, reached in self.covers:
            if not reached.isdisjoint(units):
                return replace(self, content=content)
        return self

    @property
    def event(self) -> str:
        """The kind of event in words; of an unknown code, the headline."""
        named = self.content.event or event_name(self.content.event_code)
        return named or self.content.headline or "预警"

    def own(self, units: Sequence[UnitId], number: int, code: str | None) -> str:
        """The warning itself, to somebody who answers for these units.

        :param number: how often it has been said before, plus one
        :param code: given where the number has several open questions
        """
        ask = self.texts.say(TextName.ASK)
        if code:
            ask = self.texts.say(TextName.ASK_CODE, code=code)
        return self._warning(units, number, ask)

    def told(self, units: Sequence[UnitId]) -> str:
        """The warning itself, where nothing is asked."""
        return self._warning(units, 1, self.texts.say(TextName.TOLD))

    def _warning(self, units: Sequence[UnitId], number: int, ask: str) -> str:
        say = self.texts.say
        fields: dict[str, str | int] = {
            **self._about(),
            "nth": say(TextName.NTH, n=number) if number > 1 else "",
            "place": self.places(units),
            "ask": ask,
        }
        room = TWO_PARTS - len(say(TextName.OWN, **fields, watch="", instruction=""))
        instruction = shortened(self.content.instruction, room) or cut(
            self.content.instruction, room
        )
        watch = shortened(self.content.description, room - len(instruction) - 1)
        return say(
            TextName.OWN,
            **fields,
            watch=f",{watch}" if watch else "",
            instruction=instruction,
        )

    def digest(self, owed: Owed, code: str | None) -> str:
        """Whom a superior owes answers for."""
        say = self.texts.say
        about: dict[str, str | int] = {
            **self._about(),
            "place": self.common_place(owed.units),
            "count": owed.count,
            "ask": self._digest_ask(owed, code),
        }
        if owed.own:
            return say(TextName.DIGEST_OWN, **about, own=self.places(owed.own))
        if owed.added in {0, owed.count}:
            return say(TextName.DIGEST, **about)
        return say(TextName.DIGEST_ADDED, **about, added=owed.added)

    def _digest_ask(self, owed: Owed, code: str | None) -> str:
        plain, coded = (
            (TextName.DIGEST_OWN_ASK, TextName.DIGEST_OWN_ASK_CODE)
            if owed.own
            else (TextName.DIGEST_ASK, TextName.DIGEST_ASK_CODE)
        )
        return self.texts.say(coded, code=code) if code else self.texts.say(plain)

    def task(self, units: Sequence[UnitId]) -> str:
        """Whom to wake up by knocking."""
        place, count = self.common_place(units), len(set(units))
        return self.texts.say(TextName.TASK, **self._about(), place=place, count=count)

    def card(self, text: str) -> str:
        """A text as a card: its title, and the text without the signature."""
        title = self.texts.say(
            TextName.CARD_TITLE,
            drill=self._frame()["drill"],
            event=self.event,
            level=self.content.level.zh,
        )
        return f"{title}\n{text.removeprefix(f'【{self.signature}】')}"

    def call(self, body: str) -> str:
        """What is said in a call: who calls and what to do, then the rest."""
        say = self.texts.say
        spoken = say(TextName.DRILL_SPOKEN) if self.content.drill else ""
        action = self.content.instruction
        opening = say(
            TextName.CALL_OPENING,
            **(self._about() | {"drill": spoken}),
            action=shortened(action, ACTION_MOST) or cut(action, ACTION_MOST),
        )
        return f"{opening}\n{body}"

    def call_own(self, units: Sequence[UnitId]) -> str:
        """The warning itself, spoken."""
        watch = self.content.description
        body = self.texts.say(
            TextName.CALL_OWN,
            place=self.places(units),
            watch=f",{watch}" if watch else "",
            instruction=self.content.instruction,
        )
        return self.call(body)

    def call_digest(self, owed: Owed) -> str:
        """Whom a superior owes answers for, spoken."""
        say, place = self.texts.say, self.common_place(owed.units)
        if not owed.own:
            return self.call(say(TextName.CALL_DIGEST, place=place, count=owed.count))
        own = self.places(owed.own)
        return self.call(
            say(TextName.CALL_DIGEST_OWN, own=own, place=place, count=owed.count)
        )

    def call_help(self, units: Sequence[UnitId], name: str) -> str:
        """Somebody asks for help, spoken."""
        place = self.places(units)
        return self.call(self.texts.say(TextName.CALL_HELP, place=place, name=name))

    def call_notice(self, text: str) -> str:
        """A notice, spoken: nothing is asked, so it has no opening of its own."""
        body = text.removeprefix(f"【{self.signature}】")
        return self.texts.say(TextName.CALL_NOTICE, signature=self.signature, text=body)

    def info(self, units: Sequence[UnitId]) -> str:
        """What a superior should know; nothing is asked."""
        place, count = self.common_place(units), len(set(units))
        return self.texts.say(TextName.INFO, **self._about(), place=place, count=count)

    def help(self, units: Sequence[UnitId], name: str) -> str:
        """Somebody in a unit below asks for help."""
        return self.texts.say(
            TextName.HELP, **self._frame(), place=self.places(units), name=name
        )

    def cancel(self) -> str:
        """The warning is lifted."""
        issuer = self.content.issuer
        return self.texts.say(TextName.CANCEL, **self._about(), issuer=issuer)

    def correction(self) -> str:
        """The warning was sent by mistake."""
        issuer = self.content.issuer
        return self.texts.say(TextName.CORRECTION, **self._about(), issuer=issuer)

    def expired(self) -> str:
        """The warning has run out."""
        issuer = self.content.issuer
        return self.texts.say(TextName.EXPIRED, **self._about(), issuer=issuer)

    def to_desk(self, name: TextName, count: int, **about: str | int) -> str:
        """How a warning stands that runs out, or gave no end.

        :param count: grids that have not answered
        """
        return self.texts.say(name, **self._about(), count=count, **about)

    def group(self, name: TextName, place: str, **about: str | int) -> str:
        """Something told to a group, which must name nobody."""
        return self.texts.say(name, **self._about(), place=place, **about)

    def reminder(self, units: Sequence[UnitId]) -> str:
        """Answered, but the figures are still owed."""
        return self.texts.say(
            TextName.FEEDBACK_REMINDER,
            **self._frame(),
            event=self.event,
            place=self.places(units),
        )

    def desk(self, count: int) -> str:
        """Callouts wait for their owner at the desk."""
        return self.texts.say(TextName.DESK_REMINDER, **self._frame(), count=count)

    def reply(self, name: TextName, **fields: str | int) -> str:
        """Something said back to what a person wrote."""
        words = self.texts.say(name, **fields)
        return self.texts.say(TextName.REPLY, **self._frame(), text=words)

    def _frame(self) -> dict[str, str]:
        drill = self.texts.say(TextName.DRILL_WORDS) if self.content.drill else ""
        return {"signature": self.signature, "drill": drill}

    def _about(self) -> dict[str, str]:
        level = self.content.level.zh
        return {**self._frame(), "event": self.event, "level": level}

    def places(self, units: Sequence[UnitId]) -> str:
        """Units by name: two in full, then how many there are."""
        distinct = tuple(dict.fromkeys(units))
        names = [self._name(unit) for unit in distinct[:NAMED_PLACES]]
        more = f"等{len(distinct)}处" if len(distinct) > NAMED_PLACES else ""
        return "、".join(names) + more

    def _name(self, name: UnitId) -> str:
        """A grid says which village it is in: many are called 1网格."""
        unit = self.roster.units.get(name)
        if unit is None:  # the roster has dropped it since; its code still names it
            return name
        village = self.roster.above(name, UnitKind.VILLAGE)
        if unit.kind is not UnitKind.GRID or village is None:
            return unit.name
        return (
            unit.name
            if unit.name.startswith(village.name)
            else (village.name + unit.name)
        )

    def common_place(self, units: Sequence[UnitId]) -> str:
        """The smallest unit that all of these lie in."""
        distinct = tuple(dict.fromkeys(units))
        if len(distinct) == 1 or not self.roster.units.keys() >= set(distinct):
            return self.places(distinct)
        shared = set(self.roster.ancestors(distinct[0]))
        for unit in distinct[1:]:
            shared &= {self.roster.unit(unit), *self.roster.ancestors(unit)}
        nearest = (u for u in self.roster.ancestors(distinct[0]) if u in shared)
        place = next(nearest, None)
        return place.name if place else self.places(distinct)


def spoken_seconds(text: str) -> float:
    """How long a text takes to be read out, about."""
    return round(len("".join(text.split())) / SPOKEN_PER_SECOND, 1)


CLAUSE_ENDS = "。;；,，、!！"


def shortened(text: str, room: int) -> str:
    """As many whole clauses as fit; nothing when not even the first one does."""
    words = text.strip(CLAUSE_ENDS + " ")
    if len(words) <= room:
        return words
    ends = (words.rfind(mark, 0, max(room, 0) + 1) for mark in CLAUSE_ENDS)
    return words[: max(0, *ends)]


def cut(text: str, room: int) -> str:
    """The beginning of one overlong clause."""
    return text[: max(room - 1, 0)] + "…"
