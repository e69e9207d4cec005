"""The correct rows of a sheet, put over the roster that is there.

Rows that were left out change nothing for whom they may mean: what they do not tell of
stays, units, people and posts. A post that the others name gets the people they name;
who held it before stays beside them where a row that was left out may be about him.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contacts.codes import KINDS
from contacts.importers.cells import LOWEST_RISK
from contacts.importers.sheet import LeftOut
from contacts.model import Holding, Unit, UnitId, UnitKind
from contacts.roster import Roster

COUNTY_DIGITS = next(n for n, kind in KINDS.items() if kind is UnitKind.COUNTY)


def overlaid(current: Roster, told: Roster, left_out: LeftOut) -> Roster:
    """Put what the correct rows tell over a roster.

    :param told: what they tell, merged into ``current`` as a roster of its own
    :raises RosterError: where the two do not fit together
    """
    units = {**current.units}
    for unit in told.units.values():
        units[unit.id] = _unit(current, unit)
    holdings = [*_staying(current, told, left_out), *told.holdings]
    used = {one.person for one in holdings}
    people = {**current.people, **told.people}
    return Roster.build(
        units.values(), [people[name] for name in used], holdings, current.duties
    )


def _unit(current: Roster, unit: Unit) -> Unit:
    """A unit as told; what its own row tells stays where that may be left out."""
    before = current.units.get(unit.id)
    county = UnitId(unit.id[:COUNTY_DIGITS])
    inside = county if county in current.units and county != unit.id else None
    parent = unit.parent or (before.parent if before else inside)
    if before is None or unit.lat is not None or unit.risk != LOWEST_RISK:
        return replace(unit, parent=parent)
    return replace(
        unit, parent=parent, lat=before.lat, lon=before.lon, risk=before.risk
    )


def _staying(current: Roster, told: Roster, left_out: LeftOut) -> Iterator[Holding]:
    """Holdings that the correct rows do not end, by the newest versions of people."""
    named = {one.ref for one in told.holdings}
    newest = {person.human: person.id for person in told.people.values()}
    again = {(one.ref, told.people[one.person].human) for one in told.holdings}
    for one in current.holdings:
        person = current.people[one.person]
        meant = left_out.nameless or person.name in left_out.names
        if one.ref not in named or (meant and (one.ref, person.human) not in again):
            yield replace(one, person=newest.get(person.human, one.person))
