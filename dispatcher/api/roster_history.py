"""The history of the roster over HTTP: who changed what when, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection

from contacts.model import Holding, Person, PersonId
from dispatcher.api.editing import LISTED, READS
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import PageQuery
from dispatcher.api.people import NumberView, numbers_of
from dispatcher.api.posts import HolderView
from dispatcher.api.problem import answers
from dispatcher.api.units import UnitView
from dispatcher.api.views import Page, View, page
from dispatcher.core.journal import RosterChange
from dispatcher.store import history, people
from dispatcher.store.history import Kind, Line, Told, Wanted

router = APIRouter(prefix="/api/v1/roster", tags=["roster"])

CURSOR = r"^[0-9]{1,18}$"  # the line before which the next page begins
Known = Mapping[str, Person]


class VersionView(View):
    """A version of a person as a line of the history tells him, masked."""

    id: str
    name: str
    numbers: list[NumberView]

    @classmethod
    def of(cls, person: Person) -> Self:
        """How it is shown."""
        return cls(id=person.id, name=person.name, numbers=numbers_of(person))


class LineView(View):
    """One thing before and after a change; null: it was not there, or is no more.

    :ivar edition: counts the changes; a change has a line for each thing
    :ivar by: ``key:NAME``, ``user:NAME``, ``os:NAME``
    :ivar source: what it came from, such as the name of a file
    :ivar subject: a unit's id, a human's, ``UNIT/POST``
    :ivar fields: of a unit, what is different
    """

    edition: int
    at: datetime
    by: str
    how: RosterChange
    source: str | None
    kind: Kind
    subject: str
    fields: list[str]
    before: UnitView | VersionView | list[HolderView] | None
    after: UnitView | VersionView | list[HolderView] | None


class HistoryQuery(PageQuery):
    """Which lines are asked for."""

    kind: Kind | None = None
    subject: str | None = None
    cursor: Annotated[str | None, Field(pattern=CURSOR)] = None


@router.get("/history", dependencies=READS, responses=answers(*LISTED))
async def show_history(
    front: FrontOf, query: Annotated[HistoryQuery, Query()]
) -> Page[LineView]:
    """What was changed in the roster, the newest first."""
    wanted = Wanted(
        limit=query.limit + 1,
        before=int(query.cursor) if query.cursor else None,
        kind=query.kind,
        subject=query.subject,
    )

    def look(connection: Connection) -> tuple[list[Told], Known]:
        found = history.page(connection, wanted)
        versions = {name for told in found for name in _versions(told.line)}
        return found, people.find_people(connection, versions)

    found, known = await front.runtime.database.read(look)
    cut = page(found, query.limit, lambda told: str(told.id))
    views = [_view(told, known) for told in cut.items]
    return Page(items=views, cursor=cut.cursor)


def _versions(line: Line) -> Iterable[PersonId]:
    for told in (line.before, line.after):
        if line.kind is Kind.PERSON and told:
            yield PersonId(told)
        if line.kind is Kind.POST:
            yield from (one.person for one in history.holdings_of(line.subject, told))


def _view(told: Told, known: Known) -> LineView:
    line, change = told.line, told.change
    before, after = (_thing(line, one, known) for one in (line.before, line.after))
    return LineView(
        edition=change.edition,
        at=change.at,
        by=change.by,
        how=change.how,
        source=change.source,
        kind=line.kind,
        subject=line.subject,
        fields=_different(before, after),
        before=before,
        after=after,
    )


def _thing(
    line: Line, told: str | None, known: Known
) -> UnitView | VersionView | list[HolderView] | None:
    match line.kind:
        case Kind.UNIT:
            unit = history.unit_of(told)
            return UnitView.of(unit) if unit else None
        case Kind.PERSON:
            return VersionView.of(known[told]) if told else None
        case Kind.POST:
            held = history.holdings_of(line.subject, told)
            return [_holder(one, known) for one in held] or None


def _holder(holding: Holding, known: Known) -> HolderView:
    return HolderView.of(holding, known[holding.person].name)


def _different(before: object, after: object) -> list[str]:
    if not (isinstance(before, UnitView) and isinstance(after, UnitView)):
        return []
    return [
        name
        for name in UnitView.model_fields
        if getattr(before, name) != getattr(after, name)
    ]
