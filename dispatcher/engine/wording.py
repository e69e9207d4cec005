"""From what has to be said to the text that is sent.

Two parts of an SMS are enough for what to do; what to watch gives way first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.hazards import event_name
from config.texts import TextName, Texts
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Content

TWO_PARTS = 134  # characters, signature counted
NAMED_PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Says things about one warning.

    :ivar signature: the registered name, without brackets
    """

    texts: Texts
    roster: Roster
    signature: str
    content: Content

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

    def digest(
        self, units: Sequence[UnitId], counts: tuple[int, int], code: str | None
    ) -> str:
        """Whom a superior owes answers for.

        :param counts: how many are new in this message, and how many in all
        """
        say = self.texts.say
        added, count = counts
        ask = (
            say(TextName.DIGEST_ASK_CODE, code=code)
            if code
            else say(TextName.DIGEST_ASK)
        )
        place = self.common_place(units)
        about: dict[str, str | int] = {
            **self._about(),
            "place": place,
            "count": count,
            "ask": ask,
        }
        if added == count:
            return say(TextName.DIGEST, **about)
        return say(TextName.DIGEST_ADDED, **about, added=added)

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
