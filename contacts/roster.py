"""The roster: one immutable snapshot of all units, people and posts, with its indexes.

Built once, in time linear in its size; every question after that is a dictionary
look-up or a walk over the answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Self, TypeVar

from contacts.codes import bare
from contacts.duty import (
    NO_DUTIES,
    Duties,
    DutyError,
    Rota,
    Span,
    Tenure,
    TimeBound,
)
from contacts.model import (
    Holding,
    HumanId,
    Person,
    PersonId,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

ORDER = {kind: place for place, kind in enumerate(UnitKind)}


class RosterError(ValueError):
    """The parts do not make one roster, or it was asked for what it does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is different in a roster now.

    :ivar units: those that came or changed; None: it is no more
    :ivar people: versions that came, or whose addresses changed
    :ivar posts: who holds a post now; nobody: it is vacant
    :ivar duties: all that is bound to time, changed or not
    """

    units: Mapping[UnitId, Unit | None] = field(default_factory=dict)
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    posts: Mapping[PostRef, tuple[Holding, ...]] = field(default_factory=dict)
    duties: Duties = NO_DUTIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Everybody who can be called, at one moment; build it with :meth:`build`.

    :ivar holdings: in the roster's order, which is the order of calling
    :ivar roots: units without a parent
    :ivar systems: the lists of codes in use
    :ivar duties: what is bound to time, of the posts and people that are here
    """

    units: Mapping[UnitId, Unit]
    people: Mapping[PersonId, Person]
    holdings: tuple[Holding, ...]
    roots: tuple[UnitId, ...]
    systems: frozenset[str]
    duties: Duties
    _humans: Mapping[HumanId, Person]
    _rotas: Mapping[PostRef, Rota]
    _filling: Mapping[PostRef, tuple[Person, ...] | Rota]
    _children: Mapping[UnitId, tuple[UnitId, ...]]
    _holders: Mapping[PostRef, tuple[Person, ...]]
    _named: Mapping[str, tuple[UnitId, ...]]
    _coded: Mapping[tuple[str, str], UnitId]

    @classmethod
    def build(
        cls,
        units: Iterable[Unit],
        people: Iterable[Person],
        holdings: Iterable[Holding],
        duties: Duties = NO_DUTIES,
    ) -> Self:
        """Check the parts and index them.

        :param duties: those of a post, or of people, that are not here are left out
        :raises RosterError: naming the unit, person or post that does not fit
        """
        by_unit = _units_by_id(units)
        by_person = _people_by_id(people)
        held = tuple(holdings)
        for unit in by_unit.values():
            _check_parent(unit, by_unit)
        for holding in held:
            _check_holding(holding, by_unit, by_person)
        humans = {person.human: person for person in by_person.values()}
        fitting = duties.of(lambda one: _fits(one, by_unit, humans))
        holders = _grouped((h.ref, by_person[h.person]) for h in held)
        rotas = _rotas(fitting, held, by_person, humans)
        return cls(
            units=by_unit,
            people=by_person,
            holdings=held,
            roots=tuple(u.id for u in by_unit.values() if u.parent is None),
            systems=frozenset(u.code_system for u in by_unit.values()),
            duties=fitting,
            _humans=humans,
            _rotas=rotas,
            _filling={**holders, **rotas},
            _children=_grouped(
                (u.parent, u.id) for u in by_unit.values() if u.parent is not None
            ),
            _holders=holders,
            _named=_grouped((u.name, u.id) for u in by_unit.values()),
            _coded={_key(u): u.id for u in by_unit.values()},
        )

    def amended(self, changed: Amendment) -> Roster:
        """Give the roster with something changed, as :meth:`build` would make it.

        It costs a few copies of dictionaries, whatever is in them. The holdings must
        stand in the order of units and posts, as a store gives them.

        :raises RosterError: naming the unit, person or post that does not fit
        """
        placed = self._with_units(changed.units) if changed.units else self
        held = _put(self.holdings, changed.posts)
        people, humans = self._people_with(changed, {one.person for one in held})
        for one in chain.from_iterable(changed.posts.values()):
            _check_holding(one, placed.units, people)
        holders = self._holders_with(changed, held, people)
        duties = changed.duties.of(lambda one: _fits(one, placed.units, humans))
        bound = {one.ref for one in duties.every} | self.bound | changed.posts.keys()
        ours = [one for ref in bound for one in _of(held, ref)]
        rotas = _rotas(duties, ours, people, humans)
        return replace(
            placed,
            people=people,
            holdings=tuple(held),
            duties=duties,
            _humans=humans,
            _rotas=rotas,
            _filling={**holders, **rotas},
            _holders=holders,
        )

    def _people_with(
        self, changed: Amendment, holding: set[PersonId]
    ) -> tuple[dict[PersonId, Person], dict[HumanId, Person]]:
        """Everybody who holds a post then, by version and by human."""
        come = {id_: one for id_, one in changed.people.items() if id_ in holding}
        people = {**self.people, **come}
        humans = {**self._humans, **{one.human: one for one in come.values()}}
        left = {one.person for ref in changed.posts for one in _of(self.holdings, ref)}
        for id_ in left - holding:
            human = people.pop(id_).human
            if humans[human].id == id_:
                del humans[human]
        return people, humans

    def _holders_with(
        self,
        changed: Amendment,
        held: Sequence[Holding],
        people: Mapping[PersonId, Person],
    ) -> dict[PostRef, tuple[Person, ...]]:
        """Who holds each post then; who has other addresses stands in all of his."""
        again = changed.people.keys() & self.people.keys()
        theirs = {one.ref for one in held if one.person in again} if again else set()
        holders = dict(self._holders)
        for ref in changed.posts.keys() | theirs:
            holders[ref] = tuple(people[one.person] for one in _of(held, ref))
            if not holders[ref]:
                del holders[ref]
        return holders

    def _with_units(self, changed: Mapping[UnitId, Unit | None]) -> Roster:
        units = {**self.units, **{id_: u for id_, u in changed.items() if u}}
        for id_ in (id_ for id_, unit in changed.items() if unit is None):
            units.pop(id_, None)
        for unit in units.values():
            _check_parent(unit, units)
        touched = [
            unit
            for id_ in changed
            for unit in (self.units.get(id_), changed[id_])
            if unit
        ]
        parents = {unit.parent for unit in touched if unit.parent is not None}
        names = {unit.name for unit in touched}
        codes = tuple({_code(unit) for unit in touched})
        alike = [unit for unit in units.values() if unit.id.startswith(codes)]
        keys = {_key(unit) for unit in touched}
        coded = {key: id_ for key, id_ in self._coded.items() if key not in keys}
        return replace(
            self,
            units=units,
            roots=tuple(u.id for u in units.values() if u.parent is None),
            systems=frozenset(u.code_system for u in units.values()),
            _children=_again(
                self._children,
                parents,
                ((u.parent, u.id) for u in units.values() if u.parent in parents),
            ),
            _named=_again(
                self._named,
                names,
                ((u.name, u.id) for u in units.values() if u.name in names),
            ),
            _coded=coded | {_key(u): u.id for u in alike if _key(u) in keys},
        )

    def unit(self, unit_id: UnitId) -> Unit:
        """Look up one unit.

        :raises RosterError: when the roster has no such unit
        """
        if (unit := self.units.get(unit_id)) is None:
            msg = f"unit {unit_id} is not in the roster"
            raise RosterError(msg)
        return unit

    def person(self, person_id: PersonId) -> Person:
        """Look up one person, as this snapshot knows him.

        :raises RosterError: when the roster has no such version of a person
        """
        if (person := self.people.get(person_id)) is None:
            msg = f"person {person_id} is not in the roster"
            raise RosterError(msg)
        return person

    def ancestors(self, unit_id: UnitId) -> tuple[Unit, ...]:
        """List the units above, nearest first."""
        return tuple(self._upwards(unit_id))[1:]

    def with_above(self, unit_ids: Iterable[UnitId]) -> dict[UnitId, Unit]:
        """Find units and every unit above one of them; each is visited once.

        :raises RosterError: when the roster does not hold one of them
        """
        found: dict[UnitId, Unit] = {}
        units = self.units  # asked for every unit of a large county
        for unit_id in unit_ids:
            place: UnitId | None = unit_id
            while place is not None and place not in found:
                found[place] = unit = units.get(place) or self.unit(place)
                place = unit.parent
        return found

    def above(self, unit_id: UnitId, kind: UnitKind) -> Unit | None:
        """Find the unit of a kind that this one is in; itself if it is of that kind."""
        return next((u for u in self._upwards(unit_id) if u.kind is kind), None)

    def smallest(self, unit_id: UnitId) -> bool:
        """Tell whether it is a unit in which no other lies."""
        return unit_id in self.units and unit_id not in self._children

    def descendants(self, unit_id: UnitId) -> tuple[UnitId, ...]:
        """List the unit itself and everything below it, parents before children."""
        found = [self.unit(unit_id).id]
        for place in found:  # the list grows while it is read
            found.extend(self._children.get(place, ()))
        return tuple(found)

    def with_all_below(self, tops: Iterable[UnitId]) -> frozenset[UnitId]:
        """Find units and everything below one of them; each is visited once."""
        found: set[UnitId] = set()
        ahead = list(tops)
        for place in ahead:  # the list grows while it is read
            if place not in found:
                found.add(place)
                ahead.extend(self._children.get(place, ()))
        return frozenset(found)

    def holders(self, ref: PostRef, at: datetime) -> tuple[Person, ...]:
        """List who fills a post, in the order of calling; empty when it is vacant."""
        found = self._filling.get(ref, ())
        return found.on_duty(at) if isinstance(found, Rota) else found

    def posts_of(self, people: Collection[PersonId], at: datetime) -> set[PostRef]:
        """Find the posts that some of these people fill."""
        written = (one.ref for one in self.holdings if one.person in people)
        asked = {*written, *self._rotas}
        return {
            ref
            for ref in asked
            if any(person.id in people for person in self.holders(ref, at))
        }

    def appointed(self, ref: PostRef) -> tuple[Person, ...]:
        """List everybody the roster writes in a post, whenever he fills it."""
        return self._holders.get(ref, ())

    @property
    def bound(self) -> frozenset[PostRef]:
        """The posts in which anything is bound to time."""
        return frozenset(self._rotas)

    def rota(self, ref: PostRef) -> Rota | None:
        """Look up what is bound to time in a post; None: nothing."""
        return self._rotas.get(ref)

    def next_change(self, ref: PostRef, after: datetime) -> datetime | None:
        """Tell when somebody else fills a post; None: not within 400 days."""
        rota = self.rota(ref)
        return rota.next_change(after) if rota else None

    def named(self, name: str) -> tuple[UnitId, ...]:
        """List the units that bear exactly this name."""
        return self._named.get(name, ())

    def coded(self, system: str, code: str) -> UnitId | None:
        """Find the unit with this code in this list of codes, filled up or not."""
        exact = self._coded.get((system, code))
        return exact or self._coded.get((system, bare(code)))

    def _upwards(self, unit_id: UnitId) -> Iterator[Unit]:
        unit = self.unit(unit_id)
        yield unit
        while unit.parent is not None:
            unit = self.units[unit.parent]
            yield unit


def _code(unit: Unit) -> str:
    """Give the code to compare by; a grid's is free text and stays as it is."""
    return unit.id if unit.kind is UnitKind.GRID else bare(unit.id)


def _key(unit: Unit) -> tuple[str, str]:
    return unit.code_system, _code(unit)


def _post(holding: Holding) -> tuple[str, str]:
    return holding.ref.unit, holding.ref.post.value


def _span_of(holdings: Sequence[Holding], ref: PostRef) -> slice:
    """Where the holders of a post stand in holdings that are in order."""
    key: tuple[str, str] = (ref.unit, ref.post.value)
    first = bisect_left(holdings, key, key=_post)
    return slice(first, bisect_right(holdings, key, lo=first, key=_post))


def _of(holdings: Sequence[Holding], ref: PostRef) -> Sequence[Holding]:
    return holdings[_span_of(holdings, ref)]


def _put(
    holdings: Sequence[Holding], posts: Mapping[PostRef, tuple[Holding, ...]]
) -> list[Holding]:
    held = list(holdings)
    for ref, holders in posts.items():
        held[_span_of(held, ref)] = holders
    return held


def _again(
    index: Mapping[Key, tuple[Value, ...]],
    keys: Iterable[Key],
    pairs: Iterable[tuple[Key, Value]],
) -> dict[Key, tuple[Value, ...]]:
    """Make an index again under some keys, from all that belongs there now."""
    found = {**index, **dict.fromkeys(keys, ()), **_grouped(pairs)}
    for key in keys:
        if not found[key]:
            del found[key]
    return found


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, tuple[Value, ...]]:
    groups: dict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _units_by_id(units: Iterable[Unit]) -> dict[UnitId, Unit]:
    found: dict[UnitId, Unit] = {}
    for unit in units:
        if found.setdefault(unit.id, unit) is not unit:
            msg = f"unit {unit.id} is given twice"
            raise RosterError(msg)
    return found


def _people_by_id(people: Iterable[Person]) -> dict[PersonId, Person]:
    found: dict[PersonId, Person] = {}
    for person in people:
        if found.setdefault(person.id, person) is not person:
            msg = f"person {person.id} is given twice"
            raise RosterError(msg)
    return found


def _check_parent(unit: Unit, units: Mapping[UnitId, Unit]) -> None:
    """Refuse a parent that is unknown or not larger; so no cycle can be."""
    if unit.parent is None:
        return
    if (parent := units.get(unit.parent)) is None:
        msg = f"unit {unit.id}: its parent {unit.parent} is not in the roster"
        raise RosterError(msg)
    if ORDER[parent.kind] <= ORDER[unit.kind]:
        msg = f"unit {unit.id}: a {parent.kind} can't be the parent of a {unit.kind}"
        raise RosterError(msg)


def _fits(
    one: TimeBound, units: Mapping[UnitId, Unit], humans: Mapping[HumanId, Person]
) -> bool:
    """Whether its post is here, and at least one of its people."""
    unit = units.get(one.ref.unit)
    there = unit is not None and unit.kind is one.ref.post.unit_kind
    return there and any(human in humans for human in one.humans)


def _rotas(
    duties: Duties,
    holdings: Iterable[Holding],
    people: Mapping[PersonId, Person],
    humans: Mapping[HumanId, Person],
) -> dict[PostRef, Rota]:
    """Make one of each post that anything is bound to time in; most have none."""
    of_post = _grouped((one.ref, one) for one in duties.every)
    terms = {h.ref for h in holdings if h.valid_from or h.valid_until}
    bound = of_post.keys() | terms
    tenures = _grouped(
        (h.ref, _tenure(h, people[h.person])) for h in holdings if h.ref in bound
    )
    return {
        ref: Rota(
            tenures=tenures.get(ref, ()),
            duties=Duties.sorted_out(of_post.get(ref, ())),
            people=humans,
        )
        for ref in bound
    }


def _tenure(holding: Holding, person: Person) -> Tenure:
    span = Span(begins=holding.valid_from, ends=holding.valid_until)
    return Tenure(human=person.human, span=span)


def _check_holding(
    holding: Holding, units: Mapping[UnitId, Unit], people: Mapping[PersonId, Person]
) -> None:
    ref = holding.ref
    if (unit := units.get(ref.unit)) is None:
        msg = f"post {ref.post} of unit {ref.unit}: the unit is not in the roster"
        raise RosterError(msg)
    if unit.kind is not ref.post.unit_kind:
        msg = f"unit {unit.id}: a {unit.kind} has no post {ref.post}"
        raise RosterError(msg)
    if holding.person not in people:
        msg = f"unit {unit.id}: {ref.post} is held by unknown person {holding.person}"
        raise RosterError(msg)
    try:
        Span(begins=holding.valid_from, ends=holding.valid_until)
    except DutyError as error:
        msg = f"unit {unit.id}: {ref.post}: {error}"
        raise RosterError(msg) from error
