"""Which dialect a warning is written in, and its reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json

from dispatcher.core.alert import Content
from dispatcher.intake import form
from dispatcher.intake.cap import is_cap, read_cap
from dispatcher.intake.cn12379 import is_cn12379, read_cn12379
from dispatcher.intake.problem import Problem, problem
from dispatcher.intake.xml import read_xml


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that was read.

    :ivar strict: JSON, which says all of it itself; other dialects are completed
    """

    content: Content
    strict: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no document at all."""

    why: Problem


Reading = Warned | Unreadable | tuple[Problem, ...]


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
    return read if isinstance(read, tuple) else Warned(read, strict=True)


def read_document(body: bytes, now: datetime, code_system: str) -> Reading:
    """Read an alert in XML; what its root is tells which dialect."""
    root = read_xml(body)
    if isinstance(root, Problem):
        return Unreadable(root)
    if is_cap(root):
        read = read_cap(root, now)
    elif is_cn12379(root):
        read = read_cn12379(root, now, code_system)
    else:
        return (problem((), "dialect_unknown"),)
    return read if isinstance(read, tuple) else Warned(read, strict=False)
