"""Posts over HTTP: who holds them for how long, and where nobody does."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from contacts.check import NEEDED
from contacts.model import Holding, Person, Post, PostRef, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.api.body import documented, read_as
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
    let_pass,
    made,
)
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import POST, UNIT, PageQuery, following, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import Page, View, page
from dispatcher.intake.roster_form import (
    NewHolderForm,
    PostForm,
    span_problems,
)
from dispatcher.store import history, people, present, roster_edits
from dispatcher.store.roster_edits import Editing

PREFIX = "/api/v1/posts"
POSTS = {
    kind: tuple(post for post in Post if post.unit_kind is kind) for kind in UnitKind
}
router = APIRouter(prefix=PREFIX, tags=["posts"])


class HolderView(View):
    """Somebody in a post; null: from ever, for ever."""

    person: str
    name: str
    valid_from: datetime | None
    valid_until: datetime | None

    @classmethod
    def of(cls, holding: Holding, name: str) -> Self:
        """How he is shown."""
        return cls(
            person=holding.person,
            name=name,
            valid_from=holding.valid_from,
            valid_until=holding.valid_until,
        )


class OnDutyView(View):
    """Somebody who fills a post now."""

    person: str
    name: str


class TenureView(View):
    """Who holds a post, in the order of calling: what an ETag is of."""

    holders: list[HolderView]


class PostView(TenureView):
    """A post of a unit; ``on_duty`` may be others than its holders, by a plan."""

    unit: str
    unit_name: str
    post: Post
    on_duty: list[OnDutyView]


class PostQuery(PageQuery):
    """Which posts are asked for; ``gaps``: those that nobody fills, and ought to."""

    unit: Annotated[UnitId | None, Field(description="code of a unit")] = None
    gaps: bool = False


def holder_views(connection: Connection, held: tuple[Holding, ...]) -> TenureView:
    """Holders with their names."""
    known = people.find_people(connection, {one.person for one in held})
    return TenureView(
        holders=[HolderView.of(one, known[one.person].name) for one in held]
    )


def _shown(
    roster: Roster, ref: PostRef, tenures: TenureView, now: datetime
) -> PostView:
    unit = roster.units.get(ref.unit)
    return PostView(
        unit=ref.unit,
        unit_name=unit.name if unit else "",
        post=ref.post,
        holders=tenures.holders,
        on_duty=[_on_duty(person) for person in roster.holders(ref, now)],
    )


def _on_duty(person: Person) -> OnDutyView:
    return OnDutyView(person=person.id, name=person.name)


@router.get("", dependencies=READS, responses=answers(*LISTED))
async def list_posts(
    front: FrontOf, query: Annotated[PostQuery, Query()]
) -> Page[PostView]:
    """Posts that units of their kind have, held or not, by unit and name."""
    roster, now = (await front.runtime.keeper.renewed()).roster, front.now()
    names = await asyncio.to_thread(_wanted, roster, query, now)

    def look(connection: Connection) -> list[PostView]:
        refs = map(history.post_of, names)
        return [_shown(roster, ref, _tenures(connection, ref), now) for ref in refs]

    found = await front.runtime.database.read(look)
    return page(found, query.limit, lambda view: f"{view.unit}/{view.post}")


def _wanted(roster: Roster, query: PostQuery, now: datetime) -> list[str]:
    """The posts of a page, by the names that lines of the history give them."""
    posts = NEEDED if query.gaps else POSTS
    unit = query.unit and roster.units.get(query.unit)
    units = roster.units.values() if query.unit is None else [unit] if unit else []
    refs = (PostRef(unit.id, post) for unit in units for post in posts[unit.kind])
    vacant = (ref for ref in refs if not (query.gaps and roster.holders(ref, now)))
    return following(map(history.post_subject, vacant), query)


@router.post(
    "",
    status_code=201,
    responses=answers(*ADDS, 404),
    openapi_extra=documented(NewHolderForm),
)
async def add_holder(
    front: FrontOf,
    caller: Writer,
    form: Annotated[NewHolderForm, Depends(read_as(NewHolderForm))],
    response: Response,
) -> PostView:
    """Let somebody more hold a post, after those who hold it."""
    if problems := tuple(span_problems([form])):
        raise refused(422, *problems)
    ref = PostRef(UnitId(form.unit), form.post)

    def add(connection: Connection, editing: Editing) -> TenureView:
        held = (*present.holders(connection, ref), form.holding(ref))
        let_pass(roster_edits.put_post(connection, ref, held, editing))
        return _tenures(connection, ref)

    tenures = await edited(front, caller, add)
    path = f"{PREFIX}/{quote(form.unit, safe='')}/{form.post}"
    made(response, path, tenures)
    return await _told(front, ref, tenures)


@router.get("/{unit:path}/{post}", dependencies=READS, responses=answers(*READ, 422))
async def show_post(
    front: FrontOf, unit: UnitId, post: Post, response: Response
) -> PostView:
    """One post; its ETag is of its holders and their terms."""
    ref = PostRef(unit, post)
    tenures = await front.runtime.database.read(lambda c: _there(c, ref))
    response.headers["ETag"] = etag(tenures)
    return await _told(front, ref, tenures)


@router.put(
    "/{unit:path}/{post}", responses=answers(*PUTS), openapi_extra=documented(PostForm)
)
async def put_post(  # noqa: PLR0913 - what a request has, each by its name
    *,
    front: FrontOf,
    caller: Writer,
    unit: UnitId,
    post: Post,
    seen: Seen,
    form: Annotated[PostForm, Depends(read_as(PostForm))],
    response: Response,
) -> PostView:
    """Let these hold a post, in this order."""
    if problems := tuple(span_problems(form.holders, ("holders",))):
        raise refused(422, *problems)
    ref = PostRef(unit, post)

    def put(connection: Connection, editing: Editing) -> TenureView:
        check_seen(seen, etag(_there(connection, ref)))
        held = [one.holding(ref) for one in form.holders]
        let_pass(roster_edits.put_post(connection, ref, held, editing))
        return _tenures(connection, ref)

    tenures = await edited(front, caller, put)
    response.headers["ETag"] = etag(tenures)
    return await _told(front, ref, tenures)


@router.delete("/{unit:path}/{post}", status_code=204, responses=answers(*REMOVES))
async def empty_post(
    front: FrontOf, caller: Writer, unit: UnitId, post: Post, seen: Seen
) -> None:
    """Let nobody hold a post."""
    ref = PostRef(unit, post)

    def remove(connection: Connection, editing: Editing) -> None:
        check_seen(seen, etag(_there(connection, ref)))
        let_pass(roster_edits.put_post(connection, ref, (), editing))

    await edited(front, caller, remove)


async def _told(front: FrontOf, ref: PostRef, tenures: TenureView) -> PostView:
    roster = (await front.runtime.keeper.renewed()).roster
    return _shown(roster, ref, tenures, front.now())


def _there(connection: Connection, ref: PostRef) -> TenureView:
    unit = present.unit(connection, ref.unit)
    if unit is None:
        raise unknown(UNIT, ref.unit)
    if unit.kind is not ref.post.unit_kind:
        raise unknown(POST, f"{ref.unit}/{ref.post}")
    return _tenures(connection, ref)


def _tenures(connection: Connection, ref: PostRef) -> TenureView:
    return holder_views(connection, present.holders(connection, ref))
