"""Who fills a post between two instants: without a hole, and what overlaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from contacts.days import unknown_from
from contacts.duty import Rotation, Span
from contacts.model import Person, PostRef
from contacts.roster import Roster

Value = TypeVar("Value")
Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover(Generic[Value]):
    """A time in which something is the same."""

    begins: datetime
    ends: datetime
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who fills a post in a span.

    :ivar covers: who, without a hole; nobody: the post is vacant then
    :ivar overlaps: numbers of plans that hold at once; of each like the last counts
    :ivar by_week: the first day whose holidays nobody knows yet, where that matters:
        from it on, Saturday and Sunday are off and no other day is
    """

    ref: PostRef
    covers: tuple[Cover[tuple[Person, ...]], ...]
    overlaps: tuple[Cover[Numbers], ...]
    by_week: date | None


def watch(roster: Roster, ref: PostRef, begins: datetime, ends: datetime) -> Watch:
    """Tell who fills a post from one instant up to another."""
    rota = roster.rota(ref)
    if rota is None:
        whole = Cover(begins=begins, ends=ends, value=roster.holders(ref, begins))
        return Watch(ref=ref, covers=(whole,), overlaps=(), by_week=None)
    span = Span(begins=begins, ends=ends)
    parts = [*pairwise((begins, *rota.bounds(span), ends))]
    filling = ((*part, rota.filling(part[0])) for part in parts)
    doubled = (
        (*part, tuple(one.number for one in alike))
        for part in parts
        for alike in rota.planned(part[0])
        if len(alike) > 1
    )
    return Watch(
        ref=ref,
        covers=tuple(_joined(filling)),
        overlaps=tuple(_joined(doubled)),
        by_week=_by_week(rota.duties.rotations, ends),
    )


def _joined(parts: Iterable[tuple[datetime, datetime, Value]]) -> list[Cover[Value]]:
    """Make one of those that follow one another and are the same."""
    found: list[Cover[Value]] = []
    last: dict[Value, int] = {}
    for begins, ends, value in parts:
        place = last.get(value)
        if place is not None and found[place].ends == begins:
            found[place] = replace(found[place], ends=ends)
        else:
            last[value] = len(found)
            found.append(Cover(begins=begins, ends=ends, value=value))
    return found


def _by_week(rotations: Iterable[Rotation], ends: datetime) -> date | None:
    unknown = (
        (day, ends.astimezone(ZoneInfo(one.zone)).date())
        for one in rotations
        if (day := unknown_days(one))
    )
    return min((day for day, last in unknown if day <= last), default=None)


def unknown_days(rotation: Rotation) -> date | None:
    """The first of its days whose kind nobody knows yet; None: it never matters."""
    if rotation.kind is None:
        return None
    first = unknown_from(rotation.starts_on)
    return None if rotation.ends_on and rotation.ends_on < first else first
