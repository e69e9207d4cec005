"""Edits of the roster in JSON, held to what an importer lets pass.

A problem never tells a number again: who sends one wrong has it before him.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, assert_never

from pydantic import AfterValidator, Field

from contacts.codes import KINDS
from contacts.duty import DutyError, Span
from contacts.importers import cells
from contacts.importers.cells import Wrong
from contacts.importers.sheet import ListedAddress
from contacts.model import (
    AddressId,
    AddressKind,
    Holding,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitKind,
)
from contacts.numbers import (
    NOT_CALLABLE,
    TEST_ONLY,
    UNREADABLE,
    NumberProblem,
    normalise,
)
from dispatcher.intake.form import Form, Moment, Number, Reason, Word
from dispatcher.intake.problem import Loc, Problem, problem

NUMBERS_MOST = 10
HOLDERS_MOST = 100
NUMBER_CODES = {
    UNREADABLE: "number_unreadable",
    NOT_CALLABLE: "number_not_callable",
    TEST_ONLY: "test_number",
}

# Cleaned as a cell is: what is not seen goes, full-width forms become plain ones.
Text = Annotated[Word, AfterValidator(cells.clean)]
Lat = Annotated[Number, Field(ge=-90, le=90)]
Lon = Annotated[Number, Field(ge=-180, le=180)]
Risk = Annotated[int, Field(strict=True, ge=1, le=9)]


class UnitForm(Form):
    """A unit as it is to be; null means that nobody knows."""

    name: Text
    parent: Word | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    risk: Risk = 9


class NewUnitForm(UnitForm):
    """A unit that is not there yet."""

    id: Word
    kind: UnitKind


class NumberForm(Form):
    """One of a person's numbers: in clear, or by its id one that stays as it is."""

    id: Word | None = None
    value: Word | None = None
    kind: AddressKind | None = None


Numbers = Annotated[list[NumberForm], Field(min_length=1, max_length=NUMBERS_MOST)]


class PersonForm(Form):
    """A person as he is to be; numbers in the order in which they are tried."""

    name: Text
    numbers: Numbers


class HolderForm(Form):
    """A person in a post, and for how long; null is without end."""

    person: Word
    valid_from: Moment | None = None
    valid_until: Moment | None = None

    def holding(self, ref: PostRef) -> Holding:
        """The holder as the rest of the house knows him."""
        return Holding(
            ref=ref,
            person=PersonId(self.person),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class PostForm(Form):
    """Who holds a post, in the order of calling; nobody: it is vacant."""

    holders: Annotated[list[HolderForm], Field(max_length=HOLDERS_MOST)]


class NewHolderForm(HolderForm):
    """One holder of a post more."""

    unit: Word
    post: Post


class EraseForm(Form):
    """Why somebody is erased."""

    reason: Reason


def unit_problems(unit: Unit) -> Iterator[Problem]:
    """What is wrong with a unit, whatever else there is."""
    if not unit.name:
        yield problem(("name",), "required")
    if not _fits(unit.id, unit.kind):
        yield problem(("id",), "bad_unit_code")
    yield from _parent_problems(unit)
    for name, own, other in (("lat", unit.lat, unit.lon), ("lon", unit.lon, unit.lat)):
        if own is None and other is not None:
            yield problem((name,), "lat_and_lon")


def _fits(code: str, kind: UnitKind) -> bool:
    """Whether a unit of this kind can have this code, in its shortest spelling."""
    if kind is UnitKind.GRID:
        return bool(code) and cells.grid_code(cells.clean(code)) == code
    return KINDS.get(len(code)) is kind and cells.area_code(code) == code


def _parent_problems(unit: Unit) -> Iterator[Problem]:
    """A code begins with that of the place above; only a grid's own is free."""
    parent = unit.parent
    match unit.kind:
        case UnitKind.GRID:
            sound = parent is not None
        case UnitKind.VILLAGE:
            sound = parent == unit.id[:9]
        case UnitKind.TOWNSHIP:
            sound = parent in {None, unit.id[:6]}
        case UnitKind.COUNTY:
            sound = parent is None
        case _:
            assert_never(unit.kind)
    if not sound:
        yield problem(("parent",), "bad_parent")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTold:
    """A person as a form tells of him; by its id a number that stays as it is."""

    name: str
    addresses: tuple[ListedAddress | AddressId, ...]


def read_person(
    form: PersonForm, *, allow_test_numbers: bool
) -> PersonTold | tuple[Problem, ...]:
    """Read what a form says of a person, or tell everything that is wrong with it."""
    read = [
        _address(("numbers", place), one, allow_test_numbers=allow_test_numbers)
        for place, one in enumerate(form.numbers)
    ]
    problems = [one for one in read if isinstance(one, Problem)]
    addresses = [one for one in read if not isinstance(one, Problem)]
    twice = (one for place, one in enumerate(addresses) if one in addresses[:place])
    problems += [problem(("numbers",), "listed_twice") for _ in twice]
    name = cells.person_name(form.name)
    if isinstance(name, Wrong):
        problems.append(problem(("name",), "bad_person_name", what=name.what))
    elif not name:
        problems.append(problem(("name",), "required"))
    elif not problems:
        return PersonTold(name=name, addresses=tuple(addresses))
    return tuple(problems)


def _address(
    loc: Loc, form: NumberForm, *, allow_test_numbers: bool
) -> ListedAddress | AddressId | Problem:
    if (form.id is None) is (form.value is None):
        return problem(loc, "id_or_value")
    if form.id is not None:
        return AddressId(form.id)
    text = cells.clean(form.value or "")
    if form.kind is AddressKind.WECOM:
        account = cells.wecom(text)
        if isinstance(account, Wrong):
            return problem((*loc, "value"), "bad_account")
        return ListedAddress(kind=AddressKind.WECOM, value=account)
    number = normalise(text, allow_test_numbers=allow_test_numbers)
    if isinstance(number, NumberProblem):
        return problem((*loc, "value"), NUMBER_CODES[number.what])
    if form.kind not in {None, number.kind}:
        return problem((*loc, "kind"), "kind_is_another", kind=number.kind)
    return ListedAddress(kind=number.kind, value=number.value)


def span_problems(holders: Sequence[HolderForm], loc: Loc = ()) -> Iterator[Problem]:
    """Complain of each holder whose time would end before it begins."""
    for place, one in enumerate(holders):
        try:
            Span(begins=one.valid_from, ends=one.valid_until)
        except DutyError:
            where = (*loc, place, "valid_until") if loc else ("valid_until",)
            yield problem(where, "ends_before_it_begins")
