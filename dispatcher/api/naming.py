"""Puts a township and a name to where a callout stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from contacts.model import PersonId, PostRef
from contacts.roster import Roster
from dispatcher.api.picture import Line
from dispatcher.api.township import township_of
from dispatcher.store import people
from dispatcher.store.database import Database
from dispatcher.store.faces import Standing

NOBODY = Roster.build((), (), ())


class Namer:
    """Knows the people of one roster, and those of older ones that were asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._roster = NOBODY
        self._others: dict[str, str] = {}

    def follow(self, roster: Roster) -> bool:
        """Name by this roster from now on; whether it is another one."""
        other = roster is not self._roster
        if other:
            self._roster = roster
            self._others.clear()  # somebody may have been erased
        return other

    async def learn(self, standings: Iterable[Standing]) -> None:
        """Look up whom the roster does not hold: versions of people that are past."""
        named = {at.face.person for at in standings if at.face.person}
        unknown = named - self._roster.people.keys() - self._others.keys()
        if unknown:
            found = await self._database.read(lambda c: people.find_people(c, unknown))
            self._others |= {name: person.name for name, person in found.items()}

    def line(self, at: Standing, now: datetime) -> Line:
        """A callout as the board lists it."""
        return Line(
            standing=at,
            place=township_of(self._roster, at.unit),
            person=self._name(at.face.person) if at.face.person else self._own(at, now),
        )

    def _name(self, person: PersonId) -> str | None:
        known = self._roster.people.get(person)
        return known.name if known else self._others.get(person)

    def _own(self, at: Standing, now: datetime) -> str | None:
        """Who is to be called first, before anybody was."""
        if at.face.rung is not None:
            return None
        holders = self._roster.holders(PostRef(at.unit, at.post), now)
        return holders[0].name if holders else None
