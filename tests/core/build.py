"""Small worlds for the tests of the core: a grid, what lies above it, and time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId, Post, PostRef, UnitId, UnitKind
from dispatcher.core import fact as facts
from dispatcher.core.alert import AlertId, ChainId, Level
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import (
    AttemptId,
    Called,
    CalloutId,
    Ladder,
    Mark,
    Means,
    Progress,
    Repeat,
    Rung,
    State,
    Task,
    Try,
    Via,
)
from dispatcher.core.decide import decide
from dispatcher.core.due import next_due
from dispatcher.core.event import Answered, DeadlineReached, Duty, Event, Reported
from dispatcher.core.evolve import evolve, opened
from dispatcher.core.fact import Fact, Opened
from dispatcher.core.night import Night

START = datetime(2026, 7, 12, 18, 1, tzinfo=UTC)
WECHAT, SMS, VOICE = Channel.WECHAT, Channel.SMS, Channel.VOICE
ALL = (WECHAT, SMS, VOICE)
UNITS = {kind: UnitId(kind.value) for kind in UnitKind}


def at(seconds: float) -> datetime:
    """So many seconds after the callout opened."""
    return START + timedelta(seconds=seconds)


def since(moment: datetime) -> int:
    """The seconds from the callout's opening."""
    return int((moment - START).total_seconds())


def ref(post: Post) -> PostRef:
    """The post in the only unit of its kind."""
    return PostRef(UNITS[post.unit_kind], post)


def means(channel: Channel, address: str) -> Means:
    """One way to one address."""
    return Means(channel, AddressId(address))


def called(
    name: str, post: Post, *, channels: tuple[Channel, ...] = ALL, numbers: int = 1
) -> Called:
    """Somebody in a post; his numbers are name1, name2.., in roster order."""
    ways = tuple(
        means(channel, f"{name}{number}")
        for number in range(1, numbers + 1)
        for channel in channels
    )
    return Called(person=PersonId(name), post=post, means=ways)


A = called("a", Post.GRID_LEAD)
B = called("b", Post.GRID_BACKUP)
HEAD = called("head", Post.VILLAGE_HEAD)
WATCHMAN = called("watchman", Post.VILLAGE_DUTY)
TOWN = called("town", Post.TOWNSHIP_DUTY)
COUNTY = called("county", Post.COUNTY_DUTY)
LEADER = called("leader", Post.COUNTY_LEADER)
RANGER = called("ranger", Post.FOREST_RANGER)
EVERYBODY = (A, B, HEAD, WATCHMAN, TOWN, COUNTY, LEADER)


def duty(
    *people: Called, routes: Iterable[Channel] = ALL, desk: Called | None = COUNTY
) -> Duty:
    """These people on duty, each in his post; without any, everybody."""
    holders: dict[PostRef, tuple[Called, ...]] = {}
    for one in people or EVERYBODY:
        where = ref(one.post)
        holders[where] = (*holders.get(where, ()), one)
    return Duty(holders=holders, routes=frozenset(routes), desk=desk)


SHANGHAI = "Asia/Shanghai"  # START is 02:01 there
NIGHT = Night(begins=time(22), ends=time(6, 30), zone=SHANGHAI)
MORNING = 16140  # its end, in seconds after START


def tries(*plan: tuple[int, str]) -> tuple[Try, ...]:
    """Tries from (seconds, channels with blanks between)."""
    return tuple(
        Try(at=seconds, do=tuple(map(Channel, channels.split())))
        for seconds, channels in plan
    )


URGENT = tries((0, "wechat sms voice"), (90, "voice"), (200, "voice"))
TEXT3M = tries((0, "wechat sms"), (180, "voice"), (300, "voice"), (420, "voice"))
DIGEST = tries((0, "wechat sms"), (60, "voice"))
INFO = tries((0, "wechat sms"))


def own(
    seconds: int, *posts: Post, do: tuple[Try, ...] = URGENT, need: int = 1
) -> Rung:
    """A rung of the unit's own posts."""
    return Rung(at=seconds, posts=tuple(map(ref, posts)), tries=do, own=True, need=need)


VILLAGE_POSTS = (ref(Post.VILLAGE_HEAD), ref(Post.VILLAGE_DUTY))
RED = Ladder(
    policy="red by hand",
    rungs=(
        own(0, Post.GRID_LEAD),
        own(180, Post.GRID_BACKUP),
        Rung(
            at=300,
            posts=VILLAGE_POSTS,
            tries=DIGEST,
            via=Via.DIGEST,
            mark=Mark.NOT_AWAKENED,
            task=Task.DOOR_KNOCK,
        ),
        Rung(at=480, posts=(ref(Post.TOWNSHIP_DUTY),), tries=DIGEST, via=Via.DIGEST),
        Rung(
            at=600,
            posts=(ref(Post.COUNTY_DUTY),),
            tries=DIGEST,
            via=Via.DIGEST,
            desk=Mark.MUST_CALL,
        ),
        Rung(at=900, posts=(ref(Post.COUNTY_LEADER),), tries=INFO, via=Via.INFO),
    ),
    repeat=Repeat(every=900, do=(SMS,), most=16, voice_every=1800, voice_most=6),
    taken_result=900,
    received_by=300,
    feedback_by=900,
    must_hear=20,
)
ORANGE = Ladder(
    policy="orange by hand",
    rungs=(
        own(0, Post.GRID_LEAD, do=TEXT3M),
        own(300, Post.GRID_BACKUP),
        Rung(
            at=600,
            posts=VILLAGE_POSTS,
            tries=DIGEST,
            via=Via.DIGEST,
            mark=Mark.NOT_AWAKENED,
            task=Task.DOOR_KNOCK,
        ),
        Rung(at=900, posts=(ref(Post.TOWNSHIP_DUTY),), tries=DIGEST, via=Via.DIGEST),
        Rung(
            at=1200,
            posts=(ref(Post.COUNTY_DUTY),),
            tries=DIGEST,
            via=Via.DIGEST,
            desk=Mark.MUST_CALL,
        ),
    ),
    repeat=Repeat(every=1800, do=(SMS,), most=8, voice_every=3600, voice_most=4),
    taken_result=1800,
    received_by=600,
    feedback_by=900,
    must_hear=20,
)


BESIDE = replace(
    RED,
    policy="beside by hand",
    rungs=(own(0, Post.FOREST_RANGER), *RED.rungs[2:]),
    beside=True,
)


def small(*rungs: Rung, feedback_by: int | None = 900) -> Ladder:
    """A ladder of these rungs, with red's other settings."""
    return Ladder(
        policy="small",
        rungs=rungs,
        repeat=RED.repeat,
        taken_result=900,
        received_by=300,
        feedback_by=feedback_by,
        must_hear=20,
    )


BOTH = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2))


def opening(
    ladder: Ladder = RED,
    *,
    post: Post = Post.GRID_LEAD,
    state: State = State.WAITING,
    name: str = "c",
) -> Opened:
    """The first fact of a callout of a red warning."""
    return Opened(
        at=START,
        id=CalloutId(name),
        alert=AlertId("alert"),
        chain=ChainId("chain"),
        epoch=1,
        unit=UNITS[post.unit_kind],
        post=post,
        level=Level.RED,
        policy_level=Level.RED,
        drill=False,
        risk=1,
        ladder=ladder,
        state=state,
    )


class Life:
    """A callout living: it takes events at their seconds and keeps all its facts."""

    def __init__(
        self, first: Opened | None = None, on_duty: Duty | None = None
    ) -> None:
        first = first or opening()
        self.facts: list[Fact] = [first]
        self.callout = opened(first)
        self.duty = on_duty or duty()

    def happen(self, event: Event, seconds: float) -> tuple[Fact, ...]:
        """Let an event happen and give back what followed."""
        followed = decide(self.callout, event, at(seconds))
        for fact in followed:
            self.callout = evolve(self.callout, fact)
        self.facts.extend(followed)
        return followed

    def wake(self, seconds: float) -> tuple[Fact, ...]:
        """Do what is due by then in one go, as after an outage."""
        return self.happen(DeadlineReached(duty=self.duty), seconds)

    def silence(self, until: int, *, rings_out: bool = True) -> tuple[Fact, ...]:
        """Nobody says a word: each due second is met exactly.

        :param rings_out: every telephone rings in vain at once; else calls wait
        """
        before = len(self.facts)
        while (due := next_due(self.callout)) and due.at <= at(until):
            self.wake(since(due.at))
            if rings_out:
                self.ring_out(since(due.at))
        return tuple(self.facts[before:])

    def ring_out(self, seconds: float) -> None:
        """Every telephone that rings, or waits to, has rung in vain."""
        while waiting := self.calls():
            for name in waiting:
                self.placed(name, seconds)
                self.unreached(name, seconds)

    def calls(self) -> list[str]:
        """The calls that wait or ring, named without the callout's id."""
        return [
            one.id.partition(".")[2]
            for one in self.callout.attempts
            if one.channel is VOICE and one.under_way
        ]

    def placed(self, name: str, seconds: float) -> tuple[Fact, ...]:
        """A call begins to ring."""
        return self.report(name, Progress.ACCEPTED, seconds)

    def unreached(self, name: str, seconds: float) -> tuple[Fact, ...]:
        """A call was busy, or nobody pressed a key."""
        return self.report(name, Progress.FAILED, seconds, FailureKind.UNREACHED)

    def held_back(self, name: str, seconds: float) -> tuple[Fact, ...]:
        """A call was given up before it was placed."""
        return self.report(name, Progress.FAILED, seconds, FailureKind.HELD_BACK)

    def report(
        self,
        name: str,
        progress: Progress,
        seconds: float,
        failure: FailureKind | None = None,
    ) -> tuple[Fact, ...]:
        """A provider tells of an attempt, named without the callout's id."""
        attempt = AttemptId(f"{self.callout.id}.{name}")
        return self.happen(
            Reported(attempt=attempt, progress=progress, failure=failure), seconds
        )

    def dead(self, name: str, seconds: float) -> tuple[Fact, ...]:
        """The address of an attempt can't be reached."""
        return self.report(
            name, Progress.FAILED, seconds, FailureKind.PERMANENT_ADDRESS
        )

    def say(
        self,
        person: str,
        meaning: Meaning,
        seconds: float,
        *,
        people: int | None = None,
        address: str | None = None,
    ) -> tuple[Fact, ...]:
        """A person says something by text."""
        return self.happen(
            said(person, meaning, people=people, address=address), seconds
        )


def lone_lead(numbers: int = 1, *, seconds: int = 0) -> Life:
    """A lead alone, with so many numbers; so many seconds on, no call has begun."""
    on_duty = duty(called("a", Post.GRID_LEAD, numbers=numbers), desk=None)
    life = Life(opening(small(own(0, Post.GRID_LEAD))), on_duty)
    life.silence(seconds, rings_out=False)
    return life


def said(
    person: str,
    meaning: Meaning,
    *,
    people: int | None = None,
    address: str | None = None,
) -> Answered:
    """What a person says by text."""
    return Answered(
        person=PersonId(person),
        meaning=meaning,
        evidence=Evidence.SMS_CODE,
        figures=NO_FIGURES if people is None else Figures(people=people),
        address=None if address is None else AddressId(address),
    )


def planned(story: Iterable[Fact]) -> list[tuple[int, str]]:
    """Attempts as (seconds, id without the callout's)."""
    return [
        (since(fact.at), fact.attempt.partition(".")[2])
        for fact in story
        if isinstance(fact, facts.AttemptPlanned)
    ]


def rings(story: Iterable[Fact]) -> list[tuple[int, str]]:
    """Calls as (seconds, id without the callout's)."""
    return [one for one in planned(story) if f".{VOICE}." in one[1]]


def skipped(story: Iterable[Fact]) -> list[tuple[int, str]]:
    """Tries not made, as (seconds, "person channel reason")."""
    return [
        (since(fact.at), f"{fact.person} {fact.channel} {fact.reason}")
        for fact in story
        if isinstance(fact, facts.AttemptSkipped)
    ]


def kinds(story: Iterable[Fact]) -> list[str]:
    """The kinds of facts, in order."""
    return [fact.kind for fact in story]


def milestones(story: Iterable[Fact]) -> list[tuple[int, str]]:
    """What the board would show, as (seconds, words)."""
    return [(since(fact.at), words) for fact in story if (words := _words(fact))]


def _words(fact: Fact) -> str:
    match fact:
        case facts.RungReached(rung=rung, cause=cause):
            return f"rung {rung} by {cause}"
        case facts.Marked(mark=mark):
            return f"mark {mark}"
        case facts.TaskRaised(task=task, assignee=assignee):
            return f"task {task} for {assignee}"
        case facts.HandedToDesk(owner=owner):
            return f"desk of {owner}"
        case facts.Repeated(number=number, voice=voice):
            return f"repeat {number}{' and ring' if voice else ''}"
        case _:
            return ""
