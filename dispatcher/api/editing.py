"""What every edit over HTTP has: by whom it is, what he has seen, why it is refused.

One thing is edited at a time. Who edits says which state of it he has seen (RFC 9110,
section 13), so of two who edit at once the second is told, not overruled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.front import Front
from dispatcher.api.problem import RefusedError, refused
from dispatcher.intake.problem import Problem
from dispatcher.store.roster_edits import Bar, Barred, Editing

Writer = Annotated[Caller, Depends(needs(Scope.PEOPLE_WRITE))]
READS = [Depends(needs(Scope.PEOPLE_READ))]

READ: Final = (401, 403, 404)
LISTED: Final = (401, 403, 422)
BODY: Final = (400, 408, 413, 415, 422)
ADDS: Final = (*BODY, 401, 403, 409, 503)
PUTS: Final = (*ADDS, 404, 412, 428)
REMOVES: Final = (*READ, 409, 412, 422, 428, 503)

ETAG_LETTERS = 32
NAMED_MOST = 5  # of what stands in the way
ANY = "*"

Result = TypeVar("Result")


def etag(state: BaseModel) -> str:
    """A strong validator of a thing in this state, as it is shown masked."""
    digest = hashlib.sha256(state.model_dump_json().encode()).hexdigest()
    return f'"{digest[:ETAG_LETTERS]}"'


async def seen_before(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="ETag of what was read")
    ] = None,
) -> str:
    """A dependency: the state that the editor has seen.

    :raises RefusedError: with 428 where he does not say
    """
    if if_match is None:
        raise refused(428, NOT_SAID)
    return if_match


Seen = Annotated[str, Depends(seen_before)]

NOT_SAID = Problem(
    loc=("header", "If-Match"),
    code="if_match_required",
    zh="请先读取,并用 If-Match 带上读到的 ETag",
    en="read it first, and send the ETag in If-Match",
)


def check_seen(seen: str, present: str) -> None:
    """Let an edit pass only over the state that its editor has seen.

    :raises RefusedError: with 412 and the present ETag
    """
    tags = {tag.strip() for tag in seen.split(",")}
    if not tags & {ANY, present}:
        raise refused(412, CHANGED, ETag=present)


CHANGED = Problem(
    loc=("header", "If-Match"),
    code="changed_meanwhile",
    zh="读取之后已有人改动,请重新读取再改",
    en="somebody has changed it since you read it: read it again",
)


async def edited(
    front: Front, caller: Caller, edit: Callable[[Connection, Editing], Result]
) -> Result:
    """Make an edit in one transaction, and let the worker know."""
    editing = Editing(by=caller.by, at=front.now())
    done = await front.runtime.database.write(lambda c: edit(c, editing))
    front.committed()
    return done


def made(response: Response, path: str, view: BaseModel) -> None:
    """Tell where what was made is, and in which state."""
    response.headers["Location"] = path
    response.headers["ETag"] = etag(view)


def let_pass(done: Result | Barred) -> Result:
    """What an edit gives.

    :raises RefusedError: when it was not made
    """
    if isinstance(done, Barred):
        raise _refusal(done)
    return done


# Status, where in the request, and the words for what stands in the way.
WORDS = {
    Bar.EXISTS: (409, ("id",), "名册里已有 {names}", "{names} is there already"),
    Bar.UNKNOWN_UNIT: (404, ("path",), "没有单元 {names}", "there is no unit {names}"),
    Bar.WRONG_PARENT: (
        *(422, ("parent",)),
        "{names} 不在名册中,或不是上一级单元",
        "{names} is not in the roster, or not one step above",
    ),
    Bar.CHILDREN: (
        *(409, ("path",)),
        "下面还有单元 {names},请先移走或删除",
        "units {names} lie in it: move or delete them first",
    ),
    Bar.HOLDERS: (
        *(409, ("path",)),
        "职务 {names} 还有人担任,请先免去",
        "posts {names} are held: empty them first",
    ),
    Bar.UNKNOWN_PERSON: (
        *(422, ("person",)),
        "没有责任人 {names}",
        "there is no person {names}",
    ),
    Bar.ERASED: (
        *(409, ("person",)),
        "{names} 的个人信息已删除,不能恢复",
        "{names} is erased, and stays so",
    ),
    Bar.REPLACED: (
        *(409, ("person",)),
        "这是旧版本,请用新版本 {names}",
        "this version was replaced: use {names}",
    ),
    Bar.UNKNOWN_ADDRESS: (
        *(422, ("numbers",)),
        "他没有编号为 {names} 的号码",
        "he has no number with the id {names}",
    ),
    Bar.SAME_ADDRESS: (
        *(422, ("numbers",)),
        "同一号码写了两次",
        "the same number stands here twice",
    ),
    Bar.TWICE: (
        *(422, ("person",)),
        "{names} 会在同一时间两次担任这一职务",
        "{names} would hold it twice at one time",
    ),
    Bar.NO_SUCH_POST: (
        *(404, ("path",)),
        "这类单元没有这一职务:{names}",
        "a unit of this kind has no such post: {names}",
    ),
}


def _refusal(barred: Barred) -> RefusedError:
    status, loc, zh, en = WORDS[barred.why]
    names = "、".join(barred.names[:NAMED_MOST])
    more = len(barred.names) - NAMED_MOST
    if more > 0:
        names += f" (+{more})"
    told = Problem(
        loc=loc,
        code=barred.why.value,
        zh=zh.format(names=names),
        en=en.format(names=names),
    )
    return refused(status, told)
