"""What the board reads: faces and tallies of callouts, never their whole state.

Each change of a callout is a fact with a number that only rises, and one process writes
at a time: who has read up to a number has missed nothing before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    func,
    select,
)

from contacts.model import Post, UnitId
from dispatcher.core.alert import AlertId, ChainId
from dispatcher.core.board import Face, face
from dispatcher.core.callout import CalloutId
from dispatcher.core.report import Tally
from dispatcher.store import schema
from dispatcher.store.codec import CALLOUT, FACE, TALLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a callout stands, for the board.

    :ivar changed_at: when its last fact happened
    """

    id: CalloutId
    alert: AlertId
    chain: ChainId
    unit: UnitId
    post: Post
    owner: str | None
    face: Face
    tally: Tally
    changed_at: datetime


def _standings() -> Select[Any]:
    """Where callouts stand, with the body of those that have no face yet."""
    callout, fact = schema.callout, schema.fact
    last = (fact.c.callout == callout.c.id) & (fact.c.seq == callout.c.facts)
    body = case((callout.c.face == "", callout.c.body), else_="").label("body")
    names = ("id", "alert", "chain", "unit", "post", "owner", "face", "tally")
    columns = (callout.c[name] for name in names)
    return select(*columns, body, fact.c.at).join(fact, last)


# Asked four times a second while somebody watches: made once.
ALERT: BindParameter[str] = bindparam("alert")
FACT: BindParameter[int] = bindparam("fact")
# In one order on every database and every day: PostgreSQL moves a row that it changes.
OF_ALERT = (
    _standings().where(schema.callout.c.alert == ALERT).order_by(schema.callout.c.id)
)
SINCE = _standings().where(
    schema.callout.c.id.in_(
        select(schema.fact.c.callout).where(schema.fact.c.id > FACT)
    )
)
NEWEST_FACT = select(func.max(schema.fact.c.id))
NEWEST_ENTRY = select(func.max(schema.journal.c.id))


def newest_fact(connection: Connection) -> int:
    """The number of the newest fact; 0 before the first."""
    return connection.execute(NEWEST_FACT).scalar() or 0


def newest_entry(connection: Connection) -> int:
    """The number of the newest entry of any journal; 0 before the first."""
    return connection.execute(NEWEST_ENTRY).scalar() or 0


def of_alert(connection: Connection, alert: AlertId) -> list[Standing]:
    """Every callout of an alert, by id."""
    return [*map(_standing, connection.execute(OF_ALERT, {"alert": alert}))]


def since(connection: Connection, fact: int) -> tuple[Standing, ...]:
    """Every callout of which something is told after the fact with this number."""
    return tuple(map(_standing, connection.execute(SINCE, {"fact": fact})))


def alerts_since(connection: Connection, entry: int) -> list[AlertId]:
    """Whose journals have gone on after the entry with this number, the house's too."""
    table = schema.journal
    told = select(table.c.subject).where(table.c.id > entry).distinct()
    return [AlertId(subject) for subject in connection.scalars(told)]


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        id=CalloutId(row.id),
        alert=AlertId(row.alert),
        chain=ChainId(row.chain),
        unit=UnitId(row.unit),
        post=Post(row.post),
        owner=row.owner,
        face=_face(row.face, row.body),
        tally=TALLY.validate_json(row.tally),
        changed_at=row.at,
    )


def _face(kept: str, body: str) -> Face:
    return FACE.validate_json(kept) if kept else face(CALLOUT.validate_json(body))
