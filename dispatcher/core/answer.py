"""What a human can say, and how strongly we know that he said it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contacts.model import PersonId


class Meaning(StrEnum):
    """What an answer means; one table for SMS, keys, cards, forms and the desk."""

    RECEIVED = "received"  # 1, 收到
    EVACUATING = "evacuating"  # 2 without a figure: the number is asked
    COMPLETED = "completed"  # 2 with a figure
    DEPLOYED = "deployed"  # township card or form
    NEED_HELP = "need_help"  # 3: awake, and in trouble
    CANNOT_ACT = "cannot_act"  # 4: awake, but can't serve
    WRONG_PERSON = "wrong_person"  # 5: not him
    REPEAT = "repeat"  # 9, voice only: the text again
    OPT_OUT = "opt_out"  # TD: the carrier will block the route
    UNCLEAR = "unclear"  # everything else: kept, shown, no answer
    AUTO_REPLY = "auto_reply"  # a machine wrote it
    QUESTION = "question"  # he asks back

    @property
    def awake(self) -> bool:
        """Whether it counts as an own answer of the person who gave it."""
        return self in AWAKE


AWAKE = frozenset(
    {
        Meaning.RECEIVED,
        Meaning.EVACUATING,
        Meaning.COMPLETED,
        Meaning.DEPLOYED,
        Meaning.NEED_HELP,
    }
)


class Evidence(StrEnum):
    """How an answer is known, strongest first."""

    KEYPRESS = "keypress"
    KEYPRESS_INBOUND = "keypress_inbound"
    CARD_BUTTON = "card_button"
    LINK = "link"
    SMS_EXT_CODE = "sms_ext_code"
    SMS_CODE = "sms_code"
    SMS_BARE = "sms_bare"
    DOOR = "door"
    ON_CONSOLE = "on_console"
    ON_BEHALF = "on_behalf"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an answer tells beside its meaning; None where it tells nothing.

    :ivar households: that were moved, as were ``people``
    :ivar commander: who is in command there
    :ivar villages: how many are affected
    """

    households: int | None = None
    people: int | None = None
    commander: PersonId | None = None
    villages: int | None = None


NO_FIGURES = Figures()
