"""What the API shows: the shapes of docs/api.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from dispatcher.api.record import Record, RecordRow, asleep
from dispatcher.core.alert import (
    Alert,
    AlertState,
    Level,
    Load,
    MsgType,
    ParkReason,
    Status,
)
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import Callout, Ladder, Mark, State
from dispatcher.core.due import What, next_due
from dispatcher.core.fact import Fact
from dispatcher.core.feedback import Figure, missing
from dispatcher.core.report import Summary
from dispatcher.core.seal import Seal
from dispatcher.store.codec import FACT
from dispatcher.store.figures import MessageFigures


class View(BaseModel):
    """A JSON object that we answer with."""

    model_config = ConfigDict(frozen=True)


Item = TypeVar("Item")


class Page(View, Generic[Item]):
    """A part of a list; ``cursor`` asks for the next one, null on the last."""

    items: list[Item]
    cursor: str | None


def page(found: Sequence[Item], limit: int, name: Callable[[Item], str]) -> Page[Item]:
    """A page of ``limit`` items, cut from one more than that.

    :param name: what the cursor names an item by
    """
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items=items, cursor=name(items[-1]) if more else None)


class MissingPost(View):
    """A post that would be called, and that nobody holds."""

    unit: str
    post: str


class SheetLink(View):
    """Where the call sheet of a place can be had; it takes a key of its own."""

    unit: str
    name: str
    url: str


class AlertView(View):
    """An alert and where it stands.

    :ivar effective: when the danger begins
    :ivar units: how many of our units lie inside its area
    :ivar people: how many people its start list calls
    :ivar held_until: until then it may be taken back, and reaches nobody
    :ivar expires: as issued, or as renewed since
    :ivar approval: none in this version
    :ivar warnings: what can't be done in time, in the reader's language
    :ivar call_sheets: for calling by hand, where the lines won't do
    """

    id: str
    chain: str
    sender: str
    identifier: str
    status: Status
    msg_type: MsgType
    state: AlertState
    reason: ParkReason | None
    level: Level
    policy_level: Level
    headline: str
    event: str
    issuer: str
    effective: datetime | None
    units: int
    people: int
    missing: list[MissingPost]
    filled: list[str]
    unresolved: list[str]
    approval: None = None
    capacity: Mapping[str, Load]
    warnings: list[str] = []
    call_sheets: list[SheetLink] = []
    received_at: datetime
    held_until: datetime | None
    expires: datetime | None

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Show an alert."""
        content = alert.content
        return cls(
            id=alert.id,
            chain=alert.chain,
            sender=content.sender,
            identifier=content.identifier,
            status=content.status,
            msg_type=content.msg_type,
            state=alert.state,
            reason=alert.reason,
            level=content.level,
            policy_level=alert.policy_level,
            headline=content.headline,
            event=content.event,
            issuer=content.issuer,
            effective=content.effective,
            units=len(alert.inside),
            people=alert.people,
            missing=[MissingPost(unit=unit, post=post) for unit, post in alert.missing],
            filled=list(alert.filled),
            unresolved=list(alert.unresolved),
            capacity=alert.capacity,
            received_at=alert.received_at,
            held_until=alert.held_until,
            expires=alert.expires_at,
        )


class HeldBack(View):
    """Messages that wait although they are due, and why."""

    reason: str
    messages: int


class FiguresView(View):
    """The figures of callouts (rules of calling, section 15)."""

    model_config = ConfigDict(from_attributes=True)

    callouts: int
    by_state: Mapping[str, int]
    answered: int
    answered_in_time: int
    taken: int
    to_desk: int
    not_awakened: int
    never_rung: int
    grid_coverage_rate: float | None
    answer_rate: float | None
    p50_seconds: float | None
    p90_seconds: float | None
    attempts: int


class TownshipView(FiguresView):
    """The figures of one township; ``unit`` is empty for what the roster lost."""

    unit: str
    name: str

    @classmethod
    def of(cls, unit: str, name: str, summary: Summary) -> Self:
        """Show the figures of a township."""
        return cls.model_validate({"unit": unit, "name": name, **asdict(summary)})


class SummaryView(FiguresView):
    """The figures of an alert.

    :ivar drill: whether all of them are an exercise's; no alert is both
    :ivar townships: the same by township, where that was asked for
    """

    drill: bool = False
    messages: int = 0
    possible_duplicates: int = 0
    held_back: list[HeldBack] = []
    townships: list[TownshipView] | None = None

    @classmethod
    def of(cls, alert: Alert, summary: Summary, figures: MessageFigures) -> Self:
        """Show the figures of callouts and of messages together."""
        return cls.model_validate(summary).model_copy(
            update={
                "drill": alert.content.drill,
                "messages": figures.messages,
                "possible_duplicates": figures.possible_duplicates,
                "held_back": [
                    HeldBack(reason=reason, messages=count)
                    for reason, count in sorted(figures.held_back.items())
                ],
            }
        )


class NextView(View):
    """What happens next by itself."""

    at: datetime
    what: What


class AnsweredView(View):
    """The own answer that ended the calling; ``person`` is a version of a person."""

    person: str
    at: datetime
    meaning: Meaning
    evidence: Evidence


class TakenView(View):
    """Who above owes a result, and until when."""

    by: str
    at: datetime
    result_by: datetime


class CalloutLine(View):
    """A callout as a list shows it."""

    id: str
    alert: str
    chain: str
    epoch: int
    unit: str
    post: str
    state: State
    marks: list[Mark]
    owner: str | None
    next: NextView | None
    answered: AnsweredView | None
    taken: TakenView | None
    feedback: Figures | None

    @classmethod
    def of(cls, callout: Callout) -> Self:
        """Show a callout without its history."""
        return cls.model_validate(_line(callout))


class CalloutView(CalloutLine):
    """A callout with its ladder and every fact, the oldest first.

    :ivar feedback_missing: what its people are asked and have not told yet
    """

    feedback_missing: list[Figure]
    ladder: Ladder
    timeline: list[dict[str, Any]]

    @classmethod
    def told(cls, callout: Callout, facts: Iterable[Fact]) -> Self:
        """Show a callout with its history."""
        timeline = [FACT.dump_python(fact, mode="json") for fact in facts]
        return cls.model_validate(
            {
                **_line(callout),
                "feedback_missing": missing(callout, callout.feedback),
                "ladder": callout.ladder,
                "timeline": timeline,
            }
        )


def _line(callout: Callout) -> dict[str, object]:
    return {
        "id": callout.id,
        "alert": callout.alert,
        "chain": callout.chain,
        "epoch": callout.epoch,
        "unit": callout.unit,
        "post": callout.post,
        "state": callout.state,
        "marks": list(callout.marks),
        "owner": callout.owner,
        "next": _next(callout),
        "answered": _answered(callout),
        "taken": _taken(callout),
        "feedback": callout.feedback,
    }


def _next(callout: Callout) -> NextView | None:
    due = next_due(callout)
    return NextView(at=due.at, what=due.what) if due else None


def _answered(callout: Callout) -> AnsweredView | None:
    answer = callout.answer
    if answer is None:
        return None
    return AnsweredView(
        person=answer.person,
        at=answer.at,
        meaning=answer.meaning,
        evidence=answer.evidence,
    )


def _taken(callout: Callout) -> TakenView | None:
    taking = callout.taking
    if taking is None:
        return None
    return TakenView(by=taking.by, at=taking.at, result_by=taking.result_by)


class SealView(View):
    """The newest seal of an alert: which one, when, and over what root."""

    n: int
    at: datetime
    root: str

    @classmethod
    def of(cls, seal: Seal) -> Self:
        """Show a seal."""
        return cls(n=seal.n, at=seal.at, root=seal.root)


class RecordView(View):
    """The record of an alert.

    :ivar made_by: who took it away: the name of a key, or of a user of the system
    :ivar seal: None before the first one
    :ivar not_awakened: numbers of the lines that were rung in time, in vain
    :ivar never_rung: numbers of the lines whose own people were not rung in time
    """

    alert: AlertView
    rows: list[RecordRow]
    drill: bool
    made_at: datetime
    made_by: str
    seal: SealView | None
    summary: FiguresView
    townships: list[TownshipView]
    not_awakened: list[int]
    never_rung: list[int]

    @classmethod
    def of(cls, record: Record) -> Self:
        """Show a record."""
        rows = list(record.rows)
        return cls(
            alert=AlertView.of(record.alert),
            rows=rows,
            drill=record.drill,
            made_at=record.made_at,
            made_by=record.made_by,
            seal=SealView.of(record.seal) if record.seal else None,
            summary=FiguresView.model_validate(record.summary),
            townships=[
                TownshipView.of(part.unit, part.name, part.summary)
                for part in record.sections
            ],
            not_awakened=[one.number for one in asleep(rows, Mark.NOT_AWAKENED)],
            never_rung=[one.number for one in asleep(rows, Mark.NEVER_RUNG)],
        )
