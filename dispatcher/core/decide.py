"""What follows from an event: ``decide(callout, event, now) -> facts``.

Nothing happens here. Facts are returned; the store writes them together with the
messages they ask for, in one transaction, and senders run after the commit. What
falls due by time is in :mod:`dispatcher.core.climb`; this file is what people and
providers say. One table of meanings holds for every channel:

======================  ===========================================================
received, evacuating,   own answer: the callout's calls stop
completed, deployed
need_help               own answer, and the people above are told at once
cannot_act              he is struck for the chain; the others go on
wrong_person            the address is struck on every channel; next means at once
anything else           noted for the desk, the ladder goes on
======================  ===========================================================
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from channels.contract import Channel, FailureKind
from contacts.model import PersonId
from dispatcher.core import fact as facts
from dispatcher.core.answer import NO_FIGURES, Evidence, Meaning
from dispatcher.core.by_hand import escalate, retry
from dispatcher.core.callout import (
    MADE_UP,
    PROGRESS_ORDER,
    Attempt,
    Called,
    Callout,
    Mark,
    Means,
    Progress,
    Purpose,
    Rung,
    SkipReason,
    State,
    Via,
)
from dispatcher.core.climb import (
    HELP_LABEL,
    REMINDER_LABEL,
    TASK_LABEL,
    climb,
    hushed,
)
from dispatcher.core.draft import Call, Draft
from dispatcher.core.due import after, own_people_at, try_at
from dispatcher.core.event import (
    Answered,
    DeadlineReached,
    Escalated,
    Event,
    FeedbackHeard,
    Replanned,
    Reported,
    Retried,
    TakenOver,
    TextChanged,
    Withdrawn,
)
from dispatcher.core.evolve import merged
from dispatcher.core.fact import Fact
from dispatcher.core.feedback import complete


def decide(callout: Callout, event: Event, now: datetime) -> tuple[Fact, ...]:
    """Tell what follows; an event that changes nothing has no facts."""
    draft = Draft(callout, now)
    react(draft, event)
    return tuple(draft.facts)


def react(draft: Draft, event: Event) -> None:  # noqa: C901 - a table
    """Add to a draft what follows from an event."""
    match event:
        case DeadlineReached(duty=duty):
            climb(draft, duty)
        case Reported():
            _reported(draft, event)
        case Answered():
            _answered(draft, event)
        case FeedbackHeard():
            _feedback_heard(draft, event)
        case TakenOver():
            _taken_over(draft, event)
        case Retried():
            retry(draft, event)
        case Escalated():
            escalate(draft, event)
        case TextChanged():
            _text_changed(draft, event)
        case Replanned():
            _replanned(draft, event)
        case Withdrawn():
            _withdrawn(draft, event)
        case _:
            assert_never(event)


def _withdrawn(draft: Draft, event: Withdrawn) -> None:
    if draft.callout.state is not State.CLOSED:
        draft.add(facts.Closed(at=draft.now, by=event.by, reason=event.reason))


NEAR_SECONDS = 120  # a call of its own people that is so near tells the new text


def _text_changed(draft: Draft, event: TextChanged) -> None:
    callout = draft.callout
    if callout.state is State.CLOSED or callout.alert == event.alert:
        return
    near = after(draft.now, NEAR_SECONDS)
    at_once = callout.open and own_people_at(callout) > near
    draft.add(
        facts.TextChanged(at=draft.now, by=event.by, alert=event.alert, at_once=at_once)
    )


def _replanned(draft: Draft, event: Replanned) -> None:
    callout = draft.callout
    if callout.state is State.CLOSED or callout.alert == event.alert:
        return
    kept = max(_reached(callout), 0 if event.ladder.rungs else 1)  # its own people stay
    there = {_place(rung) for rung in callout.ladder.rungs[:kept]}
    new = (rung for rung in event.ladder.rungs if _place(rung) not in there)
    rungs = (*_kept(callout, kept, event), *new)
    draft.add(
        facts.Replanned(
            at=draft.now,
            by=event.by,
            alert=event.alert,
            level=event.level,
            policy_level=event.policy_level,
            ladder=replace(event.ladder, rungs=rungs),
            kept=kept,
        )
    )


def _kept(callout: Callout, kept: int, event: Replanned) -> tuple[Rung, ...]:
    """Rungs that stay; where the new policy has no ladder, their tries are over."""
    rungs = zip(callout.ladder.rungs[:kept], callout.runs[:kept], strict=True)
    if event.ladder.rungs:
        return callout.ladder.rungs[:kept]
    return tuple(replace(rung, tries=rung.tries[: r.tries_done]) for rung, r in rungs)


def _reached(callout: Callout) -> int:
    """How many rungs, from the lowest, have begun, or put something on the board.

    A rung whose people have been told anything counts too: what becomes of that is
    still to come.
    """
    begun = (
        place
        for place, run in enumerate(callout.runs, 1)
        if run.started_at or run.flagged or run.people
    )
    told = (attempt.rung + 1 for attempt in callout.attempts)
    return max((*begun, *told), default=0)


def _place(rung: Rung) -> tuple[object, ...]:
    """What makes a rung of one ladder the same as one of another."""
    return rung.posts or (rung.mark, rung.task, rung.desk)


def _reported(draft: Draft, event: Reported) -> None:
    callout = draft.callout
    attempt = next((a for a in callout.attempts if a.id == event.attempt), None)
    if attempt is None or not _news(attempt, event.progress):
        return
    draft.add(
        facts.AttemptReported(
            at=draft.now,
            attempt=event.attempt,
            progress=event.progress,
            failure=event.failure,
            code=event.code,
        )
    )
    meant, rings = _meant(callout, attempt), attempt.channel is Channel.VOICE
    dead = event.failure is FailureKind.PERMANENT_ADDRESS
    if dead and (callout.open or meant):
        means = Means(attempt.channel, attempt.address)
        _strike_means(draft, attempt.person, (means,), event.code or "dead")
    elif rings and meant and event.failure in NEXT_NUMBER:
        _next_number(draft, attempt)
    if rings:
        _begun(draft, attempt)


NEXT_NUMBER = frozenset({FailureKind.UNREACHED, FailureKind.HELD_BACK})


def _next_number(draft: Draft, failed: Attempt) -> None:
    for called in draft.callout.runs[failed.rung].people:
        if called.person == failed.person:
            _next_means(draft, called, failed)


def _next_means(draft: Draft, called: Called, failed: Attempt) -> None:
    """Try his next address at once, unless another of this try is still good."""
    call, channel = _again(draft.callout, failed), failed.channel
    left = {m.address for m in draft.unstruck(called) if m.channel is channel}
    tried = draft.tried(called, channel, call)
    good = {one.address for one in tried if one.progress is not Progress.FAILED}
    new = left - {one.address for one in tried}
    answered = called.person in draft.answered and failed.label not in SPOKEN
    if not new or good & left or answered:
        return
    if channel is not Channel.VOICE or not hushed(draft, called, call):
        draft.reach(called, channel, call)


# What is no try keeps its way and its purpose at the next address too.
SPOKEN = {
    HELP_LABEL: (Via.INFO, Purpose.HELP),
    REMINDER_LABEL: (Via.OWN, Purpose.REMINDER),
    TASK_LABEL: (Via.INFO, Purpose.TASK),
}


def _again(callout: Callout, failed: Attempt) -> Call:
    plain = (callout.ladder.rungs[failed.rung].via, Purpose.NEXT_MEANS)
    via, purpose = SPOKEN.get(failed.label, plain)
    # A try is made up for once, so that each attempt has a name of its own.
    number = None if failed.label.endswith(MADE_UP) else failed.number
    return Call(failed.rung, failed.label, via, purpose, number=number)


def _begun(draft: Draft, reported: Attempt) -> None:
    """Let what had merged into a call follow it at the old distances.

    A call that was never placed kept the others waiting for nothing: they are due now.
    """
    callout, person = draft.callout, reported.person
    calls = callout.rung_by_telephone(person)
    if not callout.open or any(a.under_way and not a.placed for a in calls):
        return
    placed = any(a.placed for a in calls if a.id == reported.id)
    begun = _planned_at(callout, reported)
    for one in callout.later:
        if one.at is None and one.person == person:
            distance = try_at(callout, one.rung, one.number) - begun
            wait = max(distance, timedelta()) if placed else timedelta()
            draft.put_off(replace(one, at=draft.now + wait), SkipReason.MERGED)


def _planned_at(callout: Callout, attempt: Attempt) -> datetime:
    """When the policy had it, whatever number it is at and however late."""
    if attempt.number is None:
        return attempt.planned_at
    return try_at(callout, attempt.rung, attempt.number)


def _news(attempt: Attempt, progress: Progress) -> bool:
    return PROGRESS_ORDER[progress] > PROGRESS_ORDER[attempt.progress]


def _meant(callout: Callout, attempt: Attempt) -> bool:
    """Whether a try is still wanted: not above a taker, nor after an own answer."""
    match callout.state:
        case State.NOTIFIED:
            return True
        case State.TAKEN:
            own = callout.ladder.rungs[attempt.rung].own
            return own or attempt.label in {HELP_LABEL, TASK_LABEL}
        case State.ANSWERED | State.REPORTED:
            return attempt.label in {HELP_LABEL, REMINDER_LABEL}
        case _:
            return callout.open


def _strike_means(
    draft: Draft,
    person: PersonId,
    means: tuple[Means, ...],
    reason: str,
    by: str = facts.SYSTEM,
) -> None:
    """Strike an address, go on to the person's next one, else up the ladder."""
    draft.add(
        facts.MeansStruck(
            at=draft.now, by=by, person=person, means=means, reason=reason
        )
    )
    last = _last_attempts(draft, person)
    for one in means:
        for rung, called in tuple(draft.people()):
            failed = last.get((rung, one))
            if called.person == person and failed and _meant(draft.callout, failed):
                _next_means(draft, called, failed)
    draft.strike_rungs()


def _last_attempts(draft: Draft, person: PersonId) -> dict[tuple[int, Means], Attempt]:
    """The newest attempt by rung and means: what has to be made good."""
    return {
        (attempt.rung, Means(attempt.channel, attempt.address)): attempt
        for attempt in draft.callout.attempts
        if attempt.person == person
    }


def _answered(draft: Draft, event: Answered) -> None:
    callout = draft.callout
    if event.meaning.awake and callout.state is not State.CLOSED:
        _awake(draft, event)
    elif event.meaning is Meaning.CANNOT_ACT and callout.open:
        draft.add(facts.PersonStruck(at=draft.now, by=event.by, person=event.person))
        draft.strike_rungs()
    elif event.meaning is Meaning.WRONG_PERSON and callout.open:
        means = _said_from(draft, event)
        _strike_means(draft, event.person, means, "wrong_person", event.by)
    else:
        _note(draft, event)


def _note(draft: Draft, event: Answered) -> None:
    draft.add(
        facts.ReplyNoted(
            at=draft.now,
            by=event.by,
            person=event.person,
            meaning=event.meaning,
            message=event.message,
        )
    )


def _awake(draft: Draft, event: Answered) -> None:
    if _said_before(draft.callout, event):
        _note(draft, event)
        return
    draft.add(
        facts.Answered(
            at=draft.now,
            by=event.by,
            person=event.person,
            meaning=event.meaning,
            evidence=event.evidence,
            figures=event.figures,
            message=event.message,
            note=event.note,
            heard_seconds=event.heard_seconds,
        )
    )
    heard = event.heard_seconds
    if heard is not None and heard < draft.callout.ladder.must_hear:
        draft.add(facts.Marked(at=draft.now, mark=Mark.HEARD_PARTLY))
    if event.figures != NO_FIGURES:
        _feedback(draft, event)


def _feedback(draft: Draft, event: Answered) -> None:
    figures = merged(draft.callout.feedback, event.figures)
    draft.add(
        facts.FeedbackGiven(
            at=draft.now,
            by=event.by,
            person=event.person,
            figures=event.figures,
            complete=complete(draft.callout, figures),
        )
    )


def _feedback_heard(draft: Draft, event: FeedbackHeard) -> None:
    callout = draft.callout
    if callout.state not in {State.ANSWERED, State.REPORTED}:
        return
    draft.add(
        facts.FeedbackGiven(
            at=draft.now,
            by=event.by,
            person=event.person,
            figures=event.figures,
            complete=complete(callout, merged(callout.feedback, event.figures)),
            evidence=Evidence.ON_BEHALF,
            note=event.note,
        )
    )


def _said_before(callout: Callout, event: Answered) -> bool:
    """The same words from the same person again are no second answer."""
    return any(
        answer.person == event.person
        and answer.meaning is event.meaning
        and answer.figures == event.figures
        for answer in callout.answers
    )


def _said_from(draft: Draft, event: Answered) -> tuple[Means, ...]:
    """Every means of the address the words came from; all of his, if unknown."""
    means = {
        one: None
        for _, called in draft.people()
        if called.person == event.person
        for one in called.means
        if event.address in {None, one.address}
    }
    return tuple(means)


def _taken_over(draft: Draft, event: TakenOver) -> None:
    if event.help:
        _alarm(draft, event)
    callout = draft.callout
    if not callout.open or callout.state is State.TAKEN:
        return
    rungs = [
        index
        for index, run in enumerate(callout.runs)
        if any(called.person == event.taker for called in run.people)
    ]
    draft.add(
        facts.TakenOver(
            at=draft.now,
            by=event.by,
            taker=event.taker,
            rung=max(rungs, default=None),
            message=event.message,
            result_by=after(draft.now, callout.ladder.taken_result),
        )
    )


def _alarm(draft: Draft, event: TakenOver) -> None:
    """Somebody above is in trouble: the desk has to see it, and to call him."""
    if draft.callout.state is State.CLOSED:
        return
    for mark in (Mark.NEED_HELP, Mark.MUST_CALL):
        if mark not in draft.callout.marks:
            draft.add(facts.Marked(at=draft.now, by=event.by, mark=mark))
