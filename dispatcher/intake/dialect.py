"""Which dialect a warning is written in, and its reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import Certificate
from pydantic_core import from_json

from dispatcher.core.alert import Content
from dispatcher.intake import form
from dispatcher.intake.cap import is_cap, read_cap
from dispatcher.intake.cn12379 import is_cn12379, read_cn12379
from dispatcher.intake.document import NAME_MOST, Element, Parts
from dispatcher.intake.problem import Problem, problem
from dispatcher.intake.signature import Signers, verify
from dispatcher.intake.xml import xml_text, xml_tree


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that was read.

    :ivar strict: JSON, which says all of it itself; other dialects are completed
    :ivar certificate: the one it is signed by, where its sender has any
    :ivar hold: how long it may be taken back before anybody hears of it
    """

    content: Content
    strict: bool
    hold: timedelta = timedelta()
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no document at all."""

    why: Problem


@dataclass(frozen=True, slots=True)
class Unproven:
    """A warning in the name of somebody who signs his own, and did not sign this."""

    sender: str
    why: Problem


Reading = Warned | Unreadable | Unproven | tuple[Problem, ...]


def read_value(body: bytes) -> object:
    """Read any JSON in UTF-8; gives :class:`Unreadable` where it is none."""
    try:
        # Unlike json.loads it takes no lone surrogates and no endless nesting.
        value: object = from_json(body, allow_inf_nan=False)
    except ValueError:
        return Unreadable(problem((), "not_json"))
    return value


def read_json(body: bytes, now: datetime) -> Reading:
    """Read an alert in our own JSON."""
    value = read_value(body)
    if isinstance(value, Unreadable):
        return value
    read = form.parse(value, now)
    if isinstance(read, tuple):
        return read
    return Warned(read, strict=True, hold=form.hold_of(value))


def read_document(
    body: bytes, now: datetime, code_system: str, signers: Signers
) -> Reading:
    """Read an alert in XML; what its root is tells which dialect."""
    text = xml_text(body)
    if isinstance(text, Problem):
        return Unreadable(text)
    root = xml_tree(text)
    if isinstance(root, Problem):
        return Unreadable(root)
    if is_cap(root):
        return _cap(text, root, now, signers)
    if is_cn12379(root):
        read = read_cn12379(root, now, code_system)
        return read if isinstance(read, tuple) else Warned(read, strict=False)
    return (problem((), "dialect_unknown"),)


def _cap(text: str, root: Element, now: datetime, signers: Signers) -> Reading:
    """Read CAP; of a sender who signs, what was signed and only that.

    A signature leaves out itself and nothing else, so the sender it is looked up for
    is the sender that is read.
    """
    sender = Parts(root).text("sender")[:NAME_MOST]
    certificate = None
    if certificates := signers.of(sender):
        signed = verify(text, sender, certificates)
        if isinstance(signed, Problem):
            return Unproven(sender, signed)
        root, certificate = signed.root, signed.certificate
    read = read_cap(root, now)
    if isinstance(read, tuple):
        return read
    return Warned(read, strict=False, certificate=certificate)
