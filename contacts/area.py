"""Which of our units a warning's areas mean. Pure.

The same code names two different townships in two lists, so a code is compared only
inside the list it comes from, and a name that says otherwise stops the area. What an
area means is never guessed: what can't be told is handed back to be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from contacts.codes import bare, prefixes
from contacts.geometry import Atlas, Shapes
from contacts.model import UnitId
from contacts.roster import Roster

NO_SHAPES = Shapes()
LIST = re.compile(r"[、,，;；]")  # several places in one name

# a province, prefecture, county, township or village, or a grid written after those
AREA_CODE = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaQuery:
    """One area as a warning gives it.

    :ivar codes: pairs of (list of codes, code)
    :ivar units: ids of our own units
    :ivar shapes: what it draws on the map
    """

    name: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    units: tuple[str, ...] = ()
    shapes: Shapes = NO_SHAPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the areas of a warning come to.

    :ivar units: the units meant and everything below them
    :ivar unresolved: areas that mean, wholly or in part, nothing we can name
    :ivar unknown_units: ids given as ours that the roster does not hold
    :ivar mismatched: areas whose name and code mean different places
    :ivar outside: every area is known to lie outside all our units
    """

    units: frozenset[UnitId]
    unresolved: tuple[AreaQuery, ...] = ()
    unknown_units: tuple[str, ...] = ()
    mismatched: tuple[AreaQuery, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What one area comes to.

    :ivar drawn: units inside what it draws on the map
    :ivar unknown: ids given as ours that the roster does not hold
    :ivar lost: a part of it, not known to be elsewhere, is none of our units
    :ivar elsewhere: a part of it lies outside all our units
    """

    area: AreaQuery
    coded: frozenset[UnitId]
    named: frozenset[UnitId]
    listed: frozenset[UnitId]
    drawn: frozenset[UnitId]
    unknown: tuple[str, ...]
    lost: bool
    elsewhere: bool

    @property
    def mismatched(self) -> bool:
        """Whether its name is one of our places, and its codes are others."""
        told = bool(self.coded) or self.elsewhere
        return told and bool(self.named) and not self.named & self.coded

    @property
    def found(self) -> frozenset[UnitId]:
        """The units it means: codes are sharper than a name."""
        return (self.coded or self.named) | self.listed | self.drawn

    @property
    def outside(self) -> bool:
        """Whether it is certain that it means none of our units."""
        anything = self.found or self.unknown or self.lost
        return self.elsewhere and not anything

    @property
    def unresolved(self) -> bool:
        """Whether something in it could not be told."""
        nothing = not (self.found or self.unknown or self.elsewhere)
        return not self.mismatched and (self.lost or nothing)


def resolve(
    roster: Roster, areas: Iterable[AreaQuery], atlas: Atlas | None = None
) -> Resolution:
    """Find the units the areas mean; a mismatched area selects none.

    :param atlas: where our units lie; without it nothing is known of shapes
    """
    readings = [_read(roster, area, atlas) for area in areas]
    found = [reading.found for reading in readings if not reading.mismatched]
    return Resolution(
        units=roster.with_all_below(frozenset[UnitId]().union(*found)),
        unresolved=tuple(r.area for r in readings if r.unresolved),
        unknown_units=tuple(unit for r in readings for unit in r.unknown),
        mismatched=tuple(r.area for r in readings if r.mismatched),
        outside=bool(readings) and all(r.outside for r in readings),
    )


def _read(roster: Roster, area: AreaQuery, atlas: Atlas | None) -> _Reading:
    ours = [(system, code) for system, code in area.codes if system in roster.systems]
    hits = [_coded(roster, system, code) for system, code in ours]
    missed = [pair for pair, hit in zip(ours, hits, strict=True) if not hit]
    lost = [pair for pair in missed if _inside_or_unclear(roster, *pair)]
    drawn = atlas.covered(area.shapes) if atlas and area.shapes else frozenset()
    away = bool(area.shapes and atlas and not drawn)
    unseen = bool(area.shapes) and not atlas
    named, unnamed = _named(roster, area.name)
    partly = bool(named) and unnamed
    return _Reading(
        area=area,
        coded=frozenset[UnitId]().union(*hits),
        named=named,
        drawn=drawn,
        listed=frozenset(UnitId(u) for u in area.units if UnitId(u) in roster.units),
        unknown=tuple(u for u in area.units if UnitId(u) not in roster.units),
        lost=bool(lost) or (unseen and not named) or partly,
        elsewhere=len(missed) > len(lost) or away,
    )


def _named(roster: Roster, name: str) -> tuple[frozenset[UnitId], bool]:
    """The units a name means, and whether a part of it means none.

    Blanks are no matter, a name may begin with those of the places above, and several
    names may stand in one.
    """
    plain = "".join(name.split())
    if whole := _called(roster, plain):
        return whole, False
    parts = [part for part in LIST.split(plain) if part]
    found = [_called(roster, part) for part in parts]
    return frozenset[UnitId]().union(*found), not all(found)


def _called(roster: Roster, name: str) -> frozenset[UnitId]:
    exact = frozenset(roster.named(name))
    if exact:
        return exact
    ends = (name[start:] for start in range(1, len(name)))
    units = (unit for end in ends for unit in roster.named(end))
    return frozenset(unit for unit in units if _full_name(roster, unit, name))


def _full_name(roster: Roster, unit: UnitId, name: str) -> bool:
    """Whether a name is a unit's own, after those of some places above it, in order."""
    rest = name.removesuffix(roster.unit(unit).name)
    for above in roster.ancestors(unit):
        rest = rest.removesuffix(above.name)
    return not rest


def _coded(roster: Roster, system: str, code: str) -> frozenset[UnitId]:
    """Find the unit of a code, or our topmost units when the code is above them."""
    if (unit := roster.coded(system, code)) is not None:
        return frozenset({unit})
    if AREA_CODE.fullmatch(code) is None:
        return frozenset()
    roots = (roster.unit(root) for root in roster.roots)
    return frozenset(
        root.id
        for root in roots
        if root.code_system == system and bare(root.id).startswith(bare(code))
    )


def _inside_or_unclear(roster: Roster, system: str, code: str) -> bool:
    """Tell a code that may be inside our units from one that is surely elsewhere."""
    if AREA_CODE.fullmatch(code) is None:
        return True
    around = prefixes(bare(code))
    return any(roster.coded(system, prefix) is not None for prefix in around)
