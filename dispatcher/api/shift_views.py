"""Rotations, overrides and leaves as they are shown, and who is on duty by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never

from sqlalchemy import Connection

from contacts.cover import Watch, unknown_days
from contacts.days import DayKind
from contacts.duty import Leave, Override, Rotation, TimeBound
from contacts.model import HumanId, Person, PersonId, Post, UnitId
from dispatcher.api.views import View
from dispatcher.core.journal import DutyForm
from dispatcher.store import people, present


class StandingView(View):
    """Somebody in a plan, as the version of him that there is now."""

    person: str
    name: str


class ShiftView(View):
    """What is bound to time in a post.

    :ivar people: in the order of turns, or of calling; of a leave who is away
    :ivar begins: from when on it holds
    :ivar ends: up to when, which is not inside; null: without end
    :ivar lapsed: whether its unit, or a post of each of its people, is gone
    """

    id: str
    type: DutyForm
    unit: str
    unit_name: str
    post: Post
    people: list[StandingView]
    begins: datetime | None
    ends: datetime | None
    lapsed: bool


class RotationView(ShiftView):
    """A shift plan.

    :ivar holidays_unknown_from: the first of its days of which nobody has announced
        yet whether it is a holiday: from it on it is reckoned by the day of the week
    """

    type: Literal[DutyForm.ROTATION]
    starts_on: date
    ends_on: date | None
    hours: int
    handover: str
    kind: DayKind | None
    zone: str
    holidays_unknown_from: date | None


class OverrideView(ShiftView):
    """Who is on duty in a span, whatever the rotation says."""

    type: Literal[DutyForm.OVERRIDE]


class LeaveView(ShiftView):
    """Somebody who is not called in a span, and who stands in his place."""

    type: Literal[DutyForm.LEAVE]
    substitute: StandingView | None


AnyShift = RotationView | OverrideView | LeaveView


class MadeView(View):
    """What was made; of a swap, two overrides."""

    items: list[AnyShift]


class SpanView(View):
    """From when to when."""

    begins: datetime
    ends: datetime


class CoverView(SpanView):
    """Who fills a post in a span, in the order of calling; nobody: it is vacant."""

    people: list[StandingView]


class OverlapView(SpanView):
    """Plans of one kind that hold at once: the last of them counts."""

    shifts: list[str]


class WatchView(View):
    """Who fills a post between two instants; ``spans`` leave no hole.

    :ivar holidays_unknown_from: from this day on it is reckoned by the day of the week
    """

    unit: str
    unit_name: str
    post: Post
    spans: list[CoverView]
    gaps: list[SpanView]
    overlaps: list[OverlapView]
    holidays_unknown_from: date | None


def watch_view(watch: Watch, unit_name: str) -> WatchView:
    """How it is shown who fills a post."""
    spans = [
        CoverView(begins=one.begins, ends=one.ends, people=_standing(one.value))
        for one in watch.covers
    ]
    return WatchView(
        unit=watch.ref.unit,
        unit_name=unit_name,
        post=watch.ref.post,
        spans=spans,
        gaps=[
            SpanView(begins=one.begins, ends=one.ends)
            for one in spans
            if not one.people
        ],
        overlaps=[
            OverlapView(begins=one.begins, ends=one.ends, shifts=[*map(str, one.value)])
            for one in watch.overlaps
        ],
        holidays_unknown_from=watch.by_week,
    )


def _standing(found: Iterable[Person]) -> list[StandingView]:
    return [StandingView(person=one.id, name=one.name) for one in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What the roster says of those who are named.

    :ivar units: names of those that are there
    :ivar active: people who hold a post
    """

    units: Mapping[UnitId, str]
    people: Mapping[HumanId, StandingView]
    active: frozenset[HumanId]


def shift_views(connection: Connection, shifts: Iterable[TimeBound]) -> list[AnyShift]:
    """How they are shown, each with the present names."""
    every = tuple(shifts)
    names = _names(connection, every)
    return [_view(one, names) for one in every]


def _names(connection: Connection, every: Iterable[TimeBound]) -> _Names:
    places = {one.ref.unit for one in every}
    humans = {human for one in every for human in one.humans}
    # A human is named by his first version.
    newest = {one: present.newest_version(connection, PersonId(one)) for one in humans}
    known = people.find_people(connection, filter(None, newest.values()))
    units = {name: present.unit(connection, name) for name in places}
    return _Names(
        units={name: unit.name for name, unit in units.items() if unit},
        people={
            one.human: StandingView(person=one.id, name=one.name)
            for one in known.values()
        },
        active=frozenset(
            one.human
            for one in known.values()
            if present.holdings_of(connection, one.id)
        ),
    )


def _view(one: TimeBound, names: _Names) -> AnyShift:
    common = {
        "id": str(one.number),
        "unit": one.ref.unit,
        "unit_name": names.units.get(one.ref.unit, ""),
        "post": one.ref.post,
        "lapsed": one.ref.unit not in names.units
        or not names.active.issuperset(one.humans),
    }
    match one:
        case Rotation():
            return RotationView.model_validate(common | _rotation(one, names))
        case Override():
            return OverrideView.model_validate(
                common | _of_span(one) | {"people": _named(one.humans, names)}
            )
        case Leave(human=human, substitute=substitute):
            return LeaveView.model_validate(
                common
                | _of_span(one)
                | {
                    "people": _named([human], names),
                    "substitute": names.people[substitute] if substitute else None,
                }
            )
        case _:
            assert_never(one)


def _named(humans: Iterable[HumanId], names: _Names) -> list[StandingView]:
    return [names.people[human] for human in humans]


def _of_span(one: Override | Leave) -> dict[str, object]:
    form = DutyForm.LEAVE if isinstance(one, Leave) else DutyForm.OVERRIDE
    return {"type": form, "begins": one.span.begins, "ends": one.span.ends}


def _rotation(one: Rotation, names: _Names) -> dict[str, object]:
    return {
        "type": DutyForm.ROTATION,
        "people": _named(one.humans, names),
        "begins": one.begins,
        "ends": one.ends,
        "starts_on": one.starts_on,
        "ends_on": one.ends_on,
        "hours": one.hours,
        "handover": f"{one.handover:%H:%M}",
        "kind": one.kind,
        "zone": one.zone,
        "holidays_unknown_from": unknown_days(one),
    }
