"""From a warning and the roster to callouts, each with its ladder. Pure.

The keys of a policy's ladders are its start list: one callout opens for each unit of
that kind inside the area, and one for each unit of that kind above it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from heapq import nsmallest
from operator import attrgetter

from channels.contract import Channel
from config.policy import Hazard, LevelPolicy, PolicySet, RungPlan
from contacts.model import Person, Post, PostRef, Unit, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Content, Level
from dispatcher.core.callout import (
    Ladder,
    Mark,
    Repeat,
    Rung,
    State,
    Task,
    Try,
    Via,
    callout_id,
)
from dispatcher.core.fact import Opened
from dispatcher.core.night import Night
from dispatcher.core.policy import hazard, notify_only, policy_level

FEW = frozenset({UnitKind.TOWNSHIP, UnitKind.COUNTY})
ID, RISK, RANK = attrgetter("id"), attrgetter("risk"), attrgetter("risk", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """An alert about to be called out.

    :ivar inside: every unit inside the area, of all kinds
    """

    alert: AlertId
    chain: ChainId
    epoch: int
    content: Content
    inside: frozenset[UnitId]
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who a launch would call.

    :ivar posts: what opens callouts, the highest risk first
    :ivar missing: those of them that nobody fills
    :ivar people: how many different people fill the others
    """

    posts: tuple[PostRef, ...]
    missing: tuple[PostRef, ...]
    people: int


def level_policy(policies: PolicySet, content: Content) -> tuple[Level, LevelPolicy]:
    """The policy that holds for a warning, and its level."""
    level = policy_level(content.level, hazard(policies, content.event_code))
    return level, policies.levels[level.value]


def audience(
    policies: PolicySet,
    roster: Roster,
    content: Content,
    inside: Iterable[UnitId],
    at: datetime,
) -> Audience:
    """Resolve the start list of a warning against the roster."""
    refs = tuple(start_list(policies, roster, content, inside))
    return audience_of(roster, refs, at)


def audience_of(roster: Roster, refs: tuple[PostRef, ...], at: datetime) -> Audience:
    """Who fills these posts of a start list at an instant."""
    filled = [filling(roster, ref, at) for ref in refs]
    return Audience(
        posts=refs,
        missing=tuple(ref for ref, held in zip(refs, filled, strict=True) if not held),
        people=len({person.id for held in filled for person in held}),
    )


def start_list(
    policies: PolicySet, roster: Roster, content: Content, inside: Iterable[UnitId]
) -> Iterator[PostRef]:
    """Posts that open a callout: the few above, who move the rest, then the others.

    Each kind goes by risk, then by code.
    """
    _, policy = level_policy(policies, content)
    reached = roster.with_above(inside).values()
    # Sorted twice: a county of 100,000 is nearly in order already, but not by both.
    ranked = _by_kind(sorted(sorted(reached, key=ID), key=RISK))
    posts = {(Post(name), Post(name).unit_kind): None for name in policy.ladders}
    if Post.GRID_LEAD.value in policy.ladders:
        beside = hazard(policies, content.event_code).ladder_first
        posts |= {(Post(name), UnitKind.GRID): None for name in beside}
    for post, kind in sorted(posts, key=lambda one: one[1] not in FEW):
        yield from (PostRef(unit.id, post) for unit in ranked.get(kind, ()))


def foremost(roster: Roster, inside: Iterable[str], most: int) -> frozenset[UnitId]:
    """Units by which the first posts of a start list are known, without all others.

    :param inside: what the roster lacks is left out
    """
    units = {u.id: u for one in inside if (u := roster.units.get(UnitId(one)))}
    kinds = _by_kind(units.values()).values()
    first = (nsmallest(most, some, key=RANK) for some in kinds)
    # What lies above the area is found from below: one unit in each will do.
    edge = {u.parent: u.id for u in units.values() if u.parent not in units}
    return frozenset(unit.id for some in first for unit in some).union(edge.values())


def _by_kind(units: Iterable[Unit]) -> Mapping[UnitKind, Sequence[Unit]]:
    found: dict[UnitKind, list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.kind].append(unit)
    return found


def places_of(
    policies: PolicySet, roster: Roster, content: Content, posts: Collection[PostRef]
) -> frozenset[UnitId]:
    """Units whose callouts are of those who fill these posts: some sit elsewhere."""
    beside = hazard(policies, content.event_code).ladder_first
    shared = (ref.unit for ref in posts if ref.post.value in beside)
    return roster.with_all_below(shared).union(ref.unit for ref in posts)


def seat(roster: Roster, ref: PostRef) -> PostRef:
    """Where the holder of a started post sits: a grid may share its village's."""
    kind = ref.post.unit_kind
    if roster.unit(ref.unit).kind is kind:
        return ref
    place = roster.above(ref.unit, kind)
    return PostRef(place.id, ref.post) if place else ref


def filling(roster: Roster, ref: PostRef, at: datetime) -> tuple[Person, ...]:
    """Who fills a started post, in the order of calling, wherever he sits."""
    return roster.holders(ref, at) or roster.holders(seat(roster, ref), at)


def open_callouts(
    launch: Launch,
    policies: PolicySet,
    roster: Roster,
    posts: Iterable[PostRef] | None = None,
) -> tuple[Opened, ...]:
    """The first fact of every callout of a launch, the most urgent first.

    :param posts: only these of its start list
    """
    level, policy = level_policy(policies, launch.content)
    kind = hazard(policies, launch.content.event_code)
    told = notify_only(launch.content.level, kind)
    if posts is None:
        posts = start_list(policies, roster, launch.content, launch.inside)
    chosen = [ref for ref in posts if opens(roster, ref, launch.at)]
    draw = Draughtsman(policies, policy, kind)
    return tuple(
        Opened(
            at=launch.at,
            by=launch.by,
            id=callout_id(launch.chain, ref.unit, ref.post, launch.epoch),
            alert=launch.alert,
            chain=launch.chain,
            epoch=launch.epoch,
            unit=ref.unit,
            post=ref.post,
            level=launch.content.level,
            policy_level=level,
            drill=launch.content.drill,
            risk=roster.unit(ref.unit).risk,
            ladder=draw.notice(roster, ref) if told else draw.ladder(roster, ref),
            state=State.NOTIFIED if told else State.WAITING,
        )
        for ref in chosen
    )


def rest_ladder(policies: PolicySet, content: Content) -> Ladder:
    """The ladder of a callout whose post the policy of a warning does not start."""
    _, policy = level_policy(policies, content)
    kind = hazard(policies, content.event_code)
    return Draughtsman(policies, policy, kind).rest()


def opens(roster: Roster, ref: PostRef, at: datetime) -> bool:
    """Whether a post is called by itself; one beside the grid lead only if held."""
    beside = roster.unit(ref.unit).kind is not ref.post.unit_kind
    return not beside or bool(filling(roster, ref, at))


def night_of(policies: PolicySet, policy: LevelPolicy, kind: Hazard) -> Night | None:
    """When no telephone may ring; None: at any hour.

    A red that always rings beats what the hazard says, the hazard beats the policy.
    """
    rule = kind.night_voice.get(policy.level, kind.night_voice.get("default"))
    if policy.level == Level.RED.value and policy.night_voice == "always":
        rule = "always"
    return None if (rule or policy.night_voice) != "never" else hours_of(policies)


def hours_of(policies: PolicySet) -> Night:
    """The hours of the night, whatever rings in them."""
    return Night(
        begins=time.fromisoformat(policies.night_from),
        ends=time.fromisoformat(policies.night_to),
        zone=policies.timezone,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A rung before its posts are tied to units."""

    rung: Rung
    posts: tuple[Post, ...]
    tries: str | None


class Draughtsman:
    """Draws ladders; what is the same for every unit is drawn once."""

    def __init__(self, policies: PolicySet, policy: LevelPolicy, kind: Hazard) -> None:
        self._steps: dict[Post, tuple[Step, ...]] = {
            Post(post): tuple(_step(policies, plan) for plan in plans)
            for post, plans in policy.ladders.items()
        }
        self._shared: dict[tuple[int, tuple[PostRef, ...]], Rung] = {}
        lead = self._steps.get(Post.GRID_LEAD, ())
        self._beside = tuple(s for s in lead if s.posts != (Post.GRID_BACKUP,))
        self._info = _tries(policies, "info")
        self._bare = Ladder(
            policy=policies.version,
            rungs=(),
            repeat=_repeat(policy),
            taken_result=policy.taken_result,
            received_by=policy.deadlines.received,
            night=night_of(policies, policy, kind),
            must_hear=policies.must_hear_seconds,
        )
        self._asking = replace(
            self._bare,
            feedback_by=policy.deadlines.first_feedback,
            require=kind.require,
        )

    def ladder(self, roster: Roster, ref: PostRef) -> Ladder:
        """The policy of one post, with its rungs tied to real units."""
        unit = roster.unit(ref.unit)
        units = {u.kind: u for u in reversed((unit, *roster.ancestors(ref.unit)))}
        steps = self._steps.get(ref.post)
        if steps is None or unit.kind is not ref.post.unit_kind:
            return self._ladder_beside(roster, ref, units)
        rungs = tuple(self._rung(step, units, ref.unit) for step in steps)
        return replace(self._asking, rungs=rungs)

    def _rung(self, step: Step, units: Mapping[UnitKind, Unit], unit: UnitId) -> Rung:
        """Tie each post to the unit itself, or the one above it that has such a post.

        Those above are the same for all units that lie in them.
        """
        posts = tuple(
            PostRef(units[post.unit_kind].id, post)
            for post in step.posts
            if post.unit_kind in units
        )
        if posts and all(ref.unit == unit for ref in posts):
            return _tied(step, posts, own=True)
        key = id(step), posts
        if key not in self._shared:
            self._shared[key] = _tied(step, posts, own=False)
        return self._shared[key]

    def _ladder_beside(
        self, roster: Roster, ref: PostRef, units: Mapping[UnitKind, Unit]
    ) -> Ladder:
        """The grid lead's ladder without the backup, for somebody in his place."""
        posts = (seat(roster, ref),)
        rungs = tuple(
            replace(step.rung, posts=posts, own=True, via=_via(step.tries, own=True))
            if Post.GRID_LEAD in step.posts
            else self._rung(step, units, ref.unit)
            for step in self._beside
        )
        return replace(self._asking, rungs=rungs, beside=True)

    def rest(self) -> Ladder:
        """What is left for a post that the policy does not call: texts, repeated."""
        return replace(
            self._asking, repeat=replace(self._bare.repeat, voice_every=None)
        )

    def notice(self, roster: Roster, ref: PostRef) -> Ladder:
        """A ladder that only tells: the info tries once, no rungs above."""
        posts = (seat(roster, ref),)
        told = Rung(at=0, posts=posts, tries=self._info, via=Via.INFO, own=True)
        return replace(self._bare, rungs=(told,))


def _step(policies: PolicySet, plan: RungPlan) -> Step:
    rung = Rung(
        at=plan.at,
        tries=_tries(policies, plan.tries) if plan.tries else (),
        need=plan.need,
        mark=Mark(plan.mark) if plan.mark else None,
        task=Task(plan.task) if plan.task else None,
        desk=Mark(plan.desk) if plan.desk else None,
    )
    return Step(rung, tuple(Post(name) for name in plan.call), plan.tries)


def _tied(step: Step, posts: tuple[PostRef, ...], *, own: bool) -> Rung:
    return replace(step.rung, posts=posts, own=own, via=_via(step.tries, own=own))


def _via(tries: str | None, *, own: bool) -> Via:
    if tries == "info":
        return Via.INFO
    return Via.OWN if own else Via.DIGEST


def _tries(policies: PolicySet, name: str) -> tuple[Try, ...]:
    return tuple(
        Try(at=plan.at, do=tuple(Channel(channel) for channel in plan.do))
        for plan in policies.tries[name]
    )


def _repeat(policy: LevelPolicy) -> Repeat:
    plan = policy.repeat
    return Repeat(
        every=plan.every,
        do=tuple(Channel(channel) for channel in plan.do),
        most=plan.most,
        voice_every=plan.voice_every,
        voice_most=plan.voice_most,
    )
