"""From a stored message to what its provider takes: title, buttons, validity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from channels.contract import Button, Channel, Outgoing
from config.texts import TextName, Texts
from dispatcher.engine.context import Context
from dispatcher.store.outbox import About, Sending

VALID_SECONDS = 3600  # how long a provider may keep trying a text without an end

# The keys of a card are those of a telephone.
BUTTONS: Mapping[About, tuple[tuple[TextName, str], ...]] = {
    About.OWN: (
        (TextName.BUTTON_RECEIVED, "1"),
        (TextName.BUTTON_NEED_HELP, "3"),
        (TextName.BUTTON_CANNOT_ACT, "4"),
    ),
    About.DIGEST: (
        (TextName.BUTTON_TAKING, "1"),
        (TextName.BUTTON_NEED_HELP, "3"),
        (TextName.BUTTON_CANNOT_ACT, "4"),
    ),
}


def outgoing_of(context: Context, message: Sending, now: datetime) -> Outgoing:
    """A message as its provider takes it."""
    left = message.not_after - now if message.not_after else None
    card = message.channel is Channel.WECHAT
    title, _, text = message.text.partition("\n") if card else ("", "", message.text)
    return Outgoing(
        id=message.id,
        to=message.number,
        text=text or title,
        valid_seconds=int(left.total_seconds()) if left else VALID_SECONDS,
        title=title if text else "",
        buttons=buttons_of(context.texts, message.about) if card else (),
        link=context.link(message.question) if card and message.question else "",
    )


def buttons_of(texts: Texts, about: About) -> tuple[Button, ...]:
    """What can be pressed under a card."""
    return tuple(Button(texts.say(name), key) for name, key in BUTTONS.get(about, ()))
