"""Officers over HTTP, for who administers them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import OFFICER, PageQuery, unknown
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.session import hashed
from dispatcher.api.views import Page, View, page
from dispatcher.core.officer import OfficerRole
from dispatcher.engine import accounts
from dispatcher.engine.accounts import Denial, DeniedError, Doing, known, login_name
from dispatcher.engine.passwords import one_time
from dispatcher.intake.officer_form import OfficerEditForm, OfficerForm
from dispatcher.intake.problem import Problem
from dispatcher.store import officers
from dispatcher.store.officers import Officer

router = APIRouter(prefix="/api/v1/officers", tags=["officers"])

Result = TypeVar("Result")
Administrator = Annotated[Caller, Depends(needs(Scope.ADMIN))]
Named = Annotated[str, Path(alias="name")]
CHANGING = (400, 401, 403, 404, 408, 409, 413, 415, 422, 503)


class OfficerView(View):
    """An officer's account, without what is secret."""

    name: str
    display: str
    role: OfficerRole
    disabled: bool
    must_change: bool
    totp: bool
    created_at: datetime
    watch_since: datetime | None

    @classmethod
    def of(cls, officer: Officer) -> Self:
        """Show an account."""
        return cls(
            name=officer.name,
            display=officer.display,
            role=officer.role,
            disabled=officer.disabled,
            must_change=officer.must_change,
            totp=officer.totp_on,
            created_at=officer.created_at,
            watch_since=officer.watch_since,
        )


class NewPasswordView(View):
    """An account with its one-time password, which is shown this once."""

    officer: OfficerView
    password: str


async def _done(
    front: Front, caller: Caller, name: str, work: Callable[[Doing], Result]
) -> Result:
    """Do something to an account.

    :raises RefusedError: with 404 or 409
    """
    now = front.now()

    def do(connection: Connection) -> Result:
        return work(Doing(connection=connection, by=caller.by, now=now))

    try:
        return await front.runtime.database.write(do)
    except DeniedError as error:
        raise _denied(error.why, name) from error


@router.get(
    "",
    dependencies=[Depends(needs(Scope.ADMIN))],
    responses=answers(401, 403, 422),
)
async def list_officers(
    front: FrontOf, query: Annotated[PageQuery, Query()]
) -> Page[OfficerView]:
    """Every account by name, disabled ones among them."""
    found = await front.runtime.database.read(officers.everybody)
    first = bisect_right([o.name for o in found], query.cursor) if query.cursor else 0
    views = [OfficerView.of(one) for one in found[first : first + query.limit + 1]]
    return page(views, query.limit, lambda view: view.name)


@router.post(
    "",
    status_code=201,
    responses=answers(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra=documented(OfficerForm),
)
async def create_officer(
    front: FrontOf,
    caller: Administrator,
    form: Annotated[OfficerForm, Depends(read_as(OfficerForm))],
) -> NewPasswordView:
    """Make an account, with a one-time password that is to be changed at once."""
    name = login_name(form.name)
    if name is None:
        raise refused(422, BAD_NAME)
    password = one_time()
    new = Officer(
        name=name,
        display=form.display or form.name,
        role=form.role,
        password=await hashed(front, password),
        must_change=True,
        created_at=front.now(),
    )
    made = await _done(front, caller, name, lambda d: accounts.create(d, new))
    return NewPasswordView(officer=OfficerView.of(made), password=password)


@router.get("/{name}", responses=answers(401, 403, 404))
async def show_officer(
    front: FrontOf, _caller: Administrator, name: Named
) -> OfficerView:
    """One account."""
    found = await front.runtime.database.read(lambda c: officers.find(c, name))
    if found is None:
        raise unknown(OFFICER, name)
    return OfficerView.of(found)


@router.put(
    "/{name}", responses=answers(*CHANGING), openapi_extra=documented(OfficerEditForm)
)
async def edit_officer(
    front: FrontOf,
    caller: Administrator,
    name: Named,
    form: Annotated[OfficerEditForm, Depends(read_as(OfficerEditForm))],
) -> OfficerView:
    """Change a role or what he is called, let him in no more or again."""

    def edit(doing: Doing) -> Officer:
        before = known(doing, name)
        after = accounts.edit(
            doing, name, form.role or before.role, form.display or before.display
        )
        if form.disabled is None:
            return after
        return (accounts.disable if form.disabled else accounts.enable)(doing, name)

    return OfficerView.of(await _done(front, caller, name, edit))


@router.delete("/{name}", responses=answers(401, 403, 404, 409, 503))
async def disable_officer(
    front: FrontOf, caller: Administrator, name: Named
) -> OfficerView:
    """Let an officer in no more: his sessions end; his name stays his for ever."""
    done = await _done(front, caller, name, lambda d: accounts.disable(d, name))
    return OfficerView.of(done)


@router.post("/{name}/password", responses=answers(401, 403, 404, 429, 503))
async def reset_password(
    front: FrontOf, caller: Administrator, name: Named
) -> NewPasswordView:
    """Give an officer a one-time password; his sessions end."""
    password = one_time()
    new = await hashed(front, password)
    done = await _done(
        front, caller, name, lambda d: accounts.reset_password(d, name, new)
    )
    return NewPasswordView(officer=OfficerView.of(done), password=password)


@router.delete("/{name}/totp", responses=answers(401, 403, 404, 503))
async def reset_totp(front: FrontOf, caller: Administrator, name: Named) -> OfficerView:
    """Ask an officer for codes no more: he has lost his telephone."""
    done = await _done(front, caller, name, lambda d: accounts.stop_totp(d, name))
    return OfficerView.of(done)


def _denied(why: Denial, name: str) -> RefusedError:
    if why is Denial.NO_SUCH_OFFICER:
        return unknown(OFFICER, name)
    zh, en = DENIED[why]
    return refused(409, Problem(loc=("path",), code=why.value, zh=zh, en=en))


DENIED = {
    Denial.NAME_TAKEN: (
        "登录名已有人用,或曾有人用",
        "the name is taken, or was somebody's once",
    ),
    Denial.LAST_ADMINISTRATOR: (
        "这是最后一个管理员,请先另设一个",
        "the last administrator: make another one first",
    ),
}
BAD_NAME = Problem(
    loc=("name",),
    code="bad_login_name",
    zh="登录名用文字、数字、. _ -,最多 40 个",
    en="use letters, digits, . _ and -, 40 at the most",
)
