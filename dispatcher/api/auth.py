"""Who is asking, and what he may do: keys and officers, both with scopes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    HTTPAuthorizationCredentials,
    HTTPBearer,
)

from config.settings import Settings
from dispatcher.api import csrf
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.problem import RefusedError, refused
from dispatcher.core.officer import USER, OfficerRole
from dispatcher.intake.problem import Problem
from dispatcher.store import keys, sessions
from dispatcher.store.keys import KEY
from dispatcher.store.officers import Officer
from dispatcher.store.sessions import Session, Terms


class Scope(StrEnum):
    """What a key may be given, or comes with a role."""

    ALERTS_WRITE = "alerts:write"
    ALERTS_DRILL = "alerts:drill"
    ALERTS_CANCEL = "alerts:cancel"
    ALERTS_APPROVE = "alerts:approve"
    ALERTS_READ = "alerts:read"
    CALLOUTS_WRITE = "callouts:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    PEOPLE_REVEAL = "people:reveal"
    RECORDS_READ = "records:read"
    ADMIN = "admin"


SENDING = frozenset({Scope.ALERTS_WRITE, Scope.ALERTS_DRILL})
READING = (Scope.ALERTS_READ, Scope.PEOPLE_READ, Scope.RECORDS_READ)
WATCHING = (
    *READING,
    Scope.ALERTS_WRITE,
    Scope.ALERTS_DRILL,
    Scope.ALERTS_CANCEL,
    Scope.CALLOUTS_WRITE,
    Scope.PEOPLE_REVEAL,
)
ROLES: Mapping[OfficerRole, tuple[Scope, ...]] = {
    OfficerRole.VIEWER: READING,
    OfficerRole.OFFICER: WATCHING,
    OfficerRole.LEADER: (*WATCHING, Scope.ALERTS_APPROVE, Scope.PEOPLE_WRITE),
    OfficerRole.ADMINISTRATOR: (*Scope,),
}

COOKIE = "jiaoying_session"
TOUCH_SPAN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a key, or an officer who has signed in.

    :ivar by: how what he does is told: ``key:NAME`` or ``user:NAME``
    :ivar senders: patterns of alert senders he may speak for
    :ivar session: of an officer; None: it is a key
    """

    by: str
    scopes: tuple[str, ...]
    senders: tuple[str, ...]
    session: Session | None = None

    @property
    def name(self) -> str:
        """What the key or the officer is called."""
        return self.by.partition(":")[2]


bearer = HTTPBearer(auto_error=False, scheme_name="key")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


webhook = APIKeyHeader(
    name="CAP-Webhook-Auth", auto_error=False, scheme_name="cap_webhook"
)
Hooked = Annotated[str | None, Depends(webhook)]

cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session")
Kept = Annotated[str | None, Depends(cookie)]


async def holder(
    request: Request, front: FrontOf, given: Given, hooked: Hooked, kept: Kept
) -> Caller:
    """Who asks; a key wins over a cookie, for a browser sends cookies by itself.

    CAP Composer sends its key in a header of its own. Every key that is given takes the
    same way: one digest, one look-up by it.
    """
    if kept and not given and not hooked:
        found = await _officer(request, front, kept)
    else:
        found = await _key(front, given.credentials if given else hooked or "")
    request.state.key = found.name if found.session is None else found.by
    return found


async def _key(front: Front, secret: str) -> Caller:
    found = await front.runtime.database.read(lambda c: keys.find(c, secret))
    if found is None:
        raise refused(401, NO_KEY, WWW_Authenticate="Bearer")
    return Caller(by=f"{KEY}{found.name}", scopes=found.scopes, senders=found.senders)


async def _officer(request: Request, front: Front, secret: str) -> Caller:
    database, now = front.runtime.database, front.now()
    settings = front.runtime.settings
    session = await database.read(lambda c: sessions.find(c, secret, now))
    if session is None:
        raise refused(401, SESSION_OVER, WWW_Authenticate="Bearer")
    csrf.check(request, secret, settings.server.public_base_url)
    if now - session.seen_at >= TOUCH_SPAN:
        terms = terms_of(settings)
        await database.write(lambda c: sessions.touch(c, session, terms, now))
    return Caller(
        by=f"{USER}{session.officer.name}",
        scopes=scopes_of(session.officer),
        senders=(settings.intake.desk_sender,),
        session=session,
    )


def scopes_of(officer: Officer) -> tuple[str, ...]:
    """What an officer may do: nothing before he has a password of his own."""
    return () if officer.must_change else ROLES[officer.role]


def terms_of(settings: Settings) -> Terms:
    """How long sessions last."""
    security = settings.security
    return Terms(
        idle=timedelta(hours=security.session_idle_hours),
        whole=timedelta(hours=security.session_hours),
    )


NO_KEY = Problem(
    loc=("header", "Authorization"),
    code="no_valid_key",
    zh="需要有效的密钥: Authorization: Bearer KEY",
    en="a valid key is needed: Authorization: Bearer KEY",
)
SESSION_OVER = Problem(
    loc=("cookie", COOKIE),
    code="session_over",
    zh="登录已失效,请重新登录",
    en="the session is over: sign in again",
)
NO_OFFICER = Problem(
    loc=("cookie", COOKIE),
    code="officer_expected",
    zh="只有登录的值班员可用,密钥不行",
    en="for officers who have signed in, not for keys",
)
PASSWORD_FIRST = Problem(
    loc=("cookie", COOKIE),
    code="password_change_needed",
    zh="请先改掉一次性密码",
    en="change the one-time password first",
)


async def signed_in(caller: Annotated[Caller, Depends(holder)]) -> Session:
    """A dependency: the session of an officer, whatever his role.

    :raises RefusedError: with 403 for a key
    """
    if caller.session is None:
        raise refused(403, NO_OFFICER)
    return caller.session


SignedIn = Annotated[Session, Depends(signed_in)]


def needs(*scopes: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency: a key or an officer with one of these scopes."""

    async def checked(caller: Annotated[Caller, Depends(holder)]) -> Caller:
        if any(may(caller, scope) for scope in scopes):
            return caller
        if caller.session and caller.session.officer.must_change:
            raise refused(403, PASSWORD_FIRST)
        raise lacks(scopes[0])

    return checked


Still = Callable[[], Awaitable[bool]]


def still_may(*scopes: Scope) -> Callable[..., Awaitable[Still]]:
    """A dependency: asks again, as often as one likes, who has one of these scopes.

    What is answered for hours must end with the key or the session.
    """

    async def asked(
        request: Request, front: FrontOf, given: Given, hooked: Hooked, kept: Kept
    ) -> Still:
        async def still() -> bool:
            try:
                caller = await holder(request, front, given, hooked, kept)
            except RefusedError:
                return False
            return any(may(caller, scope) for scope in scopes)

        return still

    return asked


def may(caller: Caller, scope: Scope) -> bool:
    """Whether somebody has a scope."""
    return scope in caller.scopes


def lacks(scope: Scope) -> RefusedError:
    """The refusal of who lacks a scope."""
    return refused(
        403,
        Problem(
            loc=("header", "Authorization"),
            code="scope_missing",
            zh=f"没有 {scope} 权限",
            en=f"the key or officer lacks the scope {scope}",
        ),
    )


def speaks_for(caller: Caller, sender: str) -> bool:
    """Whether somebody may send alerts in the name of a sender."""
    return any(fnmatchcase(sender, pattern) for pattern in caller.senders)
