"""People over HTTP: who holds which posts, numbers masked; in clear it is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from contacts.masking import hidden
from contacts.model import AddressKind, Person, PersonId, Post, PostRef, UnitId
from contacts.roster import Roster
from dispatcher.api.auth import Caller, Scope, lacks, may, needs
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
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import PERSON, PageQuery, following, unknown
from dispatcher.api.problem import RefusedError, answers, refused
from dispatcher.api.views import Page, View, page
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.intake.problem import Problem
from dispatcher.intake.roster_form import (
    EraseForm,
    PersonForm,
    PersonTold,
    read_person,
)
from dispatcher.store import journal, people, present, roster_edits
from dispatcher.store.erasing import Erasure, Kept, erase
from dispatcher.store.roster_edits import Described, Editing

PREFIX = "/api/v1/people"
router = APIRouter(prefix=PREFIX, tags=["people"])

Reader = Annotated[Caller, Depends(needs(Scope.PEOPLE_READ, Scope.PEOPLE_REVEAL))]
Eraser = Annotated[Caller, Depends(needs(Scope.ADMIN))]

Named = Mapping[UnitId, str]


class HeldView(View):
    """A post that somebody holds."""

    unit: str
    unit_name: str
    post: Post


class NumberView(View):
    """A number or account; ``wrong``: somebody answered that it is not his."""

    id: str
    kind: AddressKind
    value: str
    wrong: bool


class PersonView(View):
    """A version of a person.

    :ivar human: the same for all versions of him
    :ivar replaced_by: the version that took the place of this one
    """

    id: str
    human: str
    name: str
    posts: list[HeldView]
    numbers: list[NumberView]
    replaced_by: str | None = None

    @classmethod
    def of(cls, person: Person, posts: list[HeldView], *, masked: bool = True) -> Self:
        """How he is shown."""
        return cls(
            id=person.id,
            human=person.human,
            name=person.name,
            posts=posts,
            numbers=numbers_of(person, masked=masked),
        )


class ErasedView(View):
    """Who was erased.

    :ivar erased: every version of him
    :ivar log_cut_off: whether the store's log is cut off already
    """

    erased: list[str]
    log_cut_off: bool


class PeopleQuery(PageQuery):
    """Which people are asked for.

    :ivar unit: only who holds a post there, or below
    :ivar q: stands in the name
    """

    unit: UnitId | None = None
    q: str | None = None


def numbers_of(person: Person, *, masked: bool = True) -> list[NumberView]:
    """His numbers in the order in which they are tried."""
    return [
        NumberView(
            id=one.id,
            kind=one.kind,
            value=hidden(one.kind, one.value) if masked else one.value,
            wrong=one.wrong,
        )
        for one in person.addresses
    ]


def _held(refs: Iterable[PostRef], named: Named) -> list[HeldView]:
    return [
        HeldView(unit=ref.unit, unit_name=named[ref.unit], post=ref.post)
        for ref in dict.fromkeys(refs)
    ]


def _posts(roster: Roster, wanted: Iterable[str]) -> dict[str, list[PostRef]]:
    found: dict[str, list[PostRef]] = {name: [] for name in wanted}
    for holding in roster.holdings:
        if holding.person in found:
            found[holding.person].append(holding.ref)
    return found


@router.get("", dependencies=READS, responses=answers(*LISTED))
async def list_people(
    front: FrontOf, query: Annotated[PeopleQuery, Query()]
) -> Page[PersonView]:
    """Who holds a post, by id, numbers masked."""
    roster = (await front.runtime.keeper.renewed()).roster
    views = await asyncio.to_thread(_listed, roster, query)
    return page(views, query.limit, lambda view: view.id)


def _listed(roster: Roster, query: PeopleQuery) -> list[PersonView]:
    names = following(_wanted(roster, query), query)
    posts = _posts(roster, names)
    refs = (ref for held in posts.values() for ref in held)
    named = {ref.unit: roster.units[ref.unit].name for ref in refs}
    return [
        PersonView.of(roster.people[PersonId(name)], _held(posts[name], named))
        for name in names
    ]


def _wanted(roster: Roster, query: PeopleQuery) -> Iterable[str]:
    found: Iterable[PersonId] = roster.people
    if query.unit is not None:
        places = roster.with_all_below([query.unit])
        found = {one.person for one in roster.holdings if one.ref.unit in places}
    return (name for name in found if (query.q or "") in roster.people[name].name)


@router.get("/{id}", responses=answers(*READ, 422))
async def show_person(
    *,
    front: FrontOf,
    caller: Reader,
    name: Annotated[PersonId, Path(alias="id")],
    reveal: Annotated[bool, Query()] = False,
    response: Response,
) -> PersonView:
    """One version of a person; with ``reveal`` his numbers in clear, which is noted."""
    scope = Scope.PEOPLE_REVEAL if reveal else Scope.PEOPLE_READ
    if not may(caller, scope):
        raise lacks(scope)
    now = front.now()

    def noted(connection: Connection) -> tuple[PersonView, Person]:
        view, person = _there(connection, name)
        if reveal:
            entry = Revealed(at=now, by=caller.by, person=name, what="numbers")
            journal.note(connection, HOUSE, [entry])
        return view, person

    database = front.runtime.database
    view, person = await (database.write if reveal else database.read)(noted)
    response.headers["ETag"] = etag(view)
    if reveal:
        return view.model_copy(update={"numbers": numbers_of(person, masked=False)})
    return view


@router.post(
    "",
    status_code=201,
    responses=answers(*ADDS),
    openapi_extra=documented(PersonForm),
)
async def add_person(
    front: FrontOf,
    caller: Writer,
    form: Annotated[PersonForm, Depends(read_as(PersonForm))],
    response: Response,
) -> PersonView:
    """Add somebody, who holds no post yet."""
    described = _described(front, form)

    def add(connection: Connection, editing: Editing) -> PersonView:
        added = let_pass(roster_edits.add_person(connection, described, editing))
        return _there(connection, added.id)[0]

    view = await edited(front, caller, add)
    made(response, f"{PREFIX}/{view.id}", view)
    return view


@router.put("/{id}", responses=answers(*PUTS), openapi_extra=documented(PersonForm))
async def put_person(  # noqa: PLR0913 - what a request has, each by its name
    *,
    front: FrontOf,
    caller: Writer,
    name: Annotated[PersonId, Path(alias="id")],
    seen: Seen,
    form: Annotated[PersonForm, Depends(read_as(PersonForm))],
    response: Response,
) -> PersonView:
    """Let somebody be as he is here: a new version of him, who has his posts.

    A number that stays may be named by its id, so who can't see it can keep it.
    """
    described = _described(front, form)

    def put(connection: Connection, editing: Editing) -> PersonView:
        check_seen(seen, etag(_there(connection, name)[0]))
        done = let_pass(roster_edits.put_person(connection, name, described, editing))
        return _there(connection, done.id)[0]

    view = await edited(front, caller, put)
    made(response, f"{PREFIX}/{view.id}", view)
    return view


@router.delete("/{id}", status_code=204, responses=answers(*REMOVES))
async def remove_person(
    front: FrontOf,
    caller: Writer,
    name: Annotated[PersonId, Path(alias="id")],
    seen: Seen,
) -> None:
    """Take somebody out of all his posts; what is known of him stays."""

    def remove(connection: Connection, editing: Editing) -> None:
        check_seen(seen, etag(_there(connection, name)[0]))
        let_pass(roster_edits.remove_person(connection, name, editing))

    await edited(front, caller, remove)


@router.post(
    "/{id}/erase",
    responses=answers(*ADDS, 404),
    openapi_extra=documented(EraseForm),
)
async def erase_person(
    front: FrontOf,
    caller: Eraser,
    name: Annotated[PersonId, Path(alias="id")],
    form: Annotated[EraseForm, Depends(read_as(EraseForm))],
) -> ErasedView:
    """Destroy the key, names and numbers of a human, whatever version is named.

    Facts and records stay. Refused while a warning that is not over calls him.
    """

    def forget(connection: Connection, editing: Editing) -> tuple[PersonId, ...]:
        wanted = Erasure(person=name, by=editing.by, reason=form.reason)
        done = erase(connection, wanted, editing.at)
        if isinstance(done, Kept):
            raise _kept(name, done)
        return done

    done = await edited(front, caller, forget)
    return ErasedView(erased=[*done], log_cut_off=await front.runtime.database.fold())


def _kept(name: str, why: Kept) -> RefusedError:
    if why is Kept.UNKNOWN:
        return unknown(PERSON, name)
    zh, en = KEPT[why]
    return refused(409, Problem(loc=("path",), code=why.value, zh=zh, en=en))


KEPT = {
    Kept.ERASED: ("已经删除", "is erased already"),
    Kept.CALLED: (
        "有预警正在叫应他:先免去他的职务,预警结束后再删除",
        "a warning calls him: take him off his posts, and erase him when it is over",
    ),
}


def _described(front: Front, form: PersonForm) -> Described:
    allow = front.runtime.settings.security.allow_test_numbers
    told = read_person(form, allow_test_numbers=allow)
    if isinstance(told, PersonTold):
        return Described(name=told.name, addresses=told.addresses)
    raise refused(422, *told)


def _there(connection: Connection, name: PersonId) -> tuple[PersonView, Person]:
    """A version of somebody as it is shown masked, and as it is."""
    person = people.find_people(connection, [name]).get(name)
    if person is None:
        raise unknown(PERSON, name)
    refs = [one.ref for one in present.holdings_of(connection, name)]
    named = {ref.unit: present.unit(connection, ref.unit) for ref in refs}
    names = {place: unit.name for place, unit in named.items() if unit}
    newest = present.newest_version(connection, name)
    view = PersonView.of(person, _held(refs, names))
    replaced = {"replaced_by": None if newest == name else newest}
    return view.model_copy(update=replaced), person
