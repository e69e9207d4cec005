"""What an officer does to running callouts: the verbs of the desk, for one or many.

An order is judged against the callout as it stands in the very transaction; one that
can't be followed is a problem that tells why, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.by_hand import Bar, bar_to_escalate, bar_to_retry
from dispatcher.core.callout import Callout, CalloutId, SkipReason, State
from dispatcher.core.decide import decide
from dispatcher.core.event import (
    Answered,
    Duty,
    Escalated,
    Event,
    FeedbackHeard,
    Retried,
    TakenOver,
)
from dispatcher.core.fact import AttemptPlanned, AttemptSkipped
from dispatcher.engine.compose import Desk
from dispatcher.engine.step import chains_of, step
from dispatcher.intake.problem import Problem, problem
from dispatcher.store import callouts

DESK = "desk"  # who takes over where no person of the roster does
UNKNOWN = "unknown_callout"
NOT_ON_LADDER = "not_on_ladder"
NOBODY = "unknown_commander"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """补发: who is being called is tried once more, now."""

    by: str
    channel: Channel | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    """上叫: the next rung is called now."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """接管: the desk takes it over, and owes a result."""

    by: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """代录: what somebody told the desk, typed in for him.

    :ivar person: None: who stands on its first rung, where that is one alone
    :ivar message: what he replied to, where he wrote
    """

    person: PersonId | None
    meaning: Meaning
    how: str
    at: datetime
    note: str
    by: str
    figures: Figures = NO_FIGURES
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """反馈代录: what a post that has answered reported by telephone.

    :ivar person: None: who had answered
    """

    by: str
    figures: Figures
    note: str
    person: PersonId | None = None


Order = Retry | Escalate | TakeOver | OnBehalf | Feedback


def carry_out(
    desk: Desk, orders: Mapping[CalloutId, Order]
) -> dict[CalloutId, Problem]:
    """Carry orders out in one step; gives those that can't be, each with the reason."""
    seen = callouts.load(desk.connection, orders)
    chains = chains_of(desk.connection, {one.callout.chain for one in seen.values()})
    refused: dict[CalloutId, Problem] = {}
    events: dict[CalloutId, tuple[Event]] = {}
    for name, order in orders.items():
        if name not in seen:
            refused[name] = problem(("path",), UNKNOWN, callout=name)
            continue
        callout = seen[name].callout
        beside = callout.ladder.beside
        duty = desk.context.duty(
            callout.unit, chains[callout.chain], desk.now, beside=beside
        )
        judged = _judged(desk, callout, order, duty)
        if isinstance(judged, Problem):
            refused[name] = judged
        else:
            events[name] = (judged,)
    step(desk.connection, desk.context, events, desk.now)
    return refused


def _judged(desk: Desk, callout: Callout, order: Order, duty: Duty) -> Event | Problem:
    """What an order makes happen, or why it can't be followed."""
    match order:
        case Retry():
            return _retried(desk, callout, order, duty)
        case Escalate(by=by, reason=reason):
            bar = bar_to_escalate(callout, desk.now)
            return _barred(callout, bar) if bar else Escalated(reason=reason, by=by)
        case TakeOver(by=by, note=note):
            bar = _bar_to_take(callout)
            event = TakenOver(taker=DESK, message=note, by=by)
            return _barred(callout, bar) if bar else event
        case OnBehalf():
            if callout.state is State.CLOSED:
                return _barred(callout, Bar.CLOSED)
            return _said(desk, callout, order)
        case Feedback():
            return _fed(desk, callout, order)


# Why an order can't be followed -> the word of the problem.
BARRED = {
    Bar.CLOSED: "callout_closed",
    Bar.ANSWERED: "callout_answered",
    Bar.NOTHING_ASKED: "callout_asks_nothing",
    Bar.NOT_BEGUN: "callout_not_begun",
    Bar.TOO_SOON: "asked_just_now",
    Bar.TAKEN: "callout_taken",
    Bar.TOP: "top_rung",
}


def _barred(callout: Callout, bar: Bar) -> Problem:
    taking = callout.taking
    return problem(
        ("path",),
        BARRED[bar],
        callout=callout.id,
        reason=callout.close_reason,
        until=taking.result_by.isoformat() if taking else "",
    )


def _bar_to_take(callout: Callout) -> Bar | None:
    match callout.state:
        case State.CLOSED:
            return Bar.CLOSED
        case State.ANSWERED | State.REPORTED:
            return Bar.ANSWERED
        case State.NOTIFIED:
            return Bar.NOTHING_ASKED
        case State.TAKEN:
            return Bar.TAKEN
        case _:
            return None


def _retried(desk: Desk, callout: Callout, order: Retry, duty: Duty) -> Event | Problem:
    """A retry that would reach nobody is told so in place of being put down as done."""
    if bar := bar_to_retry(callout, desk.now):
        return _barred(callout, bar)
    event = Retried(duty=duty, channel=order.channel, note=order.note, by=order.by)
    facts = decide(callout, event, desk.now)
    if any(isinstance(fact, AttemptPlanned) for fact in facts):
        return event
    skipped = {fact.reason for fact in facts if isinstance(fact, AttemptSkipped)}
    code = next((IDLE[why] for why in IDLE if why in skipped), "nobody_to_retry")
    return problem(("path",), code, callout=callout.id)


IDLE = {
    SkipReason.MERGED: "call_under_way",
    SkipReason.NIGHT: "no_calls_at_night",
}


def _said(desk: Desk, callout: Callout, said: OnBehalf) -> Event | Problem:
    person = said.person or _its_own(callout)
    if person is None:
        return problem(("person",), "person_needed", callout=callout.id)
    if not _stands_on(desk, callout, person):
        return problem(("person",), NOT_ON_LADDER)
    heard = f"{said.how} {said.at.isoformat()} {said.note}".strip()
    if not is_own(desk, callout, person) and said.meaning.awake:
        help_wanted = said.meaning is Meaning.NEED_HELP
        return TakenOver(taker=person, message=heard, help=help_wanted, by=said.by)
    return Answered(
        person=person,
        meaning=said.meaning,
        evidence=Evidence.SHEET if said.how == "sheet" else Evidence.ON_BEHALF,
        figures=said.figures,
        message=said.message,
        note=heard,
        by=said.by,
    )


def _fed(desk: Desk, callout: Callout, order: Feedback) -> Event | Problem:
    if callout.state is State.CLOSED:
        return _barred(callout, Bar.CLOSED)
    if callout.answer is None:
        return problem(("path",), "callout_not_answered", callout=callout.id)
    person = order.person or callout.answer.person
    if not _stands_on(desk, callout, person):
        return problem(("person",), NOT_ON_LADDER)
    commander = order.figures.commander
    if commander and commander not in desk.context.roster.people:
        return problem(("figures", "commander"), NOBODY)
    return FeedbackHeard(
        person=person, figures=order.figures, note=order.note, by=order.by
    )


def _its_own(callout: Callout) -> PersonId | None:
    """Who stands on its first rung; None where that is nobody, or not one alone."""
    first = callout.runs[0].people if callout.runs else ()
    return first[0].person if len(first) == 1 else None


def _stands_on(desk: Desk, callout: Callout, person: PersonId) -> bool:
    """Whether a person is on its ladder: called so far, or in one of its posts now."""
    return any(_fills(desk, callout, person, index) for index in _places(callout))


def is_own(desk: Desk, callout: Callout, person: PersonId) -> bool:
    """Whether a person fills one of the callout's own posts, now or when it rang."""
    own = (index for index in _places(callout) if callout.ladder.rungs[index].own)
    return any(_fills(desk, callout, person, index) for index in own)


def _places(callout: Callout) -> range:
    return range(len(callout.runs))


def _fills(desk: Desk, callout: Callout, person: PersonId, index: int) -> bool:
    roster = desk.context.roster
    called = any(one.person == person for one in callout.runs[index].people)
    return called or any(
        holder.id == person
        for post in callout.ladder.rungs[index].posts
        for holder in roster.holders(post, desk.now)
    )
