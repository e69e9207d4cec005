"""Exports: all that is kept of an alert's chain, for who wants to check it himself.

What the lines are is told in :mod:`dispatcher.core.audit`. They are read as they are
asked for, so an alert of any size needs little memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from dispatcher.core.alert import Alert, AlertId
from dispatcher.core.audit import FORMAT
from dispatcher.core.journal import HOUSE
from dispatcher.core.proof import Head
from dispatcher.core.seal import seal_line
from dispatcher.store import alerts, evidence, journal, people, seals
from dispatcher.store.codec import content_json
from dispatcher.store.database import one_state
from dispatcher.store.evidence import Kept

NAMES = re.compile(r'"(?:by|person|assignee|taker|owner)":"([^"\\]+)"')
PEOPLE_MOST = 1_000  # looked up together

Line = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is exported.

    :ivar alert: None: the journal of the house
    """

    alert: Alert | None
    made_at: datetime
    public_key: str


def lines(connection: Connection, wanted: Export) -> Iterator[Line]:
    """Every line of an export, all of one moment."""
    count = 0
    with one_state(connection):
        for line in _lines(connection, wanted):
            yield line
            count += 1
    yield {"line": "end", "lines": count}


def _lines(connection: Connection, wanted: Export) -> Iterator[Line]:
    alert = wanted.alert
    yield {
        "line": "export",
        "format": FORMAT,
        "alert": alert.id if alert else HOUSE,
        "made_at": wanted.made_at.astimezone(UTC).isoformat(),
        "public_key": wanted.public_key,
    }
    named: set[str] = set()
    chain = alerts.of_chain(connection, alert.chain) if alert else ()
    for one in chain:
        yield from _subject(connection, one.id, content_json(one.content), named)
    if not chain:
        yield from _subject(connection, AlertId(HOUSE), None, named)
    yield from _people(connection, sorted(named))


def _subject(
    connection: Connection, subject: AlertId, content: str | None, named: set[str]
) -> Iterator[Line]:
    yield {
        "line": "subject",
        "subject": subject,
        "content": content,
        "callouts": evidence.count(connection, subject),
    }
    yield from map(seal_line, seals.of_subject(connection, subject))
    for entry in journal.links_of(connection, subject):
        named.update(NAMES.findall(entry.body))
        yield {
            "line": "entry",
            "subject": subject,
            "seq": entry.seq,
            "hash": entry.hash,
            "body": entry.body,
        }
    for head, facts in evidence.kept(connection, subject):
        yield from _callout(head, facts, named)


def _callout(head: Head, facts: Iterable[Kept], named: set[str]) -> Iterator[Line]:
    yield {
        "line": "callout",
        "callout": head.subject,
        "facts": head.seq,
        "head": head.hash,
    }
    for fact in facts:
        named.update(NAMES.findall(fact.body))
        yield {
            "line": "fact",
            "callout": head.subject,
            "seq": fact.seq,
            "place": fact.place,
            "hash": fact.hash,
            "body": fact.body,
        }


def _people(connection: Connection, ids: Sequence[str]) -> Iterator[Line]:
    """Names of those who are named by id, as far as they are known."""
    for start in range(0, len(ids), PEOPLE_MOST):
        found = people.find_people(connection, ids[start : start + PEOPLE_MOST])
        for name, person in sorted(found.items()):
            yield {"line": "person", "person": name, "name": person.name}
