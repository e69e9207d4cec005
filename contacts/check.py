"""The roster check: what is wrong with a roster before anybody has to be called by it.

Pure: it looks at one snapshot, and at what calls have shown of its people. What it
finds changes no call; who is called is for the rules of calling.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain

from contacts.codes import bare
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Flag,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import ORDER, Roster

# Our choice, after the default policy: who is called at once for red, and both of a
# grid. A village's own duty and a ranger are not everywhere.
NEEDED: Mapping[UnitKind, tuple[Post, ...]] = {
    UnitKind.GRID: (Post.GRID_LEAD, Post.GRID_BACKUP),
    UnitKind.VILLAGE: (Post.VILLAGE_HEAD,),
    UnitKind.TOWNSHIP: (Post.TOWNSHIP_DUTY, Post.TOWNSHIP_LEADER),
    UnitKind.COUNTY: (Post.COUNTY_DUTY, Post.COUNTY_LEADER),
}
DUE = (4, 20)  # lists are updated and filed before 20 April (Shangluo, 2025)


class Fault(StrEnum):
    """What can be wrong, the worst first."""

    VACANT = "vacant"  # nobody holds a post that is called
    UNREACHABLE = "unreachable"  # none of a person's means is of use
    SAME_PERSON = "same_person"  # A角 and B角 are one, or have one number
    WRONG_NUMBER = "wrong_number"
    DEAD_NUMBER = "dead_number"
    OPTED_OUT = "opted_out"
    SILENT = "silent"  # called of late, and never answered
    STALE = "stale"  # not confirmed since lists were due
    SHARED_NUMBER = "shared_number"  # several people have it
    NO_PLACE = "no_place"  # neither outline nor point
    NO_PARENT = "no_parent"
    FOREIGN_CODE = "foreign_code"  # does not begin like its parent's
    SAME_NAME = "same_name"  # as another unit of the same parent


GAPS = frozenset({Fault.VACANT, Fault.UNREACHABLE, Fault.SAME_PERSON})
FLAGGED = {
    Flag.WRONG_PERSON: Fault.WRONG_NUMBER,
    Flag.DEAD: Fault.DEAD_NUMBER,
    Flag.OPTED_OUT: Fault.OPTED_OUT,
}
OF_NO_USE = frozenset({Flag.WRONG_PERSON, Flag.DEAD})
SEVERITY = {fault: place for place, fault in enumerate(Fault)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the roster.

    :ivar now: in local time
    :ivar carried: kinds of addresses that some configured route can reach
    :ivar flags: what calls have shown of an address, where that stands
    :ivar confirmed: when a roster said last that a version of a person is so
    :ivar called: who was asked for an answer of late
    :ivar answered: who has answered of late
    :ivar outlined: units whose outline is known
    """

    now: datetime
    carried: Collection[AddressKind]
    flags: Mapping[AddressId, Collection[Flag]]
    confirmed: Mapping[PersonId, datetime]
    called: Collection[PersonId]
    answered: Collection[PersonId]
    outlined: Collection[UnitId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and where.

    :ivar post: of a person, the first he holds
    :ivar others: the other people, or the other unit, that it concerns
    """

    fault: Fault
    unit: UnitId
    post: Post | None = None
    person: PersonId | None = None
    address: Address | None = None
    others: tuple[PersonId | UnitId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much of a place would be reached.

    :ivar ready: grids whose A角 and B角 are two, each with a means that is of use
    """

    grids: int
    ready: int

    @property
    def share(self) -> float | None:
        """Ready grids of all grids; None where there is no grid."""
        return self.ready / self.grids if self.grids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Township:
    """One township, with how often each fault was found in it."""

    unit: UnitId
    score: Score
    faults: Mapping[Fault, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check has found.

    :ivar findings: the worst first, then by unit
    :ivar townships: the lowest score first, where there is a grid
    :ivar within: the township of every unit that is in one
    """

    findings: tuple[Finding, ...]
    townships: tuple[Township, ...]
    total: Score
    faults: Mapping[Fault, int]
    within: Mapping[UnitId, UnitId]

    @property
    def gaps(self) -> int:
        """Findings by which somebody would not be called."""
        return sum(self.faults.get(fault, 0) for fault in GAPS)

    def of(self, township: UnitId) -> tuple[Finding, ...]:
        """Findings of one township."""
        return tuple(f for f in self.findings if self.within.get(f.unit) == township)


def check(roster: Roster, known: Known) -> Checked:
    """Look through a roster, in time linear in its size."""
    useful = frozenset(p.id for p in roster.people.values() if _useful(p, known))
    held = _held(roster, known.now)
    doubled = {finding.unit: finding for finding in _one_for_two(roster, held)}
    first = _first_posts(roster)
    found = chain(
        _vacant(roster, held),
        doubled.values(),
        _of_people(roster, known, first, useful),
        _shared(roster, first),
        _of_units(roster, known),
    )
    findings = tuple(sorted(found, key=lambda f: (SEVERITY[f.fault], f.unit)))
    within = _within(roster)
    ready = {
        unit.id: unit.id not in doubled and _ready(held[unit.id], useful)
        for unit in roster.units.values()
        if unit.kind is UnitKind.GRID
    }
    return Checked(
        findings=findings,
        townships=_townships(roster, findings, within, ready),
        total=_score(ready.values()),
        faults=Counter(finding.fault for finding in findings),
        within=within,
    )


def updated_since(now: datetime) -> datetime:
    """From when on a list counts as updated.

    Lists are due before 20 April, so what the last due date asked for was made in its
    year: from January on, not only after the date itself.
    """
    year = now.year if (now.month, now.day) >= DUE else now.year - 1
    return datetime(year, 1, 1, tzinfo=now.tzinfo)


def _useful(person: Person, known: Known) -> bool:
    return any(
        address.kind in known.carried
        and not address.wrong
        and OF_NO_USE.isdisjoint(known.flags.get(address.id, ()))
        for address in person.addresses
    )


def _first_posts(roster: Roster) -> dict[PersonId, PostRef]:
    posts: dict[PersonId, PostRef] = {}
    for holding in roster.holdings:
        posts.setdefault(holding.person, holding.ref)
    return posts


Held = Mapping[UnitId, tuple[tuple[Person, ...], ...]]


def _held(roster: Roster, now: datetime) -> Held:
    """Who fills each post that a unit needs, in the order of :data:`NEEDED`."""
    return {
        unit.id: tuple(
            roster.holders(PostRef(unit.id, post), now) for post in NEEDED[unit.kind]
        )
        for unit in roster.units.values()
    }


def _vacant(roster: Roster, held: Held) -> Iterator[Finding]:
    for name, holders in held.items():
        posts = NEEDED[roster.units[name].kind]
        for post, people in zip(posts, holders, strict=True):
            if not people:
                yield Finding(fault=Fault.VACANT, unit=name, post=post)


def _one_for_two(roster: Roster, held: Held) -> Iterator[Finding]:
    for name, holders in held.items():
        if roster.units[name].kind is not UnitKind.GRID:
            continue
        leads, backups = holders
        same = next((one for one in backups if _is_one_of(one, leads)), None)
        if same:
            yield Finding(
                fault=Fault.SAME_PERSON,
                unit=name,
                post=Post.GRID_BACKUP,
                person=same.id,
            )


def _is_one_of(person: Person, people: Iterable[Person]) -> bool:
    """Whether he is among them, or has a number of one of them."""
    values = [address.value for address in person.addresses]
    return any(
        one.human == person.human or any(a.value in values for a in one.addresses)
        for one in people
    )


def _of_people(
    roster: Roster,
    known: Known,
    posts: Mapping[PersonId, PostRef],
    useful: Collection[PersonId],
) -> Iterator[Finding]:
    since = updated_since(known.now)
    for person_id, ref in posts.items():
        person = roster.people[person_id]
        faults = [*_flagged(person, known)]
        if person_id not in useful:
            faults.append((Fault.UNREACHABLE, None))
        if person_id in known.called and person_id not in known.answered:
            faults.append((Fault.SILENT, None))
        confirmed = known.confirmed.get(person_id)
        if confirmed is None or confirmed < since:
            faults.append((Fault.STALE, None))
        for fault, address in faults:
            yield Finding(
                fault=fault,
                unit=ref.unit,
                post=ref.post,
                person=person_id,
                address=address,
            )


def _flagged(person: Person, known: Known) -> Iterator[tuple[Fault, Address | None]]:
    for address in person.addresses:
        for flag in known.flags.get(address.id, ()):
            yield FLAGGED[flag], address


def _shared(roster: Roster, posts: Mapping[PersonId, PostRef]) -> Iterator[Finding]:
    owners: dict[str, PersonId] = {}
    others: dict[str, dict[PersonId, None]] = defaultdict(dict)
    for person_id in posts:
        for address in roster.people[person_id].addresses:
            owner = owners.setdefault(address.value, person_id)
            if owner != person_id:
                others[address.value][person_id] = None
    for value, sharing in others.items():
        person = roster.people[owners[value]]
        yield Finding(
            fault=Fault.SHARED_NUMBER,
            unit=posts[person.id].unit,
            post=posts[person.id].post,
            person=person.id,
            address=next(one for one in person.addresses if one.value == value),
            others=tuple(sharing),
        )


def _of_units(roster: Roster, known: Known) -> Iterator[Finding]:
    largest = max((ORDER[unit.kind] for unit in roster.units.values()), default=0)
    parents = {unit.parent: bare(unit.parent or "") for unit in roster.units.values()}
    names: dict[tuple[UnitId | None, str], UnitId] = {}
    for unit in roster.units.values():
        placed = unit.id in known.outlined or None not in (unit.lat, unit.lon)
        # Of a unit with others below it the map asks only where those lie.
        if unit.id not in parents and not placed:
            yield Finding(fault=Fault.NO_PLACE, unit=unit.id)
        if unit.parent is None:
            if ORDER[unit.kind] < largest:
                yield Finding(fault=Fault.NO_PARENT, unit=unit.id)
        elif _foreign(unit, roster.units[unit.parent], parents[unit.parent]):
            others = (unit.parent,)
            yield Finding(fault=Fault.FOREIGN_CODE, unit=unit.id, others=others)
        first = names.setdefault((unit.parent, unit.name), unit.id)
        if first != unit.id:
            yield Finding(fault=Fault.SAME_NAME, unit=unit.id, others=(first,))


def _foreign(unit: Unit, parent: Unit, above: str) -> bool:
    """Whether a code says that the unit lies elsewhere; a grid's may say nothing.

    :param above: the parent's code in its shortest spelling
    """
    if unit.code_system != parent.code_system:
        return False
    if not (unit.id.isdecimal() and above.isdecimal()):
        return False
    says_nothing = unit.kind is UnitKind.GRID and len(unit.id) <= len(above)
    return not (says_nothing or unit.id.startswith(above))


def _within(roster: Roster) -> dict[UnitId, UnitId]:
    return {
        below: unit.id
        for unit in roster.units.values()
        if unit.kind is UnitKind.TOWNSHIP
        for below in roster.descendants(unit.id)
    }


def _ready(holders: Iterable[Iterable[Person]], useful: Collection[PersonId]) -> bool:
    return all(any(one.id in useful for one in people) for people in holders)


def _score(ready: Collection[bool]) -> Score:
    return Score(grids=len(ready), ready=sum(ready))


def _townships(
    roster: Roster,
    findings: Iterable[Finding],
    within: Mapping[UnitId, UnitId],
    ready: Mapping[UnitId, bool],
) -> tuple[Township, ...]:
    faults: dict[UnitId | None, Counter[Fault]] = defaultdict(Counter)
    for finding in findings:
        faults[within.get(finding.unit)][finding.fault] += 1
    grids: dict[UnitId | None, list[bool]] = defaultdict(list)
    for grid, one in ready.items():
        grids[within.get(grid)].append(one)
    townships = (
        Township(unit=unit.id, score=_score(grids[unit.id]), faults=faults[unit.id])
        for unit in roster.units.values()
        if unit.kind is UnitKind.TOWNSHIP
    )
    return tuple(sorted(townships, key=_worst_first))


def _worst_first(township: Township) -> tuple[float, UnitId]:
    share = township.score.share
    return (2.0 if share is None else share, township.unit)
