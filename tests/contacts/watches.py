"""A post with people, and what is bound to time in it, for the tests of duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from contacts.days import DayKind
from contacts.duty import (
    CHINA,
    Duties,
    Leave,
    Override,
    Rota,
    Rotation,
    Span,
    Tenure,
    TimeBound,
)
from contacts.model import HumanId, Person, PersonId, Post, PostRef, UnitId

DUTY = PostRef(UnitId("990421"), Post.COUNTY_DUTY)


def at(text: str, zone: str = CHINA) -> datetime:
    """An instant by the clock on the wall: 2026-07-12 08:30."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def span(begins: str | None, ends: str | None) -> Span:
    return Span(begins=at(begins) if begins else None, ends=at(ends) if ends else None)


def human(name: str) -> HumanId:
    return HumanId(name)


def leave(
    who: str, away: Span, substitute: str | None = None, number: int = 0
) -> Leave:
    stands_in = human(substitute) if substitute else None
    return Leave(
        ref=DUTY, human=human(who), span=away, substitute=stands_in, number=number
    )


def override(covers: Span, *who: str, number: int = 0) -> Override:
    return Override(ref=DUTY, humans=tuple(map(human, who)), span=covers, number=number)


def rotation(  # noqa: PLR0913 - one for each thing a plan says
    *who: str,
    starts: str = "2026-07-01",
    ends: str | None = None,
    hours: int = 24,
    handover: time = time(8, 30),
    kind: DayKind | None = None,
    zone: str = CHINA,
    number: int = 0,
) -> Rotation:
    return Rotation(
        ref=DUTY,
        members=tuple(map(human, who)),
        starts_on=date.fromisoformat(starts),
        ends_on=date.fromisoformat(ends) if ends else None,
        hours=hours,
        handover=handover,
        kind=kind,
        zone=zone,
        number=number,
    )


def rota(*bound: TimeBound, holders: str = "", tenures: Iterable[Tenure] = ()) -> Rota:
    """A post; everybody who is named anywhere in it is in the roster."""
    held = (*(Tenure(human=human(name)) for name in holders.split()), *tenures)
    named = [one.human for one in held]
    named += [name for one in bound for name in one.humans]
    return Rota(
        tenures=held,
        duties=Duties.sorted_out(bound),
        people={one: _person(one) for one in named},
    )


def _person(human: HumanId) -> Person:
    return Person(id=PersonId(human), name=human, addresses=())


def on_duty(post: Rota, text: str, zone: str = CHINA) -> str:
    """Who is on duty, with blanks between."""
    return " ".join(person.name for person in post.on_duty(at(text, zone)))
