"""One callout with all that its drawer on the board shows: who, when, and what next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from channels.contract import Channel
from contacts.model import Person, PersonId, Post, PostRef, Unit, UnitId
from contacts.roster import Roster
from dispatcher.api.people import NumberView, numbers_of
from dispatcher.api.township import township_of
from dispatcher.api.views import CalloutView, View
from dispatcher.core.board import Display, display, face
from dispatcher.core.callout import Callout, Mark, Rung, Task
from dispatcher.core.due import after, start_of
from dispatcher.core.fact import Fact

NAMES_PEOPLE = ("person", "assignee", "taker", "owner", "by")  # fields of facts


class PlaceView(View):
    """A unit by its name; without one: the roster has lost it."""

    unit: str
    name: str


class PostView(View):
    """A post, with the name of its unit."""

    unit: str
    unit_name: str
    post: Post


class TryView(View):
    """A planned try: when it falls due, or fell, and the channels used together."""

    at: datetime
    channels: tuple[Channel, ...]
    done: bool


class RungView(View):
    """A rung of the ladder with its times.

    :ivar at: when it began, or is to begin
    :ivar reached_at: None: not yet
    :ivar struck: nobody on it or below it can be reached
    :ivar people: who was called; before it is reached, who would be called now
    :ivar mark: what it puts on the board at its time
    """

    number: int
    at: datetime
    reached_at: datetime | None
    struck: bool
    own: bool
    posts: list[PostView]
    people: list[str]
    tries: list[TryView]
    mark: Mark | None
    task: Task | None


class KnownView(View):
    """A version of a person, numbers masked; ``human`` is the same for all of his."""

    human: str
    name: str
    numbers: list[NumberView]

    @classmethod
    def of(cls, person: Person) -> Self:
        """How he is shown."""
        return cls(human=person.human, name=person.name, numbers=numbers_of(person))


class DrawerView(CalloutView):
    """A callout with its history, its ladder's times, and everybody's name.

    :ivar deadline_at: its limit, when it turns overdue; None: none any more
    :ivar people: everybody named anywhere in it, by the id of a version
    """

    unit_name: str
    township: PlaceView
    display: Display
    deadline_at: datetime | None
    opened_at: datetime
    rungs: list[RungView]
    people: Mapping[str, KnownView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """What a drawer is made of."""

    callout: Callout
    facts: tuple[Fact, ...]
    roster: Roster
    now: datetime

    def named(self) -> set[str]:
        """Everybody who may be named in it; ids that are nobody's are harmless."""
        told = (getattr(fact, n, None) for fact in self.facts for n in NAMES_PEOPLE)
        return {*filter(None, told), *self._on_rungs()}

    def _on_rungs(self) -> Iterator[str]:
        for number in range(len(self.callout.runs)):
            yield from self._people(number)

    def _people(self, number: int) -> list[PersonId]:
        rung, run = self.callout.ladder.rungs[number], self.callout.runs[number]
        if run.started_at:
            return [one.person for one in run.people]
        holders = (self.roster.holders(ref, self.now) for ref in rung.posts)
        return [person.id for found in holders for person in found]

    def view(self, known: Mapping[str, Person]) -> DrawerView:
        """How it is shown; ``known`` are those of :meth:`named` who are people."""
        callout = self.callout
        place = township_of(self.roster, callout.unit)
        return DrawerView(
            **CalloutView.told(callout, self.facts).model_dump(),
            unit_name=self._name(callout.unit),
            township=PlaceView(unit=place.unit, name=place.name),
            display=display(callout, self.now),
            deadline_at=face(callout).deadline_at,
            opened_at=callout.opened_at,
            rungs=[
                self._rung(number, rung)
                for number, rung in enumerate(callout.ladder.rungs)
            ],
            people={name: KnownView.of(one) for name, one in known.items()},
        )

    def _rung(self, number: int, rung: Rung) -> RungView:
        run, begins = self.callout.runs[number], start_of(self.callout, number)
        return RungView(
            number=number,
            at=begins,
            reached_at=run.started_at,
            struck=run.struck,
            own=rung.own,
            posts=[self._post(ref) for ref in rung.posts],
            people=list(self._people(number)),
            tries=[
                TryView(
                    at=after(begins, one.at), channels=one.do, done=n < run.tries_done
                )
                for n, one in enumerate(rung.tries)
            ],
            mark=rung.mark or rung.desk,
            task=rung.task,
        )

    def _post(self, ref: PostRef) -> PostView:
        return PostView(unit=ref.unit, unit_name=self._name(ref.unit), post=ref.post)

    def _name(self, unit: UnitId) -> str:
        known: Unit | None = self.roster.units.get(unit)
        return known.name if known else ""
