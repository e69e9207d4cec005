"""The one place where a callout's state changes: ``evolve(callout, fact)``.

Rule 1: whatever a callout is follows from its facts; nothing else writes it.
Rule 2: a fact never fails. Whether something may happen is decided in
:mod:`dispatcher.core.decide`; what has happened is only taken down here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import TypeVar, assert_never

from channels.contract import Channel, FailureKind
from dispatcher.core.answer import NO_FIGURES, Figures, Meaning
from dispatcher.core.callout import (
    MOST_ATTEMPTS,
    OPEN_STATES,
    PROGRESS_ORDER,
    Answer,
    Attempt,
    Callout,
    Later,
    Mark,
    Progress,
    Rung,
    RungRun,
    State,
    Taking,
)
from dispatcher.core.due import own_rung, repeat_at, start_of
from dispatcher.core.fact import (
    Answered,
    AttemptPlanned,
    AttemptReported,
    AttemptSkipped,
    CallMadeUp,
    CallPutOff,
    Closed,
    DeskReminded,
    Escalated,
    Fact,
    FeedbackGiven,
    FeedbackReminded,
    HandedToDesk,
    HelpTold,
    Marked,
    MeansStruck,
    Opened,
    PeopleChanged,
    PersonStruck,
    Repeated,
    Replanned,
    ReplyNoted,
    Retried,
    RungFlagged,
    RungReached,
    RungStruck,
    TakenOver,
    TakingLapsed,
    TaskRaised,
    TextChanged,
    TryStarted,
)


def opened(fact: Opened) -> Callout:
    """Make the callout that a first fact begins."""
    return Callout(
        id=fact.id,
        alert=fact.alert,
        chain=fact.chain,
        epoch=fact.epoch,
        unit=fact.unit,
        post=fact.post,
        level=fact.level,
        policy_level=fact.policy_level,
        drill=fact.drill,
        risk=fact.risk,
        ladder=fact.ladder,
        opened_at=fact.at,
        state=fact.state,
        runs=tuple(RungRun() for _ in fact.ladder.rungs),
    )


def replay(facts: Iterable[Fact]) -> Callout:
    """Rebuild a callout from all its facts, the first of which opened it.

    :raises ValueError: when the first fact is not :class:`Opened`
    """
    first, *rest = facts
    return reduce(evolve, rest, _begun(first))


def course(facts: Iterable[Fact]) -> Iterator[tuple[datetime, Callout]]:
    """What a callout was after each of its facts, the first of which opened it.

    :raises ValueError: when the first fact is not :class:`Opened`
    """
    first, *rest = facts
    callout = _begun(first)
    yield first.at, callout
    for fact in rest:
        callout = evolve(callout, fact)
        yield fact.at, callout


def _begun(first: Fact) -> Callout:
    if not isinstance(first, Opened):
        message = f"facts of a callout begin with 'opened', not {first.kind!r}"
        raise ValueError(message)  # noqa: TRY004 - the order is wrong, not the type
    return opened(first)


def evolve(callout: Callout, fact: Fact) -> Callout:  # noqa: C901, PLR0911, PLR0912 - a table
    """Take one fact down."""
    match fact:
        case Opened():
            return opened(fact)
        case RungReached():
            return _rung_reached(callout, fact)
        case RungStruck():
            return _rung_struck(callout, fact)
        case RungFlagged(rung=rung):
            return _run(callout, rung, flagged=True)
        case TryStarted(rung=rung, number=number):
            return _run(callout, rung, tries_done=number + 1)
        case PeopleChanged(rung=rung, people=people):
            return _run(callout, rung, people=callout.runs[rung].people + people)
        case AttemptPlanned() | AttemptReported():
            return _attempt(callout, fact)
        case MeansStruck(means=means):
            return replace(callout, struck_means=callout.struck_means | set(means))
        case PersonStruck():
            return _person_struck(callout, fact)
        case Answered():
            return _answered(callout, fact)
        case Retried() | Escalated():
            return _urged(callout, fact)
        case TakenOver() | TakingLapsed():
            return _taking(callout, fact)
        case TextChanged():
            return _text_changed(callout, fact)
        case Replanned():
            return _replanned(callout, fact)
        case HandedToDesk(owner=owner):
            return replace(
                callout, state=State.DESK, owner=owner, desk_reminded_at=fact.at
            )
        case Closed(reason=reason):
            return replace(
                callout, state=State.CLOSED, close_reason=reason, closed_at=fact.at
            )
        case _:
            return _noted(callout, fact)


Noted = (
    Marked
    | TaskRaised
    | Repeated
    | HelpTold
    | FeedbackGiven
    | FeedbackReminded
    | DeskReminded
    | AttemptSkipped
    | CallPutOff
    | CallMadeUp
    | ReplyNoted
)


def _noted(callout: Callout, fact: Noted) -> Callout:  # noqa: C901, PLR0911 - a table
    match fact:
        case Marked(mark=mark):
            return replace(callout, marks=_with(callout.marks, mark))
        case TaskRaised(task=task):
            return replace(callout, tasks=_with(callout.tasks, task))
        case Repeated(number=number, voice=voice):
            return replace(
                callout,
                repeats=number,
                voice_repeats=callout.voice_repeats + voice,
            )
        case HelpTold():
            return replace(callout, help_due=False)
        case FeedbackGiven():
            return _feedback(callout, fact)
        case FeedbackReminded():
            return replace(callout, feedback_reminded=True)
        case DeskReminded():
            return replace(callout, desk_reminded_at=fact.at)
        case CallPutOff() | CallMadeUp():
            return _later(callout, fact)
        case AttemptSkipped() | ReplyNoted():
            return callout
        case _:
            assert_never(fact)


LEFT = frozenset({Progress.ACCEPTED, Progress.DELIVERED})
RANG = frozenset({FailureKind.UNREACHED})  # failures of a call that was placed

Item = TypeVar("Item")


def _with(items: tuple[Item, ...], item: Item) -> tuple[Item, ...]:
    return items if item in items else (*items, item)


def _run(callout: Callout, rung: int, **changes: object) -> Callout:
    return replace(callout, runs=_runs(callout, rung, **changes))


def _runs(callout: Callout, rung: int, **changes: object) -> tuple[RungRun, ...]:
    runs = list(callout.runs)
    runs[rung] = replace(runs[rung], **changes)  # type: ignore[arg-type] # names are RungRun's own
    return tuple(runs)


def _rung_reached(callout: Callout, fact: RungReached) -> Callout:
    calling = callout.state is State.WAITING
    return replace(
        callout,
        runs=_runs(
            callout, fact.rung, started_at=fact.at, tries_done=0, people=fact.people
        ),
        state=State.CALLING if calling else callout.state,
    )


def _rung_struck(callout: Callout, fact: RungStruck) -> Callout:
    callout = _run(callout, fact.rung, struck=True)
    if fact.next is not None and callout.runs[fact.next].by_word:
        return _run(callout, fact.next, by_word=False)  # its flags come forward too
    if fact.next is None or start_of(callout, fact.next) <= fact.at:
        return callout
    return _run(callout, fact.next, starts_at=fact.at)


def _urged(callout: Callout, fact: Retried | Escalated) -> Callout:
    """What an officer's word moves: who is called, never a planned time."""
    if isinstance(fact, Retried):
        return replace(callout, retries=fact.number, retried_at=fact.at)
    callout = replace(callout, escalated_at=fact.at)
    return _run(callout, fact.rung, starts_at=fact.at, by_word=True)


def _attempt(callout: Callout, fact: AttemptPlanned | AttemptReported) -> Callout:
    if isinstance(fact, AttemptPlanned):
        planned = Attempt(
            id=fact.attempt,
            rung=fact.rung,
            person=fact.person,
            channel=fact.channel,
            address=fact.address,
            planned_at=fact.at,
        )
        attempts = _newest((*callout.attempts, planned))
        return replace(
            callout, attempts=attempts, attempt_count=callout.attempt_count + 1
        )
    return replace(
        callout,
        attempts=tuple(
            _further(attempt, fact) if attempt.id == fact.attempt else attempt
            for attempt in callout.attempts
        ),
    )


def _newest(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """Forget the oldest, but no call under way: its outcome moves others."""
    if len(attempts) <= MOST_ATTEMPTS:
        return attempts
    settled = (
        place
        for place, one in enumerate(attempts)
        if one.channel is not Channel.VOICE or not one.under_way
    )
    gone = next(settled, 0)
    return attempts[:gone] + attempts[gone + 1 :]


def _further(attempt: Attempt, fact: AttemptReported) -> Attempt:
    """Only what is further is news: receipts come late and out of order."""
    if PROGRESS_ORDER[fact.progress] <= PROGRESS_ORDER[attempt.progress]:
        return attempt
    placed = fact.progress in LEFT or fact.failure in RANG
    return replace(attempt, progress=fact.progress, placed=attempt.placed or placed)


def _later(callout: Callout, fact: CallPutOff | CallMadeUp) -> Callout:
    """A call is put off, from no time to a time too, or made up for."""
    others = tuple(
        one
        for one in callout.later
        if (one.rung, one.number, one.person) != (fact.rung, fact.number, fact.person)
    )
    if isinstance(fact, CallMadeUp):
        return replace(callout, later=others)
    new = Later(rung=fact.rung, number=fact.number, person=fact.person, at=fact.until)
    return replace(_hushed(callout, fact), later=(*others, new))


def _hushed(callout: Callout, fact: CallPutOff) -> Callout:
    """Who could not be rung at night has not slept through it: marks wait as well."""
    own = callout.ladder.rungs[fact.rung].own
    if not own or own_rung(callout):
        return callout
    return replace(callout, hushed_until=callout.hushed_until or fact.hush)


def _person_struck(callout: Callout, fact: PersonStruck) -> Callout:
    """Who can't act takes nothing over either: his time for a result is up."""
    taking = callout.taking
    if taking and taking.by == fact.person:
        taking = replace(taking, result_by=min(taking.result_by, fact.at))
    struck = callout.struck_people | {fact.person}
    return replace(callout, struck_people=struck, taking=taking)


def _answered(callout: Callout, fact: Answered) -> Callout:
    answer = Answer(
        person=fact.person,
        at=fact.at,
        meaning=fact.meaning,
        evidence=fact.evidence,
        figures=fact.figures,
    )
    callout = replace(callout, answers=(*callout.answers, answer))
    if fact.meaning is Meaning.NEED_HELP and Mark.NEED_HELP not in callout.marks:
        callout = replace(
            callout, marks=(*callout.marks, Mark.NEED_HELP), help_due=True
        )
    if callout.state not in OPEN_STATES or not enough(callout):
        return callout
    return replace(
        callout, state=State.ANSWERED, answer=answer, owner=None, taking=None
    )


def enough(callout: Callout) -> bool:
    """Whether as many own people have answered as some own rung needs.

    An answer by somebody who is on no own rung yet (recorded on behalf of a stand-in)
    counts on every own rung.
    """
    answered = {answer.person for answer in callout.answers}
    own = [
        (_need(rung, run), {called.person for called in run.people})
        for rung, run in zip(callout.ladder.rungs, callout.runs, strict=True)
        if rung.own
    ]
    beside = len(answered.difference(*(people for _, people in own)))
    return any(len(answered & people) + beside >= need for need, people in own)


def _need(rung: Rung, run: RungRun) -> int:
    """All of them where fewer are on duty; who they are is known once it is reached."""
    return min(rung.need, max(1, len(run.people))) if run.started_at else rung.need


def _taking(callout: Callout, fact: TakenOver | TakingLapsed) -> Callout:
    if isinstance(fact, TakenOver):
        taking = Taking(
            by=fact.taker,
            rung=fact.rung,
            at=fact.at,
            result_by=fact.result_by,
            message=fact.message,
        )
        takers = _with(callout.takers, fact.taker)
        return replace(
            callout, state=State.TAKEN, taking=taking, takers=takers, owner=None
        )
    callout = _silenced(replace(callout, state=State.CALLING, taking=None))
    return callout if fact.next is None else _resume(callout, fact.next, fact)


def _silenced(callout: Callout) -> Callout:
    """Tries that a take-over stopped are over: only a rung begun anew calls again."""
    rungs = callout.ladder.rungs
    for index in range(len(rungs)):
        if not rungs[index].own:
            callout = _run(callout, index, tries_done=len(rungs[index].tries))
    later = tuple(one for one in callout.later if rungs[one.rung].own)
    return replace(callout, later=later)


def _resume(callout: Callout, first: int, fact: TakingLapsed) -> Callout:
    """Start rung ``first`` now, those after it at their old distances."""
    rungs = callout.ladder.rungs
    for index in range(first, len(rungs)):
        if rungs[index].own or not rungs[index].posts:
            continue
        starts_at = fact.at + timedelta(seconds=rungs[index].at - rungs[first].at)
        callout = _run(
            callout,
            index,
            starts_at=starts_at,
            started_at=None,
            struck=False,
            round=callout.runs[index].round + 1,
            by_word=False,
        )
    return callout


def _text_changed(callout: Callout, fact: TextChanged) -> Callout:
    """Repeats are counted anew, the first of them with a call: now, or when due."""
    first = fact.at if fact.at_once else repeat_at(callout)
    return replace(
        callout,
        alert=fact.alert,
        texts=callout.texts + 1,
        repeat_from=first,
        repeats=-1,
        voice_repeats=0,
    )


def _replanned(callout: Callout, fact: Replanned) -> Callout:
    """Its clock goes on; what is overdue by the new plan begins one after another."""
    fresh = tuple(RungRun() for _ in fact.ladder.rungs[fact.kept :])
    callout = replace(
        callout,
        alert=fact.alert,
        level=fact.level,
        policy_level=fact.policy_level,
        ladder=fact.ladder,
        runs=callout.runs[: fact.kept] + fresh,
        later=tuple(one for one in callout.later if one.rung < fact.kept),
    )
    return _paced(_spread(callout, fact), fact.at)


def _spread(callout: Callout, fact: Replanned) -> Callout:
    """Let new rungs that are overdue start now and then at their old distances."""
    new = range(fact.kept, len(callout.runs))
    rungs = callout.ladder.rungs
    late = [i for i in new if rungs[i].posts and start_of(callout, i) < fact.at]
    for index in new if late else ():
        distance = max(rungs[index].at - rungs[late[0]].at, 0)
        starts_at = fact.at + timedelta(seconds=distance)
        callout = _run(callout, index, starts_at=starts_at)
    return callout


def _paced(callout: Callout, now: datetime) -> Callout:
    """Count the repeats that the new pace would have made by now as made."""
    while repeat_at(callout) <= now:
        callout = replace(callout, repeats=callout.repeats + 1)
    return callout


def _feedback(callout: Callout, fact: FeedbackGiven) -> Callout:
    callout = replace(callout, feedback=merged(callout.feedback, fact.figures))
    if fact.complete and callout.state is State.ANSWERED:
        return replace(callout, state=State.REPORTED)
    return callout


def merged(known: Figures | None, new: Figures) -> Figures:
    """Keep the newest figure of each kind."""
    known = known or NO_FIGURES
    return Figures(
        households=known.households if new.households is None else new.households,
        people=known.people if new.people is None else new.people,
        commander=new.commander or known.commander,
        villages=known.villages if new.villages is None else new.villages,
    )
