"""One order for many callouts, in chunks: a new warning does not wait behind them all.

What concerns one person goes in one chunk, and so in one message that names every role.
A chunk that fails is done again one by one: a bad callout fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from contacts.model import PersonId
from dispatcher.core.callout import CalloutId
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.roles import with_all_roles
from dispatcher.engine.verbs import Order, carry_out
from dispatcher.store import callouts, orders
from dispatcher.store.database import Database
from dispatcher.store.orders import Request
from dispatcher.store.writer import parted

CHUNK = 200
FAILED = "order_failed"

Codes = dict[CalloutId, str | None]
log = structlog.get_logger()


class OtherOrderError(Exception):
    """The key has stood for other orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One order for these callouts; ``request`` where it may be sent again."""

    order: Order
    names: Sequence[CalloutId]
    request: Request | None


async def carry_out_all(
    database: Database, keeper: Keeper, bulk: Bulk, now: Callable[[], datetime]
) -> Codes:
    """Carry the order out; gives for each callout why it can't be, or None.

    :raises OtherOrderError: when its key came with another body before
    """
    told = await database.read(lambda c: _done(c, bulk.request))
    left = [name for name in dict.fromkeys(bulk.names) if name not in told]
    people = await database.read(lambda c: _own_people(c, left))
    while left:
        chunk = with_all_roles(left, CHUNK, lambda name: people.get(name, set()))
        context, moment = await keeper.refresh(), now()
        work = partial(_chunk, bulk=bulk, names=chunk, context=context, now=moment)
        told |= await database.write(work)
        left = [name for name in left if name not in told]
    return {name: told[name] for name in dict.fromkeys(bulk.names)}


def _done(connection: Connection, request: Request | None) -> Codes:
    """What has become of the order under its key already.

    :raises OtherOrderError: when that was another order
    """
    known = orders.done(connection, request) if request else {}
    if request and any(one.digest != request.digest for one in known.values()):
        raise OtherOrderError
    return {name: one.code for name, one in known.items()}


def _own_people(
    connection: Connection, names: Sequence[CalloutId]
) -> Mapping[CalloutId, set[PersonId]]:
    """Who has been called of each callout's own."""
    return {
        name: {
            called.person
            for rung, run in zip(
                seen.callout.ladder.rungs, seen.callout.runs, strict=True
            )
            if rung.own
            for called in run.people
        }
        for name, seen in callouts.load(connection, names).items()
    }


def _chunk(
    connection: Connection,
    bulk: Bulk,
    names: Sequence[CalloutId],
    context: Context,
    now: datetime,
) -> Codes:
    """The same request may run twice at once: what the other did meanwhile is done."""
    desk = Desk(connection, context, now)
    known = _done(connection, bulk.request)
    left = [name for name in names if name not in known]
    told = _together(desk, bulk.order, left)
    if bulk.request:
        orders.keep(connection, bulk.request, told, now)
    return {name: known[name] for name in names if name in known} | told


def _together(desk: Desk, order: Order, names: Sequence[CalloutId]) -> Codes:
    def ordered(_: Connection, some: Sequence[CalloutId]) -> Codes:
        done = carry_out(desk, dict.fromkeys(some, order))
        return {name: done[name].code if name in done else None for name in some}

    codes: Codes = {}
    for some, outcome in parted(desk.connection, names, ordered):
        if isinstance(outcome, Exception):
            log.error("order.failed", callout=some[0], exc_info=outcome)
            codes[some[0]] = FAILED
        else:
            codes |= outcome
    return codes
