"""Writing anew what lies under an old key, a piece at a time.

A piece begins after the row that the one before it ended with, so each row is looked at
once. What is written meanwhile is under the present key already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Connection, Row, select

from dispatcher.store import batch, import_schema, schema, vault
from dispatcher.store.vault import Cipher, KeyName, Matter

Rows = Sequence[Row[Any]]
Change = Callable[[Connection, Rows], list[batch.Values]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one table that are written anew; ``key`` names and orders them."""

    key: Column[Any]
    changed: Change


@dataclass(frozen=True, slots=True)
class Piece:
    """What was done of a kind; ``last`` is where to go on, None at the end."""

    done: int
    last: object | None


def rewrite(connection: Connection, kind: Kind, last: object, most: int) -> Piece:
    """Write the next rows anew that are under an old key."""
    table, key = kind.key.table, kind.key
    after = [key > last] if last is not None else []
    rows = connection.execute(
        select(table).where(*after).order_by(key).limit(most)
    ).all()
    changes = kind.changed(connection, rows)
    batch.update(
        connection, schema.metadata.tables[table.name], changes, keys=(key.name,)
    )
    return Piece(len(changes), rows[-1]._mapping[key] if len(rows) == most else None)  # noqa: SLF001 - SQLAlchemy's public row interface


def _humans(connection: Connection, rows: Rows) -> list[batch.Values]:
    known, key_id = vault.vault_of(connection), vault.present(connection, KeyName.DATA)
    given_up = vault.lost(connection)
    olds = [row for row in rows if row.key != key_id and row.key not in given_up]
    keys = {one: AESGCM(known.key(KeyName.DATA, one)) for one in {r.key for r in olds}}
    wrap = AESGCM(known.key(KeyName.DATA, key_id))
    return [
        {
            "human": row.human,
            "key": key_id,
            "wrapped": vault.rewrapped(keys[row.key], wrap, row.human, row.wrapped),
        }
        for row in olds
    ]


def _texts(connection: Connection, rows: Rows) -> list[batch.Values]:
    cipher = Cipher(connection, Matter.TEXT)
    return [
        {"id": row.id, "text": cipher.again(vault.text_place(row.id), row.text)}
        for row in rows
        if cipher.is_old(row.text)
    ]


def _callbacks(connection: Connection, rows: Rows) -> list[batch.Values]:
    cipher = Cipher(connection, Matter.CALLBACK)
    return [
        {
            "id": row.id,
            "body": cipher.again(
                vault.body_place(row.channel, row.event_key), row.body
            ),
        }
        for row in rows
        if cipher.is_old(row.body)
    ]


def _pieces(connection: Connection, rows: Rows) -> list[batch.Values]:
    cipher = Cipher(connection, Matter.IMPORT)
    changes: list[batch.Values] = []
    for row in rows:
        place = vault.piece_place(row._mapping["import"], row.part, row.place)  # noqa: SLF001 - as above
        if cipher.is_old(row.body):
            changes.append({"id": row.id, "body": cipher.again(place, row.body)})
    return changes


def _officers(connection: Connection, rows: Rows) -> list[batch.Values]:
    cipher = Cipher(connection, Matter.OFFICER)
    return [
        {
            "name": row.name,
            "display": cipher.again(vault.display_place(row.name), row.display),
            "totp": cipher.again(vault.totp_place(row.name), row.totp),
        }
        for row in rows
        if cipher.is_old(row.display) or cipher.is_old(row.totp)
    ]


UNDER_DATA = (
    Kind(schema.human_key.c.human, _humans),
    Kind(schema.message.c.id, _texts),
    Kind(schema.callback.c.id, _callbacks),
    Kind(import_schema.import_piece.c.id, _pieces),
    Kind(schema.officer.c.name, _officers),
)


def mark_anew(connection: Connection, key: bytes) -> int:
    """Give every number its fingerprint under another key; gives how many there are.

    All in one transaction: a number with two fingerprints could be rung twice at once.
    """
    table = schema.address
    rows = connection.execute(select(table).where(table.c.value != "")).all()
    humans = vault.Humans(connection, vault.humans_of(row.value for row in rows))
    changes: list[batch.Values] = []
    codes: dict[str, str] = {}
    for row in rows:
        number = humans.read(vault.number_place(row.id, row.person), row.value)
        if number is not None:
            new = vault.fingerprint_under(key, number)
            codes[row.fingerprint] = new
            changes.append({"id": row.id, "person": row.person, "fingerprint": new})
    batch.update(connection, table, changes, keys=("id", "person"))
    _mark_codes(connection, codes)
    return len(changes)


def _mark_codes(connection: Connection, new: dict[str, str]) -> None:
    table = schema.code
    rows = [
        dict(row._mapping) | {"fingerprint": new[row.fingerprint]}  # noqa: SLF001 - as above
        for row in connection.execute(select(table))
        if row.fingerprint in new
    ]
    # What is left belongs to nobody who is known any more.
    connection.execute(table.delete())
    batch.insert(connection, table, rows)
