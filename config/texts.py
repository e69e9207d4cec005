"""All texts the engine sends, in one table: ``config/texts/zh.yaml``.

A text and its declared fields are compared when the table is loaded, so a text that
would fail in the night of the flood fails at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from string import Formatter

from config.document import read


class TextName(StrEnum):
    """The texts by name."""

    OWN = "own"  # to the people of a unit: the warning itself
    DIGEST = "digest"  # to a superior: whom he owes answers for
    DIGEST_ADDED = "digest_added"  # the same, with new ones
    DIGEST_OWN = "digest_own"  # the same, with the part he holds himself
    INFO = "info"  # to a superior: nothing asked
    HELP = "help"  # to the unit above: somebody is in trouble
    CANCEL = "cancel"  # the warning is lifted
    CORRECTION = "correction"  # the warning was sent by mistake
    EXPIRED = "expired"  # the warning has run out
    EXPIRY_ASK = "expiry_ask"  # to the desk: it runs out soon
    NO_EXPIRY_ASK = "no_expiry_ask"  # to the desk: it gave no end and goes on
    RENEWED = "renewed"  # to the desk: nobody said anything, so it goes on by itself
    CANCEL_CONFIRM = "cancel_confirm"  # to the desk: a machine has lifted a red warning
    EXPIRED_DESK = "expired_desk"  # to the desk: it has run out, and who never answered
    BROADCAST_OPENING = "broadcast_opening"  # to a group: a warning is called out
    BROADCAST_TOLD = "broadcast_told"  # to a group: likewise, and nothing is asked
    BROADCAST_SUMMARY = "broadcast_summary"  # to a group: how many have answered
    FEEDBACK_REMINDER = "feedback_reminder"  # answered, but no figures yet
    DESK_REMINDER = "desk_reminder"  # to the owner of what the ladder left open
    TASK = "task"  # to who has to knock at doors
    CALL_OPENING = "call_opening"  # spoken: who calls, and what to do
    CALL_OWN = "call_own"  # spoken: the warning itself
    CALL_DIGEST = "call_digest"  # spoken: whom a superior owes answers for
    CALL_DIGEST_OWN = "call_digest_own"  # spoken: the same, with his own part
    CALL_HELP = "call_help"  # spoken: somebody is in trouble
    CALL_NOTICE = "call_notice"  # spoken: a notice, nothing is asked
    CALL_GOODBYE = "call_goodbye"  # spoken: no key came
    CALL_SETTLED = "call_settled"  # spoken: it was settled while the telephone rang
    CALL_NOTHING = "call_nothing"  # spoken to who rings back in vain
    KEY_RECEIVED = "key_received"  # spoken after a key: 1
    KEY_EVACUATING = "key_evacuating"  # 2: the number is asked
    KEY_COUNTED = "key_counted"  # and was given
    KEY_NEED_HELP = "key_need_help"  # 3
    KEY_NOTED = "key_noted"  # 4 and 5
    KEY_UNCLEAR = "key_unclear"  # any other
    CARD_TITLE = "card_title"  # first line of a card
    BUTTON_RECEIVED = "button_received"
    BUTTON_TAKING = "button_taking"
    BUTTON_NEED_HELP = "button_need_help"
    BUTTON_CANNOT_ACT = "button_cannot_act"
    TRIAL = "trial"  # an officer tries a channel
    CALL_TRIAL_OPENING = "call_trial_opening"  # the same by telephone: first sentence
    CALL_TRIAL = "call_trial"  # and the rest
    REPLY = "reply"  # the frame of everything said back
    NTH = "nth"  # part: which time this is said
    ASK = "ask"  # part: the keys
    ASK_CODE = "ask_code"  # part: the keys where several questions are open
    TOLD = "told"  # part: instead of the keys, where nothing is asked
    DIGEST_ASK = "digest_ask"  # part: an answer takes over
    DIGEST_ASK_CODE = "digest_ask_code"  # part: the same with a code
    DIGEST_OWN_ASK = "digest_own_ask"  # part: an answer counts and takes over
    DIGEST_OWN_ASK_CODE = "digest_own_ask_code"  # part: the same with a code
    CHOICE = "choice"  # part: one of several open questions
    DRILL_WORDS = "drill_words"  # part: the first words of a drill
    DRILL_SPOKEN = "drill_spoken"  # part: the first words of a drill by telephone
    ASK_WHICH = "ask_which"  # said back: a bare answer could mean several
    NOTICE_REPLY = "notice_reply"  # said back: a notice needs no answer
    LATE_REPLY = "late_reply"  # said back: the question is closed
    UNCLEAR_REPLY = "unclear_reply"  # said back: not understood, no answer
    EVACUATE_ASK = "evacuate_ask"  # said back: how many people


ABOUT = ("signature", "drill", "event", "level")

FIELDS: Mapping[TextName, frozenset[str]] = {
    name: frozenset(fields)
    for name, fields in {
        TextName.OWN: (*ABOUT, "nth", "place", "watch", "instruction", "ask"),
        TextName.DIGEST: (*ABOUT, "place", "count", "ask"),
        TextName.DIGEST_ADDED: (*ABOUT, "place", "added", "count", "ask"),
        TextName.DIGEST_OWN: (*ABOUT, "own", "place", "count", "ask"),
        TextName.INFO: (*ABOUT, "count", "place"),
        TextName.TASK: (*ABOUT, "count", "place"),
        TextName.CALL_OPENING: (*ABOUT, "action"),
        TextName.CALL_OWN: ("place", "watch", "instruction"),
        TextName.CALL_DIGEST: ("place", "count"),
        TextName.CALL_DIGEST_OWN: ("own", "place", "count"),
        TextName.CALL_HELP: ("place", "name"),
        TextName.CALL_NOTICE: ("signature", "text"),
        TextName.CALL_GOODBYE: (),
        TextName.CALL_SETTLED: (),
        TextName.CALL_NOTHING: ("signature",),
        TextName.KEY_RECEIVED: (),
        TextName.KEY_EVACUATING: (),
        TextName.KEY_COUNTED: ("count",),
        TextName.KEY_NEED_HELP: (),
        TextName.KEY_NOTED: (),
        TextName.KEY_UNCLEAR: (),
        TextName.CARD_TITLE: ("drill", "event", "level"),
        TextName.BUTTON_RECEIVED: (),
        TextName.BUTTON_TAKING: (),
        TextName.BUTTON_NEED_HELP: (),
        TextName.BUTTON_CANNOT_ACT: (),
        TextName.HELP: ("signature", "drill", "place", "name"),
        TextName.CANCEL: (*ABOUT, "issuer"),
        TextName.CORRECTION: (*ABOUT, "issuer"),
        TextName.EXPIRED: (*ABOUT, "issuer"),
        TextName.EXPIRY_ASK: (*ABOUT, "at", "count"),
        TextName.NO_EXPIRY_ASK: (*ABOUT, "hours", "count"),
        TextName.RENEWED: (*ABOUT, "at", "count"),
        TextName.CANCEL_CONFIRM: (*ABOUT, "count"),
        TextName.EXPIRED_DESK: (*ABOUT, "count"),
        TextName.BROADCAST_OPENING: (*ABOUT, "place", "reach", "instruction"),
        TextName.BROADCAST_TOLD: (*ABOUT, "place", "reach", "instruction"),
        TextName.BROADCAST_SUMMARY: (*ABOUT, "place", "answered", "count"),
        TextName.FEEDBACK_REMINDER: ("signature", "drill", "event", "place"),
        TextName.DESK_REMINDER: ("signature", "drill", "count"),
        TextName.TRIAL: ("signature", "at"),
        TextName.CALL_TRIAL_OPENING: ("signature",),
        TextName.CALL_TRIAL: (),
        TextName.REPLY: ("signature", "drill", "text"),
        TextName.NTH: ("n",),
        TextName.ASK: (),
        TextName.ASK_CODE: ("code",),
        TextName.TOLD: (),
        TextName.DIGEST_ASK: (),
        TextName.DIGEST_ASK_CODE: ("code",),
        TextName.DIGEST_OWN_ASK: (),
        TextName.DIGEST_OWN_ASK_CODE: ("code",),
        TextName.CHOICE: ("event", "code"),
        TextName.DRILL_WORDS: (),
        TextName.DRILL_SPOKEN: (),
        TextName.ASK_WHICH: ("count", "choices"),
        TextName.NOTICE_REPLY: (),
        TextName.LATE_REPLY: ("event",),
        TextName.UNCLEAR_REPLY: ("ask",),
        TextName.EVACUATE_ASK: (),
    }.items()
}

# A second 【】 would be read by the carrier as a second signature.
PLAIN_BRACKETS = str.maketrans("【】", "[]")
CLOSING = "。.!！;；,，、 "  # the text has its own punctuation after a field


class TextError(Exception):
    """A text and its fields do not fit; the message names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The table of texts, checked."""

    table: Mapping[TextName, str]

    @classmethod
    def load(cls) -> Texts:
        """Read the table we ship; raises TextError where a text does not fit."""
        source = files("config").joinpath("texts", "zh.yaml")
        return cls.parse(source.read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Texts:
        """Read a table from YAML; raises TextError where a text does not fit."""
        document = read(text)
        for fault in document.faults:
            message = f"line {fault.line}: {fault.what}: {fault.remedy}"
            raise TextError(message)
        given = document.values if isinstance(document.values, dict) else {}
        for name in sorted(given.keys() - set(TextName)):
            message = f"{name}: no such text: remove it"
            raise TextError(message)
        return cls(table={name: _checked(name, given.get(name)) for name in TextName})

    def say(self, name: TextName, /, **fields: str | int) -> str:
        """Fill in a text; every declared field must be given, empty where it has none.

        Raises TextError naming the text and the field that is missing or unknown.
        """
        _compare(name, frozenset(fields), FIELDS[name])
        return self.table[name].format(**{k: _tidy(v) for k, v in fields.items()})


def _checked(name: TextName, text: object) -> str:
    if not isinstance(text, str) or not text:
        message = f"{name}: text is missing: add it to the table"
        raise TextError(message)
    try:
        used = {field for _, field, _, _ in Formatter().parse(text)} - {None}
    except ValueError as error:
        message = f"{name}: {error}: write {{{{ or }}}} for a brace"
        raise TextError(message) from error
    _compare(name, frozenset(map(str, used)), FIELDS[name])
    return text


def _compare(name: TextName, given: frozenset[str], declared: frozenset[str]) -> None:
    for field in sorted(declared - given):
        message = f"{name}: field {field} is missing: add it"
        raise TextError(message)
    for field in sorted(given - declared):
        message = f"{name}: field {field} is unknown: remove it"
        raise TextError(message)


def _tidy(value: str | int) -> str:
    """One line, no brackets of a signature, no punctuation before our own."""
    words = " ".join(str(value).split())
    return words.translate(PLAIN_BRACKETS).rstrip(CLOSING)
