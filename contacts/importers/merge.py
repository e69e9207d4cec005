"""A sheet replaces the roster; who has not changed keeps his id.

Facts refer to versions of people. A version ends when the name or an address does,
and ids come from outside, so that they tell nothing about the person. A new version
belongs to the human of an old one where the name and a number stayed, or the name and
a post; a number alone proves nothing, for numbers are handed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from contacts.importers.overlay import overlaid
from contacts.importers.sheet import ListedAddress, ListedPerson, PersonKey, Sheet
from contacts.model import (
    Address,
    AddressId,
    Holding,
    HumanId,
    Person,
    PersonId,
    PostRef,
)
from contacts.roster import Roster


def merge(
    current: Roster,
    sheet: Sheet,
    new_id: Callable[[], str],
    former: Iterable[Person] = (),
) -> Roster:
    """Make the roster that the sheet describes.

    :param new_id: gives an id never used before, for people and for addresses
    :param former: people of an earlier roster who get their addresses back, with all
        that calls have shown of them, if the sheet brings them again
    :raises ValueError: when the sheet has problems; nothing of it may be imported
    :raises RosterError: where a sheet's correct rows do not fit what is there
    """
    if sheet.problems:
        msg = f"the sheet has {len(sheet.problems)} problems: mend and read it again"
        raise ValueError(msg)
    known = _Known.of(current.people.values(), former, new_id)
    stay = {one.key: known.people[one] for one in sheet.people if one in known.people}
    humans = _Humans(current, former, taken=stay.values())
    posts = _posts(sheet)
    people = {
        one.key: stay.get(one.key)
        or known.renewed(one, humans.of(one, posts.get(one.key, ())))
        for one in sheet.people
    }
    told = Roster.build(
        sheet.units,
        people.values(),
        _held(current, sheet, people),
        current.duties,
    )
    return overlaid(current, told, sheet.left_out) if sheet.left_out else told


def _held(
    current: Roster, sheet: Sheet, people: Mapping[PersonKey, Person]
) -> Iterator[Holding]:
    """Give the holdings of the sheet; a sheet tells no terms, so those there stay."""
    terms: dict[tuple[PostRef, HumanId], list[Holding]] = defaultdict(list)
    for one in current.holdings:
        terms[one.ref, current.people[one.person].human].append(one)
    for listed in sheet.holdings:
        person = people[listed.person]
        new = Holding(ref=listed.ref, person=person.id)
        stays = terms.get((listed.ref, person.human), [new])
        yield from (replace(one, person=person.id) for one in stays)


def _posts(sheet: Sheet) -> dict[PersonKey, list[PostRef]]:
    posts: dict[PersonKey, list[PostRef]] = defaultdict(list)
    for holding in sheet.holdings:
        posts[holding.person].append(holding.ref)
    return posts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The people of the current roster, by what a sheet says about them."""

    people: dict[ListedPerson, Person]
    addresses: dict[tuple[str, str], Address]
    new_id: Callable[[], str]

    @classmethod
    def of(
        cls,
        people: Iterable[Person],
        former: Iterable[Person],
        new_id: Callable[[], str],
    ) -> _Known:
        """Index the people: who is current comes before who is not."""
        by_listing = {_listing(person): person for person in people}
        return cls(
            people=by_listing,
            addresses={
                (person.name, address.value): address
                for person in (*former, *by_listing.values())
                for address in person.addresses
            },
            new_id=new_id,
        )

    def renewed(self, listed: ListedPerson, human: HumanId | None) -> Person:
        """Make a new version, of a human we know or of a new one."""
        return Person(
            id=PersonId(self.new_id()),
            name=listed.name,
            addresses=tuple(self._address(listed.name, at) for at in listed.addresses),
            first=None if human is None else PersonId(human),
        )

    def _address(self, name: str, listed: ListedAddress) -> Address:
        """Keep an address the same name had before, and that it was found wrong."""
        known = self.addresses.get((name, listed.value))
        if known:
            return replace(known, kind=listed.kind)
        return Address(
            id=AddressId(self.new_id()), kind=listed.kind, value=listed.value
        )


class _Humans:
    """Tells which human somebody in a sheet is; nobody is two of them."""

    def __init__(
        self, current: Roster, former: Iterable[Person], *, taken: Iterable[Person]
    ) -> None:
        self._taken = {person.human for person in taken}
        self._known: dict[Hashable, HumanId] = {}
        for person in (*current.people.values(), *former):
            for at in person.addresses:
                self._known.setdefault((person.name, at.value), person.human)
        for holding in current.holdings:
            person = current.people[holding.person]
            self._known.setdefault((person.name, holding.ref), person.human)

    def of(self, listed: ListedPerson, posts: Sequence[PostRef]) -> HumanId | None:
        """Find the human; None: nobody we know."""
        found = next(self._candidates(listed, posts), None)
        if found:
            self._taken.add(found)
        return found

    def _candidates(
        self, listed: ListedPerson, posts: Sequence[PostRef]
    ) -> Iterator[HumanId]:
        for trait in (*(at.value for at in listed.addresses), *posts):
            human = self._known.get((listed.name, trait))
            if human and human not in self._taken:
                yield human


def _listing(person: Person) -> ListedPerson:
    return ListedPerson(
        name=person.name,
        addresses=tuple(
            ListedAddress(kind=at.kind, value=at.value) for at in person.addresses
        ),
    )
