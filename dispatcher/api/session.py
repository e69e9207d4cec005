"""Signing in and out, and what an officer sees of himself.

A new session has a new random id, whatever the browser held before; the store knows its
digest alone. Neither a name that is unknown nor one that is disabled is told apart from
a wrong password, by words or by time.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, TypedDict

import structlog
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from dispatcher.api import csrf
from dispatcher.api.attempts import subscriber
from dispatcher.api.auth import COOKIE, Kept, SignedIn, scopes_of, terms_of
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.views import View
from dispatcher.core.officer import OfficerRole
from dispatcher.engine.accounts import login_name
from dispatcher.engine.passwords import TooManyError, step_of
from dispatcher.intake.officer_form import SignInForm
from dispatcher.intake.problem import Problem
from dispatcher.store import officers, sessions
from dispatcher.store.officers import Officer

router = APIRouter(prefix="/api/v1/session", tags=["session"])

ID_BYTES = 32
NO_STORE = "no-store"

log = structlog.get_logger()


class CookieFlags(TypedDict):
    """How a browser keeps a cookie."""

    path: str
    secure: bool
    httponly: bool
    samesite: Literal["strict"]


class OwnView(View):
    """An officer as he sees himself."""

    name: str
    display: str
    role: OfficerRole


class WatchedView(View):
    """Since when he watches the desk."""

    since: datetime


class SenderView(View):
    """For whom officers issue warnings: the sender, and who is named as issuer."""

    sender: str
    issuer: str


class SessionView(View):
    """A session, and whose it is.

    :ivar csrf: goes into X-CSRF-Token of every change
    :ivar watch: null: he does not watch the desk
    :ivar must_change: nothing but changing the password is allowed before that is done
    :ivar totp: whether a code is asked for when he signs in
    """

    officer: OwnView
    scopes: list[str]
    csrf: str
    expires_at: datetime
    watch: WatchedView | None
    must_change: bool
    totp: bool
    desk: SenderView


def shown(
    front: Front, officer: Officer, secret: str, ends_at: datetime
) -> SessionView:
    """A session as its officer sees it."""
    settings = front.runtime.settings
    since = officer.watch_since
    return SessionView(
        officer=OwnView(name=officer.name, display=officer.display, role=officer.role),
        scopes=[*scopes_of(officer)],
        csrf=csrf.token_of(secret),
        expires_at=ends_at,
        watch=WatchedView(since=since) if since else None,
        must_change=officer.must_change,
        totp=officer.totp_on,
        desk=SenderView(
            sender=settings.intake.desk_sender, issuer=settings.texts.issuer
        ),
    )


@router.post(
    "",
    responses=answers(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra=documented(SignInForm),
)
async def sign_in(
    request: Request,
    front: FrontOf,
    form: Annotated[SignInForm, Depends(read_as(SignInForm))],
    response: Response,
) -> SessionView:
    """Sign in with a password, and a code where the officer uses them."""
    settings = front.runtime.settings
    csrf.check_origin(request, settings.server.public_base_url)
    name = login_name(form.name) or ""
    address = subscriber(request.client.host if request.client else "")
    if seconds := front.attempts.take(name, address, front.now()):
        raise too_often(seconds)
    trusted = await _trusted(front, name, form)
    rehashed = await _rehashed(front, trusted, form.password)
    secret = secrets.token_urlsafe(ID_BYTES)
    now, terms = front.now(), terms_of(settings)

    def begin(connection: Connection) -> tuple[Officer, datetime]:
        officer = _still(connection, front, trusted, form.totp)
        if rehashed:
            officer = replace(officer, password=rehashed)
        officers.save(connection, officer)
        sessions.end(connection, request.cookies.get(COOKIE, ""))
        return officer, sessions.begin(connection, officer.name, secret, terms, now)

    officer, ends_at = await front.runtime.database.write(begin)
    front.attempts.welcome(name, address)
    log.info("session.began", officer=officer.name)
    response.set_cookie(COOKIE, secret, **cookie_flags(front))
    response.headers["Cache-Control"] = NO_STORE
    return shown(front, officer, secret, ends_at)


def cookie_flags(front: Front) -> CookieFlags:
    """How the cookie is kept: no script reads it, no other page sends it."""
    public = front.runtime.settings.server.public_base_url
    return {
        "path": "/",
        "secure": public.startswith("https:"),
        "httponly": True,
        "samesite": "strict",
    }


async def _trusted(front: Front, name: str, form: SignInForm) -> Officer:
    """The officer whose password this is.

    :raises RefusedError: with 401
    """
    found = await front.runtime.database.read(lambda c: officers.find(c, name))
    if await password_fits(front, found, form.password) and found:
        if not found.disabled:
            return found
        log.warning("session.refused", officer=found.name, why="disabled")
    else:
        known = found.name if found else None  # what else was typed is not told
        log.warning("session.refused", officer=known, why="password")
    raise refused(401, SIGN_IN_FAILED)


async def password_fits(front: Front, officer: Officer | None, password: str) -> bool:
    """Whether a password is an officer's; of nobody it takes as long to say no.

    :raises RefusedError: with 429, when too many passwords wait to be checked
    """
    kept = officer.password if officer else None
    try:
        return await front.passwords.fits(kept, password)
    except TooManyError:
        raise too_often(1) from None


async def hashed(front: Front, password: str) -> str:
    """What is kept of a password.

    :raises RefusedError: with 429, when too many passwords wait
    """
    try:
        return await front.passwords.hash(password)
    except TooManyError:
        raise too_often(1) from None


async def _rehashed(front: Front, officer: Officer, password: str) -> str | None:
    """The hash made anew where that is called for."""
    outdated = front.passwords.outdated(officer.password)
    return await hashed(front, password) if outdated else None


def _still(
    connection: Connection, front: Front, trusted: Officer, code: str | None
) -> Officer:
    """The officer as he is in this transaction, with the code he gave used up.

    :raises RefusedError: with 401
    """
    officer = officers.find(connection, trusted.name)
    if officer is None or officer.disabled or officer.password != trusted.password:
        raise refused(401, SIGN_IN_FAILED)
    if not officer.totp_on:
        return officer
    if code is None:
        raise refused(401, TOTP_REQUIRED)
    return with_code(front, officer, code)


def with_code(front: Front, officer: Officer, code: str, status: int = 401) -> Officer:
    """The officer with a code used up: neither it nor an older one is taken again.

    :raises RefusedError: with the status
    """
    outside = front.runtime.clock.outside(front.now())
    step = step_of(officer.totp, code, outside)
    if step is None or step <= officer.totp_step:
        log.warning("session.refused", officer=officer.name, why="totp")
        raise refused(status, TOTP_WRONG)
    return replace(officer, totp_step=step)


@router.get("", responses=answers(401, 403))
async def show_session(
    front: FrontOf, own: SignedIn, kept: Kept, response: Response
) -> SessionView:
    """Who is signed in."""
    response.headers["Cache-Control"] = NO_STORE
    return shown(front, own.officer, kept or "", own.ends_at)


@router.delete("", status_code=204, responses=answers(401, 403, 503))
async def sign_out(front: FrontOf, own: SignedIn, kept: Kept) -> Response:
    """Sign out: the session is over, whoever else may have the cookie."""
    await front.runtime.database.write(lambda c: sessions.end(c, kept or ""))
    log.info("session.ended", officer=own.officer.name)
    response = Response(status_code=204, headers={"Cache-Control": NO_STORE})
    response.delete_cookie(COOKIE, **cookie_flags(front))
    return response


def too_often(seconds: int) -> RefusedError:
    """The refusal of who tries too often."""
    return refused(429, TOO_OFTEN, Retry_After=str(seconds))


SIGN_IN_FAILED = Problem(
    loc=(),
    code="sign_in_failed",
    zh="用户名或密码不对",
    en="the name or the password is wrong",
)
TOTP_REQUIRED = Problem(
    loc=("totp",),
    code="totp_required",
    zh="还需要手机上的验证码",
    en="the code from the telephone is needed, too",
)
TOTP_WRONG = Problem(
    loc=("totp",),
    code="totp_wrong",
    zh="验证码不对,或已经用过",
    en="the code is wrong, or was used already",
)
TOO_OFTEN = Problem(
    loc=(),
    code="too_often",
    zh="尝试太频繁,请稍候再试",
    en="too many tries: wait a little",
)
