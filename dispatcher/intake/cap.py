"""CAP 1.2 as the world writes it: any order, any prefix, any language.

Source: OASIS Common Alerting Protocol 1.2 (2010), and what its schema does not catch:
ids with blanks, references that can't be read, rings that are open. Foreign elements
are left alone. Everything wrong is told at once, each at its element.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lxml import etree
from typing_extensions import override

from config.hazards import EVENT_CODE
from dispatcher.core.alert import (
    AreaCode,
    Content,
    Level,
    MsgType,
    Reference,
    Segment,
    Status,
)
from dispatcher.intake.document import NAME_MOST, Document, Element, Parts
from dispatcher.intake.levels import level_told
from dispatcher.intake.problem import Loc, Problem, problem
from dispatcher.intake.times import instant_of
from dispatcher.intake.xml import local

NAMESPACE = "urn:oasis:names:tc:emergency:cap:"
VERSION = "1.2"
# A sender may hold an apostrophe or a colon, never a comma; blanks may follow commas.
# From the start of a word only, and bounded: else a megabyte of text takes hours.
WORD = rf"([^\s,]{{1,{NAME_MOST}}})"
TRIPLE = re.compile(rf"(?<![^\s,]){WORD},\s{{0,99}}{WORD},\s{{0,99}}{WORD}(?![^\s])")
REFERENCES_MOST = 100
SEVERITY = {
    "extreme": Level.RED,
    "severe": Level.ORANGE,
    "moderate": Level.YELLOW,
    "minor": Level.BLUE,
}
PREFERRED = ("zh", "en")  # languages we would rather read, the best first


def is_cap(root: Element) -> bool:
    """Whether a document is CAP, of whatever version."""
    space = etree.QName(root).namespace or ""
    return local(root) == "alert" and space.startswith(NAMESPACE)


def read_cap(root: Element, now: datetime) -> Content | tuple[Problem, ...]:
    """Read an alert, or tell everything that is wrong with it.

    Fields that it leaves out stay blank: what a rule supplies is another's business.
    """
    version = (etree.QName(root).namespace or "").removeprefix(NAMESPACE)
    if version != VERSION:
        return (problem(("alert",), "cap_version_unsupported", version=version),)
    document = Cap(now=now)
    content = document.alert(Parts(root))
    return tuple(document.problems) or content


@dataclass(frozen=True, slots=True)
class Told:
    """A segment in one language."""

    language: str
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Document):
    """One alert in CAP 1.2."""

    SENT: ClassVar[str] = "sent"

    def alert(self, head: Parts) -> Content:
        """Read all of it."""
        content = Content(
            sender=self.name(head, "sender"),
            identifier=self.name(head, "identifier"),
            sent=self.sent(head),
            status=Status(self.word(head, "status", [*Status]) or Status.SYSTEM),
            msg_type=MsgType(self.word(head, "msgType", [*MsgType]) or MsgType.ACK),
            references=tuple(self.references(head)),
        )
        told = [
            Told(info.text("language").lower(), self.segment(info, content.sent, loc))
            for info, loc in self.infos(head)
        ]
        return self.filled(content, in_one_language(told))

    @override
    def instant(self, text: str) -> datetime | None:
        return instant_of(text)

    def references(self, head: Parts) -> Iterator[Reference]:
        """Read the triples; the same instant in another zone is the same."""
        text, loc = head.text("references"), ("alert", "references")
        if TRIPLE.sub("", text).strip():
            self.complain(loc, "references_unreadable")
        triples = TRIPLE.findall(text)
        if len(triples) > REFERENCES_MOST:
            self.complain(loc, "too_many", max_length=REFERENCES_MOST)
        for sender, identifier, sent in triples:
            moment = self.moment(loc, sent)
            if moment:
                yield Reference(sender=sender, identifier=identifier, sent=moment)

    def segment(self, info: Parts, sent: datetime, loc: Loc) -> Segment:
        """Read one info."""
        starts, ends = self.times(info, sent, loc)
        named = [Parts(one).text("value") for one in info.all("eventCode")]
        codes = (code for code in named if re.match(EVENT_CODE, code, re.ASCII))
        headline, event = (
            self.line(info, loc, "headline"),
            self.line(info, loc, "event"),
        )
        return Segment(
            event_code=next(codes, ""),
            event=event,
            level=_level(info, (headline, event)),
            headline=headline,
            description=self.prose(info, loc, "description"),
            instruction=self.prose(info, loc, "instruction"),
            issuer=self.line(info, loc, "senderName"),
            effective=starts,
            expires=ends,
            areas=tuple(self.areas(info, loc)),
        )

    @override
    def codes(self, area: Parts) -> Iterator[AreaCode]:
        for pair in map(Parts, area.all("geocode")):
            for code in re.split(r"[,;\s]+", pair.text("value")):
                if code and pair.text("valueName"):
                    yield AreaCode(system=pair.text("valueName"), code=code)


def _level(info: Parts, told: Sequence[str]) -> Level:
    """The colour as the headline, the event or a parameter tells it; else severity."""
    values = (Parts(one).text("value") for one in info.all("parameter"))
    for text in (*told, *values):
        if (level := level_told(text)) is not None:
            return level
    return SEVERITY.get(info.text("severity").lower(), Level.UNKNOWN)


def in_one_language(told: Sequence[Told]) -> list[Segment]:
    """Of what says the same in several languages, the one we would rather read."""
    best: dict[object, Told] = {}
    seen: Counter[object] = Counter()
    for one in told:
        what = _sameness(one.segment)
        # A language says nothing twice: its second is another one's second too.
        seen[one.language, what] += 1
        same = (what, seen[one.language, what])
        if same not in best or _rank(one) < _rank(best[same]):
            best[same] = one
    return [one.segment for one in best.values()]


def _sameness(segment: Segment) -> object:
    """What two texts of one segment have in common, whatever their language."""
    where = tuple((area.codes, area.polygons, area.circles) for area in segment.areas)
    if not any(any(one) for one in where):  # told by name only, and names differ
        return segment.level, len(segment.areas)
    return segment.level, segment.event_code, where


def _rank(one: Told) -> int:
    fitting = (i for i, name in enumerate(PREFERRED) if one.language.startswith(name))
    return next(fitting, len(PREFERRED))
