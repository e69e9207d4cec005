"""What happened in the house: its journal, for leaders and administrators."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection

from dispatcher.api.auth import Scope, needs
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import PageQuery
from dispatcher.api.problem import answers
from dispatcher.api.views import Page, View, page
from dispatcher.core.journal import HOUSE, Entry
from dispatcher.core.officer import USER
from dispatcher.intake.form import Moment
from dispatcher.store import journal, officers, seals
from dispatcher.store.codec import entry_json

router = APIRouter(prefix="/api/v1/log", tags=["log"])

COMMON = ("at", "by", "kind")


class LogQuery(PageQuery):
    """Which entries are asked for; ``by`` as it is told, ``user:limin``.

    :ivar begins: of then and later; ``ends``: before then
    """

    cursor: Annotated[str | None, Field(pattern=r"^[0-9]{1,15}$")] = None
    kind: str | None = None
    by: str | None = None
    begins: Annotated[Moment | None, Field(alias="from")] = None
    ends: Annotated[Moment | None, Field(alias="to")] = None


class EntryView(View):
    """An entry of the journal.

    :ivar by_name: what the officer is called that it is by; else as ``by``
    :ivar about: what else the entry holds, by its kind
    """

    n: int
    at: datetime
    kind: str
    by: str
    by_name: str
    about: dict[str, Any]


class SealedView(View):
    """The last seal over the journal: up to ``n`` nothing was changed since."""

    n: int
    at: datetime


class LogView(Page[EntryView]):
    """A part of the journal; ``sealed`` is null where it never was."""

    sealed: SealedView | None


@router.get(
    "",
    dependencies=[Depends(needs(Scope.ALERTS_APPROVE, Scope.ADMIN))],
    responses=answers(401, 403, 422),
)
async def show_log(front: FrontOf, query: Annotated[LogQuery, Query()]) -> LogView:
    """The journal of the house, the newest first."""
    wanted = journal.Filter(
        before=int(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
        kind=query.kind,
        by=query.by,
        begins=query.begins,
        ends=query.ends,
    )

    def look(connection: Connection) -> LogView:
        found = journal.page(connection, HOUSE, wanted)
        users = (one.by.removeprefix(USER) for _, one in found)
        names = officers.displays(connection, users)
        views = [_shown(n, entry, names) for n, entry in found]
        part = page(views, query.limit, lambda view: str(view.n))
        seal = seals.newest(connection, HOUSE)
        sealed = SealedView(n=seal.entries, at=seal.at) if seal else None
        return LogView(items=part.items, cursor=part.cursor, sealed=sealed)

    return await front.runtime.database.read(look)


def _shown(n: int, entry: Entry, names: dict[str, str]) -> EntryView:
    body = json.loads(entry_json(entry))
    own = entry.by.startswith(USER)
    name = names.get(entry.by.removeprefix(USER)) if own else None
    return EntryView(
        n=n,
        at=entry.at,
        kind=entry.kind,
        by=entry.by,
        by_name=name or entry.by,
        about={name: value for name, value in body.items() if name not in COMMON},
    )
