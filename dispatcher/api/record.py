"""The record of an alert, 叫应记录表: one line a callout, from facts alone.

Names, numbers and names of units are joined when it is read, numbers masked.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from channels.contract import Channel
from config.hazards import event_name
from contacts.model import AddressKind, Person, PersonId, Post, UnitId, UnitKind
from contacts.numbers import mask
from contacts.roster import Roster
from dispatcher.api import words
from dispatcher.core.alert import Alert, Level, Status
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.callout import CloseReason, Mark, State, Task
from dispatcher.core.fact import SYSTEM
from dispatcher.core.report import Row, row
from dispatcher.engine.context import Context
from dispatcher.store import callouts, people

BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take the file for GBK
FORMULA = ("=", "+", "-", "@", "\t", "\r")
KEY = "key:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person as the record names him, his numbers masked."""

    name: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """People above who were called in turn."""

    at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One line of the record; times are in the policy's zone.

    :ivar by: who began it: a key, an officer or the system
    :ivar attempts: how often each channel was tried
    :ivar seconds: from opening to the own answer
    :ivar why_not: what kept people from being reached, as codes
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
    answered_by: str | None
    answered_at: datetime | None
    meaning: Meaning | None
    evidence: Evidence | None
    seconds: float | None
    in_time: bool | None
    households: int | None
    people: int | None
    why_not: tuple[str, ...]
    escalations: tuple[Step, ...]
    taken_by: str | None
    taken_at: datetime | None
    desk_at: datetime | None
    tasks: tuple[Task, ...]
    assignees: tuple[str, ...]
    marks: tuple[Mark, ...]
    state: State
    close_reason: CloseReason | None
    note: str


def record_rows(
    connection: Connection, context: Context, alert: Alert
) -> list[RecordRow]:
    """The record of an alert, ordered by place."""
    facts = callouts.facts_by_callout(connection, alert.id)
    told = sorted(map(row, facts.values()), key=lambda one: (one.unit, one.post))
    known = people.find_people(connection, {one for t in told for one in _named_in(t)})
    scribe = _Scribe(
        alert=alert,
        roster=context.roster,
        people=known,
        zone=ZoneInfo(context.policies.timezone),
    )
    return [scribe.line(number, one) for number, one in enumerate(told, start=1)]


def _named_in(told: Row) -> Iterable[str]:
    yield from told.called
    yield from (person for step in told.escalations for person in step.people)
    yield from (one for one in told.assignees if one)
    yield from (one for one in (told.by, told.answered_by, told.taken_by) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scribe:
    """Puts names to the ids of a row."""

    alert: Alert
    roster: Roster
    people: Mapping[str, Person]
    zone: ZoneInfo

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
            by=self._name(told.by),
            township=self._above(told.unit, UnitKind.TOWNSHIP),
            village=self._above(told.unit, UnitKind.VILLAGE),
            unit=told.unit,
            unit_name=self._unit_name(told.unit),
            post=told.post,
            called=tuple(map(self._person, told.called)),
            attempts=told.attempts,
            first_delivered_at=self._local(told.first_delivered_at),
            answered_by=self._name(told.answered_by) if told.answered_by else None,
            answered_at=self._local(told.answered_at),
            meaning=told.meaning,
            evidence=told.evidence,
            seconds=told.seconds,
            in_time=told.in_time,
            households=told.figures.households if told.figures else None,
            people=told.figures.people if told.figures else None,
            why_not=told.why_not,
            escalations=self._steps(told),
            taken_by=self._name(told.taken_by) if told.taken_by else None,
            taken_at=self._local(told.taken_at),
            desk_at=self._local(told.desk_at),
            tasks=told.tasks,
            assignees=tuple(self._name(one or "") for one in told.assignees),
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
                people=tuple(map(self._name, step.people)),
            )
            for step in told.escalations
        )

    def _name(self, one: str) -> str:
        """A person by name; a key by the name it was given."""
        person = self.people.get(one)
        return person.name if person else one.removeprefix(KEY)

    def _person(self, one: PersonId) -> Named:
        person = self.people.get(one)
        if person is None:
            return Named(name=one, numbers=())
        shown = (
            mask(address.value)
            for address in person.addresses
            if address.kind is not AddressKind.WECOM
        )
        return Named(name=person.name, numbers=tuple(shown))

    def _unit_name(self, unit: UnitId) -> str:
        """Its name; of a unit that the roster no longer holds, its code."""
        known = self.roster.units.get(unit)
        return known.name if known else unit

    def _above(self, unit: UnitId, kind: UnitKind) -> str:
        above = self.roster.above(unit, kind) if unit in self.roster.units else None
        return above.name if above else ""


def as_csv(rows: Iterable[RecordRow]) -> str:
    """The record for a spreadsheet: Chinese headers, no cell that is a formula."""
    sheet = io.StringIO(newline="")
    sheet.write(BYTE_ORDER_MARK)
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS)
    for line in rows:
        writer.writerow([harmless(cell(line)) for cell in COLUMNS.values()])
    return sheet.getvalue()


def harmless(text: str) -> str:
    """A cell that a spreadsheet shows and never calculates."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _called(line: RecordRow) -> str:
    return "、".join(" ".join((one.name, *one.numbers)) for one in line.called)


def _attempts(line: RecordRow) -> str:
    counted = line.attempts.items()
    return "、".join(
        f"{words.CHANNELS[channel]}{count}次" for channel, count in counted
    )


def _late(line: RecordRow) -> str:
    if line.in_time is None:
        return "未应答"
    return "否" if line.in_time else "是"


def _why_not(line: RecordRow) -> str:
    return "、".join(dict.fromkeys(map(words.reason, line.why_not)))


def _escalations(line: RecordRow) -> str:
    return "; ".join(
        f"{_time(step.at)} {'、'.join(step.people) or '空岗'}"
        for step in line.escalations
    )


def _tasks(line: RecordRow) -> str:
    assigned = (name or "无人可派" for name in line.assignees)
    named = zip((words.TASKS[task] for task in line.tasks), assigned, strict=False)
    return "; ".join(f"{task}: {name}" for task, name in named)


def _state(line: RecordRow) -> str:
    ended = line.close_reason
    shown = words.STATES[line.state]
    return f"{shown}({words.CLOSE_REASONS[ended]})" if ended else shown


COLUMNS: Mapping[str, Callable[[RecordRow], str]] = {
    "序号": lambda line: str(line.number),
    "预警标题": lambda line: line.headline,
    "预警类型": lambda line: line.event,
    "预警等级": lambda line: line.level.zh,
    "性质": lambda line: words.STATUSES[line.status],
    "预警标识": lambda line: line.identifier,
    "发布单位": lambda line: line.issuer,
    "发布时间": lambda line: _time(line.sent),
    "叫应发起时间": lambda line: _time(line.opened_at),
    "发起人": lambda line: "系统" if line.by == SYSTEM else line.by,
    "乡镇(街道)": lambda line: line.township,
    "村(社区)": lambda line: line.village,
    "责任单元": lambda line: line.unit_name,
    "单元编码": lambda line: line.unit,
    "职务": lambda line: words.POSTS[line.post],
    "被叫应人及号码": _called,
    "渠道与次数": _attempts,
    "首次送达": lambda line: _time(line.first_delivered_at),
    "应答人": lambda line: line.answered_by or "",
    "应答时间": lambda line: _time(line.answered_at),
    "应答方式": lambda line: words.EVIDENCES[line.evidence] if line.evidence else "",
    "应答内容": lambda line: words.MEANINGS[line.meaning] if line.meaning else "",
    "用时(秒)": lambda line: _figure(line.seconds),
    "是否超时": _late,
    "转移户数": lambda line: _figure(line.households),
    "转移人数": lambda line: _figure(line.people),
    "未应答原因": _why_not,
    "升级情况": _escalations,
    "接管人": lambda line: line.taken_by or "",
    "接管时间": lambda line: _time(line.taken_at),
    "转值班台时间": lambda line: _time(line.desk_at),
    "敲门任务": _tasks,
    "标记": lambda line: "、".join(words.MARKS[mark] for mark in line.marks),
    "状态": _state,
    "备注": lambda line: line.note,
}
