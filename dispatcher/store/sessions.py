"""Sessions of officers: only a digest is kept of what the browser holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from dispatcher.store import schema
from dispatcher.store.keys import digest
from dispatcher.store.officers import Officer, read
from dispatcher.store.vault import Cipher, Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a session lasts: while he does nothing, and at all."""

    idle: timedelta
    whole: timedelta

    def end(self, created_at: datetime, seen_at: datetime) -> datetime:
        """When a session ends by itself."""
        return min(seen_at + self.idle, created_at + self.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that has not ended, and whose it is."""

    digest: str
    officer: Officer
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


def any_begun(connection: Connection) -> bool:
    """Whether anybody has ever signed in and not been signed out."""
    return connection.scalar(select(exists().select_from(schema.session))) or False


def begin(
    connection: Connection, officer: str, secret: str, terms: Terms, now: datetime
) -> datetime:
    """Keep a new session; gives when it ends by itself."""
    ends_at = terms.end(now, now)
    connection.execute(
        schema.session.insert().values(
            digest=digest(secret),
            officer=officer,
            created_at=now,
            seen_at=now,
            ends_at=ends_at,
        )
    )
    return ends_at


NOW = bindparam("now", type_=schema.session.c.ends_at.type)
# Asked with every request, so the statement is made once.
LIVE = (
    select(
        schema.officer,
        schema.session.c.digest,
        schema.session.c.created_at.label("began_at"),
        schema.session.c.seen_at,
        schema.session.c.ends_at,
    )
    .join(schema.officer, schema.officer.c.name == schema.session.c.officer)
    .where(
        schema.session.c.digest == bindparam("digest"),
        schema.session.c.ends_at > NOW,
        schema.officer.c.disabled.is_(False),
    )
)


def find(connection: Connection, secret: str, now: datetime) -> Session | None:
    """The session a browser holds; None: it has ended, or there never was one."""
    row = connection.execute(LIVE, {"digest": digest(secret), "now": now}).first()
    if row is None:
        return None
    return Session(
        digest=row.digest,
        officer=read(Cipher(connection, Matter.OFFICER), row),
        created_at=row.began_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
    )


def touch(connection: Connection, seen: Session, terms: Terms, now: datetime) -> None:
    """Note that he is still there; a session that has ended stays so."""
    table = schema.session
    connection.execute(
        update(table)
        .where(table.c.digest == seen.digest)
        .values(seen_at=now, ends_at=terms.end(seen.created_at, now))
    )


def end(connection: Connection, secret: str) -> None:
    """End the session a browser holds."""
    table = schema.session
    connection.execute(delete(table).where(table.c.digest == digest(secret)))


def end_all(connection: Connection, officer: str, but: str = "") -> None:
    """End every session of an officer; ``but`` is the digest of one that stays."""
    table = schema.session
    connection.execute(
        delete(table).where(table.c.officer == officer, table.c.digest != but)
    )


def signed_in(connection: Connection, now: datetime) -> set[str]:
    """The officers who have a session."""
    table = schema.session
    rows = connection.execute(
        select(table.c.officer).where(table.c.ends_at > now).distinct()
    )
    return {row.officer for row in rows}
