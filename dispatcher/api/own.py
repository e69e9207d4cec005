"""What an officer does to his own account, and the watch he takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from dispatcher.api.attempts import subscriber
from dispatcher.api.auth import PASSWORD_FIRST, Kept, Scope, SignedIn, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import answers, refused
from dispatcher.api.session import (
    NO_STORE,
    SessionView,
    hashed,
    password_fits,
    shown,
    too_often,
    with_code,
)
from dispatcher.api.views import View
from dispatcher.core.officer import USER, OfficerChange
from dispatcher.engine import accounts
from dispatcher.engine.accounts import Doing, known
from dispatcher.engine.passwords import (
    LENGTH_LEAST,
    totp_address,
    totp_secret,
    weakness,
)
from dispatcher.intake.officer_form import PasswordForm, TotpForm, WatchForm
from dispatcher.intake.problem import Problem
from dispatcher.store import officers, sessions
from dispatcher.store.officers import Officer
from dispatcher.store.sessions import Session

router = APIRouter(prefix="/api/v1", tags=["session"])

Result = TypeVar("Result")


class TotpView(View):
    """What a telephone needs to make codes; ``uri`` is shown to it as a picture."""

    secret: str
    uri: str


class WatchView(View):
    """Who watches the desk.

    :ivar signed_in: whether he has a session; else he has only not ended his watch
    """

    name: str
    display: str
    since: datetime
    signed_in: bool


class WatchesView(View):
    """Everybody who watches the desk, the longest first."""

    officers: list[WatchView]


async def _done(front: Front, own: Session, work: Callable[[Doing], Result]) -> Result:
    """Do something to his own account, by himself."""
    by, now = f"{USER}{own.officer.name}", front.now()

    def do(connection: Connection) -> Result:
        return work(Doing(connection=connection, by=by, now=now))

    return await front.runtime.database.write(do)


@router.post(
    "/session/password",
    status_code=204,
    responses=answers(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra=documented(PasswordForm),
)
async def change_password(
    request: Request,
    front: FrontOf,
    own: SignedIn,
    form: Annotated[PasswordForm, Depends(read_as(PasswordForm))],
) -> None:
    """Change the password: every other session of the officer ends."""
    officer = own.officer
    address = subscriber(request.client.host if request.client else "")
    if seconds := front.attempts.take(officer.name, address, front.now()):
        raise too_often(seconds)
    if not await password_fits(front, officer, form.old):
        raise refused(422, PASSWORD_WRONG)
    if why := weakness(form.new, officer.name, officer.display, form.old):
        raise refused(422, WEAK[why])
    new = await hashed(front, form.new)

    def change(doing: Doing) -> None:
        if known(doing, officer.name).password != officer.password:
            raise refused(422, PASSWORD_WRONG)  # changed by somebody meanwhile
        accounts.change_password(doing, own, new)

    await _done(front, own, change)


@router.post("/session/totp", responses=answers(401, 403, 409, 503))
async def begin_totp(front: FrontOf, own: SignedIn, response: Response) -> TotpView:
    """Draw a secret for codes; they are asked for once one has been confirmed."""
    secret = totp_secret()

    def draw(doing: Doing) -> None:
        officer = known(doing, own.officer.name)
        if officer.totp_on:
            raise refused(409, TOTP_ON)
        officers.save(doing.connection, replace(officer, totp=secret, totp_step=0))

    await _done(front, own, draw)
    response.headers["Cache-Control"] = NO_STORE
    return TotpView(secret=secret, uri=totp_address(secret, own.officer.name))


@router.put(
    "/session/totp",
    status_code=204,
    responses=answers(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra=documented(TotpForm),
)
async def confirm_totp(
    front: FrontOf,
    own: SignedIn,
    form: Annotated[TotpForm, Depends(read_as(TotpForm))],
) -> None:
    """Show that the telephone makes the right codes: from now on they are asked for."""
    _slowed(front, own)

    def confirm(doing: Doing) -> None:
        officer = known(doing, own.officer.name)
        if officer.totp_on:
            raise refused(409, TOTP_ON)
        if not officer.totp:
            raise refused(409, TOTP_NOT_BEGUN)
        after = replace(with_code(front, officer, form.code, 422), totp_on=True)
        doing.note(after, OfficerChange.TOTP_ON)

    await _done(front, own, confirm)


@router.delete(
    "/session/totp",
    status_code=204,
    responses=answers(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra=documented(TotpForm),
)
async def end_totp(
    front: FrontOf,
    own: SignedIn,
    form: Annotated[TotpForm, Depends(read_as(TotpForm))],
) -> None:
    """Ask for codes no more; it takes a last one."""
    _slowed(front, own)

    def end(doing: Doing) -> None:
        officer = known(doing, own.officer.name)
        if not officer.totp_on:
            raise refused(409, TOTP_NOT_BEGUN)
        with_code(front, officer, form.code, 422)
        accounts.stop_totp(doing, officer.name)

    await _done(front, own, end)


def _slowed(front: Front, own: Session) -> None:
    """Let codes be guessed no faster than passwords."""
    if seconds := front.attempts.take(own.officer.name, "codes", front.now()):
        raise too_often(seconds)


@router.put(
    "/session/watch",
    responses=answers(400, 401, 403, 408, 413, 415, 422, 503),
    openapi_extra=documented(WatchForm),
)
async def begin_watch(
    front: FrontOf,
    own: SignedIn,
    kept: Kept,
    form: Annotated[WatchForm, Depends(read_as(WatchForm))],
) -> SessionView:
    """开始值守: the officer watches the desk, and hears its alarm, from now on."""
    if own.officer.must_change:
        raise refused(403, PASSWORD_FIRST)
    name, note = own.officer.name, form.note
    after = await _done(front, own, lambda d: accounts.begin_watch(d, name, note))
    return shown(front, after, kept or "", own.ends_at)


@router.delete("/session/watch", responses=answers(401, 403, 503))
async def end_watch(front: FrontOf, own: SignedIn, kept: Kept) -> SessionView:
    """The officer watches the desk no longer."""

    def end(doing: Doing) -> Officer:
        return accounts.end_watch(doing, known(doing, own.officer.name))

    after = await _done(front, own, end)
    return shown(front, after, kept or "", own.ends_at)


@router.get(
    "/watch",
    dependencies=[Depends(needs(Scope.ALERTS_READ))],
    responses=answers(401, 403),
)
async def show_watch(front: FrontOf) -> WatchesView:
    """Who watches the desk, and since when."""
    now = front.now()

    def look(connection: Connection) -> WatchesView:
        here = sessions.signed_in(connection, now)
        found = [
            WatchView(
                name=one.name,
                display=one.display,
                since=one.watch_since,
                signed_in=one.name in here,
            )
            for one in officers.everybody(connection)
            if one.watch_since
        ]
        return WatchesView(officers=sorted(found, key=lambda one: one.since))

    return await front.runtime.database.read(look)


def _own_problem(loc: str, code: str, zh: str, en: str) -> Problem:
    return Problem(loc=(loc,), code=code, zh=zh, en=en)


PASSWORD_WRONG = _own_problem("old", "password_wrong", "原密码不对", "is wrong")
WEAK = {
    "password_short": _own_problem(
        "new",
        "password_short",
        f"至少 {LENGTH_LEAST} 个字符",
        f"use at least {LENGTH_LEAST} characters",
    ),
    "password_is_name": _own_problem(
        "new",
        "password_is_name",
        "不能与名字或原密码相同",
        "must be neither the name nor the old one",
    ),
}
TOTP_ON = _own_problem("path", "totp_on", "已启用验证码", "codes are in use already")
TOTP_NOT_BEGUN = _own_problem(
    "path", "totp_not_begun", "还没有启用验证码", "codes are not in use"
)
