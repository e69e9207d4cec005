"""Edits of the roster, one thing at a time: a unit, a person, the holders of a post.

Each is one transaction with its line in the history, and costs the same whatever the
size of the roster. What was edited keeps its id, but a person: his versions are never
changed, so he gets a new one, and his posts go over to it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, update

from contacts.duty import Span
from contacts.importers.sheet import ListedAddress
from contacts.model import (
    Address,
    AddressId,
    Holding,
    HumanId,
    Person,
    PersonId,
    PostRef,
    Unit,
    UnitId,
)
from contacts.roster import ORDER
from dispatcher.core.journal import RosterChange
from dispatcher.store import batch, history, people, present, schema
from dispatcher.store.history import Changed, Line

ID_BYTES = 8


class Bar(StrEnum):
    """Why an edit is not made."""

    EXISTS = "exists"  # there is one already
    UNKNOWN_UNIT = "unknown_unit"
    WRONG_PARENT = "wrong_parent"  # not there, or not one step above
    CHILDREN = "children"  # other units lie in it
    HOLDERS = "holders"  # its posts are held
    UNKNOWN_PERSON = "unknown_person"
    ERASED = "erased"  # nobody can read any more who he was
    REPLACED = "replaced"  # a newer version of him is there
    UNKNOWN_ADDRESS = "unknown_address"  # none of his
    SAME_ADDRESS = "same_address"  # one of his stands in the list twice
    TWICE = "twice"  # he would hold it twice at one instant
    NO_SUCH_POST = "no_such_post"  # a unit of this kind has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """An edit that is not made.

    :ivar names: ids of what stands in the way
    """

    why: Bar
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """Who edits, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A person as an editor describes him.

    :ivar addresses: in the order of trying; by its id one that stays as it is
    """

    name: str
    addresses: tuple[ListedAddress | AddressId, ...]


def add_unit(connection: Connection, unit: Unit, editing: Editing) -> Barred | None:
    """Let there be one unit more."""
    if present.unit(connection, unit.id):
        return Barred(why=Bar.EXISTS, names=(unit.id,))
    if barred := _check_parent(connection, unit):
        return barred
    batch.insert(connection, schema.unit, [people.unit_row(unit)])
    _record(connection, editing, [Line.of_unit(None, unit)])
    return None


def put_unit(connection: Connection, unit: Unit, editing: Editing) -> Barred | None:
    """Let a unit be as it is here; its kind does not change."""
    before = present.unit(connection, unit.id)
    if before is None or before.kind is not unit.kind:
        return Barred(why=Bar.UNKNOWN_UNIT, names=(unit.id,))
    if before == unit:
        return None
    if barred := _check_parent(connection, unit):
        return barred
    batch.update(connection, schema.unit, [people.unit_row(unit)], keys=("id",))
    _record(connection, editing, [Line.of_unit(before, unit)])
    return None


def remove_unit(
    connection: Connection, name: UnitId, editing: Editing
) -> Barred | None:
    """Let a unit be no more; while something hangs on it, it stays."""
    unit = present.unit(connection, name)
    if unit is None:
        return Barred(why=Bar.UNKNOWN_UNIT, names=(name,))
    if below := present.children(connection, name):
        return Barred(why=Bar.CHILDREN, names=tuple(below))
    if held := present.holdings_of_unit(connection, name):
        posts = dict.fromkeys(one.ref.post.value for one in held)
        return Barred(why=Bar.HOLDERS, names=tuple(posts))
    connection.execute(delete(schema.unit).where(schema.unit.c.id == name))
    _record(connection, editing, [Line.of_unit(unit, None)])
    return None


def _check_parent(connection: Connection, unit: Unit) -> Barred | None:
    if unit.parent is None:
        return None
    parent = present.unit(connection, unit.parent)
    if parent is None or ORDER[parent.kind] != ORDER[unit.kind] + 1:
        return Barred(why=Bar.WRONG_PARENT, names=(unit.parent,))
    return None


def add_person(
    connection: Connection, described: Described, editing: Editing
) -> Person | Barred:
    """Add somebody; who was in the roster once comes back as the human he is.

    He is known by his name and a number, and then keeps what calls have shown of it.
    Of those who hold a post, only who has the same first number is he (as in an
    import): a telephone of an office is many people's.
    """
    known = _namesakes(connection, described)
    in_posts = [one for one in known if present.holdings_of(connection, one.id)]
    same = [one.id for one in in_posts if _first_is_same(one, described)]
    if same:
        return Barred(why=Bar.EXISTS, names=tuple(same))
    former = [one.human for one in known if one not in in_posts]
    human = former[-1] if former else None
    return _write_version(connection, human, described, editing)


def _first_is_same(person: Person, described: Described) -> bool:
    first = described.addresses[0]
    return isinstance(first, ListedAddress) and first.value == person.addresses[0].value


def put_person(
    connection: Connection, name: PersonId, described: Described, editing: Editing
) -> Person | Barred:
    """Write a new version of a human, to whom all his posts go over."""
    before = _editable(connection, name)
    if isinstance(before, Barred):
        return before
    if _says_the_same(before, described):
        return before
    return _write_version(connection, before.human, described, editing, before)


def remove_person(
    connection: Connection, name: PersonId, editing: Editing
) -> Barred | None:
    """Take somebody out of all his posts; who holds none is out already."""
    person = _editable(connection, name)
    if isinstance(person, Barred):
        return person
    dismiss(connection, person, editing)
    return None


def dismiss(connection: Connection, person: Person, editing: Editing) -> None:
    """Take a version of somebody out of all its posts, if it holds any."""
    held = present.holdings_of(connection, person.id)
    if held:
        gone = _hand_over(connection, held, person.id, None)
        _record(connection, editing, [Line.of_person(person, None), *gone])


def put_post(
    connection: Connection, ref: PostRef, holders: Sequence[Holding], editing: Editing
) -> Barred | None:
    """Let these hold a post, in this order."""
    if barred := _check_post(connection, ref, holders):
        return barred
    line = _rewrite(connection, ref, holders)
    if line.before == line.after:
        return None
    _record(connection, editing, [line])
    return None


def _check_post(
    connection: Connection, ref: PostRef, holders: Sequence[Holding]
) -> Barred | None:
    unit = present.unit(connection, ref.unit)
    if unit is None:
        return Barred(why=Bar.UNKNOWN_UNIT, names=(ref.unit,))
    if unit.kind is not ref.post.unit_kind:
        return Barred(why=Bar.NO_SUCH_POST, names=(ref.unit, ref.post.value))
    spans: dict[HumanId, list[Span]] = {}
    for one in holders:
        person = _editable(connection, one.person)
        if isinstance(person, Barred):
            return person
        span = Span(begins=one.valid_from, ends=one.valid_until)
        held = spans.setdefault(person.human, [])
        if any(span.meets(other) for other in held):
            return Barred(why=Bar.TWICE, names=(person.id,))
        held.append(span)
    return None


def _editable(connection: Connection, name: PersonId) -> Person | Barred:
    """The present version of a human, if that is what the id names."""
    newest = present.newest_version(connection, name)
    if newest is None:
        return Barred(why=Bar.UNKNOWN_PERSON, names=(name,))
    if newest != name:
        return Barred(why=Bar.REPLACED, names=(newest,))
    if present.erased(connection, name):
        return Barred(why=Bar.ERASED, names=(name,))
    return people.find_people(connection, [name])[name]


def _namesakes(connection: Connection, described: Described) -> list[Person]:
    """Everybody of this name who has, or had, one of these numbers; the newest last."""
    listed = [one for one in described.addresses if isinstance(one, ListedAddress)]
    held = people.holders_of(connection, [one.value for one in listed])
    versions = {
        newest
        for holders in held.values()
        for _, person in holders
        if (newest := present.newest_version(connection, PersonId(person)))
    }
    found = people.find_people(connection, sorted(versions)).values()
    named = [one for one in found if one.name == described.name]
    return [one for one in named if not present.erased(connection, one.id)]


def _says_the_same(person: Person, described: Described) -> bool:
    told = [
        at.id if isinstance(one, str) else (at.kind, at.value)
        for at, one in zip(person.addresses, described.addresses, strict=False)
    ]
    wanted = [
        one if isinstance(one, str) else (one.kind, one.value)
        for one in described.addresses
    ]
    same = told == wanted and len(person.addresses) == len(wanted)
    return same and person.name == described.name


def _write_version(
    connection: Connection,
    human: HumanId | None,
    described: Described,
    editing: Editing,
    before: Person | None = None,
) -> Person | Barred:
    addresses = _addresses(connection, human, described)
    if isinstance(addresses, Barred):
        return addresses
    person = Person(
        id=PersonId(secrets.token_hex(ID_BYTES)),
        name=described.name,
        addresses=addresses,
        first=None if human is None else PersonId(human),
    )
    people.add_people(connection, [person])
    _confirm(connection, person, editing.at)
    lines = [Line.of_person(before, person)]
    if before:
        held = present.holdings_of(connection, before.id)
        lines += _hand_over(connection, held, before.id, person.id)
    _record(connection, editing, lines)
    return person


def _addresses(
    connection: Connection, human: HumanId | None, described: Described
) -> tuple[Address, ...] | Barred:
    """What he is reached by; of what he had before ids and flags stay."""
    known = present.addresses_of(connection, human) if human else {}
    by_value = {one.value: one for one in known.values()}
    found: list[Address] = []
    for one in described.addresses:
        if isinstance(one, ListedAddress):
            kept = by_value.get(one.value)
            address = replace(kept, kind=one.kind) if kept else _new(one)
        elif one in known:
            address = known[one]
        else:
            return Barred(why=Bar.UNKNOWN_ADDRESS, names=(one,))
        found.append(address)
    if len({one.id for one in found}) < len(found):
        return Barred(why=Bar.SAME_ADDRESS, names=tuple(one.id for one in found))
    return tuple(found)


def _new(listed: ListedAddress) -> Address:
    name = AddressId(secrets.token_hex(ID_BYTES))
    return Address(id=name, kind=listed.kind, value=listed.value)


def _confirm(connection: Connection, person: Person, at: datetime) -> None:
    """He was described just now."""
    table = schema.person
    mine = table.c.id == person.id
    connection.execute(update(table).where(mine).values(confirmed_at=at))


def _hand_over(
    connection: Connection,
    held: Iterable[Holding],
    old: PersonId,
    new: PersonId | None,
) -> Iterator[Line]:
    """Put another version into posts, or nobody."""
    for ref in dict.fromkeys(one.ref for one in held):
        holders = [
            replace(one, person=new or old) if one.person == old else one
            for one in present.holders(connection, ref)
            if new or one.person != old
        ]
        yield _rewrite(connection, ref, holders)


def _rewrite(connection: Connection, ref: PostRef, holders: Sequence[Holding]) -> Line:
    table = schema.holding
    before = present.holders(connection, ref)
    connection.execute(
        delete(table).where(table.c.unit == ref.unit, table.c.post == ref.post.value)
    )
    batch.insert(connection, table, people.holding_rows(holders))
    return Line.of_post(ref, before, holders)


def _record(connection: Connection, editing: Editing, lines: Sequence[Line]) -> None:
    changed = Changed(
        at=editing.at,
        by=editing.by,
        how=RosterChange.EDIT,
        lines=lines,
        figures=history.figures_of(lines),
    )
    history.record(connection, changed)
