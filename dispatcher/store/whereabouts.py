"""Where messages are, as receipts and outcomes of a later moment are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, union

from channels.contract import Channel
from dispatcher.store import dialect, schema
from dispatcher.store.outbox import About, MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a receipt is compared with.

    :ivar route: which it left by, once it has
    :ivar call: the message whose id the provider knows a call by
    """

    id: str
    about: About
    channel: Channel
    route: str | None
    call: str | None
    rank: int
    state: MessageState
    possible_duplicate: bool
    accepted_at: datetime | None
    delivered_at: datetime | None
    provider_id: str | None
    tries: int
    holder: int | None
    picked_up_at: datetime | None
    keyed_at: datetime | None


def by_receipt(
    connection: Connection, ids: Iterable[str], provider_ids: Iterable[str]
) -> tuple[dict[str, list[Known]], dict[str, list[Known]]]:
    """Messages by our id and by the provider's; a call may have read several."""
    table = schema.message
    ours = dialect.each(ids)
    theirs = dialect.each(provider_ids)
    # One index for each way to find them; of an OR, PostgreSQL would read every row.
    meant = union(
        select(table.c.id).where(table.c.id.in_(select(ours.c.value))),
        select(table.c.id).where(table.c.call.in_(select(ours.c.value))),
        select(table.c.id).where(table.c.provider_id.in_(select(theirs.c.value))),
    ).subquery()
    rows = connection.execute(select(table).where(table.c.id.in_(select(meant.c.id))))
    by_id: dict[str, list[Known]] = {}
    by_provider: dict[str, list[Known]] = {}
    for one in map(_known, rows):
        by_id.setdefault(one.call or one.id, []).append(one)
        if one.provider_id:
            by_provider.setdefault(one.provider_id, []).append(one)
    return by_id, by_provider


def known(connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """Messages by id."""
    listed = dialect.each(ids)
    rows = connection.execute(
        select(schema.message).where(schema.message.c.id.in_(select(listed.c.value)))
    )
    return {one.id: one for one in map(_known, rows)}


def _known(row: Row[tuple[object, ...]]) -> Known:
    return Known(
        id=row.id,
        about=About(row.purpose),
        channel=Channel(row.channel),
        route=row.route,
        call=row.call,
        rank=row.rank,
        state=MessageState(row.state),
        possible_duplicate=row.possible_duplicate,
        accepted_at=row.accepted_at,
        delivered_at=row.delivered_at,
        provider_id=row.provider_id,
        tries=row.tries,
        holder=row.holder,
        picked_up_at=row.picked_up_at,
        keyed_at=row.keyed_at,
    )
