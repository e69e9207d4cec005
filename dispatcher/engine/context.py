"""What decisions rest on beside the callout itself: roster, policy, texts, routes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from channels.contract import Channel
from config.policy import PolicySet
from config.texts import Texts
from contacts.geometry import Atlas
from contacts.model import (
    AddressKind,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.callout import Called, Means
from dispatcher.core.event import Duty
from dispatcher.engine.channels import Robots

# A satellite telephone takes texts and calls like a mobile: our choice, until a route
# turns up that can't reach one (it fails there, and the next means is tried).
CARRIES = {
    AddressKind.MOBILE: frozenset({Channel.SMS, Channel.VOICE}),
    AddressKind.LANDLINE: frozenset({Channel.VOICE}),
    AddressKind.SATELLITE: frozenset({Channel.SMS, Channel.VOICE}),
    AddressKind.WECOM: frozenset({Channel.WECHAT}),
}


def no_link(_: str) -> str:
    """No page is offered."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The state of the house at one moment.

    :ivar routes: names of configured channels, in order of preference
    :ivar signature: the name that stands before every text, without brackets
    :ivar rates: messages a second, by channel
    :ivar lines: telephone lines of all voice routes together; 0 without a route
    :ivar atlas: where our units lie
    :ivar outlines: their land, as far as it is known
    :ivar link: the address of the page on which a question can be answered
    :ivar robots: channels that speak to groups, each with the units its group is for;
        none: all
    :ivar routed: channels that have a route
    """

    roster: Roster
    policies: PolicySet
    texts: Texts
    routes: Mapping[Channel, tuple[str, ...]]
    signature: str
    rates: Mapping[Channel, float]
    lines: int = 0
    atlas: Atlas | None = None
    outlines: Mapping[UnitId, BaseGeometry] = field(default_factory=dict)
    link: Callable[[str], str] = no_link
    robots: Robots = field(default_factory=dict)
    routed: frozenset[Channel] = field(init=False)
    # Who stands above a hundred grids is looked up a hundred times.
    _means: dict[PersonId, tuple[Person, tuple[Means, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Note which channels have a route."""
        routed = frozenset(channel for channel, names in self.routes.items() if names)
        object.__setattr__(self, "routed", routed)

    def called(self, person: Person, post: Post, struck: frozenset[PersonId]) -> Called:
        """A person with the means he has now; none when struck in this chain."""
        usable = () if person.id in struck else self._means_of(person)
        return Called(person=person.id, post=post, means=usable)

    def _means_of(self, person: Person) -> tuple[Means, ...]:
        known = self._means.get(person.id)
        if known is None or known[0] is not person:
            known = self._means[person.id] = person, self._looked_up(person)
        return known[1]

    def _looked_up(self, person: Person) -> tuple[Means, ...]:
        return tuple(
            Means(channel, address.id)
            for channel in Channel
            if channel in self.routed
            for address in person.addresses
            if channel in CARRIES[address.kind] and not address.wrong
        )

    def _county(self, unit: UnitId) -> Unit | None:
        """The county of a unit; of one the roster has dropped since, any we have."""
        if unit in self.roster.units:
            return self.roster.above(unit, UnitKind.COUNTY)
        counties = (u for u in self.roster.units.values() if u.kind is UnitKind.COUNTY)
        return next(counties, None)

    def duty(
        self, unit: UnitId, chain: Chain, now: datetime, *, beside: bool = False
    ) -> Duty:
        """Who can be called for a unit now.

        :param beside: for a post beside the grid lead's, which asks whether he is awake
        """
        holders = Holders(self, chain.struck, now)
        county = self._county(unit)
        desk = holders[PostRef(county.id, Post.COUNTY_DUTY)] if county else ()
        return Duty(
            holders=holders,
            routes=self.routed,
            desk=desk[0] if desk else None,
            door=tuple(self._door(unit)),
            awake=chain.awake,
            lead_awake=beside and unit in chain.leads_awake,
        )

    def _door(self, unit: UnitId) -> Iterable[PostRef]:
        """The posts that may be sent to a door of a unit, the first choice first."""
        for name in self.policies.task_assignees:
            post = Post(name)
            place = self.roster.units.get(unit) and self.roster.above(
                unit, post.unit_kind
            )
            if place:
                yield PostRef(place.id, post)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What has been heard in one chain.

    :ivar struck: people who said that they can't act
    :ivar awake: people who have answered
    :ivar leads_awake: units whose grid lead has answered
    """

    struck: frozenset[PersonId] = frozenset()
    awake: Container[PersonId] = frozenset()
    leads_awake: Container[UnitId] = frozenset()


class Holders(Mapping[PostRef, tuple[Called, ...]]):
    """Who fills a post now, looked up when asked."""

    def __init__(
        self, context: Context, struck: frozenset[PersonId], now: datetime
    ) -> None:
        self._context = context
        self._struck = struck
        self._now = now

    @override
    def __getitem__(self, ref: PostRef) -> tuple[Called, ...]:
        return tuple(
            self._context.called(person, ref.post, self._struck)
            for person in self._context.roster.holders(ref, self._now)
        )

    @override
    def __iter__(self) -> Iterator[PostRef]:
        return iter({holding.ref for holding in self._context.roster.holdings})

    @override
    def __len__(self) -> int:
        return len({holding.ref for holding in self._context.roster.holdings})
