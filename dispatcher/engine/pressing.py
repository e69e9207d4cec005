"""Answers by keys and buttons: what was pressed is known, and to which message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Keyed, Pressed, RangBack
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import Progress
from dispatcher.engine.answering import Spoken
from dispatcher.engine.compose import Desk
from dispatcher.engine.conversation import Phase, Place
from dispatcher.engine.outcome import reported, tell
from dispatcher.intake.keys import figures_of, meaning_of
from dispatcher.store import heard, people, questions, spoken

SAYS_SOMETHING = frozenset(
    {
        Meaning.RECEIVED,
        Meaning.EVACUATING,
        Meaning.COMPLETED,
        Meaning.NEED_HELP,
        Meaning.CANNOT_ACT,
        Meaning.WRONG_PERSON,
    }
)


def _read(keyed: Keyed) -> tuple[Place, Meaning, Figures] | None:
    """What keys say; None when they are no answer, or came before it was asked."""
    place = Place.parse(keyed.place)
    if place is None or place.phase is Phase.OPENING:
        return None
    if place.phase is Phase.NUMBER:
        figures = figures_of(keyed.keys)
        return (place, Meaning.COMPLETED, figures) if figures else None
    meaning = meaning_of(keyed.keys)
    return (place, meaning, NO_FIGURES) if meaning in SAYS_SOMETHING else None


def note_keys(connection: Connection, keys: Sequence[tuple[Keyed, datetime]]) -> None:
    """A human was on the telephone for these messages: their calls have not failed."""
    read = {found[0].message: at for keyed, at in keys if (found := _read(keyed))}
    spoken.keyed(connection, read)


def hear_keys(desk: Desk, keyed: Keyed, at: datetime, answers: list[Spoken]) -> str:
    """Let a key answer the message it was pressed in; returns what it was taken for."""
    found = _read(keyed)
    if found is None:
        return "no_answer"
    place, meaning, figures = found
    asked = heard.asked(desk.connection, place.message)
    if asked is None or asked.number != keyed.number:
        return "no_message"
    ours = keyed.message is not None
    begun = asked.picked_up_at
    spoken = Spoken(
        question=questions.by_id(desk.connection, [asked.question])[asked.question],
        meaning=meaning,
        evidence=Evidence.KEYPRESS if ours else Evidence.KEYPRESS_INBOUND,
        received_at=at,
        figures=figures,
        message=asked.message,
        address=asked.address,
        heard_seconds=(at - begun).total_seconds() if ours and begun else None,
    )
    answers.append(spoken)
    return meaning.value


def hear_button(
    desk: Desk, pressed: Pressed, at: datetime, answers: list[Spoken]
) -> str:
    """Let a card's button answer; returns what it was taken for."""
    asked = heard.asked(desk.connection, pressed.message)
    # WeCom takes no notice of an account's case; the roster has it as it was given.
    if asked is None or asked.number.casefold() != pressed.account.casefold():
        return "no_message"
    meaning = meaning_of(pressed.key)
    spoken = Spoken(
        question=questions.by_id(desk.connection, [asked.question])[asked.question],
        meaning=meaning,
        evidence=Evidence.CARD_BUTTON,
        received_at=at,
        message=asked.message,
        address=asked.address,
    )
    answers.append(spoken)
    return meaning.value


def ring_back(desk: Desk, rang: RangBack, at: datetime) -> str:
    """Who rings us hears what waits for him: his own call need not be placed."""
    if not people.holders_of(desk.connection, [rang.number])[rang.number]:
        return "unknown_sender"
    waiting = spoken.to_number(desk.connection, rang.number)
    spoken.read_out(desk.connection, waiting, at)
    told = reported(Progress.DELIVERED, None, spoken.RANG_BACK)
    tell(desk.connection, desk.context, dict.fromkeys(waiting, told), desk.now)
    return spoken.RANG_BACK
