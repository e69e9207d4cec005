"""Imports of rosters: tried, applied, undone; what was found in a file, in pieces.

A piece is JSON, packed and encrypted, and found by its part and place: so a page of a
large comparison is read without the rest of it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from dispatcher.store import batch, dialect, vault
from dispatcher.store.import_schema import import_piece, roster_import
from dispatcher.store.vault import Cipher, Matter

PIECE = 200  # items of a list in one piece


class ImportState(StrEnum):
    """Where an import stands."""

    FAULTY = "faulty"  # its file has problems: mend it, or take its correct rows
    TRIED = "tried"  # it can be applied
    APPLIED = "applied"
    UNDONE = "undone"
    LAPSED = "lapsed"  # what was found in the file is deleted


class Part(StrEnum):
    """What of a file is kept until it is applied."""

    PROBLEMS = "problems"
    NOTES = "notes"
    ROWS = "rows"  # those with problems, as they stand in the file
    CHANGES = "changes"
    LAYOUT = "layout"  # one: how its columns were taken
    SHEET = "sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """A file that was tried.

    :ivar base: the edition of the roster it was compared with
    """

    state: ImportState
    at: datetime
    by: str
    file: str
    sha256: str
    figures: Mapping[str, int]
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(NewImport):
    """An import as it is kept.

    :ivar edition: the one it made; None: not applied, or it changed nothing
    """

    id: int
    applied_at: datetime | None
    applied_by: str | None
    edition: int | None
    undone_at: datetime | None
    undone_by: str | None


def add(
    connection: Connection, new: NewImport, parts: Mapping[Part, Sequence[object]]
) -> int:
    """Write an import down with what was found; gives its number."""
    row = {
        "state": new.state.value,
        "at": new.at,
        "by": new.by,
        "file": new.file,
        "sha256": new.sha256,
        "figures": json.dumps(dict(new.figures)),
        "base": new.base,
    }
    insert = roster_import.insert().values(row).returning(roster_import.c.id)
    number = int(connection.execute(insert).scalar_one())
    cipher = Cipher(connection, Matter.IMPORT)
    pieces = [
        _piece(cipher, number, part, place, some)
        for part, items in parts.items()
        for place, some in enumerate(_cut(items))
    ]
    batch.insert(connection, import_piece, pieces)
    return number


def _cut(items: Iterable[object]) -> Iterator[list[object]]:
    rest = iter(items)
    while some := list(islice(rest, PIECE)):
        yield some


def _piece(
    cipher: Cipher, number: int, part: Part, place: int, items: list[object]
) -> batch.Values:
    packed = zlib.compress(json.dumps(items, ensure_ascii=False).encode())
    text = base64.b64encode(packed).decode()
    where = vault.piece_place(number, part.value, place)
    body = cipher.encrypt(where, text)
    return {"import": number, "part": part.value, "place": place, "body": body}


def find(connection: Connection, number: int) -> Import | None:
    """An import by its number."""
    query = select(roster_import).where(roster_import.c.id == dialect.given(number))
    row = connection.execute(query).first()
    return _import(row) if row else None


def last_applied(connection: Connection) -> Import | None:
    """The import that was applied last, of those that stand."""
    query = (
        select(roster_import)
        .where(roster_import.c.state == ImportState.APPLIED.value)
        .order_by(roster_import.c.applied_at.desc(), roster_import.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return _import(row) if row else None


def page(connection: Connection, limit: int, before: int | None = None) -> list[Import]:
    """Imports before a number, or from the newest on."""
    query = select(roster_import).order_by(roster_import.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(roster_import.c.id < before)
    return [_import(row) for row in connection.execute(query)]


def _import(row: Row[Any]) -> Import:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public row interface
    values["state"] = ImportState(values["state"])
    values["figures"] = json.loads(values["figures"])
    return Import(**values)


def read(
    connection: Connection, number: int, part: Part, start: int = 0, most: int = -1
) -> list[Any]:
    """Items of a part from one on; ``most`` below 0: all of them."""
    table = import_piece
    query = (
        select(table.c.place, table.c.body)
        .where(table.c["import"] == number, table.c.part == part.value)
        .where(table.c.place >= start // PIECE)
        .order_by(table.c.place)
    )
    if most >= 0:
        query = query.where(table.c.place <= (start + most) // PIECE)
    cipher = Cipher(connection, Matter.IMPORT)
    found: list[Any] = []
    for row in connection.execute(query):
        where = vault.piece_place(number, part.value, row.place)
        text = cipher.read(where, row.body)
        if text is not None:
            found += json.loads(zlib.decompress(base64.b64decode(text)))
    found = found[start % PIECE :]
    return found if most < 0 else found[:most]


def applied(
    connection: Connection, number: int, by: str, now: datetime, edition: int | None
) -> None:
    """Write down that an import is in the roster; what was found is not kept."""
    _set(
        connection,
        number,
        state=ImportState.APPLIED.value,
        applied_at=now,
        applied_by=by,
        edition=edition,
    )
    _drop_pieces(connection, [number])


def undone(connection: Connection, number: int, by: str, now: datetime) -> None:
    """Write down that an import was taken back."""
    _set(
        connection,
        number,
        state=ImportState.UNDONE.value,
        undone_at=now,
        undone_by=by,
    )


def _set(connection: Connection, number: int, **values: object) -> None:
    mine = roster_import.c.id == number
    connection.execute(update(roster_import).where(mine).values(values))


def lapse(connection: Connection, before: datetime, most: int | None) -> int:
    """Delete what was found in files tried before; gives of how many.

    :param most: None: of all of them
    """
    table = roster_import
    open_states = (ImportState.FAULTY.value, ImportState.TRIED.value)
    query = (
        select(table.c.id)
        .where(table.c.state.in_(open_states), table.c.at < before)
        .order_by(table.c.id)
        .limit(most)
    )
    numbers = list(connection.scalars(query))
    change = update(table).where(table.c.id.in_(numbers))
    connection.execute(change.values(state=ImportState.LAPSED.value))
    _drop_pieces(connection, numbers)
    return len(numbers)


def _drop_pieces(connection: Connection, numbers: Sequence[int]) -> None:
    table = import_piece
    connection.execute(delete(table).where(table.c["import"].in_(numbers)))
