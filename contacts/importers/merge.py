"""A sheet replaces the roster; who has not changed keeps his id.

Facts refer to versions of people. A version ends when the name or an address does,
and ids come from outside, so that they tell nothing about the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contacts.importers.sheet import ListedAddress, ListedPerson, Sheet
from contacts.model import Address, AddressId, Holding, Person, PersonId
from contacts.roster import Roster


def merge(current: Roster, sheet: Sheet, new_id: Callable[[], str]) -> Roster:
    """Make the roster that the sheet describes.

    :param new_id: gives an id never used before, for people and for addresses
    :raises ValueError: when the sheet has problems; nothing of it may be imported
    """
    if sheet.problems:
        msg = f"the sheet has {len(sheet.problems)} problems: mend and read it again"
        raise ValueError(msg)
    known = _Known.of(current.people.values(), new_id)
    people = {listed.key: known.person(listed) for listed in sheet.people}
    return Roster.build(
        sheet.units,
        people.values(),
        (Holding(ref=h.ref, person=people[h.person].id) for h in sheet.holdings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The people of the current roster, by what a sheet says about them."""

    people: dict[ListedPerson, Person]
    addresses: dict[tuple[str, ListedAddress], Address]
    new_id: Callable[[], str]

    @classmethod
    def of(cls, people: Iterable[Person], new_id: Callable[[], str]) -> _Known:
        """Index the current people."""
        by_listing = {_listing(person): person for person in people}
        return cls(
            people=by_listing,
            addresses={
                (listed.name, at): address
                for listed, person in by_listing.items()
                for at, address in zip(listed.addresses, person.addresses, strict=True)
            },
            new_id=new_id,
        )

    def person(self, listed: ListedPerson) -> Person:
        """Give the current version if it still holds, else a new one."""
        return self.people.get(listed) or Person(
            id=PersonId(self.new_id()),
            name=listed.name,
            addresses=tuple(self._address(listed.name, at) for at in listed.addresses),
        )

    def _address(self, name: str, listed: ListedAddress) -> Address:
        """Keep an address the same name had before, and that it was found wrong."""
        return self.addresses.get((name, listed)) or Address(
            id=AddressId(self.new_id()), kind=listed.kind, value=listed.value
        )


def _listing(person: Person) -> ListedPerson:
    return ListedPerson(
        name=person.name,
        addresses=tuple(
            ListedAddress(kind=at.kind, value=at.value) for at in person.addresses
        ),
    )
