"""API keys over HTTP, for who administers them; a key is shown once."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from dispatcher.api.auth import SENDING, Caller, Scope, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import API_KEY, PageQuery, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import Page, View, page
from dispatcher.core.journal import HOUSE, KeyEnded, KeyMade
from dispatcher.intake.officer_form import KeyForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import journal, keys
from dispatcher.store.keys import ApiKey

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

Administrator = Annotated[Caller, Depends(needs(Scope.ADMIN))]


class KeyView(View):
    """What a key may do; the key itself nobody knows but its holder."""

    name: str
    scopes: list[str]
    senders: list[str]
    created_at: datetime


class NewKeyView(View):
    """A new key, which is shown this once."""

    name: str
    scopes: list[str]
    senders: list[str]
    key: str


def key_made(new: ApiKey, now: datetime, by: str) -> KeyMade:
    """What is noted of a new key."""
    return KeyMade(at=now, by=by, name=new.name, scopes=new.scopes, senders=new.senders)


@router.get(
    "",
    dependencies=[Depends(needs(Scope.ADMIN))],
    responses=answers(401, 403, 422),
)
async def list_keys(
    front: FrontOf, query: Annotated[PageQuery, Query()]
) -> Page[KeyView]:
    """Every key by name."""
    found = await front.runtime.database.read(keys.everything)
    names = [one.name for one, _ in found]
    first = bisect_right(names, query.cursor) if query.cursor else 0
    views = [
        KeyView(
            name=one.name,
            scopes=[*one.scopes],
            senders=[*one.senders],
            created_at=made_at,
        )
        for one, made_at in found[first : first + query.limit + 1]
    ]
    return page(views, query.limit, lambda view: view.name)


@router.post(
    "",
    status_code=201,
    responses=answers(400, 401, 403, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(KeyForm),
)
async def create_key(
    front: FrontOf,
    caller: Administrator,
    form: Annotated[KeyForm, Depends(read_as(KeyForm))],
) -> NewKeyView:
    """Make a key, by the rules of ``jiaoying key create``."""
    _check(form)
    new = ApiKey(name=form.name, scopes=(*form.scopes,), senders=(*form.senders,))
    secret, now = keys.draw(), front.now()

    def add(connection: Connection) -> bool:
        made = keys.add(connection, new, secret, now)
        if made:
            journal.note(connection, HOUSE, [key_made(new, now, caller.by)])
        return made

    if not await front.runtime.database.write(add):
        raise refused(409, TAKEN)
    return NewKeyView(
        name=new.name, scopes=form.scopes, senders=form.senders, key=secret
    )


def _check(form: KeyForm) -> None:
    """Refuse scopes that there are not, and a sender of alerts for nobody."""
    known = set(Scope)
    wrong = [
        problem(("scopes", place), "unknown_value", expected=", ".join(Scope))
        for place, scope in enumerate(form.scopes)
        if scope not in known
    ]
    if SENDING & set(form.scopes) and not form.senders:
        wrong.append(FOR_NOBODY)
    if wrong:
        raise refused(422, *wrong)


@router.delete("/{name}", status_code=204, responses=answers(401, 403, 404, 503))
async def end_key(
    front: FrontOf, caller: Administrator, name: Annotated[str, Path()]
) -> None:
    """Let a key open nothing any more, from this moment on."""
    now = front.now()

    def end(connection: Connection) -> bool:
        gone = keys.remove(connection, name)
        if gone:
            entry = KeyEnded(at=now, by=caller.by, name=name)
            journal.note(connection, HOUSE, [entry])
        return gone

    if not await front.runtime.database.write(end):
        raise unknown(API_KEY, name)


TAKEN = Problem(
    loc=("name",),
    code="key_name_taken",
    zh="已有同名的密钥",
    en="there is a key of this name",
)
FOR_NOBODY = Problem(
    loc=("senders",),
    code="senders_needed",
    zh="能发预警的密钥要写明可代表的发布方",
    en="a key that sends alerts needs the senders it may speak for",
)
