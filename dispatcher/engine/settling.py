"""What an officer does about something on the desk: steps that exist anyway."""

from __future__ import annotations

from dataclasses import dataclass

from channels.contract import Channel
from contacts.model import Person
from dispatcher.core.callout import Callout
from dispatcher.core.todo import Settling
from dispatcher.engine import verbs
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import Letter, notice, written_way
from dispatcher.intake.problem import Problem
from dispatcher.store import alerts, outbox, people, todo
from dispatcher.store.outbox import About
from dispatcher.store.todo import Kept, Settled

REPLY = "reply"  # how an answer was heard that somebody wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """Who settles something, and what he notes."""

    by: str
    note: str = ""


def dismiss(desk: Desk, kept: Kept, how: Deciding) -> bool:
    """Take it off the desk; False: somebody was quicker."""
    return _settle(desk, kept, how, Settling.DISMISSED)


def read_as_answer(
    desk: Desk, kept: Kept, callout: Callout, said: verbs.OnBehalf, how: Deciding
) -> bool | Problem:
    """Let a reply count as an answer on behalf of who wrote it, or tell why not."""
    if not _settle(desk, kept, how, Settling.ANSWERED):
        return False
    barred = verbs.carry_out(desk, {callout.id: said})
    return barred.get(callout.id, True)


def assign(desk: Desk, kept: Kept, person: Person, how: Deciding) -> bool:
    """Tell somebody to see to who is in trouble, by text.

    :raises LookupError: when he can't be written to
    """
    means = written_way(desk, person)
    alert = alerts.find(desk.connection, kept.todo.alert) if kept.todo.alert else None
    if means is None or alert is None:
        message = f"person {person.id} can't be written to"
        raise LookupError(message)
    if not _settle(desk, kept, how, Settling.ASSIGNED):
        return False
    voice = desk.voice(alert.id)
    text = voice.help([kept.todo.unit] if kept.todo.unit else [], _name(desk, kept))
    letter = Letter(
        f"assigned {kept.id}",
        voice.card(text) if means.channel is Channel.WECHAT else text,
        person.id,
        means.address,
        means.channel,
    )
    outbox.put(desk.connection, [notice(desk, alert, letter, About.INFO)])
    return True


def _name(desk: Desk, kept: Kept) -> str:
    who = kept.todo.person
    found = people.find_people(desk.connection, [who]) if who else {}
    return found[who].name if who and who in found else ""


def _settle(desk: Desk, kept: Kept, how: Deciding, what: Settling) -> bool:
    done = Settled(at=desk.now, by=how.by, how=what, note=how.note)
    return todo.settle(desk.connection, kept.id, done)
