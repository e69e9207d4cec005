"""The roster check over HTTP: what is wrong with the roster, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from contacts.check import Checked, Fault, Finding, Known, Township, check
from contacts.model import PersonId, Post, UnitId
from contacts.roster import Roster
from dispatcher.api.auth import Scope, needs
from dispatcher.api.check_words import said
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import PAGE_MOST, PAGE_USUAL
from dispatcher.api.problem import answers
from dispatcher.api.views import View
from dispatcher.engine import checking

CURSOR = r"^[0-9]{1,9}$"  # findings told before: the check itself is made anew

router = APIRouter(prefix="/api/v1/roster", tags=["roster"])


class FindingView(View):
    """One thing that is wrong.

    :ivar township: the township it is in; null: above all of them
    :ivar person: the version of a person it concerns, with his name
    """

    code: Fault
    unit: str
    unit_name: str
    township: str | None
    post: Post | None
    person: str | None
    name: str | None
    zh: str
    en: str

    @classmethod
    def of(cls, roster: Roster, checked: Checked, finding: Finding) -> FindingView:
        """Show a finding in words."""
        zh, en = said(roster, finding)
        return cls(
            code=finding.fault,
            unit=finding.unit,
            unit_name=roster.unit(finding.unit).name,
            township=checked.within.get(finding.unit),
            post=finding.post,
            person=finding.person,
            name=_name(roster, finding.person),
            zh=zh,
            en=en,
        )


class ScoreView(View):
    """How much of a place would be reached.

    :ivar ready: grids whose A角 and B角 are two, each with a means that is of use
    :ivar score: ready grids of all grids, 0 to 1; null where there is no grid
    :ivar faults: how often each fault was found
    """

    grids: int
    ready: int
    score: float | None
    faults: Mapping[Fault, int]


class TownshipView(ScoreView):
    """One township."""

    unit: str
    name: str

    @classmethod
    def of(cls, roster: Roster, township: Township) -> TownshipView:
        """Show a township's score."""
        return cls(
            unit=township.unit,
            name=roster.unit(township.unit).name,
            grids=township.score.grids,
            ready=township.score.ready,
            score=township.score.share,
            faults=dict(township.faults),
        )


class CheckView(View):
    """The roster check.

    :ivar gaps: findings by which somebody would not be called
    :ivar townships: the lowest score first
    :ivar items: findings, the worst first; a part of them
    """

    gaps: int
    total: ScoreView
    townships: list[TownshipView]
    items: list[FindingView]
    cursor: str | None


def view(
    roster: Roster, checked: Checked, found: tuple[Finding, ...], cursor: str | None
) -> CheckView:
    """Show a check with some of its findings."""
    return CheckView(
        gaps=checked.gaps,
        total=ScoreView(
            grids=checked.total.grids,
            ready=checked.total.ready,
            score=checked.total.share,
            faults=dict(checked.faults),
        ),
        townships=[TownshipView.of(roster, one) for one in checked.townships],
        items=[FindingView.of(roster, checked, one) for one in found],
        cursor=cursor,
    )


@router.get(
    "/check",
    dependencies=[Depends(needs(Scope.PEOPLE_READ))],
    responses=answers(401, 403, 422),
)
async def check_roster(
    front: FrontOf,
    township: str | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_USUAL,
    cursor: Annotated[str | None, Query(pattern=CURSOR)] = None,
) -> CheckView:
    """Look for gaps, dead numbers and stale people; of one township, or of all."""
    roster, known = await _seen(front)
    checked = await asyncio.to_thread(check, roster, known)
    found = checked.findings if township is None else checked.of(UnitId(township))
    first = int(cursor or 0)
    after = first + limit
    more = str(after) if len(found) > after else None
    return view(roster, checked, found[first:after], more)


async def _seen(front: Front) -> tuple[Roster, Known]:
    context, now = await front.runtime.keeper.refresh(), front.now()

    def look(connection: Connection) -> Known:
        zone = context.policies.timezone
        return checking.known(connection, context.routed, now, zone)

    return context.roster, await front.runtime.database.read(look)


def _name(roster: Roster, person: PersonId | None) -> str | None:
    return None if person is None else roster.person(person).name
