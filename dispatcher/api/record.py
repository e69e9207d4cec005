"""The record of an alert, 叫应记录表: one line a callout, from facts alone.

Its figures are counted from the same facts as its lines. Names, numbers and names of
units are joined when it is read, numbers masked. What each column means stands in
:mod:`dispatcher.api.columns`; it is written as CSV, as a workbook and as a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from channels.contract import Channel
from config.hazards import event_name
from contacts.model import AddressKind, Person, Post, UnitId, UnitKind
from contacts.numbers import mask
from contacts.roster import Roster
from dispatcher.api.township import Place, township_of
from dispatcher.core.alert import Alert, Level, Status
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.callout import CloseReason, Mark, State, Task
from dispatcher.core.officer import USER
from dispatcher.core.report import Callee, Row, Summary, row, summarise
from dispatcher.core.seal import Seal
from dispatcher.engine.context import Context
from dispatcher.store import callouts, officers, people, seals
from dispatcher.store.keys import KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person as the record names him, his numbers masked.

    :ivar post: the one he was called in: A角 or B角
    """

    name: str
    post: Post
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """People above who were called in turn.

    :ivar by: who called them before their time
    """

    at: datetime
    people: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One line of the record; times are in the policy's zone.

    :ivar by: who began it: a key, an officer or the system
    :ivar attempts: how often each channel was tried
    :ivar first_delivered_at: as a provider reported it; of a call, that it is over
    :ivar picked_up_at: of the first call in which a key answered
    :ivar recorded_by: who typed the answer in for him; None: it came from himself
    :ivar message: the message that the answer came to
    :ivar seconds: from opening to the own answer
    :ivar why_not: what kept people from being reached, as codes
    :ivar taken_on: the message the taker answered, or what the desk wrote down
    """

    number: int
    callout: str
    headline: str
    event: str
    level: Level
    status: Status
    identifier: str
    issuer: str
    sent: datetime
    opened_at: datetime
    by: str
    township: str
    village: str
    unit: str
    unit_name: str
    post: Post
    called: tuple[Named, ...]
    attempts: Mapping[Channel, int]
    first_delivered_at: datetime | None
    picked_up_at: datetime | None
    answered_by: str | None
    answered_at: datetime | None
    meaning: Meaning | None
    evidence: Evidence | None
    recorded_by: str | None
    message: str | None
    seconds: float | None
    in_time: bool | None
    households: int | None
    people: int | None
    feedback_at: datetime | None
    why_not: tuple[str, ...]
    escalations: tuple[Step, ...]
    taken_by: str | None
    taken_at: datetime | None
    taken_on: str
    desk_at: datetime | None
    tasks: tuple[Task, ...]
    assignees: tuple[str, ...]
    task_at: datetime | None
    door_at: datetime | None
    marks: tuple[Mark, ...]
    state: State
    close_reason: CloseReason | None
    note: str

    @property
    def superseded(self) -> bool:
        """Whether a stricter alert tells its story, and counts it."""
        return self.close_reason is CloseReason.SUPERSEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The part of a record that belongs to one township.

    :ivar unit: the township, or the county for the posts above; empty: in neither
    """

    unit: str
    name: str
    rows: tuple[RecordRow, ...]
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of an alert.

    :ivar sent: when it was issued, in the policy's zone
    :ivar made_at: when the record was taken, in the policy's zone
    :ivar seal: the newest of the alert, its time in the policy's zone; None: none yet
    :ivar made_by: who took it away: a key, or the user of the system
    """

    alert: Alert
    sent: datetime
    made_at: datetime
    seal: Seal | None
    made_by: str
    sections: tuple[Section, ...]
    summary: Summary

    @property
    def rows(self) -> tuple[RecordRow, ...]:
        """Every line, township after township."""
        return tuple(line for part in self.sections for line in part.rows)

    @property
    def drill(self) -> bool:
        """Whether all of it was an exercise; an alert is wholly one or the other."""
        return self.alert.content.drill


def asleep(rows: Iterable[RecordRow], mark: Mark) -> list[RecordRow]:
    """未叫醒名单: who bears a mark, whatever became of him later."""
    return [line for line in rows if mark in line.marks and not line.superseded]


def take_record(
    connection: Connection, context: Context, alert: Alert, now: datetime, by: str
) -> Record:
    """The record of an alert by township, within that by place.

    :param by: who takes it away
    """
    told = [row(facts) for _, facts in callouts.each_facts(connection, alert.id)]
    seal = seals.newest(connection, alert.id)
    named = {by, *(one for t in told for one in _named_in(t))}
    known = people.find_people(connection, named)
    users = (one.removeprefix(USER) for one in named if one.startswith(USER))
    scribe = _Scribe(
        alert=alert,
        roster=context.roster,
        people=known,
        officers=officers.displays(connection, users),
        zone=ZoneInfo(context.policies.timezone),
    )
    return Record(
        alert=alert,
        sent=alert.content.sent.astimezone(scribe.zone),
        made_at=now.astimezone(scribe.zone),
        seal=seal and replace(seal, at=seal.at.astimezone(scribe.zone)),
        made_by=scribe.name_of(by),
        sections=tuple(scribe.sections(told)),
        summary=summarise(one.tally for one in told),
    )


def _named_in(told: Row) -> Iterable[str]:
    yield from (one.person for one in told.called)
    yield from (person for step in told.escalations for person in step.people)
    yield from (one for one in told.assignees if one)
    others = (told.by, told.answered_by, told.taken_by, told.recorded_by)
    yield from (one for one in others if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scribe:
    """Puts names to the ids of a row."""

    alert: Alert
    roster: Roster
    people: Mapping[str, Person]
    officers: Mapping[str, str]
    zone: ZoneInfo

    def sections(self, told: Iterable[Row]) -> Iterator[Section]:
        """Lines under their township, numbered through; the county's come first."""
        below: defaultdict[Place, list[Row]] = defaultdict(list)
        for one in sorted(told, key=lambda one: (one.unit, one.post)):
            below[township_of(self.roster, one.unit)].append(one)
        number = 1
        for (unit, name), rows in sorted(below.items()):
            yield Section(
                unit=unit,
                name=name,
                rows=tuple(self.line(n, one) for n, one in enumerate(rows, number)),
                summary=summarise(one.tally for one in rows),
            )
            number += len(rows)

    def line(self, number: int, told: Row) -> RecordRow:
        content = self.alert.content
        return RecordRow(
            number=number,
            callout=told.callout,
            headline=content.headline,
            event=content.event or event_name(content.event_code) or "",
            level=content.level,
            status=content.status,
            identifier=content.identifier,
            issuer=content.issuer,
            sent=content.sent.astimezone(self.zone),
            opened_at=told.opened_at.astimezone(self.zone),
            by=self.name_of(told.by),
            township=self._above(told.unit, UnitKind.TOWNSHIP),
            village=self._above(told.unit, UnitKind.VILLAGE),
            unit=told.unit,
            unit_name=self._unit_name(told.unit),
            post=told.post,
            called=tuple(map(self._person, told.called)),
            attempts=told.attempts,
            first_delivered_at=self._local(told.first_delivered_at),
            picked_up_at=self._local(told.picked_up_at),
            answered_by=self._maybe(told.answered_by),
            answered_at=self._local(told.answered_at),
            meaning=told.meaning,
            evidence=told.evidence,
            recorded_by=self._maybe(told.recorded_by),
            message=told.message,
            seconds=told.seconds,
            in_time=told.in_time,
            households=told.figures.households if told.figures else None,
            people=told.figures.people if told.figures else None,
            feedback_at=self._local(told.feedback_at),
            why_not=told.why_not,
            escalations=self._steps(told),
            taken_by=self._maybe(told.taken_by),
            taken_at=self._local(told.taken_at),
            taken_on=told.taken_on,
            desk_at=self._local(told.desk_at),
            tasks=told.tasks,
            assignees=tuple(self.name_of(one or "") for one in told.assignees),
            task_at=self._local(told.task_at),
            door_at=self._local(told.door_at),
            marks=told.marks,
            state=told.state,
            close_reason=told.close_reason,
            note=told.note,
        )

    def _local(self, moment: datetime | None) -> datetime | None:
        return moment.astimezone(self.zone) if moment else None

    def _steps(self, told: Row) -> tuple[Step, ...]:
        return tuple(
            Step(
                at=step.at.astimezone(self.zone),
                people=tuple(map(self.name_of, step.people)),
                by=self._maybe(step.by),
            )
            for step in told.escalations
        )

    def name_of(self, one: str) -> str:
        """A person by name, an officer as he is called; a key by its given name."""
        if one.startswith(USER):
            name = one.removeprefix(USER)
            return self.officers.get(name, name)
        person = self.people.get(one)
        return person.name if person else one.removeprefix(KEY)

    def _maybe(self, one: str | None) -> str | None:
        return self.name_of(one) if one else None

    def _person(self, one: Callee) -> Named:
        person = self.people.get(one.person)
        if person is None:
            return Named(name=one.person, post=one.post, numbers=())
        shown = (
            mask(address.value)
            for address in person.addresses
            if address.kind is not AddressKind.WECOM
        )
        return Named(name=person.name, post=one.post, numbers=tuple(shown))

    def _unit_name(self, unit: UnitId) -> str:
        """Its name; of a unit that the roster no longer holds, its code."""
        known = self.roster.units.get(unit)
        return known.name if known else unit

    def _above(self, unit: UnitId, kind: UnitKind) -> str:
        above = self.roster.above(unit, kind) if unit in self.roster.units else None
        return above.name if above else ""
