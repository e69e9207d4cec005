"""What became of each order of a bulk request, so that a repeated one does no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dispatcher.core.callout import CalloutId
from dispatcher.store import batch, schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A bulk request as it is known again.

    :ivar by: whose key it is
    :ivar digest: fingerprint of the body: the same key with another one is refused
    """

    by: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an order; ``code`` tells why it could not be followed."""

    digest: str
    code: str | None


def done(connection: Connection, request: Request) -> dict[CalloutId, Done]:
    """Every order that was carried out, or refused, under this key."""
    table = schema.order_done
    rows = connection.execute(
        select(table.c.callout, table.c.digest, table.c.code).where(
            table.c.api_key == request.by, table.c.key == request.key
        )
    )
    return {CalloutId(row.callout): Done(row.digest, row.code) for row in rows}


def keep(
    connection: Connection,
    request: Request,
    codes: Mapping[CalloutId, str | None],
    now: datetime,
) -> None:
    """Write down what became of these orders, in the transaction that did it."""
    rows = [
        {
            "api_key": request.by,
            "key": request.key,
            "callout": name,
            "digest": request.digest,
            "code": code,
            "at": now,
        }
        for name, code in codes.items()
    ]
    batch.insert(connection, schema.order_done, rows)
