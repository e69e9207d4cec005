"""What providers told us: kept raw and once, read afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, select

from channels.contract import HookRequest
from dispatcher.store import batch, schema, vault

HOOK: TypeAdapter[HookRequest] = TypeAdapter(HookRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A verified callback as it came in."""

    channel: str
    event_key: str
    received_at: datetime
    request: HookRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A callback to be read, for the first time or again."""

    id: int
    channel: str
    received_at: datetime
    request: HookRequest


def keep(connection: Connection, raws: Sequence[Raw]) -> None:
    """Keep callbacks in the order they came; an event told again is kept once."""
    # A provider may name an event by the account it is about.
    events = vault.fingerprints(connection, [raw.event_key for raw in raws])
    cipher = _cipher(connection)
    rows = [
        {
            "channel": raw.channel,
            "event_key": (event := events[raw.event_key]),
            "received_at": raw.received_at,
            "body": cipher.encrypt(
                vault.body_place(raw.channel, event),
                HOOK.dump_json(raw.request).decode(),
            ),
        }
        for raw in raws
    ]
    batch.insert(connection, schema.callback, rows, new=False)


def _cipher(connection: Connection) -> vault.Cipher:
    return vault.Cipher(connection, vault.Matter.CALLBACK)


def unread(connection: Connection, now: datetime, most: int) -> list[Unread]:
    """Callbacks nobody has read yet, in the order they came."""
    table = schema.callback
    rows = connection.execute(
        select(table)
        .where(
            table.c.read_at.is_(None),
            table.c.again_at.is_(None) | (table.c.again_at <= now),
        )
        .order_by(table.c.id)
        .limit(most)
    )
    cipher = _cipher(connection)
    return [
        Unread(
            id=row.id,
            channel=row.channel,
            received_at=row.received_at,
            request=_request(cipher, row),
        )
        for row in rows
    ]


def _request(cipher: vault.Cipher, row: Row[tuple[object, ...]]) -> HookRequest:
    """What was told; nothing at all where the row is not what was written there."""
    body = cipher.read(vault.body_place(row.channel, row.event_key), row.body)
    return (
        HOOK.validate_json(body) if body else HookRequest(url="", headers={}, form=())
    )


def requests(connection: Connection, ids: Iterable[int]) -> dict[int, Unread]:
    """Callbacks by id, read or not; those that are deleted since are left out."""
    table = schema.callback
    rows = connection.execute(select(table).where(table.c.id.in_(list(ids))))
    cipher = _cipher(connection)
    return {
        row.id: Unread(
            id=row.id,
            channel=row.channel,
            received_at=row.received_at,
            request=_request(cipher, row),
        )
        for row in rows
    }


def read(connection: Connection, outcomes: Mapping[int, str], now: datetime) -> None:
    """Put down what each callback was taken for."""
    rows = [
        {"id": name, "read_at": now, "outcome": outcome}
        for name, outcome in outcomes.items()
    ]
    batch.update(connection, schema.callback, rows, keys=("id",))


def set_aside(
    connection: Connection, name: int, outcome: str, again_at: datetime
) -> None:
    """A callback could not be read; it is not lost, and not in the way."""
    row = {"id": name, "outcome": outcome, "again_at": again_at}
    batch.update(connection, schema.callback, [row], keys=("id",))


def count_unread(connection: Connection) -> int:
    """How many callbacks wait to be read."""
    return connection.execute(
        select(func.count()).where(schema.callback.c.read_at.is_(None))
    ).scalar_one()
