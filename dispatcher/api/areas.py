"""Areas: what a warning for them would reach, told without issuing one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from contacts.area import Resolution
from contacts.model import UnitKind
from contacts.roster import Roster
from dispatcher.api.auth import Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import FrontOf
from dispatcher.api.problem import answers
from dispatcher.api.views import View
from dispatcher.core.alert import Level
from dispatcher.engine import accept
from dispatcher.engine.tying import Beside, Intended, beside
from dispatcher.intake.form import EchoForm

router = APIRouter(prefix="/api/v1/areas", tags=["areas"])

ASKS = [Depends(needs(Scope.ALERTS_READ, Scope.ALERTS_WRITE))]
SHOWN_MOST = 1000


class PlaceView(View):
    """A unit by its name."""

    unit: str
    name: str
    kind: UnitKind


class ActiveView(View):
    """A live alert of the same kind in the same place: perhaps it should be updated.

    :ivar shared_units: how many units both cover
    :ivar would_join: a new alert would join its chain: its people are called on, with
        the new text
    :ivar would_replace: and would withdraw this one there, as it has the same sender
    """

    alert: str
    chain: str
    headline: str
    level: Level
    sender: str
    identifier: str
    sent: datetime
    shared_units: int
    would_join: bool
    would_replace: bool


class EchoView(View):
    """What areas come to.

    :ivar active: live alerts of the same kind there; none where no kind was given

    :ivar units: how many units lie inside, of all kinds
    :ivar places: the first of them, the largest first
    :ivar outside: they are known to lie outside all our units
    """

    units: int
    grids: int
    places: list[PlaceView]
    unresolved: list[str]
    unknown_units: list[str]
    mismatched: list[str]
    outside: bool
    active: list[ActiveView]


@router.post(
    "/echo",
    dependencies=ASKS,
    responses=answers(400, 401, 403, 408, 413, 415, 422),
    openapi_extra=documented(EchoForm),
)
async def echo(
    front: FrontOf, form: Annotated[EchoForm, Depends(read_as(EchoForm))]
) -> EchoView:
    """Find the units of areas by the rules that hold for a warning; issues nothing."""
    runtime, now = front.runtime, front.now()
    context = await runtime.keeper.refresh()
    found = accept.resolved(context, [area.area() for area in form.areas])
    intended = Intended(
        event_code=form.event_code or "", drill=form.drill, inside=found.units
    )
    near = await runtime.database.read(
        lambda c: beside(c, context.policies, intended, now)
    )
    active = [_active(one, form.sender) for one in near]
    return _told(context.roster, found, active)


def _active(one: Beside, sender: str | None) -> ActiveView:
    alert, content = one.alert, one.alert.content
    return ActiveView(
        alert=alert.id,
        chain=alert.chain,
        headline=content.headline or f"{content.event}{content.level.zh}预警",
        level=content.level,
        sender=content.sender,
        identifier=content.identifier,
        sent=content.sent,
        shared_units=one.shared,
        would_join=one.joins,
        would_replace=one.joins and content.sender == sender,
    )


def _told(roster: Roster, found: Resolution, active: list[ActiveView]) -> EchoView:
    inside = map(roster.unit, found.units)
    units = sorted(inside, key=lambda unit: (len(unit.id), unit.id))
    return EchoView(
        units=len(units),
        grids=sum(unit.kind is UnitKind.GRID for unit in units),
        places=[
            PlaceView(unit=unit.id, name=unit.name, kind=unit.kind)
            for unit in units[:SHOWN_MOST]
        ],
        unresolved=list(map(accept.shown, found.unresolved)),
        unknown_units=list(found.unknown_units),
        mismatched=list(map(accept.shown, found.mismatched)),
        outside=found.outside,
        active=active,
    )
