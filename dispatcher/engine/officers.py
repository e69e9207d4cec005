"""Who sits at the desk that a warning concerns, and how they are reached now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from channels.contract import Channel
from contacts.model import Person, PersonId, Post, PostRef, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Alert
from dispatcher.core.callout import Means
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import Letter
from dispatcher.store import strikes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody at the desk, and how he can be reached."""

    person: PersonId
    means: Means

    def letter(self, occasion: str, text: str) -> Letter:
        """Something told to him."""
        means = self.means
        return Letter(occasion, text, self.person, means.address, means.channel)


def officers_of(
    desk: Desk, alert: Alert, channels: Collection[Channel]
) -> tuple[Officer, ...]:
    """Who is at the desk and has one of these channels; a shared number once."""
    roster = desk.context.roster
    on_duty = [
        (person, ref.post)
        for ref in _desks(roster, alert)
        for person in roster.holders(ref, desk.now)
    ]
    struck = strikes.of_chains(desk.connection, [alert.chain])
    gone = struck.get(alert.chain, frozenset())
    found: dict[str, Officer] = {}
    for person, post in on_duty:
        for means in desk.context.called(person, post, gone).means:
            if means.channel in channels:
                found.setdefault(_number(person, means), Officer(person.id, means))
                break
    if not found:
        log.error("desk.unreachable", alert=alert.id, on_duty=len(on_duty))
    return tuple(found.values())


def _number(person: Person, means: Means) -> str:
    return next(a.value for a in person.addresses if a.id == means.address)


def _desks(roster: Roster, alert: Alert) -> list[PostRef]:
    """The duty posts of its counties; of units dropped since, of any we have."""
    inside = (UnitId(unit) for unit in alert.inside if unit in roster.units)
    above = (roster.above(unit, UnitKind.COUNTY) for unit in inside)
    counties = dict.fromkeys(county for county in above if county)
    every = (unit for unit in roster.units.values() if unit.kind is UnitKind.COUNTY)
    return [PostRef(county.id, Post.COUNTY_DUTY) for county in counties or every]
