"""Edits of the roster are held to what an importer lets pass."""

from __future__ import annotations

import pytest

from contacts.importers.sheet import ListedAddress
from contacts.model import AddressId, AddressKind, Unit, UnitId, UnitKind
from dispatcher.intake.roster_form import (
    NumberForm,
    PersonForm,
    PersonTold,
    read_person,
    unit_problems,
)


def person(*numbers: NumberForm, name: str = "王建国") -> PersonForm:
    return PersonForm(name=name, numbers=[*numbers])


def unit(kind: UnitKind, code: str, parent: str | None) -> Unit:
    above = UnitId(parent) if parent else None
    return Unit(
        id=UnitId(code), kind=kind, name="某地", parent=above, code_system="DEMO"
    )


def test_a_person_is_read_with_what_is_new_and_what_stays() -> None:
    form = person(
        NumberForm(value="１３８ 0000 1234"),
        NumberForm(id="a1"),
        NumberForm(value="wang.jg", kind=AddressKind.WECOM),
        name="王 建国",
    )

    assert read_person(form, allow_test_numbers=False) == PersonTold(
        name="王建国",
        addresses=(
            ListedAddress(kind=AddressKind.MOBILE, value="+8613800001234"),
            AddressId("a1"),
            ListedAddress(kind=AddressKind.WECOM, value="wang.jg"),
        ),
    )


def test_test_numbers_are_for_demos() -> None:
    form = person(NumberForm(value="+99913800000001"))
    told = read_person(form, allow_test_numbers=False)

    assert isinstance(told, tuple)
    assert [(one.loc, one.code) for one in told] == [
        (("numbers", 0, "value"), "test_number")
    ]
    assert isinstance(read_person(form, allow_test_numbers=True), PersonTold)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    form = person(
        NumberForm(value="110"),
        NumberForm(value="13800001234"),
        NumberForm(value="138-0000-1234"),
        name="王建国、李卫民",
    )
    told = read_person(form, allow_test_numbers=False)

    assert isinstance(told, tuple)
    assert [one.code for one in told] == [
        *("number_not_callable", "listed_twice", "bad_person_name")
    ]
    assert not any("13800001234" in f"{one.zh}{one.en}" for one in told)


@pytest.mark.parametrize(
    ("kind", "code", "parent", "wrong"),
    [
        (UnitKind.COUNTY, "990421", None, []),
        (UnitKind.COUNTY, "990421", "9904", ["bad_parent"]),
        (UnitKind.COUNTY, "990421000", None, ["bad_unit_code"]),
        (UnitKind.TOWNSHIP, "990421100", "990421", []),
        (UnitKind.TOWNSHIP, "990421100", None, []),
        (UnitKind.TOWNSHIP, "990421100", "990422", ["bad_parent"]),
        (UnitKind.VILLAGE, "990421100200", "990421100", []),
        (UnitKind.VILLAGE, "990421100200", None, ["bad_parent"]),
        (UnitKind.VILLAGE, "99042110020x", "990421100", ["bad_unit_code"]),
        (UnitKind.GRID, "丙-1", "990421100200", []),
        (UnitKind.GRID, "丙-1", None, ["bad_parent"]),
        (UnitKind.GRID, "1.38E+10", "990421100200", ["bad_unit_code"]),
        (UnitKind.GRID, "丙\u200b1", "990421100200", ["bad_unit_code"]),
    ],
)
def test_codes_and_parents_are_those_of_their_kind(
    kind: UnitKind, code: str, parent: str | None, wrong: list[str]
) -> None:
    found = [one.code for one in unit_problems(unit(kind, code, parent))]

    assert found == wrong
