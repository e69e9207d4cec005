"""What calls have shown of addresses: set by calls, cleared by officers, all kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from channels.contract import FailureKind
from contacts.model import AddressId, AddressKind, Flag, Person
from dispatcher.core.alert import ChainId
from dispatcher.store import batch, dialect, people, schema

DIAL_GUARD = "dial_guard"  # we refused to dial it: no provider was asked
DEAD_AFTER = 2  # warnings in a row that no provider could bring there


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagging:
    """One flag of one address, from when it was set until it was cleared.

    :ivar by: who or what set it, as in a fact
    :ivar callout: the callout it was set in
    :ivar message: the message it was an answer to
    """

    address: AddressId
    flag: Flag
    at: datetime
    by: str
    callout: str | None = None
    message: str | None = None
    cleared_at: datetime | None = None
    cleared_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose an address is, by the newest version of him that has it."""

    name: str
    kind: AddressKind
    value: str


def add(connection: Connection, found: Iterable[Flagging]) -> None:
    """Flag addresses; one that bears the flag already keeps what it has."""
    wanted = {(one.address, one.flag): one for one in found}
    there = standing(connection, {address for address, _ in wanted})
    new = [one for key, one in wanted.items() if key[1] not in there.get(key[0], ())]
    batch.insert(connection, schema.address_flag, [*map(_row, new)], new=False)
    wrong = [one.address for one in new if one.flag is Flag.WRONG_PERSON]
    if wrong:
        people.flag_wrong(connection, wrong)


def clear(
    connection: Connection, address: str, flag: Flag, by: str, now: datetime
) -> bool:
    """Take a flag off an address; False when it bears none of this kind."""
    table = schema.address_flag
    cleared = connection.execute(
        update(table)
        .where(
            table.c.address == address,
            table.c.flag == flag.value,
            table.c.cleared_at.is_(None),
        )
        .values(cleared_at=now, cleared_by=by)
    ).rowcount
    if cleared and flag is Flag.WRONG_PERSON:
        people.flag_wrong(connection, [address], wrong=False)
    return bool(cleared)


def standing(
    connection: Connection, addresses: Iterable[str] | None = None
) -> dict[AddressId, frozenset[Flag]]:
    """The flags that stand; of these addresses only, or of all."""
    table = schema.address_flag
    query = select(table.c.address, table.c.flag).where(table.c.cleared_at.is_(None))
    if addresses is not None:
        query = query.where(table.c.address.in_(list(addresses)))
    found: dict[AddressId, set[Flag]] = defaultdict(set)
    for row in connection.execute(query):
        found[AddressId(row.address)].add(Flag(row.flag))
    return {address: frozenset(flags) for address, flags in found.items()}


def trail(connection: Connection, *, cleared: bool) -> list[Flagging]:
    """Every flag in the order of time; those that were cleared too, if wanted."""
    table = schema.address_flag
    query = select(table).order_by(table.c.at, table.c.address, table.c.flag)
    if not cleared:
        query = query.where(table.c.cleared_at.is_(None))
    return [_flagging(dict(row)) for row in connection.execute(query).mappings()]


def _flagging(values: dict[str, object]) -> Flagging:
    flag = Flag(str(values.pop("flag")))
    return Flagging(flag=flag, **values)  # type: ignore[arg-type] # the columns are its fields


def _row(one: Flagging) -> batch.Values:
    return {
        "address": one.address,
        "flag": one.flag.value,
        "at": one.at,
        "by": one.by,
        "callout": one.callout,
        "message": one.message,
    }


def owners(connection: Connection, addresses: Iterable[str]) -> dict[AddressId, Owner]:
    """Whose these addresses are, in the roster or not any more."""
    table, person = schema.address, schema.person
    wanted = frozenset(addresses)
    listed = dialect.each(wanted)
    versions = connection.scalars(
        select(table.c.person)
        .join(person, person.c.id == table.c.person)
        .where(table.c.id.in_(select(listed.c.value)))
        .order_by(person.c.confirmed_at.nulls_first())
    ).all()
    known = people.find_people(connection, versions)
    return {
        at.id: Owner(name=known[version].name, kind=at.kind, value=at.value)
        for version in versions
        for at in known[version].addresses
        if at.id in wanted
    }


def bearers(connection: Connection) -> list[Person]:
    """Every version of a person one of whose addresses bears a flag."""
    flagged = select(schema.address_flag.c.address).where(
        schema.address_flag.c.cleared_at.is_(None)
    )
    versions = connection.scalars(
        select(schema.address.c.person)
        .distinct()
        .where(schema.address.c.id.in_(flagged))
    )
    return list(people.find_people(connection, versions).values())


def dead_among(connection: Connection, addresses: Iterable[str]) -> list[AddressId]:
    """Which of these addresses providers could not reach in warning after warning.

    Our rule: for two warnings in a row a provider reported the address for good, and
    in between nothing was delivered there, nor did a telephone ring there.
    """
    return [
        AddressId(one)
        for one in addresses
        if len(_failed_since_life(connection, one)) >= DEAD_AFTER
    ]


def _failed_since_life(connection: Connection, address: str) -> Collection[ChainId]:
    message, flag = schema.message, schema.address_flag
    lived = (
        select(func.max(message.c.created_at))
        .where(
            message.c.address == address,
            message.c.delivered_at.isnot(None)
            | message.c.picked_up_at.isnot(None)
            | (message.c.failure == FailureKind.UNREACHED.value),
        )
        .scalar_subquery()
    )
    cleared = (
        select(func.max(flag.c.cleared_at))
        .where(flag.c.address == address, flag.c.flag == Flag.DEAD.value)
        .scalar_subquery()
    )
    failed = (
        message.c.address == address,
        message.c.failure == FailureKind.PERMANENT_ADDRESS.value,
        message.c.failure_code != DIAL_GUARD,
    )
    after = [
        message.c.created_at > func.coalesce(moment, 0) for moment in (lived, cleared)
    ]
    chains = connection.scalars(
        select(message.c.chain).distinct().where(*failed, *after)
    )
    return [ChainId(chain) for chain in chains]
