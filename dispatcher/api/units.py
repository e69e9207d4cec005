"""Units over HTTP: the places of the roster, one at a time."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Annotated, Self
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from contacts.model import Unit, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.api.body import documented, read_as
from dispatcher.api.editing import (
    ADDS,
    LISTED,
    PUTS,
    READ,
    READS,
    REMOVES,
    Seen,
    Writer,
    check_seen,
    edited,
    etag,
    let_pass,
    made,
)
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import UNIT, PageQuery, following, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import Page, View, page
from dispatcher.intake.roster_form import NewUnitForm, UnitForm, unit_problems
from dispatcher.store import present, roster_edits
from dispatcher.store.roster_edits import Editing

PREFIX = "/api/v1/units"
router = APIRouter(prefix=PREFIX, tags=["units"])
# Ids are paths: a grid's code is free text, and may hold a slash.


class UnitView(View):
    """A unit; ``risk``: 1 is the highest."""

    id: str
    kind: UnitKind
    name: str
    parent: str | None
    code_system: str
    lat: float | None
    lon: float | None
    risk: int

    @classmethod
    def of(cls, unit: Unit) -> Self:
        """How it is shown."""
        return cls(**asdict(unit))


class UnitQuery(PageQuery):
    """Which units are asked for; ``q`` stands in the name, or begins the code."""

    parent: str | None = None
    kind: UnitKind | None = None
    q: str | None = None

    def wants(self, unit: Unit) -> bool:
        """Whether a unit is among them."""
        return (
            self.parent in {None, unit.parent}
            and self.kind in {None, unit.kind}
            and (not self.q or self.q in unit.name or unit.id.startswith(self.q))
        )


@router.get("", dependencies=READS, responses=answers(*LISTED))
async def list_units(
    front: FrontOf, query: Annotated[UnitQuery, Query()]
) -> Page[UnitView]:
    """Units, by id."""
    roster = (await front.runtime.keeper.renewed()).roster
    views = await asyncio.to_thread(_listed, roster, query)
    return page(views, query.limit, lambda view: view.id)


def _listed(roster: Roster, query: UnitQuery) -> list[UnitView]:
    names = (unit.id for unit in roster.units.values() if query.wants(unit))
    return [UnitView.of(roster.unit(UnitId(name))) for name in following(names, query)]


@router.post(
    "",
    status_code=201,
    responses=answers(*ADDS),
    openapi_extra=documented(NewUnitForm),
)
async def add_unit(
    front: FrontOf,
    caller: Writer,
    form: Annotated[NewUnitForm, Depends(read_as(NewUnitForm))],
    response: Response,
) -> UnitView:
    """Let there be one unit more."""
    system = front.runtime.settings.intake.code_system
    unit = _checked(Unit(code_system=system, **form.model_dump()))

    def add(connection: Connection, editing: Editing) -> None:
        let_pass(roster_edits.add_unit(connection, unit, editing))

    await edited(front, caller, add)
    view = UnitView.of(unit)
    made(response, f"{PREFIX}/{quote(unit.id, safe='')}", view)
    return view


@router.get("/{id:path}", dependencies=READS, responses=answers(*READ))
async def show_unit(
    front: FrontOf, name: Annotated[UnitId, Path(alias="id")], response: Response
) -> UnitView:
    """One unit."""
    view = UnitView.of(await front.runtime.database.read(lambda c: _there(c, name)))
    response.headers["ETag"] = etag(view)
    return view


@router.put("/{id:path}", responses=answers(*PUTS), openapi_extra=documented(UnitForm))
async def put_unit(  # noqa: PLR0913 - what a request has, each by its name
    *,
    front: FrontOf,
    caller: Writer,
    name: Annotated[UnitId, Path(alias="id")],
    seen: Seen,
    form: Annotated[UnitForm, Depends(read_as(UnitForm))],
    response: Response,
) -> UnitView:
    """Let a unit be as it is here; its code and kind stay."""

    def put(connection: Connection, editing: Editing) -> Unit:
        before = _there(connection, name)
        check_seen(seen, etag(UnitView.of(before)))
        after = _checked(replace(before, **form.model_dump()))
        let_pass(roster_edits.put_unit(connection, after, editing))
        return after

    view = UnitView.of(await edited(front, caller, put))
    response.headers["ETag"] = etag(view)
    return view


@router.delete("/{id:path}", status_code=204, responses=answers(*REMOVES))
async def remove_unit(
    front: FrontOf,
    caller: Writer,
    name: Annotated[UnitId, Path(alias="id")],
    seen: Seen,
) -> None:
    """Let a unit be no more; refused while units lie in it or its posts are held."""

    def remove(connection: Connection, editing: Editing) -> None:
        check_seen(seen, etag(UnitView.of(_there(connection, name))))
        let_pass(roster_edits.remove_unit(connection, name, editing))

    await edited(front, caller, remove)


def _there(connection: Connection, name: UnitId) -> Unit:
    unit = present.unit(connection, name)
    if unit is None:
        raise unknown(UNIT, name)
    return unit


def _checked(unit: Unit) -> Unit:
    problems = tuple(unit_problems(unit))
    if problems:
        raise refused(422, *problems)
    return unit
