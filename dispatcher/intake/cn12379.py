"""Messages of the national warning system 12379: like CAP, and not CAP.

No namespace, a blank in times, codes in one comma list, references by identifier alone,
and ``Cancle`` where a client spells it so. Sources: GB/T 35965.1-2018, and what live
messages show (identifiers without their last part, levels that only prose tells). The
texts for each way of sending (``code/method``) are not read: how to call is ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

from typing_extensions import override

from config.hazards import EVENT_CODE, event_name
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
from dispatcher.intake.form import YEARS
from dispatcher.intake.levels import COLOURS, changed_to, level_told
from dispatcher.intake.problem import Loc, Problem
from dispatcher.intake.xml import local

BEIJING = timezone(timedelta(hours=8))
MOMENT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?\s?(?:Z|[+-]\d\d:?\d\d)?"
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
PIECE = re.compile(r"\d{4}-\d\d-\d\d(?:T\S+)?|\d\d:\d\d:\d\d\S*", re.ASCII)  # of a time
STAMP = re.compile(r"_(\d{14})(?:_|$)", re.ASCII)  # the time within an identifier
LIST = re.compile(r"[,，;；\s]+")
TOKEN = rf"([^\s,，;；]{{1,{NAME_MOST}}})\s{{0,9}}[,，]\s{{0,9}}"
# From the start of a token only, and bounded: else a megabyte of text takes hours.
TRIPLE = re.compile(rf"(?<![^\s,，;；]){TOKEN}{TOKEN}({MOMENT})")
REFERENCES_MOST = 100
OWN = frozenset({"senderCode", "sendTime", "eventType", "secClassification"})
MISSPELT = "Cancle"  # by a met office's client

EVENT = re.compile(EVENT_CODE, re.ASCII)
# [Ⅲ级/较重] at the end of a headline that names no colour.
GRADE = re.compile(r"(?<![A-Za-z])(Ⅰ|Ⅱ|Ⅲ|Ⅳ|IV|I{1,3})级")
GRADES = {
    **dict.fromkeys(("Ⅰ", "I", "extreme"), Level.RED),
    **dict.fromkeys(("Ⅱ", "II", "severe"), Level.ORANGE),
    **dict.fromkeys(("Ⅲ", "III", "moderate"), Level.YELLOW),
    **dict.fromkeys(("Ⅳ", "IV", "minor"), Level.BLUE),
}


def is_cn12379(root: Element) -> bool:
    """Whether a document is a message of 12379."""
    if root.tag != "alert":
        return False
    return any(local(one) in OWN for one in root.iter("*"))


def read_cn12379(
    root: Element, now: datetime, code_system: str
) -> Content | tuple[Problem, ...]:
    """Read a message, or tell everything that is wrong with it.

    :param code_system: the list that our own area codes, and so its geocodes, are from
    """
    document = Cn12379(now=now, code_system=code_system)
    content = document.alert(Parts(root))
    return tuple(document.problems) or content


@dataclass(frozen=True, slots=True, kw_only=True)
class Cn12379(Document):
    """One message of 12379."""

    SENT: ClassVar[str] = "sendTime"

    code_system: str

    def alert(self, head: Parts) -> Content:
        """Read all of it."""
        sender, sent = self.name(head, "sender"), self.sent(head)
        kind = self.word(head, "msgType", [*MsgType, MISSPELT]) or MsgType.ACK
        content = Content(
            sender=sender,
            identifier=self.name(head, "identifier"),
            sent=sent,
            status=Status(self.word(head, "status", [*Status]) or Status.SYSTEM),
            msg_type=MsgType.CANCEL if kind == MISSPELT else MsgType(kind),
            references=self.references(head, sender, sent),
        )
        told = [
            (info.text("language").lower(), self.segment(info, sent, loc))
            for info, loc in self.infos(head)
        ]
        return self.filled(content, _in_chinese(told))

    def references(
        self, head: Parts, sender: str, sent: datetime
    ) -> tuple[Reference, ...]:
        """Read what it refers to, each once."""
        loc, text = ("alert", "references"), "\n".join(head.texts("references"))
        own = _names(head)
        triples = [
            self._reference(sender if name in own else name, identifier, time, sent)
            for name, identifier, time in TRIPLE.findall(text)
        ]
        bare = [
            self._reference(sender, part, "", sent)
            for part in LIST.split(TRIPLE.sub(" ", text))
            if part and part not in own and not PIECE.fullmatch(part)
        ]
        found = tuple(dict.fromkeys([*triples, *bare]))
        if len(found) > REFERENCES_MOST:
            self.complain(loc, "too_many", max_length=REFERENCES_MOST)
        if any(len(one.identifier) > NAME_MOST for one in found):
            self.complain(loc, "too_long", max_length=NAME_MOST)
        return found

    def _reference(
        self, sender: str, identifier: str, time: str, sent: datetime
    ) -> Reference:
        """Told by itself, by its identifier, or else as if sent with this message."""
        stamp = STAMP.search(identifier)
        at = self.instant(time) or (_stamped(stamp[1]) if stamp else None) or sent
        return Reference(sender=sender, identifier=identifier, sent=at)

    @override
    def instant(self, text: str) -> datetime | None:
        found = TIME.fullmatch(text.strip())
        if found is None:
            return None
        zone = {None: "+08:00", "Z": "+00:00"}.get(found[3], found[3])
        try:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}")
        except ValueError:
            return None
        return moment.astimezone(UTC) if moment.year in YEARS else None

    def segment(self, info: Parts, sent: datetime, loc: Loc) -> Segment:
        """Read one info."""
        starts, ends = self.times(info, sent, loc)
        kind = self.line(info, loc, "eventType")
        code = kind.upper() if EVENT.match(kind.upper()) else ""
        headline = self.line(info, loc, "headline")
        description = self.prose(info, loc, "description")
        return Segment(
            event_code=code,
            event=event_name(code) or ("" if code else kind),
            level=_level(info, headline, description),
            headline=headline,
            description=description,
            instruction=self.prose(info, loc, "instruction"),
            issuer=self.line(info, loc, "senderName"),
            effective=starts,
            expires=ends,
            areas=tuple(self.areas(info, loc)),
        )

    @override
    def codes(self, area: Parts) -> Iterator[AreaCode]:
        for text in area.texts("geocode"):
            for code in LIST.split(text):
                if code:
                    yield AreaCode(system=self.code_system, code=code)


def _names(head: Parts) -> Collection[str]:
    """What the sender calls itself: a triple may name it by any of these."""
    issuers = (Parts(info).text("senderName") for info in head.all("info"))
    return {head.text("sender"), head.text("senderCode"), *issuers}


def _in_chinese(told: Sequence[tuple[str, Segment]]) -> list[Segment]:
    """Each segment once; a Chinese one's translations are left out."""
    chinese = [segment for name, segment in told if _chinese(name)]
    same = {_sameness(segment) for segment in chinese}
    rest = (segment for name, segment in told if not _chinese(name))
    foreign = (segment for segment in rest if _sameness(segment) not in same)
    return [*dict.fromkeys([*chinese, *foreign])]


def _chinese(language: str) -> bool:
    return not language or language.startswith(("zh", "ch", "cn", "中", "汉"))


def _sameness(segment: Segment) -> object:
    """What a translation leaves as it is; a place told by name only is told by that."""
    where = tuple(
        (area.codes, area.polygons, area.circles)
        if area.codes or area.polygons or area.circles
        else area.name
        for area in segment.areas
    )
    return segment.level, segment.event_code, segment.effective, segment.expires, where


def _stamped(digits: str) -> datetime | None:
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in YEARS else None


def _level(info: Parts, headline: str, description: str) -> Level:
    """The colour: where prose tells a change, severity may be that before it."""
    severity = info.text("severity").lower().removesuffix("色")
    grades = GRADE.findall(headline) or [severity]
    return (
        changed_to(headline)
        or changed_to(description)
        or COLOURS.get(severity)
        or level_told(headline)
        or GRADES.get(grades[-1])
        or Level.UNKNOWN
    )
