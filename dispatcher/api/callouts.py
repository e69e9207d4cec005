"""Callouts over HTTP: list, look at one, and record an answer on somebody's behalf."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.drawer import Drawer, DrawerView
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import CALLOUT, PageQuery, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import CalloutLine, Page, page
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import NO_FIGURES, Figures, Meaning
from dispatcher.core.callout import CalloutId, Mark, State
from dispatcher.engine import verbs
from dispatcher.engine.compose import Desk
from dispatcher.intake.form import (
    AnswerForm,
    EscalateForm,
    FeedbackForm,
    FiguresForm,
    RetryForm,
    TakeoverForm,
)
from dispatcher.intake.problem import problem
from dispatcher.store import callouts, people

CLOCKS_APART = timedelta(minutes=1)

router = APIRouter(prefix="/api/v1/callouts", tags=["callouts"])

Recorder = Annotated[Caller, Depends(needs(Scope.CALLOUTS_WRITE))]
CalloutName = Annotated[CalloutId, Path(alias="id")]
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


WRITES = answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503)


@router.post("/{id}/answers", responses=WRITES, openapi_extra=documented(AnswerForm))
async def answer_on_behalf(
    front: FrontOf,
    caller: Recorder,
    name: CalloutName,
    form: Annotated[AnswerForm, Depends(read_as(AnswerForm))],
) -> DrawerView:
    """Record what somebody told an officer by telephone, radio or face to face."""
    check_heard(front, form.at)
    return await _ordered(front, name, _said(form, caller))


@router.post("/{id}/takeover", responses=WRITES, openapi_extra=documented(TakeoverForm))
async def take_over(
    front: FrontOf,
    caller: Recorder,
    name: CalloutName,
    form: Annotated[TakeoverForm, Depends(read_as(TakeoverForm))],
) -> DrawerView:
    """Let the desk take a callout over: while it has time, nobody above is called."""
    order = verbs.TakeOver(note=form.note, by=caller.by)
    return await _ordered(front, name, order)


@router.post("/{id}/retry", responses=WRITES, openapi_extra=documented(RetryForm))
async def retry(
    front: FrontOf,
    caller: Recorder,
    name: CalloutName,
    form: Annotated[RetryForm, Depends(read_as(RetryForm))],
) -> DrawerView:
    """Try who is being called once more, now: 补发. No planned time moves."""
    await check_route(front, form.channel)
    order = verbs.Retry(by=caller.by, channel=form.channel, note=form.note)
    return await _ordered(front, name, order)


@router.post("/{id}/escalate", responses=WRITES, openapi_extra=documented(EscalateForm))
async def escalate(
    front: FrontOf,
    caller: Recorder,
    name: CalloutName,
    form: Annotated[EscalateForm, Depends(read_as(EscalateForm))],
) -> DrawerView:
    """Call the next rung now, before its time; its marks and tasks keep theirs."""
    order = verbs.Escalate(by=caller.by, reason=form.reason)
    return await _ordered(front, name, order)


def check_heard(front: Front, at: datetime) -> None:
    """Refuse what is said to have been heard later than now.

    :raises RefusedError: with 422
    """
    if at > front.now() + CLOCKS_APART:
        raise refused(422, problem(("at",), "heard_in_future"))


async def check_route(front: Front, channel: Channel | None) -> None:
    """Refuse a channel over which nothing can be sent.

    :raises RefusedError: with 422
    """
    context = await front.runtime.keeper.refresh()
    if channel and channel not in context.routed:
        raise refused(
            422, problem(("channel",), "channel_without_route", channel=channel.value)
        )


@router.post("/{id}/feedback", responses=WRITES, openapi_extra=documented(FeedbackForm))
async def feed_back(
    front: FrontOf,
    caller: Recorder,
    name: CalloutName,
    form: Annotated[FeedbackForm, Depends(read_as(FeedbackForm))],
) -> DrawerView:
    """Type in what a post that has answered reported to an officer since."""
    check_heard(front, form.at)
    figures = _figures(form.figures)
    if figures == NO_FIGURES:
        raise refused(422, problem(("figures",), "figures_needed"))
    order = verbs.Feedback(
        by=caller.by,
        figures=figures,
        note=f"{form.how} {form.at.isoformat()} {form.note}".strip(),
        person=PersonId(form.person) if form.person else None,
    )
    return await _ordered(front, name, order)


async def _ordered(front: Front, name: CalloutId, order: verbs.Order) -> DrawerView:
    """Do something to a callout, and show what it is then."""
    context, now = await front.runtime.keeper.refresh(), front.now()

    def do(connection: Connection) -> None:
        barred = verbs.carry_out(Desk(connection, context, now), {name: order})
        for why in barred.values():
            raise refused(STATUSES.get(why.code, 409), why)

    await front.runtime.database.write(do)
    front.committed()
    return await _shown(front, name)


STATUSES = {verbs.UNKNOWN: 404, verbs.NOT_ON_LADDER: 422, verbs.NOBODY: 422}


def _said(form: AnswerForm, caller: Caller) -> verbs.OnBehalf:
    return verbs.OnBehalf(
        person=PersonId(form.person),
        meaning=Meaning(form.meaning),
        how=form.how,
        at=form.at,
        note=form.note,
        by=caller.by,
        figures=_figures(form.figures),
    )


def _figures(given: FiguresForm | None) -> Figures:
    if given is None:
        return NO_FIGURES
    return Figures(
        households=given.households,
        people=given.people,
        commander=PersonId(given.commander) if given.commander else None,
        villages=given.villages,
    )
