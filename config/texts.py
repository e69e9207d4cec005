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
    INFO = "info"  # to a superior: nothing asked
    HELP = "help"  # to the unit above: somebody is in trouble
    CANCEL = "cancel"  # the warning is lifted
    FEEDBACK_REMINDER = "feedback_reminder"  # answered, but no figures yet
    DESK_REMINDER = "desk_reminder"  # to the owner of what the ladder left open
    REPLY = "reply"  # the frame of everything said back
    NTH = "nth"  # part: which time this is said
    ASK = "ask"  # part: the keys
    ASK_CODE = "ask_code"  # part: the keys where several questions are open
    TOLD = "told"  # part: instead of the keys, where nothing is asked
    DIGEST_ASK = "digest_ask"  # part: an answer takes over
    DIGEST_ASK_CODE = "digest_ask_code"  # part: the same with a code
    CHOICE = "choice"  # part: one of several open questions
    DRILL_WORDS = "drill_words"  # part: the first words of a drill
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
        TextName.INFO: (*ABOUT, "count", "place"),
        TextName.HELP: ("signature", "drill", "place", "name"),
        TextName.CANCEL: (*ABOUT, "issuer"),
        TextName.FEEDBACK_REMINDER: ("signature", "drill", "event", "place"),
        TextName.DESK_REMINDER: ("signature", "drill", "count"),
        TextName.REPLY: ("signature", "drill", "text"),
        TextName.NTH: ("n",),
        TextName.ASK: (),
        TextName.ASK_CODE: ("code",),
        TextName.TOLD: (),
        TextName.DIGEST_ASK: (),
        TextName.DIGEST_ASK_CODE: ("code",),
        TextName.CHOICE: ("event", "code"),
        TextName.DRILL_WORDS: (),
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
