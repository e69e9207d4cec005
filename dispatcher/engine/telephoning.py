"""What a call reads: the messages it was placed for, or what waits for who rings us."""

from __future__ import annotations

from sqlalchemy import Connection

from dispatcher.core.callout import Callout
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.conversation import Conversation, Part
from dispatcher.engine.wording import Owed
from dispatcher.store import callouts, questions, spoken
from dispatcher.store.outbox import About
from dispatcher.store.questions import Kind, Question
from dispatcher.store.spoken import Open

ASKING = frozenset({About.OWN, About.DIGEST})


def spoken_in(connection: Connection, context: Context, call: str) -> Conversation:
    """What a call of ours reads; what was settled while it rang is left out."""
    parts = [
        Part.of(one.id, one.text, asks=one.about in ASKING, wanted=one.open)
        for one in spoken.read_in(connection, call)
    ]
    return Conversation(texts=context.texts, parts=parts)


def spoken_to(desk: Desk, number: str, current: str | None = None) -> Conversation:
    """What waits for somebody who rings us: red first, then the newest.

    :param current: a message that was being read, whatever has become of it since
    """
    found = spoken.open_to(desk.connection, number, desk.now, current)
    asked = questions.by_id(desk.connection, [one.question for one in found])
    parts = [_part(desk, one, asked[one.question], current) for one in found]
    return Conversation(texts=desk.context.texts, parts=parts)


def _part(desk: Desk, one: Open, question: Question, current: str | None) -> Part:
    named = callouts.load(desk.connection, one.callouts)
    text = _text(desk, question, [seen.callout for seen in named.values()])
    return Part.of(one.message, text, asks=True, wanted=one.message != current)


def _text(desk: Desk, question: Question, about: list[Callout]) -> str:
    voice = desk.voice(question.alert)
    person = question.key.person
    mine = [callout.unit for callout in about if _own(callout, person)]
    others = [callout.unit for callout in about if not _own(callout, person)]
    if question.key.kind is Kind.OWN or not others:
        return voice.call_own(mine or others)
    return voice.call_digest(
        Owed(units=others, added=len(others), count=len(others), own=mine)
    )


def _own(callout: Callout, person: str) -> bool:
    """Whether a person was called for a callout as one of its own."""
    rungs = zip(callout.ladder.rungs, callout.runs, strict=True)
    return any(
        rung.own and any(called.person == person for called in run.people)
        for rung, run in rungs
    )
