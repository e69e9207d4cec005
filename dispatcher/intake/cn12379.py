"""Messages of the national warning system 12379: like CAP, and not CAP.

No namespace, a blank in times, codes in one comma list, references by identifier alone,
and ``Cancle`` where a client spells it so. Sources: GB/T 35965.1-2018, and what live
messages show (identifiers without their last part, levels that only prose tells).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from dispatcher.intake.document import Document, Element, Parts
from dispatcher.intake.form import YEARS
from dispatcher.intake.levels import CHANGED, COLOURS, level_told
from dispatcher.intake.problem import Loc, Problem
from dispatcher.intake.xml import local

BEIJING = timezone(timedelta(hours=8))
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
PIECE = re.compile(r"\d{4}-\d\d-\d\d(?:T\S+)?|\d\d:\d\d:\d\d\S*", re.ASCII)  # of a time
STAMP = re.compile(r"_(\d{14})(?:_|$)", re.ASCII)  # the time within an identifier
OWN = frozenset({"senderCode", "sendTime", "eventType", "secClassification"})
MISSPELT = "Cancle"  # by a met office's client
LIST = re.compile(r"[,，;\s]+")


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
            references=tuple(_references(head.text("references"), sender, sent)),
        )
        segments = [self.segment(info, sent, loc) for info, loc in self.infos(head)]
        return self.filled(content, tuple(dict.fromkeys(segments)))

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
        kind = info.text("eventType")
        code = kind if re.match(EVENT_CODE, kind, re.ASCII) else ""
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


def _references(text: str, sender: str, sent: datetime) -> Iterator[Reference]:
    """Bare identifiers of the sender's own; of triples as in CAP, their identifiers."""
    for part in LIST.split(text):
        if part and part != sender and not PIECE.fullmatch(part):
            stamp = STAMP.search(part)
            at = (_stamped(stamp[1]) if stamp else None) or sent
            yield Reference(sender=sender, identifier=part, sent=at)


def _stamped(digits: str) -> datetime | None:
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in YEARS else None


def _level(info: Parts, headline: str, description: str) -> Level:
    """The colour: where prose tells a change, severity may be that before it."""
    prose = f"{headline}\n{description}"
    if CHANGED.search(prose):
        return level_told(prose) or Level.UNKNOWN
    severity = info.text("severity").lower().removesuffix("色")
    return COLOURS.get(severity) or level_told(headline) or Level.UNKNOWN
