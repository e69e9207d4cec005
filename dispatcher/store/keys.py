"""API keys: only a digest is kept; the key itself is shown once."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from dispatcher.store import schema

KEY = "key:"  # before a key's name wherever something is told to be its doing

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What the holder of a key may do.

    :ivar senders: patterns of alert senders it may speak for
    """

    name: str
    scopes: tuple[str, ...]
    senders: tuple[str, ...]


def draw() -> str:
    """Draw a key, with a mark that lets a scanner of files know it."""
    return f"jy_{secrets.token_urlsafe(KEY_BYTES)}"


def digest(key: str) -> str:
    """What is kept of a key. Keys are 256 random bits, so a plain hash will do."""
    return hashlib.sha256(key.encode()).hexdigest()


def add(connection: Connection, new: ApiKey, key: str, now: datetime) -> bool:
    """Keep a new key; False when the name is taken."""
    table = schema.api_key
    taken = select(table.c.name).where(table.c.name == new.name)
    if connection.execute(taken).first():
        return False
    connection.execute(
        table.insert().values(
            name=new.name,
            digest=digest(key),
            scopes=json.dumps(new.scopes),
            senders=json.dumps(new.senders),
            created_at=now,
        )
    )
    return True


# Asked with every request, so the statement is made once.
BY_DIGEST = select(schema.api_key).where(schema.api_key.c.digest == bindparam("digest"))


def everything(connection: Connection) -> list[tuple[ApiKey, datetime]]:
    """All keys by name, and when each was made."""
    table = schema.api_key
    rows = connection.execute(select(table).order_by(table.c.name))
    return [(_read(row), row.created_at) for row in rows]


def remove(connection: Connection, name: str) -> bool:
    """Let a key open nothing any more; False when there is none."""
    table = schema.api_key
    return bool(connection.execute(delete(table).where(table.c.name == name)).rowcount)


def find(connection: Connection, key: str) -> ApiKey | None:
    """Whose key this is."""
    row = connection.execute(BY_DIGEST, {"digest": digest(key)}).first()
    if row is None:
        return None
    return _read(row)


def _read(row: Row[Any]) -> ApiKey:
    return ApiKey(
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        senders=tuple(json.loads(row.senders)),
    )
