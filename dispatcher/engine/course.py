"""A ladder as a picture: what the core does, second by second, where nobody answers.

One grid, its village, township and county, with one person in every post, who can be
written to and rung and never says anything. The house's own rules decide about him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from channels.contract import Channel, FailureKind
from config.policy import PolicySet
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Content, Level, MsgType, Status
from dispatcher.core.callout import (
    AttemptId,
    Callout,
    Mark,
    Progress,
    Purpose,
    SkipReason,
    State,
    Task,
    Via,
)
from dispatcher.core.decide import react
from dispatcher.core.draft import Draft
from dispatcher.core.due import next_due
from dispatcher.core.event import DeadlineReached, Reported
from dispatcher.core.evolve import opened
from dispatcher.core.fact import (
    AttemptPlanned,
    AttemptSkipped,
    CallMadeUp,
    Fact,
    HandedToDesk,
    Marked,
    Repeated,
    RungFlagged,
    RungReached,
    TaskRaised,
    TryStarted,
)
from dispatcher.core.plan import Launch, level_policy, open_callouts, start_list
from dispatcher.engine.context import Chain, Context

LONGEST = timedelta(hours=24)  # a night is over by then
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ABOVE: Mapping[UnitKind, UnitKind | None] = {
    UnitKind.COUNTY: None,
    UnitKind.TOWNSHIP: UnitKind.COUNTY,
    UnitKind.VILLAGE: UnitKind.TOWNSHIP,
    UnitKind.GRID: UnitKind.VILLAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that is done at a time, in seconds from the opening.

    :ivar why_not: why it is not done although the policy has it
    """

    at: int
    channel: Channel
    why_not: SkipReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """Something put on the board, or somebody sent to a door, at a time."""

    at: int
    name: Mark | Task


@dataclass(slots=True, kw_only=True)
class RungCourse:
    """What becomes of one rung; ``at`` is None where it is never reached."""

    rung: int
    posts: tuple[Post, ...]
    via: Via
    need: int
    at: int | None = None
    tries: list[Step] = field(default_factory=list)
    marks: list[Flagged] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of the callout of one post.

    :ivar asks: False: it is told once, and nothing is asked
    :ivar desk_at: when the desk owns it; None: never by itself
    """

    post: Post
    asks: bool
    rungs: tuple[RungCourse, ...]
    desk_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When the picture is taken."""

    level: Level
    event_code: str
    night: bool


def courses(context: Context, when: Occasion) -> tuple[Course, ...]:
    """What becomes of every post that a warning of a kind and level would call."""
    policies = context.policies
    at = _moment(policies, night=when.night)
    content = _content(when, at)
    posts = start_list(policies, TOWN, content, [_id(UnitKind.GRID)])
    launch = Launch(
        alert=AlertId("sample"),
        chain=ChainId("sample"),
        epoch=1,
        content=content,
        inside=frozenset(),
        at=at,
        by="",
    )
    silent = replace(context, roster=TOWN)
    return tuple(
        _course(silent, opened(first), [first])
        for first in open_callouts(launch, policies, TOWN, posts)
    )


def policy_level_of(policies: PolicySet, when: Occasion) -> Level:
    """The level whose timing holds."""
    at = _moment(policies, night=when.night)
    return level_policy(policies, _content(when, at))[0]


def _content(when: Occasion, at: datetime) -> Content:
    return Content(
        sender="sample",
        identifier="sample",
        sent=at,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        level=when.level,
        event_code=when.event_code,
    )


def _moment(policies: PolicySet, *, night: bool) -> datetime:
    """The beginning of a night, or the middle of the day after it."""
    zone = ZoneInfo(policies.timezone)
    begins, ends = (
        datetime.combine(NEW_YEAR, time.fromisoformat(clock), zone)
        for clock in (policies.night_from, policies.night_to)
    )
    if night:
        return begins
    day = (begins - ends) % timedelta(days=1)
    return ends + day / 2


def _course(context: Context, callout: Callout, facts: list[Fact]) -> Course:
    """Let it climb until the desk has it, or nothing more comes by itself."""
    until = callout.opened_at + LONGEST
    now = callout.opened_at
    while now <= until and not isinstance(facts[-1], HandedToDesk):
        draft = Draft(callout, now)
        _report(draft)
        duty = context.duty(callout.unit, Chain(), now)
        react(draft, DeadlineReached(duty=duty))
        callout = draft.callout
        facts += _told(draft.facts)
        due = next_due(callout)
        if due is None:
            break
        now = due.at
    return _drawn(callout, facts)


def _told(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Facts until the desk has it; what it does then is no part of the ladder."""
    for fact in facts:
        yield fact
        if isinstance(fact, HandedToDesk):
            return


def _report(draft: Draft) -> None:
    """Texts arrive, telephones ring out."""
    for one in draft.callout.attempts:
        if one.under_way and one.channel is Channel.VOICE:
            react(draft, _reported(one.id, Progress.ACCEPTED))
            react(draft, _reported(one.id, Progress.FAILED, FailureKind.UNREACHED))
        elif one.under_way:
            react(draft, _reported(one.id, Progress.DELIVERED))


def _reported(
    attempt: AttemptId, progress: Progress, failure: FailureKind | None = None
) -> Reported:
    return Reported(attempt=attempt, progress=progress, failure=failure)


def _drawn(callout: Callout, facts: Iterable[Fact]) -> Course:  # noqa: C901 - a table
    """What the facts say of each rung; repeats are no part of the ladder."""
    rungs = tuple(
        RungCourse(
            rung=index,
            posts=tuple(ref.post for ref in rung.posts),
            via=rung.via,
            need=rung.need,
        )
        for index, rung in enumerate(callout.ladder.rungs)
    )
    desk_at, flagged, repeating = None, 0, False
    for fact in facts:
        at = int((fact.at - callout.opened_at).total_seconds())
        match fact:
            case Repeated():
                repeating = True
            case RungReached(rung=index):
                rungs[index].at, repeating = at, False
            case TryStarted() | CallMadeUp():
                repeating = False
            case AttemptPlanned(rung=index, channel=channel, purpose=Purpose.TRY):
                _add(rungs[index].tries, Step(at=at, channel=channel))
            case AttemptSkipped(rung=index, channel=channel, reason=why):
                step = Step(at=at, channel=channel, why_not=why)
                _add(rungs[index].tries, step, unless=repeating)
            case RungFlagged(rung=index):
                flagged = index
                rungs[index].at = at if rungs[index].at is None else rungs[index].at
            case Marked(mark=name) | TaskRaised(task=name):
                _add(rungs[flagged].marks, Flagged(at=at, name=name))
            case HandedToDesk():
                desk_at = at
            case _:
                pass
    asks = callout.state is not State.NOTIFIED
    return Course(post=callout.post, asks=asks, rungs=rungs, desk_at=desk_at)


Item = TypeVar("Item", Step, Flagged)


def _add(steps: list[Item], one: Item, *, unless: bool = False) -> None:
    """What is done for several people in the same second is one step."""
    if one not in steps and not unless:
        steps.append(one)


def _id(kind: UnitKind) -> UnitId:
    return UnitId(kind.value)


def _town() -> Roster:
    units = [
        Unit(
            id=_id(kind),
            kind=kind,
            name=kind.value,
            parent=_id(above) if above else None,
            code_system="sample",
        )
        for kind, above in ABOVE.items()
    ]
    people = [_person(post) for post in Post]
    holdings = [
        Holding(ref=PostRef(_id(post.unit_kind), post), person=PersonId(post.value))
        for post in Post
    ]
    return Roster.build(units, people, holdings)


def _person(post: Post) -> Person:
    ways = (AddressKind.MOBILE, AddressKind.WECOM)
    addresses = (
        Address(id=AddressId(f"{post}.{kind}"), kind=kind, value=f"{post}.{kind}")
        for kind in ways
    )
    return Person(id=PersonId(post.value), name=post.value, addresses=tuple(addresses))


TOWN = _town()
