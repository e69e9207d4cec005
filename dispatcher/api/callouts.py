"""Callouts over HTTP: list, look at one, and record an answer on somebody's behalf."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from contacts.model import PersonId
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.drawer import Drawer, DrawerView
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import CALLOUT, PageQuery, unknown
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.views import CalloutLine, Page, page
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Figures, Meaning
from dispatcher.core.callout import Callout, CalloutId, Mark, State
from dispatcher.engine import desk
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.intake.form import AnswerForm, TakeoverForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import callouts, people

CLOCKS_APART = timedelta(minutes=1)

router = APIRouter(prefix="/api/v1/callouts", tags=["callouts"])

Recorder = Annotated[Caller, Depends(needs(Scope.CALLOUTS_WRITE))]
READS = [Depends(needs(Scope.ALERTS_READ))]


class CalloutQuery(PageQuery):
    """Which callouts are asked for."""

    state: State | None = None
    unit: str | None = None
    mark: Mark | None = None


@router.get("", dependencies=READS, responses=answers(401, 403, 422))
async def list_callouts(
    front: FrontOf, query: Annotated[CalloutQuery, Query()]
) -> Page[CalloutLine]:
    """Callouts of all alerts, by id."""
    return await listed(front, query, None)


async def listed(
    front: Front, query: CalloutQuery, alert: AlertId | None
) -> Page[CalloutLine]:
    """A page of callouts; of one alert, or of all."""
    wanted = callouts.Filter(
        alert=alert,
        state=query.state,
        unit=query.unit,
        mark=query.mark,
        cursor=query.cursor,
        limit=query.limit + 1,
    )
    found = await front.runtime.database.read(lambda c: callouts.page(c, wanted))
    return page([*map(CalloutLine.of, found)], query.limit, lambda line: line.id)


@router.get("/{id}", dependencies=READS, responses=answers(401, 403, 404))
async def show_callout(
    front: FrontOf, name: Annotated[CalloutId, Path(alias="id")]
) -> DrawerView:
    """One callout with its ladder and everything that happened."""
    return await _shown(front, name)


async def _shown(front: Front, name: CalloutId) -> DrawerView:
    context, now = await front.runtime.keeper.refresh(), front.now()

    def look(connection: Connection) -> DrawerView:
        seen = callouts.load(connection, [name])
        if name not in seen:
            raise unknown(CALLOUT, name)
        drawer = Drawer(
            callout=seen[name].callout,
            facts=tuple(callouts.facts_of(connection, name)),
            roster=context.roster,
            now=now,
        )
        return drawer.view(people.find_people(connection, drawer.named()))

    return await front.runtime.database.read(look)


@router.post(
    "/{id}/answers",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(AnswerForm),
)
async def answer_on_behalf(
    front: FrontOf,
    caller: Recorder,
    name: Annotated[CalloutId, Path(alias="id")],
    form: Annotated[AnswerForm, Depends(read_as(AnswerForm))],
) -> DrawerView:
    """Record what somebody told an officer by telephone, radio or face to face."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    if form.at > now + CLOCKS_APART:
        raise refused(422, problem(("at",), "heard_in_future"))
    said = _said(form, caller)

    def record(connection: Connection, callout: Callout) -> None:
        if said.person not in _standing(context, callout, now):
            raise refused(422, problem(("person",), "not_on_ladder"))
        desk.record_on_behalf(Desk(connection, context, now), callout, said)

    return await _changed(front, name, record)


@router.post(
    "/{id}/takeover",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(TakeoverForm),
)
async def take_over(
    front: FrontOf,
    caller: Recorder,
    name: Annotated[CalloutId, Path(alias="id")],
    form: Annotated[TakeoverForm, Depends(read_as(TakeoverForm))],
) -> DrawerView:
    """Let the desk take a callout over: while it has time, nobody above is called."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    by = caller.by

    def take(connection: Connection, _: Callout) -> None:
        desk.take_over(Desk(connection, context, now), name, form.note, by)

    return await _changed(front, name, take)


async def _changed(
    front: Front, name: CalloutId, change: Callable[[Connection, Callout], None]
) -> DrawerView:
    """Do something to a callout that is not over, and show what it is then."""

    def do(connection: Connection) -> None:
        seen = callouts.load(connection, [name])
        if name not in seen:
            raise unknown(CALLOUT, name)
        if seen[name].callout.state is State.CLOSED:
            raise _closed(seen[name].callout)
        change(connection, seen[name].callout)

    await front.runtime.database.write(do)
    front.committed()
    return await _shown(front, name)


def _said(form: AnswerForm, caller: Caller) -> desk.OnBehalf:
    given = form.figures
    return desk.OnBehalf(
        person=PersonId(form.person),
        meaning=Meaning(form.meaning),
        how=form.how,
        at=form.at,
        note=form.note,
        by=caller.by,
        figures=Figures(
            households=given.households if given else None,
            people=given.people if given else None,
        ),
    )


def _standing(context: Context, callout: Callout, now: datetime) -> set[PersonId]:
    """Everybody on its ladder: called so far, or in one of its posts now."""
    called = {one.person for run in callout.runs for one in run.people}
    refs = {ref for rung in callout.ladder.rungs for ref in rung.posts}
    return called | {
        person.id for ref in refs for person in context.roster.holders(ref, now)
    }


def _closed(callout: Callout) -> RefusedError:
    return refused(
        409,
        Problem(
            loc=("path",),
            code="callout_closed",
            zh=f"叫应单 {callout.id} 已结束({callout.close_reason})",
            en=f"callout {callout.id} is closed: {callout.close_reason}",
        ),
    )
