"""Who is asking, and what he may do: bearer keys with scopes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from dispatcher.api.front import FrontOf
from dispatcher.api.problem import RefusedError, refused
from dispatcher.intake.problem import Problem
from dispatcher.store import keys
from dispatcher.store.keys import ApiKey


class Scope(StrEnum):
    """What a key may be given."""

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


bearer = HTTPBearer(auto_error=False, scheme_name="key")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


webhook = APIKeyHeader(
    name="CAP-Webhook-Auth", auto_error=False, scheme_name="cap_webhook"
)
Hooked = Annotated[str | None, Depends(webhook)]


async def holder(
    request: Request, front: FrontOf, given: Given, hooked: Hooked
) -> ApiKey:
    """Whose key came with the request; CAP Composer sends it in a header of its own.

    Every key that is given takes the same way: one digest, one look-up by it.
    """
    secret = given.credentials if given else hooked or ""
    found = await front.runtime.database.read(lambda c: keys.find(c, secret))
    if found is None:
        raise refused(401, NO_KEY, WWW_Authenticate="Bearer")
    request.state.key = found.name
    return found


NO_KEY = Problem(
    loc=("header", "Authorization"),
    code="no_valid_key",
    zh="需要有效的密钥: Authorization: Bearer KEY",
    en="a valid key is needed: Authorization: Bearer KEY",
)


def needs(*scopes: Scope) -> Callable[[ApiKey], Awaitable[ApiKey]]:
    """A dependency: a key that has one of these scopes."""

    async def checked(key: Annotated[ApiKey, Depends(holder)]) -> ApiKey:
        if not any(may(key, scope) for scope in scopes):
            raise lacks(scopes[0])
        return key

    return checked


Still = Callable[[], Awaitable[bool]]


def still_may(*scopes: Scope) -> Callable[..., Awaitable[Still]]:
    """A dependency: asks again, as often as one likes, who has one of these scopes.

    What is answered for hours must end when the key is taken away meanwhile.
    """

    async def asked(
        request: Request, front: FrontOf, given: Given, hooked: Hooked
    ) -> Still:
        async def still() -> bool:
            try:
                key = await holder(request, front, given, hooked)
            except RefusedError:
                return False
            return any(may(key, scope) for scope in scopes)

        return still

    return asked


def may(key: ApiKey, scope: Scope) -> bool:
    """Whether a key has a scope."""
    return scope in key.scopes


def lacks(scope: Scope) -> RefusedError:
    """The refusal of a key without a scope."""
    return refused(
        403,
        Problem(
            loc=("header", "Authorization"),
            code="scope_missing",
            zh=f"密钥没有 {scope} 权限",
            en=f"the key lacks the scope {scope}",
        ),
    )


def speaks_for(key: ApiKey, sender: str) -> bool:
    """Whether a key may send alerts in the name of a sender."""
    return any(fnmatchcase(sender, pattern) for pattern in key.senders)
