from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from contacts.importers.merge import merge
from contacts.importers.sheet import (
    ListedAddress,
    ListedHolding,
    ListedPerson,
    RowProblem,
    Sheet,
)
from contacts.model import AddressKind, Person, PersonId, Post, PostRef
from contacts.roster import Roster
from tests.contacts.tree import GRID_1, UNITS, VILLAGE

EMPTY = Roster.build((), (), ())
LEAD, HEAD = PostRef(GRID_1, Post.GRID_LEAD), PostRef(VILLAGE, Post.VILLAGE_HEAD)


def mobile(value: str) -> ListedAddress:
    return ListedAddress(kind=AddressKind.MOBILE, value=value)


ONE, TWO = mobile("+99913800000001"), mobile("+99913800000002")
WANG = ListedPerson(name="王建国", addresses=(ONE,))
LI = ListedPerson(name="李秀英", addresses=(TWO,))


def sheet(*held: tuple[PostRef, ListedPerson]) -> Sheet:
    return Sheet(
        units=UNITS,
        people=tuple(dict.fromkeys(person for _, person in held)),
        holdings=tuple(ListedHolding(ref, person.key) for ref, person in held),
    )


def ids(prefix: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def holder(roster: Roster, ref: PostRef) -> Person:
    [person] = roster.appointed(ref)
    return person


FIRST = merge(EMPTY, sheet((LEAD, WANG), (HEAD, LI)), ids("a"))


def test_everybody_new_gets_an_id_that_tells_nothing() -> None:
    assert {"a1", "a3"} == set(FIRST.people)
    assert [p.addresses[0].id for p in FIRST.people.values()] == ["a2", "a4"]


def test_who_is_unchanged_keeps_his_version_in_another_post() -> None:
    second = merge(FIRST, sheet((LEAD, LI), (HEAD, WANG)), ids("b"))

    assert holder(FIRST, LEAD) == holder(second, HEAD)
    assert holder(FIRST, HEAD) == holder(second, LEAD)


@pytest.mark.parametrize(
    "changed",
    [
        replace(WANG, name="王建军"),
        replace(WANG, addresses=(TWO,)),
        replace(WANG, addresses=(ONE, TWO)),
    ],
)
def test_a_changed_name_or_address_makes_a_new_version(changed: ListedPerson) -> None:
    second = merge(FIRST, sheet((LEAD, changed), (HEAD, LI)), ids("b"))

    assert holder(second, LEAD).id == "b1"
    assert holder(FIRST, HEAD) == holder(second, HEAD)


@pytest.mark.parametrize(
    ("changed", "post"),
    [
        (replace(WANG, addresses=(TWO,)), LEAD),  # another number, the same post
        (replace(WANG, addresses=(TWO, ONE)), HEAD),  # another post, a number stayed
    ],
)
def test_a_new_version_is_the_same_human(changed: ListedPerson, post: PostRef) -> None:
    second = merge(FIRST, sheet((post, changed)), ids("b"))
    third = merge(second, sheet((post, replace(changed, addresses=(ONE,)))), ids("c"))

    assert holder(second, post).human == holder(FIRST, LEAD).human
    assert holder(third, post).first == holder(FIRST, LEAD).id


@pytest.mark.parametrize(
    ("changed", "post"),
    [
        (replace(WANG, name="王建军"), LEAD),  # his number, or his post, taken over
        (replace(WANG, addresses=(TWO,)), HEAD),  # only his name stayed
    ],
)
def test_a_number_a_post_or_a_name_alone_proves_nobody(
    changed: ListedPerson, post: PostRef
) -> None:
    second = merge(FIRST, sheet((post, changed)), ids("b"))

    assert holder(second, post).first is None


def test_two_of_one_name_are_two_humans() -> None:
    both = sheet((LEAD, WANG), (LEAD, replace(WANG, addresses=(TWO,))))
    before = merge(EMPTY, both, ids("a"))
    three, four = mobile("+99913800000003"), mobile("+99913800000004")
    moved = (replace(WANG, addresses=(at,)) for at in (three, four))

    after = merge(before, sheet(*((LEAD, one) for one in moved)), ids("b"))

    assert len({one.human for one in after.people.values()}) == 2


def test_the_order_of_addresses_belongs_to_the_version() -> None:
    both = merge(EMPTY, sheet((LEAD, replace(WANG, addresses=(ONE, TWO)))), ids("a"))

    turned = merge(both, sheet((LEAD, replace(WANG, addresses=(TWO, ONE)))), ids("b"))

    assert holder(turned, LEAD).id == "b1"
    assert [at.id for at in holder(turned, LEAD).addresses] == ["a3", "a2"]


def test_an_address_known_to_be_wrong_stays_wrong_in_a_new_version() -> None:
    wang = holder(FIRST, LEAD)
    wrong = replace(wang.addresses[0], wrong=True)
    marked = Roster.build(UNITS, (replace(wang, addresses=(wrong,)),), ())

    second = merge(marked, sheet((LEAD, replace(WANG, addresses=(ONE, TWO)))), ids("b"))

    assert wrong == holder(second, LEAD).addresses[0]


def test_one_person_in_several_posts_is_one_person() -> None:
    roster = merge(EMPTY, sheet((LEAD, WANG), (HEAD, WANG)), ids("a"))

    assert holder(roster, HEAD) == holder(roster, LEAD)


def test_who_is_not_in_the_sheet_is_gone() -> None:
    second = merge(FIRST, sheet((LEAD, WANG)), ids("b"))

    assert {holder(FIRST, LEAD).id} == set(second.people)


def test_a_sheet_with_problems_replaces_nothing() -> None:
    broken = Sheet(problems=(RowProblem(row=2, column="手机", what="不是电话号码"),))

    with pytest.raises(ValueError, match="1 problems"):
        merge(FIRST, broken, ids("b"))


def wronged(person: Person) -> Person:
    """The same, after somebody else answered at his first number."""
    first, *others = person.addresses
    return replace(person, addresses=(replace(first, wrong=True), *others))


def test_who_comes_back_has_his_number_back_with_what_is_known_of_it() -> None:
    without = merge(FIRST, sheet((HEAD, LI)), ids("b"))
    former = [wronged(holder(FIRST, LEAD))]
    again = merge(without, sheet((LEAD, WANG), (HEAD, LI)), ids("c"), former)

    assert holder(again, LEAD).addresses == former[0].addresses


def test_who_is_there_now_comes_before_who_was() -> None:
    former = [wronged(replace(holder(FIRST, LEAD), id=PersonId("old")))]
    again = merge(FIRST, sheet((LEAD, WANG), (HEAD, LI)), ids("c"), former)

    assert holder(again, LEAD) == holder(FIRST, LEAD)


def test_a_number_under_another_name_is_a_new_address() -> None:
    former = [wronged(holder(FIRST, LEAD))]
    renamed = replace(WANG, name="王建军")
    again = merge(FIRST, sheet((LEAD, renamed), (HEAD, LI)), ids("c"), former)
    [address] = holder(again, LEAD).addresses

    assert (address.id, address.wrong) == ("c2", False)


def test_a_number_that_is_known_by_another_kind_keeps_its_id() -> None:
    satellite = ListedAddress(kind=AddressKind.SATELLITE, value=ONE.value)
    seen = replace(WANG, addresses=(satellite,))
    again = merge(FIRST, sheet((LEAD, seen), (HEAD, LI)), ids("c"))
    [address] = holder(again, LEAD).addresses

    assert (address.id, address.kind) == ("a2", AddressKind.SATELLITE)


def test_a_holding_that_stays_keeps_its_terms() -> None:
    until = datetime(2026, 9, 1, tzinfo=UTC)
    terms = {LEAD: until, HEAD: None}
    current = Roster.build(
        UNITS,
        FIRST.people.values(),
        [replace(one, valid_until=terms[one.ref]) for one in FIRST.holdings],
    )
    corrected = replace(WANG, addresses=(*WANG.addresses, TWO))
    after = merge(current, sheet((LEAD, corrected), (HEAD, corrected)), ids("b"))

    assert {one.ref: one.valid_until for one in after.holdings} == terms
    assert after.people.keys().isdisjoint(current.people)
