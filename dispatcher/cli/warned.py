"""A warning in a file, in whichever dialect: read as the server would, or sent now."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from dispatcher.cli.alerts import JSON, kind_of
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.intake.cap import Cap, is_cap
from dispatcher.intake.cn12379 import BEIJING, Cn12379
from dispatcher.intake.dialect import (
    Unproven,
    Unreadable,
    Warned,
    read_document,
    read_json,
)
from dispatcher.intake.problem import Problem
from dispatcher.intake.signature import Signers
from dispatcher.intake.xml import local, read_xml, words

SENT = ("sent", "sendTime")
TIMES = frozenset({*SENT, "effective", "onset", "expires"})
NEVER_SENT = "it does not tell when it was sent"


def read_warning(name: str, body: bytes, now: datetime, code_system: str) -> Warned:
    """Read a warning.

    :param name: of its file, for the problems
    :raises CommandError: with everything that is wrong with it
    """
    if kind_of(body) == JSON:
        read = read_json(body, now)
    else:
        # Nothing is issued here, so nobody has to prove who he is.
        read = read_document(body, now, code_system, Signers())
    match read:
        case Warned():
            return read
        case Unreadable(why=why) | Unproven(why=why):
            raise CommandError(listed(name, (why,)), BAD_INPUT)
        case _:
            raise CommandError(listed(name, read), BAD_INPUT)


def listed(name: str, problems: Iterable[Problem]) -> list[str]:
    """Each problem as a line, with its file and its place there."""
    return [
        ": ".join(filter(None, (name, ".".join(map(str, one.loc)), one.zh)))
        for one in problems
    ]


def restamped(body: bytes, now: datetime) -> bytes:
    """The same warning, sent now; its other times keep their distance.

    :raises ValueError: when it does not tell when it was sent
    :raises TypeError: when a time of it is no text, or lacks its zone
    """
    return _json(body, now) if kind_of(body) == JSON else _xml(body, now)


def _json(body: bytes, now: datetime) -> bytes:
    match json.loads(body):
        case {"sent": str(sent)} as warning:
            shift = now - datetime.fromisoformat(sent)
        case _:
            raise ValueError(NEVER_SENT)
    times = {
        name: (datetime.fromisoformat(warning[name]) + shift).isoformat()
        for name in TIMES & warning.keys()
        if warning[name]
    }
    return json.dumps({**warning, **times}, ensure_ascii=False).encode()


def _xml(body: bytes, now: datetime) -> bytes:
    root = read_xml(body)
    if isinstance(root, Problem):
        raise ValueError(root.zh)  # noqa: TRY004 - what the file says is wrong, not a type
    # CAP parts day and hour by a T, 12379 by a blank.
    cap = is_cap(root)
    reader = Cap(now=now) if cap else Cn12379(now=now, code_system="")
    told = [one for one in root.iter() if local(one) in TIMES and words(one)]
    moments = {one: moment for one in told if (moment := reader.instant(words(one)))}
    sent = next((at for one, at in moments.items() if local(one) in SENT), None)
    if sent is None:
        raise ValueError(NEVER_SENT)
    for one, at in moments.items():
        shifted = (at + (now - sent)).astimezone(BEIJING)
        one.text = shifted.isoformat("T" if cap else " ", "seconds")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
