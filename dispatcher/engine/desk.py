"""What an officer, or a key on his behalf, does to running callouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core.alert import Alert, AlertState
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import Callout, CalloutId, CloseReason
from dispatcher.core.event import Answered, Event, TakenOver, Withdrawn
from dispatcher.engine.broadcasting import farewell
from dispatcher.engine.changing import Cause, leave
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import Letter, notice, recipients
from dispatcher.engine.step import step
from dispatcher.store import alerts, callouts, calls, contacted, outbox, questions
from dispatcher.store.outbox import Message

DESK = "desk"  # who takes over where no person of the roster does
ENDED = frozenset(
    {
        AlertState.CANCELLED,
        AlertState.CLOSED,
        AlertState.EXPIRED,
        AlertState.SUPERSEDED,
        AlertState.REJECTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelling:
    """Who ends a warning, and why."""

    by: str
    reason: str


def cancel(desk: Desk, alert: Alert, how: Cancelling) -> Alert:
    """Lift a warning that has not ended yet; see :func:`end`."""
    if alert.state in ENDED:
        return alert
    ending = Ending(
        state=AlertState.CANCELLED,
        why=CloseReason.CANCELLED,
        by=how.by,
        reason=how.reason,
        notice=desk.voice(alert.id).cancel(),
    )
    return end(desk, alert, ending)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a warning ends.

    :ivar notice: what everybody who was reached is told
    :ivar told: people who are told in other words
    :ivar only: of all who were reached, those it is the end for; None: everybody
    """

    state: AlertState
    why: CloseReason
    by: str
    reason: str
    notice: str
    told: frozenset[PersonId] = frozenset()
    only: frozenset[PersonId] | None = None


def end(desk: Desk, alert: Alert, how: Ending) -> Alert:
    """End a warning: nothing new is sent from the commit on, and who was reached hears.

    Waiting messages die in this very transaction. Everybody who was contacted, or may
    have been, is told once by text.
    """
    connection, now = desk.connection, desk.now
    ended = replace(
        alert,
        state=how.state,
        due_at=None,
        ended_at=now,
        ended_by=how.by,
        end_reason=how.reason,
    )
    alerts.save(connection, ended, now)
    if _goes_on(connection, alert):
        cause = Cause(by=how.by, why=how.why)
        left = leave(desk, alert.chain, cause)
        outbox.put(connection, _notices(desk, alert, replace(how, only=left)))
        return ended
    names = callouts.open_of_chain(connection, alert.chain)
    withdrawn = Withdrawn(reason=how.why, by=how.by)
    step(connection, desk.context, dict.fromkeys(names, (withdrawn,)), now)
    outbox.drop_chain(connection, alert.chain, how.why.value)
    calls.settle(connection, names)
    questions.close_chain(connection, alert.chain, now)
    outbox.put(connection, _notices(desk, alert, how))
    farewell(desk, alert, how.notice)
    return ended


def _goes_on(connection: Connection, alert: Alert) -> bool:
    """Whether another alert of the chain is still live."""
    return any(
        other.state is AlertState.ACTIVE and other.id != alert.id
        for other in alerts.of_chain(connection, alert.chain)
    )


def tell_left(desk: Desk, alert: Alert, ended: Sequence[CalloutId]) -> None:
    """Tell whom an alert that follows another one leaves out that it is over there."""
    left = contacted.people_left(desk.connection, alert.chain, ended) if ended else ()
    if left:
        how = Ending(
            state=AlertState.CANCELLED,
            why=CloseReason.CANCELLED,
            by=alert.received_by,
            reason="",
            notice=desk.voice(alert.id).cancel(),
            only=frozenset(left),
        )
        outbox.put(desk.connection, _notices(desk, alert, how))


def _notices(desk: Desk, alert: Alert, how: Ending) -> list[Message]:
    voice = desk.voice(alert.id)
    written = {
        Channel.SMS: how.notice,
        Channel.WECHAT: voice.card(how.notice),
        Channel.VOICE: voice.call_notice(how.notice),
    }
    return [
        replace(
            notice(
                desk,
                alert,
                Letter(
                    how.why.value,
                    written[one.means.channel],
                    one.person,
                    one.means.address,
                    one.means.channel,
                ),
            ),
            due_at=one.due_at,
        )
        for one in recipients(desk, alert)
        if one.person not in how.told and (how.only is None or one.person in how.only)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """What somebody told the desk, typed in for him.

    :ivar message: what he replied to, where he wrote
    """

    person: PersonId
    meaning: Meaning
    how: str
    at: datetime
    note: str
    by: str
    figures: Figures = NO_FIGURES
    message: str | None = None


def record_on_behalf(desk: Desk, callout: Callout, said: OnBehalf) -> CalloutId:
    """Let an answer count that was heard by telephone, radio or face to face."""
    event = _event(desk, callout, said)
    step(desk.connection, desk.context, {callout.id: (event,)}, desk.now)
    return callout.id


def _event(desk: Desk, callout: Callout, said: OnBehalf) -> Event:
    heard = f"{said.how} {said.at.isoformat()} {said.note}".strip()
    if not is_own(desk, callout, said.person) and said.meaning.awake:
        help_wanted = said.meaning is Meaning.NEED_HELP
        return TakenOver(taker=said.person, message=heard, help=help_wanted, by=said.by)
    return Answered(
        person=said.person,
        meaning=said.meaning,
        evidence=Evidence.SHEET if said.how == "sheet" else Evidence.ON_BEHALF,
        figures=said.figures,
        message=said.message,
        note=heard,
        by=said.by,
    )


def take_over(desk: Desk, name: CalloutId, note: str, by: str) -> None:
    """Let the desk take a callout over, and owe a result."""
    event = TakenOver(taker=DESK, message=note, by=by)
    step(desk.connection, desk.context, {name: (event,)}, desk.now)


def is_own(desk: Desk, callout: Callout, person: PersonId) -> bool:
    """Whether a person fills one of the callout's own posts, now or when it rang."""
    rungs = zip(callout.ladder.rungs, callout.runs, strict=True)
    return any(
        rung.own
        and (
            any(called.person == person for called in run.people)
            or any(
                holder.id == person
                for ref in rung.posts
                for holder in desk.context.roster.holders(ref, desk.now)
            )
        )
        for rung, run in rungs
    )
