"""TwiML, as far as the exchange understands it: text in, verbs out.

Stricter than Twilio, who shrugs at an unknown attribute: whatever this page does not
know is a fault, so that a slip in our own documents is seen.
Source: Twilio's TwiML reference for voice (Say, Gather, Pause, Redirect, Hangup).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

CHARACTERS_A_SECOND = 4.5  # of Chinese, read by a machine

LONGEST_DOCUMENT = 65_536  # characters
LONGEST_TEXT = 4_096  # characters of one Say
MOST_VERBS = 100
MOST_DIGITS = 32
LONGEST_WAIT = 600  # seconds of a Pause, or for a key

KEYS = "0123456789*#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A text read aloud."""

    text: str

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return len(self.text) / CHARACTERS_A_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Silence."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """Verbs during which keys count, and some silence after them.

    :ivar action: where the keys are told, against the document's own URL; "" is that
    :ivar digits: how many keys make an answer; None: until the end key or silence
    :ivar seconds: of silence, after the verbs or after a key
    :ivar end_key: ends the answer and is no part of it; empty for none
    :ivar on_empty: no key at all is told too
    """

    verbs: tuple[Say | Pause, ...]
    action: str
    method: str
    digits: int | None
    seconds: int
    end_key: str
    on_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Go on with another document."""

    url: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """End the call."""


Verb = Say | Pause | Gather | Redirect | Hangup


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a document can't be played."""

    reason: str


def read(text: str) -> tuple[Verb, ...] | Fault:
    """Read a document, or tell the first thing wrong with it."""
    try:
        return tuple(_verbs(_root(text)))
    except ET.ParseError as error:
        return Fault(reason=f"TwiML: not XML: {error}")
    except ValueError as error:
        return Fault(reason=f"TwiML: {error}")


def _root(text: str) -> ET.Element:
    if len(text) > LONGEST_DOCUMENT:
        message = f"document of more than {LONGEST_DOCUMENT} characters"
        raise ValueError(message)
    root = ET.fromstring(text)  # noqa: S314  expat bounds entities, and the peer is ours
    if root.tag != "Response":
        message = f"document begins with <{root.tag}>, not with <Response>"
        raise ValueError(message)
    if sum(1 for _ in root.iter()) > MOST_VERBS:
        message = f"more than {MOST_VERBS} verbs"
        raise ValueError(message)
    return root


def _verbs(root: ET.Element) -> Iterator[Verb]:
    _check(root, ())
    for element in root:
        if element.tag not in VERBS:
            message = f"unknown verb <{element.tag}>"
            raise ValueError(message)
        yield VERBS[element.tag](element)


def _say(element: ET.Element) -> Say:
    _check(element, ("language", "voice"))
    _childless(element)
    text = (element.text or "").strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        message = f"<Say> has {len(text)} characters, not 1 to {LONGEST_TEXT}"
        raise ValueError(message)
    return Say(text=text)


def _pause(element: ET.Element) -> Pause:
    _check(element, ("length",))
    _childless(element)
    return Pause(seconds=_number(element, "length", 1, LONGEST_WAIT))


def _gather(element: ET.Element) -> Gather:
    _check(element, GATHER)
    attributes = element.attrib
    _choice(element, "input", ("dtmf",))
    most_digits = _number(element, "numDigits", 0, MOST_DIGITS)
    return Gather(
        verbs=tuple(_nested(element)),
        action=attributes.get("action", ""),
        method=_choice(element, "method", ("POST", "GET")),
        digits=most_digits or None,
        seconds=_number(element, "timeout", 5, LONGEST_WAIT),
        end_key=_choice(element, "finishOnKey", ("#", "", *KEYS)),
        on_empty=_choice(element, "actionOnEmptyResult", ("false", "true")) == "true",
    )


def _nested(element: ET.Element) -> Iterator[Say | Pause]:
    for child in element:
        if child.tag not in NESTED:
            message = f"<Gather> holds <{child.tag}>, not <Say> or <Pause>"
            raise ValueError(message)
        yield NESTED[child.tag](child)


def _redirect(element: ET.Element) -> Redirect:
    _check(element, ("method",))
    _childless(element)
    url = (element.text or "").strip()
    if not url:
        message = "<Redirect> names no URL"
        raise ValueError(message)
    return Redirect(url=url, method=_choice(element, "method", ("POST", "GET")))


def _hangup(element: ET.Element) -> Hangup:
    _check(element, ())
    _childless(element)
    return Hangup()


GATHER = (
    *("action", "method", "numDigits", "timeout", "finishOnKey", "input"),
    "actionOnEmptyResult",
)
NESTED: Mapping[str, Callable[[ET.Element], Say | Pause]] = {
    "Say": _say,
    "Pause": _pause,
}
VERBS: Mapping[str, Callable[[ET.Element], Verb]] = {
    **NESTED,
    "Gather": _gather,
    "Redirect": _redirect,
    "Hangup": _hangup,
}


def _check(element: ET.Element, known: tuple[str, ...]) -> None:
    """Know every attribute.

    :raises ValueError: naming one that is not known
    """
    for name in element.attrib:
        if name not in known:
            message = f"<{element.tag}> has the unknown attribute {name}"
            raise ValueError(message)


def _childless(element: ET.Element) -> None:
    for child in element:
        message = f"<{element.tag}> holds <{child.tag}>"
        raise ValueError(message)


def _choice(element: ET.Element, name: str, known: tuple[str, ...]) -> str:
    """Give an attribute that has one of some values, the first when left out."""
    value = element.get(name, known[0])
    if value not in known:
        message = f"<{element.tag}> has {name} {value!r}, none of {known}"
        raise ValueError(message)
    return value


def _number(element: ET.Element, name: str, default: int, most: int) -> int:
    """Give an attribute that counts from 1; only a default may be less."""
    value = element.get(name)
    if value is None:
        return default
    if not (value.isdecimal() and 1 <= int(value) <= most):
        message = f"<{element.tag}> has {name} {value!r}, no number from 1 to {most}"
        raise ValueError(message)
    return int(value)
