"""What a new roster changes: told before it replaces the old one.

A person whose name or number was corrected is one change, not a stranger who comes and
another who goes: he is known by what stayed the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from contacts.model import Holding, Person, PersonId, PostRef, Unit
from contacts.roster import Roster

Thing = TypeVar("Thing")
Keys = Callable[[Person], Iterable[Hashable]]
Posts = Mapping[PersonId, list[PostRef]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[Thing]):
    """One thing before and after; None where it was not there, or is not any more."""

    before: Thing | None
    after: Thing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChange:
    """Who holds a post, before and after, in the order of calling."""

    ref: PostRef
    before: tuple[Person, ...]
    after: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that differs between two rosters.

    :ivar posts: a post whose holder only has another number is not among them
    """

    units: tuple[Change[Unit], ...]
    people: tuple[Change[Person], ...]
    posts: tuple[PostChange, ...]


def compare(before: Roster, after: Roster) -> Changes:
    """Tell what a roster that was merged into another one changes."""
    people = tuple(_people(before, after))
    return Changes(
        units=tuple(_units(before, after)),
        people=people,
        posts=tuple(_posts(before, after, people)),
    )


def _units(before: Roster, after: Roster) -> Iterator[Change[Unit]]:
    for unit in dict.fromkeys([*before.units, *after.units]):
        old, new = before.units.get(unit), after.units.get(unit)
        if old != new:
            yield Change(before=old, after=new)


def _people(before: Roster, after: Roster) -> Iterator[Change[Person]]:
    gone = {id_: one for id_, one in before.people.items() if id_ not in after.people}
    come = {id_: one for id_, one in after.people.items() if id_ not in before.people}
    posts = _posts_of([*before.holdings, *after.holdings])
    for keys in (_by_name_and_number, _by_name_and_post(posts), _by_number):
        for old, new in _pairs(gone, come, keys):
            yield Change(before=gone.pop(old), after=come.pop(new))
    yield from (Change(before=one, after=None) for one in gone.values())
    yield from (Change(before=None, after=one) for one in come.values())


def _pairs(
    gone: Mapping[PersonId, Person], come: Mapping[PersonId, Person], keys: Keys
) -> list[tuple[PersonId, PersonId]]:
    """Match who went with who came by what they share, each of them once."""
    wanted = {key: id_ for id_, one in gone.items() for key in keys(one)}
    found: dict[PersonId, PersonId] = {}
    for id_, one in come.items():
        shared = (wanted[key] for key in keys(one) if key in wanted)
        old = next((old for old in shared if old not in found), None)
        if old is not None:
            found[old] = id_
    return list(found.items())


def _by_name_and_number(person: Person) -> Iterable[Hashable]:
    return [(person.name, at.value) for at in person.addresses]


def _by_number(person: Person) -> Iterable[Hashable]:
    return [at.value for at in person.addresses]


def _by_name_and_post(posts: Posts) -> Keys:
    return lambda person: [(person.name, ref) for ref in posts[person.id]]


def _posts_of(holdings: Iterable[Holding]) -> Posts:
    posts: dict[PersonId, list[PostRef]] = defaultdict(list)
    for holding in holdings:
        posts[holding.person].append(holding.ref)
    return posts


def _posts(
    before: Roster, after: Roster, people: Iterable[Change[Person]]
) -> Iterator[PostChange]:
    same = {one.after.id: one.before.id for one in people if one.before and one.after}
    refs = (holding.ref for one in (before, after) for holding in one.holdings)
    for ref in dict.fromkeys(refs):
        old, new = before.appointed(ref), after.appointed(ref)
        if [one.id for one in old] != [same.get(one.id, one.id) for one in new]:
            yield PostChange(ref=ref, before=old, after=new)
