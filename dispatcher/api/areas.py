"""Areas: what a warning for them would reach, told without issuing one."""

from __future__ import annotations

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
from dispatcher.engine import accept
from dispatcher.intake.form import EchoForm

router = APIRouter(prefix="/api/v1/areas", tags=["areas"])

ASKS = [Depends(needs(Scope.ALERTS_READ, Scope.ALERTS_WRITE))]
SHOWN_MOST = 1000


class PlaceView(View):
    """A unit by its name."""

    unit: str
    name: str
    kind: UnitKind


class EchoView(View):
    """What areas come to.

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
    context = await front.runtime.keeper.refresh()
    found = accept.resolved(context, [area.area() for area in form.areas])
    return _told(context.roster, found)


def _told(roster: Roster, found: Resolution) -> EchoView:
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
    )
