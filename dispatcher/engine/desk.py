"""What an officer, or a key on his behalf, does to running callouts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core.alert import Alert, AlertState, Lane
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import Callout, CalloutId, CloseReason
from dispatcher.core.event import Answered, Event, TakenOver, Withdrawn
from dispatcher.engine.compose import Desk, short_id
from dispatcher.engine.context import Context
from dispatcher.engine.step import step
from dispatcher.store import alerts, callouts, outbox, questions
from dispatcher.store.outbox import About, Message

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
    """End a warning: nothing new is sent from the commit on, and who was reached hears.

    Waiting messages die in this very transaction. Everybody who was contacted, or may
    have been, is told once by text.
    """
    if alert.state in ENDED:
        return alert
    connection, now = desk.connection, desk.now
    ended = replace(
        alert,
        state=AlertState.CANCELLED,
        due_at=None,
        ended_at=now,
        ended_by=how.by,
        end_reason=how.reason,
    )
    alerts.save(connection, ended)
    names = callouts.open_of_chain(connection, alert.chain)
    withdrawn = Withdrawn(reason=CloseReason.CANCELLED, by=how.by)
    step(connection, desk.context, dict.fromkeys(names, (withdrawn,)), now)
    outbox.drop_chain(connection, alert.chain, "cancelled")
    questions.close_chain(connection, alert.chain, now)
    outbox.put(connection, _notices(desk, alert))
    return ended


def _notices(desk: Desk, alert: Alert) -> list[Message]:
    text = desk.voice(alert.id).cancel()
    drill = alert.content.drill
    lane = Lane.DRILL if drill else Lane(alert.policy_level.value)
    return [
        Message(
            id=short_id("cancel", alert.chain, person),
            alert=alert.id,
            chain=alert.chain,
            question=None,
            about=About.NOTICE,
            person=person,
            address=address,
            channel=channel,
            lane=lane,
            place=0,
            level=alert.content.level,
            drill=drill,
            code=None,
            text=text,
            created_at=desk.now,
        )
        for person, address, channel in outbox.contacted(desk.connection, alert.chain)
        if channel is not Channel.VOICE
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """What somebody told the desk, typed in for him."""

    person: PersonId
    meaning: Meaning
    how: str
    at: datetime
    note: str
    by: str
    figures: Figures = NO_FIGURES


def record_on_behalf(
    connection: Connection,
    context: Context,
    callout: Callout,
    said: OnBehalf,
    now: datetime,
) -> CalloutId:
    """Let an answer count that was heard by telephone, radio or face to face."""
    step(connection, context, {callout.id: (_event(context, callout, said),)}, now)
    return callout.id


def _event(context: Context, callout: Callout, said: OnBehalf) -> Event:
    heard = f"{said.how} {said.at.isoformat()} {said.note}".strip()
    if not is_own(context, callout, said.person) and said.meaning.awake:
        help_wanted = said.meaning is Meaning.NEED_HELP
        return TakenOver(taker=said.person, message=heard, help=help_wanted, by=said.by)
    return Answered(
        person=said.person,
        meaning=said.meaning,
        evidence=Evidence.SHEET if said.how == "sheet" else Evidence.ON_BEHALF,
        figures=said.figures,
        note=heard,
        by=said.by,
    )


def is_own(context: Context, callout: Callout, person: PersonId) -> bool:
    """Whether a person fills one of the callout's own posts, now or when it rang."""
    rungs = zip(callout.ladder.rungs, callout.runs, strict=True)
    return any(
        rung.own
        and (
            any(called.person == person for called in run.people)
            or any(
                holder.id == person
                for ref in rung.posts
                for holder in context.roster.holders(ref)
            )
        )
        for rung, run in rungs
    )
