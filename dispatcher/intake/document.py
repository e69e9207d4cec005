"""What reading CAP and reading 12379 have in common: one alert in XML elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import ClassVar

from lxml import etree

from dispatcher.core.alert import (
    Area,
    AreaCode,
    Circle,
    Content,
    MsgType,
    Polygon,
    Segment,
)
from dispatcher.core.policy import strictness
from dispatcher.intake.form import CONTROL, FUTURE_MOST, NOT_IN_NAMES
from dispatcher.intake.problem import Loc, Problem, problem
from dispatcher.intake.shapes import read_circle, read_polygon
from dispatcher.intake.xml import local, words

NAME_MOST, LINE_MOST, PROSE_MOST = 200, 2_000, 10_000
INFOS_MOST, AREAS_MOST = 100, 1_000
SHAPES_MOST = 1_000  # of one kind, in one area

Element = etree._Element  # noqa: SLF001 - lxml has no public name for what it gives


class Parts:
    """The children of an element in its own namespace, by name."""

    def __init__(self, element: Element) -> None:
        self._children: dict[str, list[Element]] = {}
        space = etree.QName(element).namespace
        for child in element:
            if etree.QName(child).namespace == space:
                self._children.setdefault(local(child), []).append(child)

    def all(self, name: str) -> list[Element]:
        """Every child of a name."""
        return self._children.get(name, [])

    def texts(self, name: str) -> list[str]:
        """What every child of a name says, blank ones left out."""
        return [text for one in self.all(name) if (text := words(one))]

    def text(self, name: str) -> str:
        """What the first child of a name says that says anything."""
        return next(iter(self.texts(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(ABC):
    """Reads one message and collects what is wrong with it."""

    SENT: ClassVar[str]

    now: datetime
    problems: list[Problem] = field(default_factory=list)

    @abstractmethod
    def instant(self, text: str) -> datetime | None:
        """A moment as the dialect writes it; None when it is none."""

    @abstractmethod
    def codes(self, area: Parts) -> Iterator[AreaCode]:
        """The codes of an area."""

    def complain(self, loc: Loc, code: str, **about: object) -> None:
        """Note what is wrong."""
        self.problems.append(problem(loc, code, **about))

    def name(self, head: Parts, name: str) -> str:
        """Read an identifier, or a sender."""
        text, loc = head.text(name), ("alert", name)
        if not text:
            self.complain(loc, "required")
        elif NOT_IN_NAMES.search(text):
            self.complain(loc, "bad_name")
        elif len(text) > NAME_MOST:
            self.complain(loc, "too_long", max_length=NAME_MOST)
        return text

    def word(self, head: Parts, name: str, known: Sequence[str]) -> str | None:
        """Read one of the known words, in whatever case."""
        text, loc = head.text(name), ("alert", name)
        found = next((one for one in known if one.lower() == text.lower()), None)
        if not text:
            self.complain(loc, "required")
        elif found is None:
            self.complain(loc, "unknown_value", expected=", ".join(known))
        return found

    def sent(self, head: Parts) -> datetime:
        """Read when it was sent; now, where that can't be told."""
        loc, text = ("alert", self.SENT), head.text(self.SENT)
        if not text:
            self.complain(loc, "required")
        sent = self.moment(loc, text)
        if sent and sent > self.now + FUTURE_MOST:
            self.complain(loc, "sent_in_future")
        return sent or self.now

    def moment(self, loc: Loc, text: str) -> datetime | None:
        """Read a time; None when there is none."""
        moment = self.instant(text) if text else None
        if text and moment is None:
            self.complain(loc, "time_expected")
        return moment

    def infos(self, head: Parts) -> Iterator[tuple[Parts, Loc]]:
        """The segments, as far as they are bounded, each with its place."""
        infos, loc = head.all("info"), ("alert", "info")
        if len(infos) > INFOS_MOST:
            self.complain(loc, "too_many", max_length=INFOS_MOST)
            return
        for place, one in enumerate(infos):
            yield Parts(one), (*loc, place)

    def times(
        self, info: Parts, sent: datetime, loc: Loc
    ) -> tuple[datetime | None, datetime | None]:
        """When the danger starts, and when the segment ends."""
        effective = self.moment((*loc, "effective"), info.text("effective"))
        onset = self.moment((*loc, "onset"), info.text("onset"))
        expires = self.moment((*loc, "expires"), info.text("expires"))
        if expires and expires <= (effective or sent):
            self.complain((*loc, "expires"), "expires_before_effective")
        return effective or onset, expires

    def line(self, parts: Parts, loc: Loc, name: str) -> str:
        """Read a text of one line."""
        return " ".join(self.prose(parts, loc, name, LINE_MOST).split())

    def prose(self, parts: Parts, loc: Loc, name: str, most: int = PROSE_MOST) -> str:
        """Read a text, without control characters."""
        text = CONTROL.sub("", parts.text(name))
        if len(text) > most:
            self.complain((*loc, name), "too_long", max_length=most)
        return text

    def areas(self, info: Parts, loc: Loc) -> Iterator[Area]:
        """Read the areas of a segment."""
        areas = info.all("area")
        if len(areas) > AREAS_MOST:
            self.complain((*loc, "area"), "too_many", max_length=AREAS_MOST)
            return
        for place, one in enumerate(areas):
            yield self._area(Parts(one), (*loc, "area", place))

    def _area(self, area: Parts, loc: Loc) -> Area:
        return Area(
            name=self.line(area, loc, "areaDesc"),
            codes=tuple(dict.fromkeys(self.codes(area))),
            polygons=tuple(self._polygons(area, (*loc, "polygon"))),
            circles=tuple(self._circles(area, (*loc, "circle"))),
        )

    def _polygons(self, area: Parts, loc: Loc) -> Iterator[Polygon]:
        for text in self._drawn(area, loc, "polygon"):
            read = read_polygon(text)
            if isinstance(read, str):
                self.complain(loc, read)
            else:
                yield read

    def _circles(self, area: Parts, loc: Loc) -> Iterator[Circle]:
        for text in self._drawn(area, loc, "circle"):
            read = read_circle(text)
            if isinstance(read, str):
                self.complain(loc, read)
            else:
                yield read

    def _drawn(self, area: Parts, loc: Loc, name: str) -> Sequence[str]:
        """What an area draws; a county's finest map has a few dozen pieces."""
        texts = area.texts(name)
        if len(texts) <= SHAPES_MOST:
            return texts
        self.complain(loc, "too_many", max_length=SHAPES_MOST)
        return ()

    def filled(self, content: Content, segments: Sequence[Segment]) -> Content:
        """Put the segments into the alert, the strictest first."""
        if content.msg_type is MsgType.ALERT and not segments:
            self.complain(("alert", "info"), "required")
        follows = content.msg_type in {MsgType.UPDATE, MsgType.CANCEL}
        if follows and not content.references:
            self.complain(("alert", "references"), "required")
        if not segments:
            return content
        head, *others = sorted(segments, key=lambda one: -strictness(one.level))
        own = {f.name: getattr(head, f.name) for f in fields(Segment)}
        return replace(content, **own, others=tuple(others))
