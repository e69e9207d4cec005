"""What needs a human, 待办: read, counted and settled over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from contacts.model import Person, PersonId
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import TODO, PageQuery, unknown
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.todos import OFFERED, Action, TodoView, shown
from dispatcher.api.views import Page, View, page
from dispatcher.core.answer import Figures, Meaning
from dispatcher.core.callout import Callout, State
from dispatcher.core.todo import TodoKind
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.notices import written_way
from dispatcher.engine.settling import REPLY, Deciding, assign, dismiss, read_as_answer
from dispatcher.engine.verbs import OnBehalf
from dispatcher.intake.form import SettleForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import callouts, todo
from dispatcher.store.todo import Kept

router = APIRouter(prefix="/api/v1/inbox", tags=["inbox"])

Reader = Annotated[Caller, Depends(needs(Scope.ALERTS_READ))]
Officer = Annotated[Caller, Depends(needs(Scope.CALLOUTS_WRITE))]


class CountsView(View):
    """How many are open, in all and by kind."""

    total: int
    kinds: Mapping[TodoKind, int]


class InboxQuery(PageQuery):
    """Which todos are asked for."""

    kind: TodoKind | None = None
    state: Literal["open", "settled"] = "open"
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None


@router.get("/counts", responses=answers(401, 403))
async def count_todos(front: FrontOf, _: Reader) -> CountsView:
    """How much waits, for the top of every page."""
    found = await front.runtime.database.read(todo.counts)
    kinds = {kind: found.get(kind, 0) for kind in TodoKind}
    return CountsView(total=sum(kinds.values()), kinds=kinds)


@router.get("", responses=answers(401, 403, 422))
async def list_todos(
    front: FrontOf, caller: Reader, query: Annotated[InboxQuery, Query()]
) -> Page[TodoView]:
    """What needs a human, the newest first."""
    wanted = todo.Filter(
        kind=query.kind,
        settled=query.state == "settled",
        before=int(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )
    views = await shown(front, caller, lambda c: todo.page(c, wanted))
    return page(views, query.limit, lambda view: view.id)


@router.post(
    "/{id}",
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(SettleForm),
)
async def settle_todo(
    front: FrontOf,
    caller: Officer,
    name: Annotated[str, Path(alias="id")],
    form: Annotated[SettleForm, Depends(read_as(SettleForm))],
) -> TodoView:
    """Settle something; it stays to be read, with who did it and when."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    how = Deciding(by=caller.by, note=form.note)
    action = Action(form.action)

    def do(connection: Connection) -> None:
        kept = _named(connection, name)
        _check_offered(kept, action)
        desk = Desk(connection, context, now)
        match action:
            case Action.AS_ANSWER:
                done = _answer(desk, kept, form, how)
            case Action.ASSIGN:
                done = assign(desk, kept, _assignee(context, desk, form), how)
            case _:
                done = dismiss(desk, kept, how)
        if not done:
            raise _settled_already(name)

    await front.runtime.database.write(do)
    front.committed()
    [view] = await shown(front, caller, lambda c: [_named(c, name)])
    return view


def _named(connection: Connection, name: str) -> Kept:
    known = name.isascii() and name.isdecimal() and len(name) < len(str(2**63))
    found = todo.find(connection, int(name)) if known else None
    if found is None:
        raise unknown(TODO, name)
    return found


def _check_offered(kept: Kept, action: Action) -> None:
    if kept.settled:
        raise _settled_already(str(kept.id))
    if action not in OFFERED[kept.todo.kind]:
        offered = ", ".join(OFFERED[kept.todo.kind])
        raise refused(422, problem(("action",), "unknown_value", expected=offered))


def _settled_already(name: str) -> RefusedError:
    return refused(
        409,
        Problem(
            loc=("path",),
            code="settled_already",
            zh=f"待办 {name} 已经处理",
            en=f"todo {name} has been settled already",
        ),
    )


def _answer(desk: Desk, kept: Kept, form: SettleForm, how: Deciding) -> bool:
    """Let a reply count; it is named in the fact as what the answer rests on."""
    callout, person = _callout(desk, kept, form), form.person or kept.todo.person
    lacking = [("meaning", form.meaning), ("person", person)]
    if absent := [name for name, given in lacking if not given]:
        raise refused(422, *(problem((name,), "required") for name in absent))
    given = form.figures
    said = OnBehalf(
        person=PersonId(str(person)),
        meaning=Meaning(str(form.meaning)),
        how=REPLY,
        at=kept.todo.at,
        note=f"todo:{kept.id} {form.note}".strip(),
        by=how.by,
        figures=Figures(
            households=given.households if given else None,
            people=given.people if given else None,
        ),
        message=kept.todo.message,
    )
    done = read_as_answer(desk, kept, callout, said, how)
    if isinstance(done, Problem):
        raise refused(422, done)
    return done


def _callout(desk: Desk, kept: Kept, form: SettleForm) -> Callout:
    """The callout that is answered: named, unless only one can be meant."""
    meant = kept.todo.callouts
    name = form.callout or (meant[0] if len(meant) == 1 else None)
    if name is None:
        raise refused(422, problem(("callout",), "required"))
    seen = callouts.load(desk.connection, [name])
    found = next((one.callout for one in seen.values()), None)
    if found is None or (meant and found.id not in meant):
        raise refused(422, problem(("callout",), "not_asked"))
    if found.state is State.CLOSED:
        raise refused(422, problem(("callout",), "callout_over"))
    return found


def _assignee(context: Context, desk: Desk, form: SettleForm) -> Person:
    if form.person is None:
        raise refused(422, problem(("person",), "required"))
    person = context.roster.people.get(PersonId(form.person))
    if person is None:
        raise refused(422, problem(("person",), "nobody_on_duty", person=form.person))
    if written_way(desk, person) is None:
        raise refused(422, problem(("person",), "no_means"))
    return person


@router.get("/{id}", responses=answers(401, 403, 404))
async def show_todo(
    front: FrontOf, caller: Reader, name: Annotated[str, Path(alias="id")]
) -> TodoView:
    """One of them, settled or not."""
    [view] = await shown(front, caller, lambda c: [_named(c, name)])
    return view
