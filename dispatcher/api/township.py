"""Under which township a unit is listed: sheets, records and figures go by township."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.report import Summary, Tally, summarise


class Place(NamedTuple):
    """A township, or the county for what lies in none; sorted by code."""

    unit: str
    name: str


NOWHERE = Place("", "不在名册")


def township_of(roster: Roster, unit: UnitId) -> Place:
    """Where a unit is listed; what the roster no longer holds is listed apart."""
    if unit not in roster.units:
        return NOWHERE
    above = roster.above(unit, UnitKind.TOWNSHIP) or roster.above(unit, UnitKind.COUNTY)
    return Place(above.id, above.name) if above else NOWHERE


def by_township(
    roster: Roster, tallies: Iterable[tuple[UnitId, Tally]]
) -> Iterator[tuple[Place, Summary]]:
    """The figures of each township."""
    below: defaultdict[Place, list[Tally]] = defaultdict(list)
    for unit, told in tallies:
        below[township_of(roster, unit)].append(told)
    for place, found in sorted(below.items()):
        yield place, summarise(found)
