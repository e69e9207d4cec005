"""What is spoken in calls: what each reads, what its number is asked, what it keyed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, text

from channels.contract import Rank
from dispatcher.core.callout import CalloutId
from dispatcher.core.matching import LOOK_BACK
from dispatcher.store import batch, dialect, schema, vault
from dispatcher.store.moment import Moment
from dispatcher.store.outbox import About, MessageState

RANG_BACK = "rang_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One message as it is read in a call.

    :ivar open: somebody still has to answer it
    """

    id: str
    about: About
    text: str
    open: bool


READ_IN_CALL = text(
    """
    SELECT id, purpose, text, question IS NULL OR EXISTS (
        SELECT 1 FROM carried JOIN callout ON callout.id = carried.callout
        WHERE carried.message = message.id
          AND CASE WHEN message.purpose IN ('own', 'digest')
              THEN callout.state IN ('waiting', 'calling', 'desk')
                   OR (callout.state = 'taken' AND message.purpose = 'own')
              ELSE callout.state <> 'closed' END
    ) AS open
    FROM message WHERE call = :call ORDER BY lane, place, id
    """
)


def read_in(connection: Connection, call: str) -> list[Reading]:
    """What a call reads, the most urgent first."""
    texts = vault.texts_of(connection)
    return [
        Reading(
            id=row.id,
            about=About(row.purpose),
            text=texts.read(vault.text_place(row.id), row.text) or "",
            open=bool(row.open),
        )
        for row in connection.execute(READ_IN_CALL, {"call": call})
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A question that is open for a number.

    :ivar message: the newest one that put it, or waits to
    :ivar callouts: what it is about and nobody has answered
    """

    question: str
    message: str
    callouts: tuple[CalloutId, ...]


OPEN_TO_NUMBER = dialect.spoken(
    """
    SELECT message.question, message.id, message.lane, message.created_at,
           json_group_array(DISTINCT callout.id) AS callouts
    FROM address
    JOIN message ON message.address = address.id AND message.person = address.person
    JOIN carried ON carried.message = message.id
    JOIN callout ON callout.id = carried.callout
    WHERE address.fingerprint = :line AND message.created_at > :since
      AND message.purpose IN ('own', 'digest')
      AND (message.first_sent_at IS NOT NULL
           OR (message.state = 'waiting' AND message.channel = 'voice'))
      AND (callout.state IN ('waiting', 'calling', 'desk')
           OR (callout.state = 'taken' AND message.purpose = 'own')
           OR message.id = :current)
    GROUP BY message.id ORDER BY message.lane, message.created_at DESC, message.id
    """
)


def open_to(
    connection: Connection, number: str, now: datetime, current: str | None
) -> list[Open]:
    """What a number is asked and has not answered: red first, then the newest.

    :param current: a message to be there whatever has become of it
    """
    given = {
        "line": vault.fingerprint(connection, number),
        "since": now - LOOK_BACK,
        "current": current or "",
    }
    statement = OPEN_TO_NUMBER.bindparams(bindparam("since", type_=Moment()))
    found: dict[str, Open] = {}
    for row in connection.execute(statement, given):
        before = found.get(row.question)
        names = (*(before.callouts if before else ()), *json.loads(row.callouts))
        newest = before.message if before and row.id != current else row.id
        found[row.question] = Open(
            question=row.question,
            message=newest,
            callouts=tuple(dict.fromkeys(names)),
        )
    return list(found.values())


def read_out(connection: Connection, messages: Iterable[str], at: datetime) -> None:
    """Messages that waited for a line are heard by who rings us himself."""
    rows = [
        {
            "id": name,
            "state": MessageState.DELIVERED.value,
            "reason": RANG_BACK,
            "due_at": None,
            "first_sent_at": at,
            "sent_at": at,
            "delivered_at": at,
            "rank": int(Rank.FINAL),
        }
        for name in messages
    ]
    batch.update(connection, schema.message, rows, keys=("id",))


def keyed(connection: Connection, messages: Mapping[str, datetime]) -> None:
    """A human has said by a key what he thinks of these messages."""
    rows = [{"id": name, "keyed_at": at} for name, at in messages.items()]
    batch.update(connection, schema.message, rows, keys=("id",))


TO_NUMBER = dialect.spoken(
    """
    SELECT message.id FROM address
    JOIN message INDEXED BY message_address
      ON message.address = address.id AND message.person = address.person
    WHERE address.fingerprint = :line AND message.state = 'waiting'
      AND message.channel = 'voice' AND message.purpose IN ('own', 'digest')
    """
)


def to_number(connection: Connection, number: str) -> list[str]:
    """Every voice message that asks and waits to be read to a number."""
    given = {"line": vault.fingerprint(connection, number)}
    return [row.id for row in connection.execute(TO_NUMBER, given)]
