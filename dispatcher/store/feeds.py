"""Feeds: how fetching them goes, and which of their entries have been looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from dispatcher.store import batch, feed_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How fetching a feed goes.

    :ivar etag: of the list whose every alert is taken in, with ``modified``
    :ivar ok_at: when it was fetched last
    :ivar failures: how often it could not be fetched since
    :ivar problem: why not
    """

    name: str
    etag: str = ""
    modified: str = ""
    polled_at: datetime
    ok_at: datetime | None = None
    failures: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An entry that was looked at.

    :ivar alert: what it became, or was already
    :ivar problem: why it is refused
    """

    feed: str
    entry: str
    seen_at: datetime
    alert: str | None = None
    problem: str = ""


def states(connection: Connection) -> dict[str, FeedState]:
    """How it goes with every feed that was ever fetched."""
    rows = connection.execute(select(feed_schema.feed)).mappings()
    return {row["name"]: FeedState(**row) for row in rows}


def save(connection: Connection, state: FeedState) -> None:
    """Write down how it goes with a feed."""
    batch.replace(connection, feed_schema.feed, [asdict(state)])


def unseen(connection: Connection, feed: str, entries: Iterable[str]) -> set[str]:
    """Which entries nobody has looked at yet."""
    table, names = feed_schema.feed_entry, set(entries)
    rows = connection.execute(select(table.c.entry).where(table.c.feed == feed))
    return names.difference(rows.scalars())


def keep(connection: Connection, found: Sequence[Seen]) -> None:
    """Remember entries that were looked at."""
    batch.replace(connection, feed_schema.feed_entry, [asdict(one) for one in found])


def forget(
    connection: Connection, feed: str, present: Collection[str], before: datetime
) -> None:
    """Forget entries looked at before a time that the feed does not name any more."""
    table = feed_schema.feed_entry
    old = select(table.c.entry).where(table.c.feed == feed, table.c.seen_at < before)
    gone = set(connection.execute(old).scalars()).difference(present)
    if gone:
        connection.execute(
            delete(table).where(table.c.feed == feed, table.c.entry.in_(gone))
        )


def refused(connection: Connection, most: int) -> list[Seen]:
    """Entries that were refused, the newest first."""
    table = feed_schema.feed_entry
    rows = connection.execute(
        select(table)
        .where(table.c.problem != "")
        .order_by(table.c.seen_at.desc(), table.c.entry)
        .limit(most)
    ).mappings()
    return [Seen(**row) for row in rows]
