"""Replies that somebody at the desk has to read: no answers, or of nobody asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Reply
from contacts.model import PersonId
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.core.todo import TodoKind
from dispatcher.engine.compose import Desk
from dispatcher.store import callouts, heard, todo, vault
from dispatcher.store.heard import Said
from dispatcher.store.todo import Todo


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One reply, when it was received, and in which callback it is kept."""

    reply: Reply
    received_at: datetime
    callback: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a reply that somebody at the desk has to read is about."""

    person: PersonId | None = None
    alert: AlertId | None = None
    message: str | None = None
    callouts: tuple[CalloutId, ...] = ()
    meaning: Meaning | None = None


UNKNOWN = Matter()


def asked_of(
    desk: Desk, sent: Sequence[Said], meaning: Meaning | None = None
) -> Matter:
    """What was asked of who wrote, and is open still; the last of it is meant."""
    said = [one for one in sent if one.candidate.open]
    if not said:
        return UNKNOWN
    named = heard.named_callouts(desk.connection, {one.question for one in said})
    every = {name for names in named.values() for name in names}
    newest = said[-1]
    return Matter(
        person=PersonId(newest.person),
        alert=newest.alert,
        message=newest.candidate.message,
        callouts=tuple(sorted(callouts.still_open(desk.connection, every))),
        meaning=meaning,
    )


def raise_reply(
    desk: Desk, one: Heard, kind: TodoKind, about: Matter = UNKNOWN
) -> None:
    """Let somebody read it: what a reply says is in its callback."""
    subject = vault.fingerprint(desk.connection, one.reply.event_key)
    raised = Todo(
        kind=kind,
        subject=subject,
        at=one.received_at,
        alert=about.alert,
        person=about.person,
        callouts=about.callouts,
        callback=one.callback,
        meaning=about.meaning,
        message=about.message,
    )
    todo.put(desk.connection, [raised])


def raise_opt_out(desk: Desk, one: Heard, sent: Sequence[Said]) -> None:
    """Who wants no texts any more is still asked something: ring him."""
    about = asked_of(desk, sent, Meaning.OPT_OUT)
    if about.callouts:
        raise_reply(desk, one, TodoKind.OPT_OUT, about)


def raise_unclear(desk: Desk, one: Heard, meant: Said, meaning: Meaning) -> None:
    """What he wrote is no answer to what was asked; somebody may see that it is one."""
    about = asked_of(desk, [meant], meaning)
    if about.callouts:
        raise_reply(desk, one, TodoKind.UNCLEAR_REPLY, about)
