"""Who was reached in a chain, or may have been, and by what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, select, true

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId
from dispatcher.core.alert import AlertId, ChainId
from dispatcher.core.callout import CalloutId
from dispatcher.store import dialect, schema
from dispatcher.store.outbox import UNSETTLED, About, MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address of one person on one channel, as far as messages went there.

    :ivar heard: somebody picked up the telephone
    :ivar dead: it can't be reached there
    """

    person: PersonId
    address: AddressId
    channel: Channel
    heard: bool
    dead: bool


def contacts(
    connection: Connection, chain: ChainId, alert: AlertId | None = None
) -> list[Contact]:
    """Every address that something was sent to, or may have been; the newest last.

    :param alert: None: in the words of any alert of the chain
    """
    message = schema.message
    reached = [*UNSETTLED, MessageState.ACCEPTED, MessageState.DELIVERED]
    dead = message.c.failure == FailureKind.PERMANENT_ADDRESS.value
    rows = connection.execute(
        select(
            message.c.person,
            message.c.address,
            message.c.channel,
            _any(message.c.picked_up_at.isnot(None)).label("heard"),
            _any(dead).label("dead"),
        )
        .where(
            message.c.chain == chain,
            message.c.alert == alert if alert else true(),
            message.c.purpose != About.REPLY.value,
            message.c.state.in_([state.value for state in reached])
            | message.c.accepted_at.isnot(None)
            | dead,
        )
        .group_by(message.c.person, message.c.address, message.c.channel)
        .order_by(func.max(message.c.created_at))
    )
    return [
        Contact(
            person=PersonId(row.person),
            address=AddressId(row.address),
            channel=Channel(row.channel),
            heard=bool(row.heard),
            dead=bool(row.dead),
        )
        for row in rows
    ]


def _any(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 when it holds of any row of a group."""
    return func.max(case((condition, 1), else_=0))


def people_left(
    connection: Connection, chain: ChainId, gone: Iterable[CalloutId]
) -> frozenset[PersonId]:
    """Who was written to or called about these callouts, and no others of the chain."""
    message, carried, callout = schema.message, schema.carried, schema.callout
    listed = dialect.each(gone)
    named = (
        select(message.c.person)
        .join(carried, carried.c.message == message.c.id)
        .join(callout, callout.c.id == carried.c.callout)
    )
    others = named.where(callout.c.chain == chain, callout.c.state != "closed")
    rows = connection.execute(
        named.where(carried.c.callout.in_(select(listed.c.value))).except_(others)
    )
    return frozenset(PersonId(row.person) for row in rows)
