"""A roster as plain dictionaries, edited as an officer thinks of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from contacts.model import (
    Address,
    AddressId,
    Holding,
    Person,
    PersonId,
    PostRef,
    Unit,
    UnitId,
)
from contacts.roster import Roster


@dataclass
class Model:
    """Units, the newest version of everybody, and who holds what."""

    units: dict[UnitId, Unit] = field(default_factory=dict)
    people: dict[PersonId, Person] = field(default_factory=dict)
    posts: dict[PostRef, tuple[Holding, ...]] = field(default_factory=dict)
    wrong: set[AddressId] = field(default_factory=set)

    def roster(self) -> Roster:
        """The roster that a store should give: only who holds a post is in it."""
        refs = sorted(self.posts, key=lambda ref: (ref.unit, ref.post.value))
        held = [one for ref in refs for one in self.posts[ref]]
        holding = {one.person for one in held}
        return Roster.build(
            self.units.values(),
            [self._flagged(one) for one in self.people.values() if one.id in holding],
            held,
        )

    def _flagged(self, person: Person) -> Person:
        addresses = tuple(
            Address(id=at.id, kind=at.kind, value=at.value, wrong=at.id in self.wrong)
            for at in person.addresses
        )
        return Person(
            id=person.id, name=person.name, addresses=addresses, first=person.first
        )

    def held_by(self, person: PersonId) -> list[PostRef]:
        """What somebody holds."""
        return [
            ref
            for ref, held in self.posts.items()
            if any(one.person == person for one in held)
        ]

    def vacate(self, person: PersonId) -> None:
        """Let somebody hold nothing."""
        for ref in self.held_by(person):
            rest = tuple(one for one in self.posts[ref] if one.person != person)
            self.posts[ref] = rest
