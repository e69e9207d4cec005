"""The record and the figures, from facts alone.

Denominators (rules of calling, section 15): ``answered`` counts callouts with an own
answer; ``answer_rate`` is people who answered over people called;
``grid_coverage_rate`` is grids whose own people answered over grids in the area;
``taken`` and ``to_desk`` still tell, once the alert has ended, who had it then. What
was superseded by a stricter alert is told by its successor and counts nowhere here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from channels.contract import Channel
from contacts.model import PersonId, Post, UnitId
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import (
    Callout,
    CalloutId,
    Cause,
    CloseReason,
    Mark,
    Progress,
    Rung,
    State,
    Task,
)
from dispatcher.core.evolve import replay
from dispatcher.core.fact import (
    Answered,
    AttemptPlanned,
    AttemptReported,
    Escalated,
    Fact,
    FeedbackGiven,
    HandedToDesk,
    MeansStruck,
    Opened,
    PeopleChanged,
    PersonStruck,
    Replanned,
    RungReached,
    TakenOver,
    TaskRaised,
)

TYPED = frozenset({Evidence.ON_CONSOLE, Evidence.ON_BEHALF, Evidence.SHEET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """One of a callout's own people, and the post that he was called in."""

    person: PersonId
    post: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A rung above the own people that was reached.

    :ivar by: who called it before its time; None: time did, or nobody below was left
    """

    at: datetime
    people: tuple[PersonId, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the 叫应记录表: one callout.

    :ivar called: own people in the order they were first called
    :ivar attempts: attempts by channel
    :ivar first_delivered_at: as a provider reported it; of a call, that it is over
    :ivar picked_up_at: of the first call in which a key answered; facts know no other
    :ivar recorded_by: who typed the answer in for him; None: it came from himself
    :ivar message: the message that the answer came to
    :ivar seconds: from opening to the answer
    :ivar why_not: reasons that kept people from being reached
    :ivar task_at: when somebody was first sent to the door
    :ivar door_at: when somebody at the door first told that he is awake
    :ivar note: what was written down with answers and feedback
    :ivar taken_on: the message the taker answered, or what the desk wrote down
    :ivar tally: what it adds to the figures
    """

    callout: CalloutId
    unit: UnitId
    post: Post
    state: State
    close_reason: CloseReason | None
    opened_at: datetime
    by: str
    called: tuple[Callee, ...]
    attempts: Mapping[Channel, int]
    first_delivered_at: datetime | None
    picked_up_at: datetime | None
    answered_by: PersonId | None
    answered_at: datetime | None
    meaning: Meaning | None
    evidence: Evidence | None
    recorded_by: str | None
    message: str | None
    seconds: float | None
    in_time: bool | None
    figures: Figures | None
    feedback_at: datetime | None
    why_not: tuple[str, ...]
    escalations: tuple[Escalation, ...]
    taken_by: str | None
    taken_at: datetime | None
    taken_on: str
    desk_at: datetime | None
    tasks: tuple[Task, ...]
    assignees: tuple[PersonId | None, ...]
    task_at: datetime | None
    door_at: datetime | None
    marks: tuple[Mark, ...]
    note: str
    tally: Tally


def row(facts: Sequence[Fact]) -> Row:
    """One line of the record from the facts of one callout."""
    callout = replay(facts)
    answer = callout.answer
    taken = _last(facts, TakenOver)
    desk = _last(facts, HandedToDesk)
    said = [fact for fact in facts if isinstance(fact, Answered)]
    ending = _ending(callout, said)
    return Row(
        callout=callout.id,
        unit=callout.unit,
        post=callout.post,
        state=callout.state,
        close_reason=callout.close_reason,
        opened_at=callout.opened_at,
        by=facts[0].by,
        called=_called(callout, facts),
        attempts=Counter(f.channel for f in facts if isinstance(f, AttemptPlanned)),
        first_delivered_at=_first_delivered(facts),
        picked_up_at=min(_picked_up(said), default=None),
        answered_by=answer.person if answer else None,
        answered_at=answer.at if answer else None,
        meaning=answer.meaning if answer else None,
        evidence=answer.evidence if answer else None,
        recorded_by=ending.by if ending and ending.evidence in TYPED else None,
        message=ending.message if ending else None,
        seconds=seconds(callout),
        in_time=in_time(callout),
        figures=callout.feedback,
        feedback_at=_first(f.at for f in facts if isinstance(f, FeedbackGiven)),
        why_not=tuple(_why_not(facts)),
        escalations=tuple(_escalations(facts)),
        taken_by=taken.taker if taken else None,
        taken_at=taken.at if taken else None,
        taken_on=taken.message if taken else "",
        desk_at=desk.at if desk else None,
        tasks=callout.tasks,
        assignees=tuple(f.assignee for f in facts if isinstance(f, TaskRaised)),
        task_at=_first(f.at for f in facts if isinstance(f, TaskRaised)),
        door_at=_first(one.at for one in said if one.evidence is Evidence.DOOR),
        marks=callout.marks,
        note="; ".join(dict.fromkeys(_notes(facts))),
        tally=tally(callout),
    )


Some = TypeVar("Some")


def _first(found: Iterable[Some]) -> Some | None:
    return next(iter(found), None)


def _last(facts: Iterable[Fact], kind: type[Some]) -> Some | None:
    last = None
    for fact in facts:
        if isinstance(fact, kind):
            last = fact
    return last


def _ending(callout: Callout, said: Iterable[Answered]) -> Answered | None:
    """The fact of the answer that ended the calling."""
    answer = callout.answer
    if answer is None:
        return None
    return _first(f for f in said if (f.person, f.at) == (answer.person, answer.at))


def _notes(facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        if isinstance(fact, Answered | FeedbackGiven) and fact.note:
            yield fact.note


def _picked_up(said: Iterable[Answered]) -> Iterator[datetime]:
    """When calls were picked up in which a key answered."""
    for one in said:
        if one.heard_seconds is not None:
            yield one.at - timedelta(seconds=one.heard_seconds)


def _on_ladders(facts: Iterable[Fact]) -> Iterator[tuple[Fact, tuple[Rung, ...]]]:
    """Each fact with the rungs as they were then: a level that falls replaces them."""
    rungs: tuple[Rung, ...] = ()
    for fact in facts:
        if isinstance(fact, Opened | Replanned):
            rungs = fact.ladder.rungs
        yield fact, rungs


def _called(callout: Callout, facts: Sequence[Fact]) -> tuple[Callee, ...]:
    posts: dict[PersonId, Post] = {}
    tried: dict[PersonId, None] = {}
    for fact, rungs in _on_ladders(facts):
        match fact:
            case RungReached() | PeopleChanged() if rungs[fact.rung].own:
                posts |= {one.person: one.post for one in fact.people}
            case AttemptPlanned() if rungs[fact.rung].own:
                tried[fact.person] = None
            case _:
                pass
    return tuple(Callee(person=p, post=posts.get(p, callout.post)) for p in tried)


def _first_delivered(facts: Iterable[Fact]) -> datetime | None:
    return _first(
        fact.at
        for fact in facts
        if isinstance(fact, AttemptReported) and fact.progress is Progress.DELIVERED
    )


def _why_not(facts: Iterable[Fact]) -> Iterable[str]:
    for fact in facts:
        match fact:
            case MeansStruck(reason=reason):
                yield reason
            case PersonStruck():
                yield Meaning.CANNOT_ACT.value
            case RungReached(people=()):
                yield "nobody_on_duty"
            case _:
                pass


def _escalations(facts: Iterable[Fact]) -> Iterator[Escalation]:
    ordered: dict[int, str] = {}
    for fact, rungs in _on_ladders(facts):
        if isinstance(fact, Escalated):
            ordered[fact.rung] = fact.by
        if isinstance(fact, RungReached) and not rungs[fact.rung].own:
            people = tuple(called.person for called in fact.people)
            by = ordered.get(fact.rung) if fact.cause is Cause.WORD else None
            yield Escalation(at=fact.at, people=people, by=by)


def seconds(callout: Callout) -> float | None:
    """From opening to the answer."""
    if callout.answer is None:
        return None
    return (callout.answer.at - callout.opened_at).total_seconds()


def in_time(callout: Callout) -> bool | None:
    """Whether the answer came before the deadline of the policy's level."""
    taken = seconds(callout)
    return None if taken is None else taken <= callout.ladder.received_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one alert; rates are 0 to 1, None where nobody was asked."""

    callouts: int
    by_state: Mapping[str, int]
    answered: int
    answered_in_time: int
    taken: int
    to_desk: int
    not_awakened: int
    never_rung: int
    grid_coverage_rate: float | None
    answer_rate: float | None
    p50_seconds: float | None
    p90_seconds: float | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one callout adds to the figures: small, and kept beside its state.

    :ivar called: everybody who stood on a rung and could be called
    :ivar heard: everybody who answered, for himself or for those below
    :ivar ended_in: where it stood when it was closed without an own answer
    """

    state: State
    superseded: bool
    grid: bool
    seconds: float | None
    in_time: bool | None
    marks: tuple[Mark, ...]
    attempts: int
    called: tuple[PersonId, ...]
    heard: tuple[str, ...]
    ended_in: State | None = None

    def stood(self, state: State) -> bool:
        """Whether it stands there, or did when the alert ended."""
        return state in {self.state, self.ended_in}


def tally(callout: Callout) -> Tally:
    """What a callout adds to the figures now."""
    return Tally(
        state=callout.state,
        superseded=callout.close_reason is CloseReason.SUPERSEDED,
        grid=callout.post is Post.GRID_LEAD,
        seconds=seconds(callout),
        in_time=in_time(callout),
        marks=callout.marks,
        attempts=callout.attempt_count,
        # The state keeps only the newest attempts; a rung keeps all its people.
        called=tuple(c.person for run in callout.runs for c in run.people if c.means),
        heard=(*(answer.person for answer in callout.answers), *callout.takers),
        ended_in=_ended_in(callout),
    )


def _ended_in(callout: Callout) -> State | None:
    """Closing tells nothing of who had a callout; its taker or the desk still does."""
    if callout.state is not State.CLOSED or callout.answer:
        return None
    if callout.taking:
        return State.TAKEN
    return State.DESK if callout.desk_reminded_at else None


def summary(callouts: Iterable[Callout]) -> Summary:
    """Count what became of the callouts of one alert."""
    return summarise(map(tally, callouts))


def summarise(tallies: Iterable[Tally]) -> Summary:
    """Add the callouts of one alert up."""
    told = [one for one in tallies if not one.superseded]
    waits = sorted(one.seconds for one in told if one.seconds is not None)
    grids = [one for one in told if one.grid]
    states = Counter(one.state for one in told)
    called = {person for one in told for person in one.called}
    heard = {person for one in told for person in one.heard}
    return Summary(
        callouts=len(told),
        by_state={state.value: states[state] for state in State},
        answered=len(waits),
        answered_in_time=sum(one.in_time is True for one in told),
        taken=sum(one.stood(State.TAKEN) for one in told),
        to_desk=sum(one.stood(State.DESK) for one in told),
        not_awakened=sum(Mark.NOT_AWAKENED in one.marks for one in told),
        never_rung=sum(Mark.NEVER_RUNG in one.marks for one in told),
        grid_coverage_rate=rate(sum(g.seconds is not None for g in grids), len(grids)),
        answer_rate=rate(len(called & heard), len(called)),
        p50_seconds=quantile(waits, 0.5),
        p90_seconds=quantile(waits, 0.9),
        attempts=sum(one.attempts for one in told),
    )


def rate(part: int, whole: int) -> float | None:
    """A share to four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank quantile of rising values; None of no values."""
    if not ordered:
        return None
    return ordered[math.ceil(share * len(ordered)) - 1]
