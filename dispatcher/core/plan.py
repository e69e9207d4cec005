"""From a warning and the roster to callouts, each with its ladder. Pure.

The keys of a policy's ladders are its start list: one callout opens for each unit of
that kind inside the area, and one for each unit of that kind above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Channel
from config.policy import Hazard, LevelPolicy, PolicySet, RungPlan
from contacts.model import Post, PostRef, Unit, UnitId
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
from dispatcher.core.policy import hazard, notify_only, policy_level


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
    policies: PolicySet, roster: Roster, content: Content, inside: Iterable[UnitId]
) -> Audience:
    """Resolve the start list of a warning against the roster."""
    _, policy = level_policy(policies, content)
    refs = tuple(start_list(policy, roster, inside))
    holders = {ref: roster.holders(ref) for ref in refs}
    return Audience(
        posts=refs,
        missing=tuple(ref for ref in refs if not holders[ref]),
        people=len({person.id for people in holders.values() for person in people}),
    )


def start_list(
    policy: LevelPolicy, roster: Roster, inside: Iterable[UnitId]
) -> Iterator[PostRef]:
    """Posts that open a callout: grids first, each kind by risk, then by code."""
    reached = {
        unit.id: unit
        for inner in inside
        for unit in (roster.unit(inner), *roster.ancestors(inner))
    }
    for name in policy.ladders:
        post = Post(name)
        fitting = (u for u in reached.values() if u.kind is post.unit_kind)
        for unit in sorted(fitting, key=lambda unit: (unit.risk, unit.id)):
            yield PostRef(unit.id, post)


def open_callouts(
    launch: Launch, policies: PolicySet, roster: Roster
) -> tuple[Opened, ...]:
    """The first fact of every callout of a launch, the most urgent first."""
    level, policy = level_policy(policies, launch.content)
    kind = hazard(policies, launch.content.event_code)
    told = notify_only(launch.content.level, kind)
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
            ladder=notice(policies, policy, ref)
            if told
            else ladder(policies, policy, kind, roster, ref),
            state=State.NOTIFIED if told else State.WAITING,
        )
        for ref in start_list(policy, roster, launch.inside)
    )


def ladder(
    policies: PolicySet,
    policy: LevelPolicy,
    kind: Hazard,
    roster: Roster,
    ref: PostRef,
) -> Ladder:
    """The policy of one post, with its rungs tied to real units."""
    plans = policy.ladders[ref.post.value]
    unit = roster.unit(ref.unit)
    return Ladder(
        policy=policies.version,
        rungs=tuple(_rung(policies, plan, roster, unit) for plan in plans),
        repeat=_repeat(policy),
        taken_result=policy.taken_result,
        received_by=policy.deadlines.received,
        feedback_by=policy.deadlines.first_feedback,
        require=kind.require,
    )


def notice(policies: PolicySet, policy: LevelPolicy, ref: PostRef) -> Ladder:
    """A ladder that only tells: the info tries once, no rungs above."""
    return Ladder(
        policy=policies.version,
        rungs=(
            Rung(
                at=0,
                posts=(ref,),
                tries=_tries(policies, "info"),
                via=Via.INFO,
                own=True,
            ),
        ),
        repeat=_repeat(policy),
        taken_result=policy.taken_result,
        received_by=policy.deadlines.received,
    )


def _rung(policies: PolicySet, plan: RungPlan, roster: Roster, unit: Unit) -> Rung:
    posts = tuple(_posts(plan, roster, unit))
    own = bool(posts) and all(ref.unit == unit.id for ref in posts)
    return Rung(
        at=plan.at,
        posts=posts,
        tries=_tries(policies, plan.tries) if plan.tries else (),
        via=_via(plan.tries, own=own),
        own=own,
        need=plan.need,
        mark=Mark(plan.mark) if plan.mark else None,
        task=Task(plan.task) if plan.task else None,
        desk=Mark(plan.desk) if plan.desk else None,
    )


def _posts(plan: RungPlan, roster: Roster, unit: Unit) -> Iterator[PostRef]:
    """Each post at the unit itself or the one above it that has such a post."""
    for name in plan.call:
        post = Post(name)
        holder = roster.above(unit.id, post.unit_kind)
        if holder:
            yield PostRef(holder.id, post)


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
