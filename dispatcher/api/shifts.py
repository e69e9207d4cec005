"""Shifts over HTTP: rotations, overrides, swaps and leaves; who is on duty by them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Annotated, Any, Final, assert_never

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from contacts.cover import Watch, watch
from contacts.duty import Leave, Override, Rotation, Span, TimeBound, Turn, swap
from contacts.model import HumanId, PersonId, Post, PostRef, UnitId
from contacts.roster import Roster
from dispatcher.api.body import JSON, JsonBody, read_as
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
    made,
)
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import SHIFT, PageQuery, following, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.shift_views import (
    AnyShift,
    MadeView,
    WatchView,
    shift_views,
    watch_view,
)
from dispatcher.api.views import Page, page
from dispatcher.intake.duty_form import (
    FORMS,
    LeaveForm,
    OverrideForm,
    RotationForm,
    SwapForm,
    TurnForm,
    people_of,
    shift_problems,
)
from dispatcher.intake.form import Moment
from dispatcher.intake.problem import Loc, Problem, problem
from dispatcher.store import duty, duty_edits, history, people, present, rotas
from dispatcher.store.roster_edits import Editing

PREFIX = "/api/v1/shifts"
router = APIRouter(prefix=PREFIX, tags=["shifts"])

SPAN_MOST = timedelta(days=31)  # of a question who is on duty
DIGITS = 19  # of a number in a cursor, so that it sorts
AnyForm = RotationForm | OverrideForm | SwapForm | LeaveForm
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "oneOf": [
                        {"$ref": f"#/components/schemas/{form.__name__}"}
                        for form in FORMS.values()
                    ]
                }
            }
        },
    }
}


class ShiftQuery(PageQuery):
    """Which shifts are asked for: of a place and post, that hold in a span."""

    unit: UnitId | None = None
    post: Post | None = None
    begins: Annotated[Moment | None, Field(alias="from")] = None
    ends: Annotated[Moment | None, Field(alias="to")] = None


class OnDutyQuery(PageQuery):
    """Which posts are asked for, and for which span; of no unit: all with a plan."""

    unit: UnitId | None = None
    post: Post | None = None
    begins: Annotated[Moment, Field(alias="from")]
    ends: Annotated[Moment, Field(alias="to")]


@router.get("", dependencies=READS, responses=answers(*LISTED))
async def list_shifts(
    front: FrontOf, query: Annotated[ShiftQuery, Query()]
) -> Page[AnyShift]:
    """Rotations, overrides and leaves, lapsed ones too, in the order of making."""
    span = _span(query)

    def look(connection: Connection) -> list[AnyShift]:
        every = rotas.duties(connection).every
        wanted = {_place(one.number): one for one in every if _meets(one, query, span)}
        names = following(wanted, query)
        return shift_views(connection, (wanted[name] for name in names))

    found = await front.runtime.database.read(look)
    return page(found, query.limit, lambda view: _place(int(view.id)))


def _place(number: int) -> str:
    return f"{number:0{DIGITS}d}"


def _span(query: ShiftQuery | OnDutyQuery) -> Span:
    if query.begins and query.ends and query.ends <= query.begins:
        raise refused(422, problem(("query", "to"), "span_backwards"))
    return Span(begins=query.begins, ends=query.ends)


def _meets(one: TimeBound, query: ShiftQuery, span: Span) -> bool:
    ours = query.unit in {None, one.ref.unit} and query.post in {None, one.ref.post}
    match one:
        case Rotation():
            holds = Span(begins=one.begins, ends=one.ends)
        case Override() | Leave():
            holds = one.span
        case _:
            assert_never(one)
    return ours and holds.meets(span)


@router.get("/on-duty", dependencies=READS, responses=answers(*LISTED))
async def show_on_duty(
    front: FrontOf, query: Annotated[OnDutyQuery, Query()]
) -> Page[WatchView]:
    """Who fills each post from one instant up to another, with gaps and overlaps."""
    _span(query)
    if query.ends - query.begins > SPAN_MOST:
        days = SPAN_MOST.days
        raise refused(422, problem(("query", "to"), "span_too_long", days=days))
    roster = (await front.runtime.keeper.renewed()).roster
    names = following(map(history.post_subject, _posts(roster, query)), query)

    def look() -> list[Watch]:
        refs = map(history.post_of, names)
        return [watch(roster, ref, query.begins, query.ends) for ref in refs]

    views = [
        watch_view(one, roster.unit(one.ref.unit).name)
        for one in await asyncio.to_thread(look)
    ]
    return page(views, query.limit, lambda view: f"{view.unit}/{view.post}")


def _posts(roster: Roster, query: OnDutyQuery) -> Iterator[PostRef]:
    for ref in roster.bound if query.unit is None else _of_unit(roster, query.unit):
        if query.post in {None, ref.post}:
            yield ref


def _of_unit(roster: Roster, name: UnitId) -> Iterable[PostRef]:
    unit = roster.units.get(name)
    return [
        PostRef(name, post) for post in Post if unit and post.unit_kind is unit.kind
    ]


async def shift_form(body: JsonBody) -> AnyForm:
    """A dependency: the body as the form that its ``type`` names.

    :raises RefusedError: with 422 and everything that is wrong with it
    """
    kind = body.get("type") if isinstance(body, dict) else None
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        expected = ", ".join(FORMS)
        raise refused(422, problem(("type",), "unknown_value", expected=expected))
    told: AnyForm = await read_as(form)(body)
    if problems := tuple(shift_problems(told)):
        raise refused(422, *problems)
    return told


FormOf = Annotated[AnyForm, Depends(shift_form)]


@router.post("", status_code=201, responses=answers(*ADDS), openapi_extra=BODY)
async def add_shift(
    front: FrontOf, caller: Writer, form: FormOf, response: Response
) -> MadeView:
    """Make a rotation, an override or a leave; a swap makes two overrides."""
    zone = (await front.runtime.keeper.context()).policies.timezone

    def add(connection: Connection, editing: Editing) -> list[AnyShift]:
        new = _read(connection, form, zone)
        return shift_views(connection, duty_edits.add(connection, new, editing))

    views = await edited(front, caller, add)
    if len(views) == 1:
        made(response, f"{PREFIX}/{views[0].id}", views[0])
    return MadeView(items=views)


@router.get("/{id:int}", dependencies=READS, responses=answers(*READ, 422))
async def show_shift(
    front: FrontOf, number: Annotated[int, Path(alias="id", ge=1)], response: Response
) -> AnyShift:
    """One rotation, override or leave."""

    def look(connection: Connection) -> AnyShift:
        return _shown(connection, _there(connection, number))

    view = await front.runtime.database.read(look)
    response.headers["ETag"] = etag(view)
    return view


@router.put("/{id:int}", responses=answers(*PUTS), openapi_extra=BODY)
async def put_shift(  # noqa: PLR0913 - what a request has, each by its name
    *,
    front: FrontOf,
    caller: Writer,
    number: Annotated[int, Path(alias="id", ge=1)],
    seen: Seen,
    form: FormOf,
    response: Response,
) -> AnyShift:
    """Let it be another; it keeps its number, and so its rank among others."""
    zone = (await front.runtime.keeper.context()).policies.timezone

    def put(connection: Connection, editing: Editing) -> AnyShift:
        before = _there(connection, number)
        view = _shown(connection, before)
        check_seen(seen, etag(view))
        if form.type != view.type:
            raise refused(422, problem(("type",), "another_form", form=view.type))
        [told] = _read(connection, form, zone)
        new = replace(told, number=number)
        duty_edits.put(connection, new, editing)
        return _shown(connection, new)

    view = await edited(front, caller, put)
    response.headers["ETag"] = etag(view)
    return view


@router.delete("/{id:int}", status_code=204, responses=answers(*REMOVES))
async def remove_shift(
    front: FrontOf,
    caller: Writer,
    number: Annotated[int, Path(alias="id", ge=1)],
    seen: Seen,
) -> None:
    """Take it back, as if it had never been made."""

    def remove(connection: Connection, editing: Editing) -> None:
        one = _there(connection, number)
        check_seen(seen, etag(_shown(connection, one)))
        duty_edits.remove(connection, one, editing)

    await edited(front, caller, remove)


def _there(connection: Connection, number: int) -> TimeBound:
    found = duty.find(connection, number)
    if found is None:
        raise unknown(SHIFT, str(number))
    return found


def _shown(connection: Connection, one: TimeBound) -> AnyShift:
    [view] = shift_views(connection, [one])
    return view


def _read(connection: Connection, form: AnyForm, zone: str) -> tuple[TimeBound, ...]:
    """What a form says, with everybody looked up.

    :raises RefusedError: with 422 where the roster lacks something of it
    """
    found = {
        loc: _human(connection, loc, PersonId(name))
        for loc, name in people_of(form).items()
    }
    problems = [one for one in found.values() if isinstance(one, Problem)]
    humans = [one for one in found.values() if not isinstance(one, Problem)]
    problems += _post_problems(connection, form)
    if not problems:
        problems += _same_problems(form, humans)
    if problems:
        raise refused(422, *problems)
    return _made(form, humans, zone)


def _human(connection: Connection, loc: Loc, name: PersonId) -> HumanId | Problem:
    """Who somebody is, by whatever version of him."""
    newest = present.newest_version(connection, name)
    if newest is None:
        return problem(loc, "unknown_person")
    if present.erased(connection, newest):
        return problem(loc, "person_erased")
    if not present.holdings_of(connection, newest):
        return problem(loc, "holds_no_post")
    return people.find_people(connection, [newest])[newest].human


def _post_problems(connection: Connection, form: AnyForm) -> Iterator[Problem]:
    unit = present.unit(connection, form.unit)
    if unit is None:
        yield problem(("unit",), "unknown_unit", unit=form.unit)
    elif unit.kind is not form.post.unit_kind:
        yield problem(("post",), "no_such_post")


def _same_problems(form: AnyForm, humans: list[HumanId]) -> Iterator[Problem]:
    """Two versions may be one human, so who is who is known only now."""
    alike = len(set(humans)) < len(humans)
    if alike and isinstance(form, LeaveForm):
        yield problem(("substitute",), "own_substitute")
    if alike and isinstance(form, SwapForm):
        yield problem(("turns",), "same_person")


def _made(form: AnyForm, humans: list[HumanId], zone: str) -> tuple[TimeBound, ...]:
    ref = PostRef(UnitId(form.unit), form.post)
    match form:
        case RotationForm():
            rotation = Rotation(
                ref=ref,
                members=(*humans,),
                starts_on=form.starts_on,
                ends_on=form.ends_on,
                hours=form.hours,
                handover=form.handover,
                kind=form.kind,
                zone=zone,
            )
            return (rotation,)
        case OverrideForm():
            return (Override(ref=ref, humans=(*humans,), span=_spanned(form)),)
        case LeaveForm():
            leave = Leave(
                ref=ref,
                human=humans[0],
                substitute=humans[1] if form.substitute else None,
                span=_spanned(form),
            )
            return (leave,)
        case SwapForm():
            one, other = (
                Turn(human=human, span=_spanned(turn))
                for human, turn in zip(humans, form.turns, strict=True)
            )
            return swap(ref, one, other)
        case _:
            assert_never(form)


def _spanned(form: OverrideForm | LeaveForm | TurnForm) -> Span:
    ends = form.ends.astimezone(UTC) if form.ends else None
    return Span(begins=form.begins.astimezone(UTC), ends=ends)
