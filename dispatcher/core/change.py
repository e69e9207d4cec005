"""What alerts that follow one another make of a chain's callouts. Pure.

An alert withdraws those it refers to; one that joins by itself withdraws what its
sender had issued before for the units it covers. A unit then keeps the strictest alert
that is still live, and its callout is compared with that (rules of calling, section 8):

===========================  ========================================================
nothing is left              it ends
there is none yet            it opens
stricter than it was issued  it is superseded: a new epoch opens, old answers are void
as strict, another alert     the text changes, the callout goes on
less strict                  the rest of its ladder is replanned
===========================  ========================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from config.policy import PolicySet
from contacts.model import PostRef, UnitId
from contacts.roster import Roster
from dispatcher.core.alert import Alert, AlertId, AlertState, Content, Level
from dispatcher.core.callout import CalloutId, State
from dispatcher.core.plan import start_list
from dispatcher.core.policy import strictness


@dataclass(frozen=True, slots=True)
class Stand:
    """The strictest live alert for a unit, and what it says there."""

    alert: Alert
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds in a chain now.

    :ivar posts: what has a callout of its own, the most urgent first
    :ivar units: every unit inside the areas, and every one above those
    """

    posts: Mapping[PostRef, Stand]
    units: Mapping[UnitId, Stand]


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A callout as far as changes look at it: the newest of its post in the chain."""

    id: CalloutId
    post: PostRef
    epoch: int
    alert: AlertId
    level: Level
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Opens:
    """A post has no callout yet, or, where ``supersedes`` is one, a milder one."""

    post: PostRef
    stand: Stand
    epoch: int
    supersedes: CalloutId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retells:
    """The same level, said anew."""

    callout: CalloutId
    post: PostRef
    stand: Stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowers:
    """A milder level; ``starts``: the milder policy calls this post at all."""

    callout: CalloutId
    post: PostRef
    stand: Stand
    starts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraws:
    """No live alert covers it any more."""

    callout: CalloutId
    post: PostRef


Change = Opens | Retells | Lowers | Withdraws


def standing(
    policies: PolicySet,
    roster: Roster,
    chain: Iterable[Alert],
    within: Collection[UnitId] | None = None,
) -> Standing:
    """Tell which alert of a chain holds where.

    :param chain: all its alerts, in the order they came
    :param within: only in these units, and above them; None: everywhere
    """
    known = frozenset(roster.units if within is None else within)
    posts: dict[PostRef, Stand] = {}
    units: dict[UnitId, Stand] = {}
    for stand, inside in _by_strictness(known, tuple(chain)):
        for unit in with_those_above(roster, inside):
            units.setdefault(unit, stand)
        for ref in start_list(policies, roster, stand.content, inside):
            posts.setdefault(ref, stand)
    held = {ref: stand for ref, stand in posts.items() if units[ref.unit] is stand}
    return Standing(posts=held, units=units)


def with_those_above(roster: Roster, inside: Iterable[str]) -> frozenset[UnitId]:
    """Units and every unit above one of them; what the roster lacks is left out."""
    known = (UnitId(unit) for unit in inside if unit in roster.units)
    return frozenset(roster.with_above(known))


def _by_strictness(
    known: frozenset[UnitId], chain: Collection[Alert]
) -> list[tuple[Stand, frozenset[UnitId]]]:
    """Every live segment with the known units it still covers: strict first, then new.

    The newest come first, and sorting keeps that among equals.
    """
    found = [
        (Stand(alert, content), left & known)
        for alert, gone in _withdrawn(chain)
        for content, share in alert.covers
        if (left := frozenset(map(UnitId, share)) - gone)
    ]
    return sorted(found, key=lambda one: -strictness(one[0].content.level))


def _withdrawn(chain: Collection[Alert]) -> Iterator[tuple[Alert, frozenset[UnitId]]]:
    """Each live alert, the newest first, with units its sender has spoken of since."""
    since: dict[str, frozenset[UnitId]] = {}
    for alert in reversed(tuple(chain)):
        sender = alert.content.sender
        if alert.state is AlertState.ACTIVE:
            yield alert, since.get(sender, frozenset())
        if alert.merged and not alert.mistaken:
            inside = frozenset(map(UnitId, alert.inside))
            since[sender] = since.get(sender, frozenset()) | inside


def changes(
    standing: Standing, there: Mapping[PostRef, There], *, may_lower: bool
) -> Iterator[Change]:
    """Tell what has to become of each callout; nothing where all is as it should be.

    :param may_lower: the change was made by reference; what merely joins lowers nothing
    """
    for ref, one in there.items():
        if one.state is not State.CLOSED and ref.unit not in standing.units:
            yield Withdraws(callout=one.id, post=ref)
    for ref, stand in standing.posts.items():
        if ref not in there or there[ref].state is State.CLOSED:
            epoch = there[ref].epoch + 1 if ref in there else 1
            yield Opens(post=ref, stand=stand, epoch=epoch)
    for ref, one in there.items():
        found = standing.units.get(ref.unit)
        if one.state is not State.CLOSED and found:
            yield from _compared(standing, one, found, may_lower=may_lower)


def _compared(
    standing: Standing, one: There, stand: Stand, *, may_lower: bool
) -> Iterator[Change]:
    before, now = strictness(one.level), strictness(stand.content.level)
    starts = one.post in standing.posts
    if now > before and starts:
        yield Opens(post=one.post, stand=stand, epoch=one.epoch + 1, supersedes=one.id)
    elif one.alert == stand.alert.id:
        return
    elif now >= before:
        yield Retells(callout=one.id, post=one.post, stand=stand)
    elif may_lower:
        yield Lowers(callout=one.id, post=one.post, stand=stand, starts=starts)
