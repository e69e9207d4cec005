"""Alarms of monitoring systems: what they post, by a mapping, as alerts.

Sources: the webhook payload version 4 of Prometheus Alertmanager, the webhook contact
point of Grafana alerting (the same list of alarms), and JSON of any form. An alarm is
never refused for what it leaves out: what a rule can't supply the desk is asked about.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from config.hazards import EVENT_CODE
from config.inlets import FIELDS, STATES, Monitor
from dispatcher.core.alert import (
    Area,
    AreaCode,
    Circle,
    Content,
    Level,
    MsgType,
    Reference,
    Status,
)
from dispatcher.intake.document import LINE_MOST, PROSE_MOST
from dispatcher.intake.form import CONTROL, FUTURE_MOST, NOT_IN_NAMES, YEARS
from dispatcher.intake.levels import level_told
from dispatcher.intake.problem import Loc, Problem, problem
from dispatcher.intake.shapes import read_circle
from dispatcher.intake.times import instant_of

ITEMS_MOST = 1_000
NAME_MOST = 120  # of an alarm; a longer one is known by its digest
MILLISECONDS = 100_000_000_000  # a number beyond counts milliseconds, not seconds
LIST = re.compile(r"[,;、,\s]+")
ALERTMANAGER_VERSION = "4"
ABSENT = (None, "", "0001-01-01T00:00:00Z")  # the last is Go's way to say no time


class Kind(StrEnum):
    """What posts."""

    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    JSON = "json"


LABELLED = Monitor.model_validate(
    {
        "items": "$.alerts",
        "alarm": "$.fingerprint",
        "state": "$.status",
        "began": "$.startsAt",
        "ended": "$.endsAt",
        "event_code": "$.labels.event_code",
        "event": "$.labels.event",
        "level": ["$.labels.level", "$.labels.severity"],
        "headline": ["$.annotations.summary", "$.labels.alertname"],
        "description": "$.annotations.description",
        "instruction": "$.annotations.instruction",
        "issuer": "$.labels.issuer",
        "area": "$.labels.area",
        "code": "$.labels.code",
        "lat": "$.labels.lat",
        "lon": "$.labels.lon",
        "radius_km": "$.labels.radius_km",
    }
)
NAMED_ALIKE = Monitor.model_validate({name: f"$.{name}" for name in FIELDS})
USUAL: Mapping[Kind, Monitor] = {
    Kind.ALERTMANAGER: LABELLED,
    Kind.GRAFANA: LABELLED,
    Kind.JSON: NAMED_ALIKE,
}
# Grafana says so when it can't see: that is no danger, but somebody should look.
BLIND = frozenset({"DatasourceError", "DatasourceNoData"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm as a monitor tells of it.

    :ivar loc: where it stands in the body
    :ivar name: begins the identifier of every alert it makes
    :ivar alert: the alert that it is while it lasts
    :ivar ended: when it was over; None while it lasts
    """

    name: str
    loc: Loc
    alert: Content
    ended: datetime | None

    def lifted(self, running: Sequence[Reference]) -> Content:
        """The Cancel that its end is, of the alerts it has made."""
        alert = self.alert
        own = Reference(
            sender=alert.sender, identifier=alert.identifier, sent=alert.sent
        )
        return Content(
            sender=alert.sender,
            identifier=f"{alert.identifier}-resolved",
            sent=self.ended or alert.sent,
            status=alert.status,
            msg_type=MsgType.CANCEL,
            references=tuple(running) or (own,),
            headline=alert.headline,
        )


Read = Alarm | tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads what a monitor posts.

    :ivar own: the mapping of its key
    :ivar sender: for whom it speaks where the mapping does not say
    :ivar code_system: the list its codes are from where the mapping does not say
    """

    kind: Kind
    own: Monitor
    sender: str
    code_system: str
    now: datetime

    def read(self, body: object) -> list[Read] | tuple[Problem, ...]:
        """Every alarm of a body, each read or with what is wrong; or nothing can be."""
        items = self._items(body)
        if isinstance(items, Problem):
            return (items,)
        return [
            _Item(reader=self, body=body, item=item, loc=loc).alarm()
            for loc, item in items
        ]

    def _items(self, body: object) -> list[tuple[Loc, object]] | Problem:
        if not isinstance(body, dict):
            return problem((), "object_expected")
        version = str(body.get("version", ALERTMANAGER_VERSION))
        if self.kind is Kind.ALERTMANAGER and version != ALERTMANAGER_VERSION:
            return problem(("version",), "unknown_value", expected=ALERTMANAGER_VERSION)
        path = self.own.items or USUAL[self.kind].items
        if not path:
            return [((), body)]
        loc, found = _loc(path), _at(body, path)
        if not isinstance(found, list):
            return problem(loc, "list_expected")
        if len(found) > ITEMS_MOST:
            return problem(loc, "too_many", max_length=ITEMS_MOST)
        return [((*loc, place), item) for place, item in enumerate(found)]

    def sources(self, name: str) -> list[str]:
        """Where a field is to be had, in order; or what it is."""
        own: list[str] | None = getattr(self.own, name)
        usual: list[str] | None = getattr(USUAL[self.kind], name)
        return (usual if own is None else own) or []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item of a list of alarms."""

    reader: Reader
    body: object
    item: object
    loc: Loc
    problems: list[Problem] = field(default_factory=list)

    def alarm(self) -> Read:
        """Read it."""
        if not isinstance(self.item, dict):
            return (problem(self.loc, "object_expected"),)
        began = self._moment("began")
        if began > self.reader.now + FUTURE_MOST:
            self._complain("began", "sent_in_future")
        over = self._state() == "resolved"
        name = self._name()
        alarm = Alarm(
            name=name,
            loc=self.loc,
            alert=self._alert(f"{name}{began:%Y%m%dT%H%M%SZ}", began),
            ended=self._moment("ended") if over else None,
        )
        return tuple(self.problems) or alarm

    def _alert(self, identifier: str, began: datetime) -> Content:
        event_code, event = self._text("event_code"), self._line("event")
        known = re.match(EVENT_CODE, event_code, re.ASCII)
        return Content(
            sender=NOT_IN_NAMES.sub("_", self._text("sender") or self.reader.sender),
            identifier=identifier,
            sent=began,
            status=self._status(),
            msg_type=MsgType.ALERT,
            event_code=event_code if known else "",
            event=event,
            level=self._level(),
            headline=self._line("headline"),
            description=self._prose("description"),
            instruction=self._prose("instruction"),
            issuer=self._line("issuer"),
            areas=tuple(self._areas()),
        )

    def _name(self) -> str:
        given = self._text("alarm")
        if not given:
            self._complain("alarm", "required")
        plain = NOT_IN_NAMES.sub("_", CONTROL.sub("", given))
        if len(plain) > NAME_MOST:
            plain = hashlib.blake2b(given.encode(), digest_size=16).hexdigest()
        return f"{plain}-"

    def _state(self) -> str:
        state = self._text("state").lower() or "firing"
        if state not in STATES:
            self._complain("state", "unknown_value", expected=", ".join(STATES))
        return state

    def _status(self) -> Status:
        labels = self.item.get("labels") if isinstance(self.item, dict) else None
        name = labels.get("alertname") if isinstance(labels, dict) else None
        if self.reader.kind is Kind.GRAFANA and name in BLIND:
            return Status.SYSTEM
        return Status(self.reader.own.status)

    def _level(self) -> Level:
        told = self._text("level")
        if told.lower() in set(Level):
            return Level(told.lower())
        return level_told(told) or Level.UNKNOWN

    def _areas(self) -> Iterator[Area]:
        system = self.reader.own.code_system or self.reader.code_system
        codes = [code for code in LIST.split(self._text("code")) if code]
        area = Area(
            name=self._line("area"),
            codes=tuple(AreaCode(system=system, code=code) for code in codes),
            circles=tuple(self._circles()),
        )
        if area != Area():
            yield area

    def _circles(self) -> Iterator[Circle]:
        lat, lon, radius = map(self._text, ("lat", "lon", "radius_km"))
        if not (lat and lon and radius):
            return
        read = read_circle(f"{lat},{lon} {radius}")
        if isinstance(read, str):
            self._complain("lat", read)
        else:
            yield read

    def _moment(self, name: str) -> datetime:
        """A time, to the second; now where none is given."""
        for source in self.reader.sources(name):
            value = self._value(source)
            if value in ABSENT:
                continue
            moment = _instant(value)
            if moment is None:
                self._complain(name, "time_expected")
            return moment or self.reader.now
        return self.reader.now.replace(microsecond=0)

    def _line(self, name: str) -> str:
        return " ".join(CONTROL.sub("", self._text(name)).split())[:LINE_MOST]

    def _prose(self, name: str) -> str:
        return CONTROL.sub("", self._text(name)).strip()[:PROSE_MOST]

    def _text(self, name: str) -> str:
        """The first source of a field that says anything, in our own words."""
        said = (_words(self._value(source)) for source in self.reader.sources(name))
        text = next(filter(None, said), "")
        return self.reader.own.values.get(name, {}).get(text, text)

    def _value(self, source: str) -> object:
        if source.startswith("$$"):
            return _at(self.body, source)
        return _at(self.item, source) if source.startswith("$") else source

    def _complain(self, name: str, code: str, **about: object) -> None:
        looked_up = (one for one in self.reader.sources(name) if one.startswith("$"))
        path = _loc(next(looked_up, f"$.{name}"))
        self.problems.append(problem((*self.loc, *path), code, **about))


def _loc(path: str) -> Loc:
    return tuple(path.lstrip("$").lstrip(".").split("."))


def _at(value: object, path: str) -> object:
    """What stands at the end of a path; None where it leads nowhere."""
    for part in _loc(path):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and str(part).isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _words(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value).strip()
        case list():
            return "、".join(filter(None, map(_words, value)))
        case _:
            return ""


def _instant(value: object) -> datetime | None:
    if isinstance(value, str):
        return instant_of(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    seconds = value / 1000 if abs(value) > MILLISECONDS else value
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.year in YEARS else None
