"""What the roster check says, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.check import Fault, Finding
from contacts.model import Address, AddressId, AddressKind, Person, PersonId, UnitId
from contacts.roster import Roster
from dispatcher.api.check_words import FAULTS, SAYINGS, said
from tests.api.hamlet import GRIDS, roster

COUNTY = roster()
NUMBER = COUNTY.people[PersonId("p1")].addresses[0]
FINDING = Finding(fault=Fault.SHARED_NUMBER, unit=UnitId(GRIDS[0]), address=NUMBER)


@pytest.mark.parametrize("words", [FAULTS, SAYINGS])
def test_every_fault_has_its_words(words: dict[Fault, object]) -> None:
    assert [*words] == [*Fault]


@pytest.mark.parametrize(
    ("people", "zh", "en"),
    [
        (2, "2人共用:王建国1、王建国2", "2: 王建国1, 王建国2"),
        (
            6,
            "6人共用:王建国1、王建国2、王建国3、王建国4、王建国5等",
            "6: 王建国1, 王建国2, 王建国3, 王建国4, 王建国5, ...",
        ),
    ],
)
def test_who_shares_a_number_is_named_up_to_five(people: int, zh: str, en: str) -> None:
    one, *others = (PersonId(f"p{number}") for number in range(1, people + 1))
    told = said(COUNTY, replace(FINDING, person=one, others=tuple(others)))

    assert told == (f"+999 138****0001 由{zh}", f"+999 138****0001 is shared by {en}")


def test_an_account_is_shown_whole() -> None:
    account = Address(id=AddressId("w"), kind=AddressKind.WECOM, value="wang-jg")
    told = said(COUNTY, replace(FINDING, fault=Fault.OPTED_OUT, address=account))

    assert told == ("wang-jg 已退订短信", "wang-jg has opted out of texts")


def test_units_are_told_by_code_and_name() -> None:
    beside = replace(FINDING, fault=Fault.SAME_NAME, others=(UnitId(GRIDS[1]),))

    assert said(COUNTY, beside) == (
        f"与同一上级下的 {GRIDS[1]} 2网格 同名",
        f"has the name of {GRIDS[1]} 2网格 beside it",
    )


def test_nothing_said_holds_a_whole_number() -> None:
    someone = Person(id=PersonId("p"), name="王", addresses=(NUMBER,))
    others = (UnitId(GRIDS[1]),)
    alone = Roster.build(COUNTY.units.values(), [someone], [])
    for fault in set(Fault) - {Fault.SHARED_NUMBER}:
        finding = replace(FINDING, fault=fault, person=someone.id, others=others)
        zh, en = said(alone, finding)

        assert zh
        assert en
        assert "13800000001" not in zh + en
