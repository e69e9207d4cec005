"""A roster becomes another one: only what differs is written, from lines of history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, select, update

from contacts.model import Flag, Holding, PostRef
from contacts.roster import Roster
from dispatcher.store import batch, dialect, history, people, schema
from dispatcher.store.history import Kind, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What is to be written; made before the transaction that others wait for."""

    lines: Sequence[Line]
    units: Sequence[batch.Values]
    units_gone: Sequence[str]
    posts: Sequence[str]
    holdings: Sequence[batch.Values]


def rewrite_of(before: Roster, after: Roster) -> Rewrite:
    """What makes one roster of another."""
    lines = [*_units(before, after), *_people(before, after), *_posts(before, after)]
    units = [one for one in lines if one.kind is Kind.UNIT]
    posts = [one for one in lines if one.kind is Kind.POST]
    changed = {history.post_of(one.subject) for one in posts}
    held = (one for one in after.holdings if one.ref in changed)
    come = filter(None, (history.unit_of(one.after) for one in units))
    return Rewrite(
        lines=lines,
        units=[people.unit_row(unit) for unit in come],
        units_gone=[one.subject for one in units if one.after is None],
        posts=[one.subject for one in posts],
        holdings=people.holding_rows(held),
    )


def _units(before: Roster, after: Roster) -> Iterator[Line]:
    for name in dict.fromkeys([*before.units, *after.units]):
        old, new = before.units.get(name), after.units.get(name)
        if old != new:
            yield Line.of_unit(old, new)


def _people(before: Roster, after: Roster) -> Iterator[Line]:
    """A line for each human; a number that was handed over makes nobody another."""
    old = {one.human: one for one in before.people.values()}
    new = {one.human: one for one in after.people.values()}
    for human in dict.fromkeys([*old, *new]):
        was, is_now = old.get(human), new.get(human)
        if (was and was.id) != (is_now and is_now.id):
            yield Line.of_person(was, is_now)


def _posts(before: Roster, after: Roster) -> Iterator[Line]:
    old, new = by_post(before), by_post(after)
    for ref in dict.fromkeys([*old, *new]):
        was, is_now = old.get(ref, []), new.get(ref, [])
        if was != is_now:
            yield Line.of_post(ref, was, is_now)


def by_post(roster: Roster) -> dict[PostRef, list[Holding]]:
    """Who holds each post, in the order of calling."""
    found: dict[PostRef, list[Holding]] = defaultdict(list)
    for one in roster.holdings:
        found[one.ref].append(one)
    return found


def write(connection: Connection, rewrite: Rewrite) -> None:
    """Let the roster be the other one; its people have to be there already."""
    unit, holding = schema.unit, schema.holding
    connection.execute(delete(unit).where(unit.c.id.in_(_listed(rewrite.units_gone))))
    batch.replace(connection, unit, rewrite.units)
    subject = holding.c.unit + "/" + holding.c.post
    connection.execute(delete(holding).where(subject.in_(_listed(rewrite.posts))))
    batch.insert(connection, holding, rewrite.holdings)
    _keep_wrong(connection)


def _listed(ids: Iterable[str]) -> Select[tuple[str]]:
    given = dialect.each(ids)
    return select(given.c.value)


def _keep_wrong(connection: Connection) -> None:
    """A number found wrong while the new versions were written is wrong in them."""
    address, flag = schema.address, schema.address_flag
    wrong = select(flag.c.address).where(
        flag.c.flag == Flag.WRONG_PERSON.value, flag.c.cleared_at.is_(None)
    )
    missed = address.c.id.in_(wrong) & ~address.c.wrong
    connection.execute(update(address).where(missed).values(wrong=True))


def erased(connection: Connection) -> frozenset[str]:
    """Versions of people whom nobody can read any more."""
    table = schema.person
    return frozenset(connection.scalars(select(table.c.id).where(table.c.name == "")))


def forget_unheld(connection: Connection, new: Iterable[str]) -> None:
    """Delete versions that were written for an import that was not applied."""
    person, address, key = schema.person, schema.address, schema.human_key
    ids = _listed(new)
    connection.execute(delete(address).where(address.c.person.in_(ids)))
    connection.execute(delete(person).where(person.c.id.in_(ids)))
    known = select(person.c.human)
    connection.execute(
        delete(key).where(key.c.human.in_(ids), key.c.human.not_in(known))
    )
