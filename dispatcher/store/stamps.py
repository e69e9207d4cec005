"""Reads alerts as they are kept, and each of them once.

One that is called out is asked for with every piece of work, and of a large county it
names a hundred thousand units: megabytes. So its row carries a stamp, made of what is
kept of it, and what has a stamp that is known need not leave the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, select

from dispatcher.core.alert import Alert
from dispatcher.store import dialect, schema

ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)
READ_MOST = 32  # alerts kept as they were read: of 100,000 units each takes 30 MB
# Without a stamp it was written by who knows of none, and is read whenever asked for.
STAMPED = (schema.alert.c.id, schema.alert.c.stamp)


class Known:
    """The alerts that were read last; the oldest makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_stamp: dict[str, Alert] = {}
        self._turn = Lock()  # readers have a thread each

    def find(self, stamps: Iterable[str | None]) -> dict[str, Alert]:
        """Those of these stamps that are known."""
        with self._turn:
            return {s: self._by_stamp[s] for s in stamps if s in self._by_stamp}

    def keep(self, stamp: str, alert: Alert) -> None:
        """Know one from now on."""
        with self._turn:
            self._by_stamp[stamp] = alert
            for oldest in [*self._by_stamp][: -self._most]:
                del self._by_stamp[oldest]


KNOWN = Known(READ_MOST)


def stamped(alert: Alert) -> dict[str, str]:
    """How an alert is kept, and the stamp of that."""
    body = ALERT.dump_json(alert)
    return {"body": body.decode(), "stamp": hashlib.sha256(body).hexdigest()}


def read(
    connection: Connection,
    query: Select[tuple[str, str | None]],
    given: Mapping[str, str] | None = None,
) -> list[Alert]:
    """The alerts that a query for what is ``STAMPED`` finds, in its order."""
    asked = connection.execute(query, given).all()
    known = KNOWN.find(row.stamp for row in asked)
    by_id = {row.id: known[row.stamp] for row in asked if row.stamp in known}
    by_id |= _fetched(connection, [row.id for row in asked if row.id not in by_id])
    return [by_id[row.id] for row in asked if row.id in by_id]


def _fetched(connection: Connection, names: Sequence[str]) -> dict[str, Alert]:
    if not names:
        return {}
    wanted = schema.alert.c.id.in_(select(dialect.each(names).c.value))
    rows = connection.execute(select(*STAMPED, schema.alert.c.body).where(wanted))
    found: dict[str, Alert] = {}
    for name, stamp, body in rows:
        found[name] = ALERT.validate_json(body)
        if stamp:
            KNOWN.keep(stamp, found[name])
    return found
