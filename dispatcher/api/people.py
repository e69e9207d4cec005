"""People over HTTP: who holds which posts, numbers masked; in clear it is noted."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from contacts.model import AddressKind, Person, PersonId, Post, PostRef
from contacts.numbers import mask
from contacts.roster import Roster
from dispatcher.api.auth import Caller, Scope, lacks, may, needs
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import PERSON, PageQuery, unknown
from dispatcher.api.problem import answers
from dispatcher.api.views import Page, View, page
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.store import journal, people

router = APIRouter(prefix="/api/v1/people", tags=["people"])

READS = [Depends(needs(Scope.PEOPLE_READ))]
Reader = Annotated[Caller, Depends(needs(Scope.PEOPLE_READ, Scope.PEOPLE_REVEAL))]
SHOWN_OF_ACCOUNT = 1
HIDDEN = "****"

Posts = Mapping[PersonId, list[PostRef]]


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
    """A version of a person; ``human`` is the same for all versions of him."""

    id: str
    human: str
    name: str
    posts: list[HeldView]
    numbers: list[NumberView]

    @classmethod
    def of(
        cls, roster: Roster, posts: Posts, person: Person, *, masked: bool = True
    ) -> Self:
        """How he is shown."""
        return cls(
            id=person.id,
            human=person.human,
            name=person.name,
            posts=[_held(roster, ref) for ref in posts.get(person.id, ())],
            numbers=numbers_of(person, masked=masked),
        )


def numbers_of(person: Person, *, masked: bool = True) -> list[NumberView]:
    """The numbers and accounts of a person, in the order they are tried."""
    return [
        NumberView(
            id=one.id,
            kind=one.kind,
            value=hidden(one.kind, one.value) if masked else one.value,
            wrong=one.wrong,
        )
        for one in person.addresses
    ]


def hidden(kind: AddressKind, value: str) -> str:
    """A number or an account as everybody may see it."""
    if kind is AddressKind.WECOM:
        return f"{value[:SHOWN_OF_ACCOUNT]}{HIDDEN}"
    return mask(value)


def _held(roster: Roster, ref: PostRef) -> HeldView:
    return HeldView(unit=ref.unit, unit_name=roster.units[ref.unit].name, post=ref.post)


def _posts(roster: Roster, wanted: Iterable[PersonId]) -> Posts:
    people, found = set(wanted), defaultdict(list)
    for holding in roster.holdings:
        if holding.person in people:
            found[holding.person].append(holding.ref)
    return found


@router.get("", dependencies=READS, responses=answers(401, 403, 422))
async def list_people(
    front: FrontOf, query: Annotated[PageQuery, Query()]
) -> Page[PersonView]:
    """Who holds a post, by id, numbers masked."""
    roster = (await front.runtime.keeper.refresh()).roster
    names = sorted(roster.people)
    first = bisect_right(names, query.cursor) if query.cursor else 0
    shown = names[first : first + query.limit + 1]
    posts = _posts(roster, shown)
    views = [PersonView.of(roster, posts, roster.people[name]) for name in shown]
    return page(views, query.limit, lambda view: view.id)


@router.get("/{id}", responses=answers(401, 403, 404, 422))
async def show_person(
    *,
    front: FrontOf,
    caller: Reader,
    name: Annotated[PersonId, Path(alias="id")],
    reveal: Annotated[bool, Query()] = False,
) -> PersonView:
    """One version of a person; with ``reveal`` his numbers in clear, which is noted."""
    scope = Scope.PEOPLE_REVEAL if reveal else Scope.PEOPLE_READ
    if not may(caller, scope):
        raise lacks(scope)
    now = front.now()

    def noted(connection: Connection) -> Person | None:
        found = people.find_people(connection, [name]).get(name)
        if found and reveal:
            entry = Revealed(at=now, by=caller.by, person=name, what="numbers")
            journal.note(connection, HOUSE, [entry])
        return found

    database = front.runtime.database
    found = await (database.write if reveal else database.read)(noted)
    if found is None:
        raise unknown(PERSON, name)
    roster = (await front.runtime.keeper.refresh()).roster
    posts = _posts(roster, [name])
    return PersonView.of(roster, posts, found, masked=not reveal)
