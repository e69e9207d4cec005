"""What the desk should do beside waiting: a warning in words, and sheets to ring by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Header
from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import (
    Address,
    AddressKind,
    Person,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.api import words
from dispatcher.api.front import FrontOf
from dispatcher.api.problem import language
from dispatcher.api.sheet import Line, Sheet
from dispatcher.api.township import NOWHERE, township_of
from dispatcher.api.views import AlertView, SheetLink
from dispatcher.core.alert import Alert, AlertState
from dispatcher.core.callout import State
from dispatcher.core.capacity import too_slow
from dispatcher.core.fact import Opened
from dispatcher.core.plan import start_list
from dispatcher.engine.accept import limit_of, lines_for, rehearsed
from dispatcher.engine.context import Context
from dispatcher.store import callouts

HOME = "+86"
NO_NUMBER = "无号码"
BELOW_FIRST = {kind: place for place, kind in enumerate(UnitKind)}

Role = tuple[UnitId, PostRef]  # the unit of a callout, and one of its own posts
Show = Callable[[Alert], Awaitable[AlertView]]


async def shower(
    front: FrontOf, accept_language: Annotated[str, Header()] = ""
) -> Show:
    """A dependency: how an alert is shown to who asks."""

    async def show(alert: Alert) -> AlertView:
        context = await front.runtime.keeper.context()
        return shown(context, alert, english=language(accept_language) == "en")

    return show


Shown = Annotated[Show, Depends(shower)]


def shown(context: Context, alert: Alert, *, english: bool) -> AlertView:
    """An alert with what should be done about it while it goes on."""
    view = AlertView.of(alert)
    said = warnings(context, alert, english=english)
    if not said or alert.state is not AlertState.ACTIVE:
        return view
    links = [
        SheetLink(unit=one.id, name=one.name, url=_url(alert, one))
        for one in places(context.roster, alert.inside)
    ]
    return view.model_copy(update={"warnings": said, "call_sheets": links})


def _url(alert: Alert, place: Unit) -> str:
    return f"/api/v1/alerts/{alert.id}/sheets/{quote(place.id, safe='')}"


def warnings(context: Context, alert: Alert, *, english: bool = False) -> list[str]:
    """What the lines can't do in time, in a sentence."""
    load, lines = alert.capacity.get(Channel.VOICE), lines_for(context, alert)
    limit = limit_of(context, alert)
    if load is None or lines is None or not too_slow(load, limit):
        return []
    return [words.too_slow(load, lines.count, limit, english=english)]


def places(roster: Roster, inside: Iterable[str]) -> list[Unit]:
    """Who gets a sheet: each township, and the county for what lies in none."""
    units = (roster.units.get(UnitId(unit)) for unit in inside)
    found = (
        township_of(roster, unit.id)
        for unit in units
        if unit and unit.kind is not UnitKind.COUNTY
    )
    return [roster.unit(UnitId(place.unit)) for place in sorted({*found} - {NOWHERE})]


def to_call(context: Context, alert: Alert, place: UnitId) -> list[Opened]:
    """The callouts of an alert in a place of the roster that ask for an answer."""
    roster = context.roster
    known = [UnitId(unit) for unit in alert.inside if unit in roster.units]
    posts = start_list(context.policies, roster, alert.content, known)
    below = frozenset(roster.descendants(place))
    upwards = sorted(posts, key=lambda ref: BELOW_FIRST[ref.post.unit_kind])
    opened = rehearsed(context, alert, [ref for ref in upwards if ref.unit in below])
    return [one for one in opened if one.state is not State.NOTIFIED]


def call_sheet(
    connection: Connection, context: Context, alert: Alert, unit: UnitId, now: datetime
) -> Sheet | None:
    """Who has not answered in a unit yet; None where the alert calls nobody at all."""
    place = context.roster.units.get(unit)
    opened = to_call(context, alert, unit) if place else []
    if place is None or not opened:
        return None
    waiting = _unanswered(connection, opened)
    ended = alert.state is not AlertState.ACTIVE
    return drawn(context, alert, place, () if ended else waiting, now)


def _unanswered(connection: Connection, opened: Iterable[Opened]) -> list[Opened]:
    """Those whose own people have not answered; what is still to be opened waits."""
    there = callouts.load(connection, [one.id for one in opened])
    return [one for one in opened if one.id not in there or there[one.id].callout.open]


def drawn(
    context: Context, alert: Alert, place: Unit, opened: Iterable[Opened], now: datetime
) -> Sheet:
    """The call sheet of a place for these callouts."""
    zone = ZoneInfo(context.policies.timezone)
    return Sheet(
        alert=alert.id,
        content=alert.content,
        place=place.name,
        sent_at=alert.content.sent.astimezone(zone),
        printed_at=now.astimezone(zone),
        lines=tuple(_lines(context.roster, opened, now)),
    )


def _lines(roster: Roster, opened: Iterable[Opened], now: datetime) -> Iterator[Line]:
    """A line for each person, in the order of calling; and for each vacant post."""
    people: dict[str, Person] = {}
    roles: defaultdict[str, list[Role]] = defaultdict(list)
    for one in opened:
        own = [ref for rung in one.ladder.rungs if rung.own for ref in rung.posts]
        held = [(ref, person) for ref in own for person in roster.holders(ref, now)]
        for ref, person in held:
            people[person.id] = person
            roles[person.id].append((one.unit, ref))
        if not held:
            roles[one.id].append((one.unit, PostRef(one.unit, one.post)))
    for who, named in roles.items():
        yield _line(roster, people.get(who), named)


def _line(roster: Roster, person: Person | None, roles: Sequence[Role]) -> Line:
    number, *others = _numbers(person) or [NO_NUMBER if person else ""]
    units = [roster.unit(unit) for unit, _ in roles]
    villages = (roster.above(unit.id, UnitKind.VILLAGE) for unit in units)
    return Line(
        villages=_listed(village.name for village in villages if village),
        grids=_listed(unit.name for unit in units if unit.kind is UnitKind.GRID),
        posts=_listed(words.POSTS[ref.post] for _, ref in roles),
        person=person.id if person else None,
        name=person.name if person else "",
        number=number,
        others=" ".join(others),
    )


def _listed(names: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(names))


def _numbers(person: Person | None) -> list[str]:
    return [
        dialled(address)
        for address in (person.addresses if person else ())
        if address.kind is not AddressKind.WECOM and not address.wrong
    ]


def dialled(address: Address) -> str:
    """A number as it is dialled in this country."""
    national = address.value.removeprefix(HOME)
    landline = address.kind is AddressKind.LANDLINE
    return f"0{national}" if landline and national != address.value else national
