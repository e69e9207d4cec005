"""Importing a roster: a file is tried, applied, and taken back.

A try changes nothing: it tells every problem, or what would change. What is applied was
tried against the edition that is there; if that has moved, a new try is needed. An undo
takes back what the import has changed, and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PureWindowsPath
from typing import assert_never

from pydantic import TypeAdapter
from sqlalchemy import Connection

from contacts.importers.cells import UNSEEN
from contacts.importers.changes import compare
from contacts.importers.layout import Layout
from contacts.importers.merge import merge
from contacts.importers.sheet import RowProblem, Sheet
from contacts.masking import hidden
from contacts.model import Person, PersonId, Unit, UnitId
from contacts.numbers import without_numbers
from contacts.roster import Roster, RosterError
from dispatcher.core.journal import RosterChange
from dispatcher.engine.import_orders import Apply, Obstacle, Order, Outcome, Try, Undo
from dispatcher.engine.trying import Found, read_file
from dispatcher.store import (
    confirmations,
    duty,
    flags,
    history,
    imports,
    people,
    rewriting,
)
from dispatcher.store.database import Database, one_state
from dispatcher.store.history import Changed, Kind, Line
from dispatcher.store.imports import Import, ImportState, NewImport, Part

ID_BYTES = 8
NAME_MOST = 200
PEOPLE_PIECE = 2_000  # versions a transaction: nobody waits long for his
ROWS_MOST = 10_000  # with problems, that are told as they stand in the file
NAMELESS = "名册"
View = dict[str, object]

SHEET: TypeAdapter[Sheet] = TypeAdapter(Sheet)
LAYOUT: TypeAdapter[Layout] = TypeAdapter(Layout)


async def carry_out(database: Database, order: Order, data: bytes = b"") -> Outcome:
    """Do what is ordered; ``data`` is the file to try."""
    match order:
        case Try():
            found = await asyncio.to_thread(read_file, order, data)
            return await keep(database, order, found, sha256(data))
        case Apply():
            return await _apply_kept(database, order)
        case Undo():
            return await undo(database, order)
        case _:
            assert_never(order)


def sha256(data: bytes) -> str:
    """The digest by which a file is known again."""
    return hashlib.sha256(data).hexdigest()


def name_of(file: str) -> str:
    """The name of a file as it is kept: without its folder, numbers or marks."""
    plain = UNSEEN.sub("", PureWindowsPath(file).name).strip(". ")
    return without_numbers(plain)[:NAME_MOST] or NAMELESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The roster as it is at one moment, with what a merge asks."""

    roster: Roster
    former: Sequence[Person]
    edition: int


def look(connection: Connection) -> Present:
    """Read the roster that a file is compared with."""
    with one_state(connection):
        return Present(
            roster=people.load_roster(connection),
            former=flags.bearers(connection),
            edition=history.edition(connection),
        )


def _merged(now: Present, sheet: Sheet) -> Roster:
    return merge(now.roster, sheet, lambda: secrets.token_hex(ID_BYTES), now.former)


async def keep(database: Database, order: Try, found: Found, digest: str) -> Outcome:
    """Write down what was found in a file, and what it would change."""
    sheet = found.sheet
    now = await database.read(look)
    parts, figures = await asyncio.to_thread(_judged, now, found)
    new = NewImport(
        state=ImportState.FAULTY if sheet.problems else ImportState.TRIED,
        at=order.at,
        by=order.by,
        file=name_of(order.file),
        sha256=digest,
        figures=figures,
        base=now.edition,
    )
    number = await database.write(lambda c: imports.add(c, new, parts))
    return Outcome(number=number, edition=now.edition)


async def import_at_once(
    database: Database, order: Try, sheet: Sheet, digest: str
) -> Outcome:
    """Put a sheet without problems in the place of the roster, whatever that is."""

    def begin(connection: Connection) -> int:
        new = NewImport(
            state=ImportState.TRIED,
            at=order.at,
            by=order.by,
            file=name_of(order.file),
            sha256=digest,
            figures=figures_of(sheet),
            base=history.edition(connection),
        )
        return imports.add(connection, new, {})

    number = await database.write(begin)
    apply = Apply(number=number, by=order.by, at=order.at, force=True)
    return await apply_sheet(database, apply, sheet)


def _judged(
    now: Present, found: Found
) -> tuple[Mapping[Part, Sequence[object]], Mapping[str, int]]:
    sheet = found.sheet
    layout = [LAYOUT.dump_python(found.layout, mode="json")] if found.layout else []
    parts: dict[Part, Sequence[object]] = {
        Part.LAYOUT: layout,
        Part.PROBLEMS: [told(one) for one in sheet.problems],
        Part.NOTES: [told(one) for one in sheet.notes],
        Part.ROWS: found.rows[:ROWS_MOST],
    }
    figures = figures_of(sheet)
    to_apply = found.correct if sheet.problems else sheet
    if to_apply and (after := _fitting(now, to_apply)):
        changes = [*_changes(now.roster, after)]
        parts[Part.CHANGES] = changes
        parts[Part.SHEET] = [SHEET.dump_python(to_apply, mode="json")]
        figures |= _size(to_apply)
        figures |= {"changes": len(changes), "unchanged": _unchanged(after, changes)}
    return parts, figures


def _fitting(now: Present, sheet: Sheet) -> Roster | None:
    """The roster after it; None where correct rows alone do not fit what is there."""
    try:
        return _merged(now, sheet)
    except RosterError:
        if sheet.left_out is None:
            raise
        return None


def _unchanged(after: Roster, changes: Iterable[Mapping[str, object]]) -> int:
    """How many units, people and held posts stay as they are."""
    new = sum(one["after"] is not None for one in changes)
    posts = {one.ref for one in after.holdings}
    return len(after.units) + len(after.people) + len(posts) - new


def figures_of(sheet: Sheet) -> dict[str, int]:
    """How much is in a sheet."""
    found = {"problems": len(sheet.problems), "notes": len(sheet.notes)}
    return _size(sheet) | found


def _size(sheet: Sheet) -> dict[str, int]:
    size = {
        "units": len(sheet.units),
        "people": len(sheet.people),
        "holdings": len(sheet.holdings),
    }
    return size | ({"left_out": sheet.left_out.rows} if sheet.left_out else {})


def told(problem: RowProblem) -> dict[str, object]:
    """A problem of a row, as it is kept and shown."""
    return {
        "row": problem.row,
        "letter": problem.letter,
        "column": str(problem.column),
        "what": problem.what,
    }


def _changes(before: Roster, after: Roster) -> Iterator[dict[str, object]]:
    """What would change, as it is shown: names, and numbers masked."""
    changes = compare(before, after)
    for unit in changes.units:
        name = next(one.id for one in (unit.after, unit.before) if one)
        yield _change(Kind.UNIT, name, _unit(unit.before), _unit(unit.after))
    for person in changes.people:
        human = person.before.human if person.before else ""
        sides = _person(person.before), _person(person.after)
        yield _change(Kind.PERSON, human, *sides)
    for post in changes.posts:
        sides = _holders(post.before), _holders(post.after)
        yield _change(Kind.POST, history.post_subject(post.ref), *sides)


def _change(
    kind: Kind, subject: str, before: View | None, after: View | None
) -> dict[str, object]:
    return {"kind": kind.value, "subject": subject, "before": before, "after": after}


def _unit(unit: Unit | None) -> View | None:
    return history.UNIT.dump_python(unit, mode="json") if unit else None


def _person(person: Person | None) -> View | None:
    if person is None:
        return None
    numbers = [hidden(one.kind, one.value) for one in person.addresses]
    return {"name": person.name, "numbers": numbers}


def _holders(people: Sequence[Person]) -> View | None:
    return {"holders": [one.name for one in people]} if people else None


async def _apply_kept(database: Database, order: Apply) -> Outcome:
    found = await database.read(lambda c: imports.find(c, order.number))
    obstacle = _not_to_apply(found, order)
    if obstacle:
        return Outcome(number=order.number, obstacle=obstacle)
    kept = await database.read(lambda c: imports.read(c, order.number, Part.SHEET))
    if not kept:  # it was applied, or has lapsed, just now
        return Outcome(number=order.number, obstacle=Obstacle.LAPSED)
    sheet = await asyncio.to_thread(SHEET.validate_python, kept[0])
    return await apply_sheet(database, order, sheet)


def _not_to_apply(found: Import | None, order: Apply) -> Obstacle | None:
    if found is None:
        return Obstacle.UNKNOWN
    if order.only_correct and "left_out" in found.figures:
        fit = (ImportState.TRIED, ImportState.FAULTY)
        return None if found.state in fit else Obstacle(found.state.value)
    return None if found.state is ImportState.TRIED else Obstacle(found.state.value)


async def apply_sheet(database: Database, order: Apply, sheet: Sheet) -> Outcome:
    """Put a sheet that was tried in the place of the roster; a number keeps its flags.

    New versions of people are written first, a piece at a time: they mean nothing until
    somebody holds a post. So what others wait for is short.
    """
    now = await database.read(look)
    after = await asyncio.to_thread(_merged, now, sheet)
    rewrite = await asyncio.to_thread(rewriting.rewrite_of, now.roster, after)
    new = [one for name, one in after.people.items() if name not in now.roster.people]
    if blocked := await database.read(lambda c: _blocked(c, order, now.edition)):
        return blocked
    for start in range(0, len(new), PEOPLE_PIECE):
        piece = new[start : start + PEOPLE_PIECE]
        await database.write(partial(people.add_people, people=piece))

    def commit(connection: Connection) -> Outcome:
        if blocked := _blocked(connection, order, now.edition):
            rewriting.forget_unheld(connection, [one.id for one in new])
            return blocked
        made = _write(connection, order, RosterChange.IMPORT, rewrite)
        confirmations.confirm(connection, order.at)
        imports.applied(connection, order.number, order.by, order.at, made)
        return _done(connection, order, after)

    return await database.write(commit, aside=True)


def _blocked(connection: Connection, order: Apply, seen: int) -> Outcome | None:
    """What is in the way of an import that was merged into a certain edition."""
    edition = history.edition(connection)
    found = imports.find(connection, order.number)
    obstacle = _not_to_apply(found, order)
    base = seen if order.force or found is None else found.base
    if obstacle is None and not edition == seen == base:
        obstacle = Obstacle.MOVED
    if obstacle is None:
        return None
    return Outcome(number=order.number, obstacle=obstacle, edition=edition)


def _write(
    connection: Connection,
    order: Apply | Undo,
    how: RosterChange,
    rewrite: rewriting.Rewrite,
) -> int | None:
    """Let the roster be another one, with its edition; None: nothing changes."""
    if not rewrite.lines:
        return None
    rewriting.write(connection, rewrite)
    found = imports.find(connection, order.number)
    changed = Changed(
        at=order.at,
        by=order.by,
        how=how,
        lines=rewrite.lines,
        figures=history.figures_of(rewrite.lines),
        source=found.file if found else None,
    )
    return history.record(connection, changed)


def _done(connection: Connection, order: Apply | Undo, roster: Roster) -> Outcome:
    return Outcome(
        number=order.number,
        edition=history.edition(connection),
        lapsed=tuple(one.number for one in duty.lapsed(connection, roster, order.at)),
    )


async def undo(database: Database, order: Undo) -> Outcome:
    """Let what an import has changed be as before; who was erased stays away."""

    def taken_back(connection: Connection) -> tuple[Present, Roster | Obstacle]:
        now = look(connection)
        return now, _former(connection, order, now)

    now, after = await database.read(taken_back)
    if isinstance(after, Obstacle):
        return Outcome(number=order.number, obstacle=after, edition=now.edition)
    rewrite = await asyncio.to_thread(rewriting.rewrite_of, now.roster, after)

    def commit(connection: Connection) -> Outcome:
        edition = history.edition(connection)
        obstacle = _not_to_undo(imports.find(connection, order.number))
        if obstacle is None and edition != now.edition:
            obstacle = Obstacle.MOVED
        if obstacle:
            return Outcome(number=order.number, obstacle=obstacle, edition=edition)
        _write(connection, order, RosterChange.UNDO, rewrite)
        imports.undone(connection, order.number, order.by, order.at)
        return _done(connection, order, after)

    return await database.write(commit, aside=True)


def _not_to_undo(found: Import | None) -> Obstacle | None:
    if found is None:
        return Obstacle.UNKNOWN
    match found.state:
        case ImportState.APPLIED:
            return None
        case ImportState.UNDONE:
            return Obstacle.UNDONE
        case _:
            return Obstacle.NOT_APPLIED


def _former(connection: Connection, order: Undo, now: Present) -> Roster | Obstacle:
    """The roster without what the import has changed."""
    found = imports.find(connection, order.number)
    if obstacle := _not_to_undo(found):
        return obstacle
    edition = found.edition if found else None
    if edition is None:
        return now.roster
    if edition != now.edition and not order.force:
        return Obstacle.MOVED
    lines = history.lines_between(connection, edition - 1, edition)
    try:
        return _without(connection, now.roster, lines)
    except RosterError:
        return Obstacle.UNFIT


def _without(connection: Connection, roster: Roster, lines: Sequence[Line]) -> Roster:
    units = dict(roster.units)
    held = {ref: [*some] for ref, some in rewriting.by_post(roster).items()}
    for line in lines:
        match line.kind:
            case Kind.UNIT:
                _put_unit(units, line)
            case Kind.POST:
                ref = history.post_of(line.subject)
                held[ref] = [*history.holdings_of(line.subject, line.before)]
            case Kind.PERSON:
                pass
    every = [one for some in held.values() for one in some]
    known = people.find_people(connection, {one.person for one in every})
    versions = _versions(roster, lines, known)
    gone = rewriting.erased(connection)
    holdings = [
        replace(one, person=versions[one.person])
        for one in every
        if one.person not in gone
    ]
    known |= {str(name): one for name, one in roster.people.items()}
    used = {one.person: known[one.person] for one in holdings}
    return Roster.build(units.values(), used.values(), holdings, roster.duties)


def _put_unit(units: dict[UnitId, Unit], line: Line) -> None:
    before = history.unit_of(line.before)
    if before:
        units[before.id] = before
    else:
        units.pop(UnitId(line.subject), None)


def _versions(
    roster: Roster, lines: Sequence[Line], known: Mapping[str, Person]
) -> dict[PersonId, PersonId]:
    """Which version holds what each version held: who was edited since stays so."""
    present = {one.human: one.id for one in roster.people.values()}
    back = {
        PersonId(one.after): PersonId(one.before)
        for one in lines
        if one.kind is Kind.PERSON and one.before and one.after
    }
    newest = {human: back.get(name, name) for human, name in present.items()}
    return {PersonId(n): newest.get(one.human, PersonId(n)) for n, one in known.items()}
