"""What an officer, or a key on his behalf, does to running callouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core.alert import Alert, AlertState, ChainId
from dispatcher.core.callout import CalloutId, CloseReason
from dispatcher.core.event import Withdrawn
from dispatcher.engine.broadcasting import farewell
from dispatcher.engine.changing import Cause, leave
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import Letter, notice, recipients
from dispatcher.engine.step import step
from dispatcher.store import alerts, callouts, calls, contacted, outbox, questions
from dispatcher.store.outbox import Message

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
    return end(desk, _untied(desk, alert), ending)


CORRECTED = "误发更正: "


def correct(desk: Desk, alert: Alert, how: Cancelling) -> Alert:
    """Take back a warning that was sent by mistake; who was reached hears that it was.

    Where another alert of its chain goes on, everybody whom this one was sent to hears
    it, whatever he still has to answer for.
    """
    reached = contacted.contacts(desk.connection, alert.chain, alert.id)
    ending = Ending(
        state=AlertState.CANCELLED,
        why=CloseReason.CANCELLED,
        by=how.by,
        reason=f"{CORRECTED}{how.reason}",
        notice=desk.voice(alert.id).correction(),
        too=frozenset(one.person for one in reached),
    )
    return end(desk, replace(_untied(desk, alert), mistaken=True), ending)


def _untied(desk: Desk, alert: Alert) -> Alert:
    """A warning that waits to be launched leaves the chain that it had joined.

    It has changed nothing there, and nobody there hears of it.
    """
    return replace(alert, chain=ChainId(alert.id)) if alert.held(desk.now) else alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a warning ends.

    :ivar notice: what everybody who was reached is told
    :ivar told: people who are told in other words
    :ivar only: of all who were reached, those it is the end for; None: everybody
    :ivar too: people who hear of it beside those
    """

    state: AlertState
    why: CloseReason
    by: str
    reason: str
    notice: str
    told: frozenset[PersonId] = frozenset()
    only: frozenset[PersonId] | None = None
    too: frozenset[PersonId] = frozenset()


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
        outbox.put(connection, _notices(desk, alert, replace(how, only=left | how.too)))
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
